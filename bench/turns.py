"""Whole stored turns a second, beside the identical statements on the raw driver, in the same run.

A whole turn is: the message stored and committed, understood, the understanding stored and committed, the answer
decided, composed, checked, stored and committed. 32 residents write at once, each as soon as the last answer is there.
The raw driver repeats what the writer was told, with the same commits; savepoints and readers are left out.

    make bench ARGS="turns"            # or: python -m bench turns --seconds 10 --conversations 32
"""

import asyncio
import cProfile
import os
import pstats
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path

import structlog
from sqlalchemy import Connection, event

from actions.intake import Inbound, receive
from actions.migrate import upgrade
from actions.store import Store, open_store
from actions.store.sqlite import SqliteStore
from actions.turns import QuietTimes
from bot.answering import Mind, answer_one
from bot.channels.memory import MemoryChannel
from desk.content import engine_for, read_content
from desk.demo import load_demo_whole
from desk.loops import Bell, Desk, utc_now
from desk.settings import read_settings

SAYINGS = (
    "你好",
    "厨房水龙头一直滴水",
    "3栋2单元1502",
    "明天下午三点以后，电话13812345678",
    "物业费怎么交",
    "修得怎么样了",
    "楼上装修天天早上七点就砸墙，太吵了",
    "没有了",
    "停车费多少钱一个月",
    "谢谢",
)
Statements = list[tuple[str, object]]


class _CountingDesk(Desk):
    """Tells who was answered, so that the next message can be written."""

    __slots__ = ("answered",)
    answered: dict[int, asyncio.Event]

    async def answer(self) -> bool:
        conversation_id = await answer_one(self.store, self.mind, self.clock())
        if conversation_id in self.answered:
            self.answered[conversation_id].set()
        return conversation_id is not None


async def _resident(desk: _CountingDesk, community_id: int, number: int, until: float) -> int:
    turns = 0
    sayings: Iterator[str] = cycle(SAYINGS)
    for text in sayings:
        if time.monotonic() > until:
            return turns
        now = utc_now()
        inbound = Inbound(community_id, "web", f"bench-{number}", str(turns), text, now)
        received = await desk.store.write(partial(receive, inbound=inbound, now=now))
        done = desk.answered.setdefault(received.conversation_id, asyncio.Event())
        done.clear()
        desk.bell.ring()
        await done.wait()
        turns += 1
    return turns


async def run(
    store: Store, mind: Mind, community_id: int, conversations: int, workers: int, seconds: float
) -> tuple[int, float]:
    """Turns done and seconds taken."""
    nothing = timedelta(0)
    desk = _CountingDesk(
        store, mind, QuietTimes(nothing, nothing, nothing), {"memory": MemoryChannel()}, "bench", Bell()
    )
    object.__setattr__(desk, "answered", {})
    loops = asyncio.create_task(desk.run(workers))
    started = time.monotonic()
    until = started + seconds
    counts = await asyncio.gather(*(_resident(desk, community_id, n, until) for n in range(conversations)))
    taken = time.monotonic() - started
    loops.cancel()
    await asyncio.gather(loops, return_exceptions=True)
    return sum(counts), taken


def replay(path: Path, statements: Statements) -> float:
    """Seconds that the same statements take on the raw driver, with the same settings and the same commits."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    started = time.monotonic()
    for sql, parameters in statements:
        if isinstance(parameters, list):
            connection.executemany(sql, parameters)
        else:
            cursor = connection.execute(sql, parameters)  # type: ignore[arg-type]
            cursor.fetchall()
    taken = time.monotonic() - started
    connection.close()
    return taken


def record(store: SqliteStore) -> Statements:
    """Collect every statement of the writer from now on, with the bounds of its transactions."""
    statements: Statements = []
    engine = store._writer_engine  # noqa: SLF001 - the measurement looks below the surface on purpose

    def executed(_c: Connection, _cursor: object, sql: str, parameters: object, _context: object, many: bool) -> None:
        statements.append((sql, list(parameters) if many else parameters))  # type: ignore[call-overload]

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", lambda _c: statements.append(("COMMIT", ())))
    event.listen(engine, "rollback", lambda _c: statements.append(("ROLLBACK", ())))
    return statements


async def measure(conversations: int, seconds: float, *, workers: int | None, profile: bool) -> None:
    """Run, record, replay, and print the figures; `workers` as a setting has it unless it is given."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = read_settings(os.environ)
    workers = workers or settings.workers
    content = read_content(settings.content, settings.timezone)
    mind = content.mind(engine_for(content, settings.home, print), settings.home)
    with tempfile.TemporaryDirectory(prefix="desk-bench-", dir=settings.home) as folder:
        original = Path(folder) / "original.sqlite3"
        url = f"sqlite:///{original}"
        await upgrade(url)
        store = await open_store(url)
        community_id = await load_demo_whole(store, utc_now(), content.files)
        await store.close()
        copies = [Path(shutil.copyfile(original, Path(folder) / f"{name}.sqlite3")) for name in ("a", "b", "c")]
        store = await open_store(f"sqlite:///{copies[0]}")
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        before = time.process_time()
        turns, taken = await run(store, mind, community_id, conversations, workers, seconds)
        cpu = time.process_time() - before
        profiler.disable()
        await store.close()
        store = await open_store(f"sqlite:///{copies[1]}")
        assert isinstance(store, SqliteStore)
        statements = record(store)
        recorded, _ = await run(store, mind, community_id, conversations, workers, seconds)
        await store.close()
        raw = replay(copies[2], statements)
    rate, raw_rate = turns / taken, recorded / raw
    print(f"processor time: {1000 * cpu / turns:.1f} ms a turn")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{conversations} conversations, {workers} workers, {turns} turns in {taken:.1f} s: {rate:.0f} whole turns/s")
    each = len(statements) / recorded
    print(f"raw driver, {each:.1f} statements a turn: {raw_rate:.0f} turns/s; ratio {rate / raw_rate:.2f}")
    print(f"memory at most {memory:.0f} MB")
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
