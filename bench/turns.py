"""Whole stored turns a second, beside the identical statements on the raw driver, in the same run, on both engines.

A whole turn is: the message stored and committed, understood, the understanding stored and committed, the answer
decided, composed, checked, stored and committed. So many residents write at once, each as soon as the last answer is
there. The raw driver repeats on one connection what the engine was told, with the same commits; savepoints are left
out. With `--stored` a turn among few stored messages is compared with one among so many.

    make bench ARGS="turns"            # or: python -m bench turns --seconds 10 --conversations 32 --engine sqlite
    python -m bench turns --stored 5000000
"""

import asyncio
import cProfile
import os
import pstats
import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path

import structlog

from actions.intake import Inbound, receive
from actions.migrate import upgrade
from actions.store import Store, open_store
from actions.turns import QuietTimes
from bench import history
from bench.databases import ENGINES, Databases, databases
from bench.raw import record, replay_postgres, replay_sqlite
from bot.answering import Mind, answer_one
from bot.channels.memory import MemoryChannel
from desk.content import Content, engine_for, read_content
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
FEW = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured: how many residents write at once, for how long, and how many loops answer them."""

    conversations: Sequence[int]
    seconds: float
    workers: int | None
    profile: bool = False
    stored: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run: turns, and seconds of the clock and of the processor."""

    turns: int
    taken: float
    cpu: float

    @property
    def rate(self) -> float:
        """Whole turns a second."""
        return self.turns / self.taken

    @property
    def each(self) -> float:
        """Milliseconds of the processor for a turn."""
        return 1000 * self.cpu / self.turns


class _CountingDesk(Desk):
    """Tells who was answered, so that the next message can be written."""

    __slots__ = ("answered",)
    answered: dict[int, asyncio.Event]

    async def answer(self) -> bool:
        conversation_id = await answer_one(self.store, self.mind, self.clock())
        if conversation_id is not None:
            self.answered[conversation_id].set()
        return conversation_id is not None


async def _resident(desk: _CountingDesk, community_id: int, number: int, until: float, run: str) -> int:
    turns = 0
    done = asyncio.Event()
    sayings: Iterator[str] = cycle(SAYINGS)
    for text in sayings:
        if time.monotonic() > until:
            return turns
        now = utc_now()
        inbound = Inbound(community_id, "web", history.address(number), f"{run}{number}:{turns}", text, now)
        # The answer may be there before the receipt is.
        done.clear()
        received = await desk.store.write(partial(receive, inbound=inbound, now=now))
        done = desk.answered[received.conversation_id]
        desk.bell.ring()
        await done.wait()
        turns += 1
    return turns


async def run(store: Store, mind: Mind, community_id: int, conversations: int, workers: int, seconds: float) -> Ran:
    """So many residents write and are answered; everybody's first messages are not told apart from the others."""
    nothing = timedelta(0)
    quiet = QuietTimes(nothing, nothing, nothing)
    desk = _CountingDesk(store, mind, quiet, {"memory": MemoryChannel()}, "bench", Bell())
    object.__setattr__(desk, "answered", defaultdict(asyncio.Event))
    loops = asyncio.create_task(desk.run(workers))
    started, before = time.monotonic(), time.process_time()
    name = f"{started}:"
    writing = (_resident(desk, community_id, n, started + seconds, name) for n in range(conversations))
    counts = await asyncio.gather(*writing)
    ran = Ran(sum(counts), time.monotonic() - started, time.process_time() - before)
    loops.cancel()
    await asyncio.gather(loops, return_exceptions=True)
    return ran


async def measure(engine: str | None, wanted: Wanted) -> None:
    """Run, record, replay, and print the figures; `workers` as a setting has it unless it is given."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = read_settings(os.environ)
    content = read_content(settings.content, settings.timezone)
    mind = content.mind(engine_for(content, settings.home, print), settings.home)
    workers = wanted.workers or settings.workers
    for name in (engine,) if engine else ENGINES:
        async with databases(name, settings.home) as place:
            community_id = await _prepare(place, content)
            if wanted.stored:
                await _grow(place, mind, community_id, workers, wanted)
                continue
            for conversations in wanted.conversations:
                await _compare(place, mind, community_id, conversations, workers, wanted)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at most {memory:.0f} MB")


async def _prepare(place: Databases, content: Content) -> int:
    """A database with the demo community, to be copied; the community."""
    url = await place.create("original")
    await upgrade(url)
    store = await open_store(url)
    community_id = await load_demo_whole(store, utc_now(), content.files)
    await store.close()
    return community_id


async def _compare(
    place: Databases, mind: Mind, community_id: int, conversations: int, workers: int, wanted: Wanted
) -> None:
    """One run for the figures, one that is recorded, and the recording on the raw driver."""
    profiler = cProfile.Profile()
    store = await open_store(await place.copy(f"run-{conversations}", "original"))
    if wanted.profile:
        profiler.enable()
    ran = await run(store, mind, community_id, conversations, workers, wanted.seconds)
    profiler.disable()
    await store.close()
    store = await open_store(await place.copy(f"recorded-{conversations}", "original"))
    recording = record(store)
    recorded = await run(store, mind, community_id, conversations, workers, wanted.seconds)
    await store.close()
    url = await place.copy(f"raw-{conversations}", "original")
    if place.engine == "sqlite":
        raw = await asyncio.to_thread(replay_sqlite, Path(place.path(f"raw-{conversations}")), recording)
    else:
        raw = await replay_postgres(url, recording)
    raw_rate = recorded.turns / raw
    print(
        f"{place.engine}: {conversations:>2} conversations, {workers} workers: {ran.rate:.0f} whole turns/s, "
        f"{ran.each:.1f} ms of the processor each; raw driver, {recording.statements / recorded.turns:.1f} statements "
        f"in {len(recording.transactions) / recorded.turns:.1f} transactions a turn: {raw_rate:.0f} turns/s; "
        f"ratio {ran.rate / raw_rate:.3f}",
        flush=True,
    )
    if wanted.profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


async def _grow(place: Databases, mind: Mind, community_id: int, workers: int, wanted: Wanted) -> None:
    """The same residents among few stored messages and among many."""
    conversations = max(wanted.conversations)
    results, before = [], 0
    for total in (min(FEW, wanted.stored), wanted.stored):
        started = time.monotonic()
        await history.fill(place, "original", community_id, before, total)
        filled, before = time.monotonic() - started, total
        store = await open_store(place.url("original"))
        await run(
            store, mind, community_id, conversations, workers, wanted.seconds / 4
        )  # what is read once is read now
        ran = await run(store, mind, community_id, conversations, workers, wanted.seconds)
        await store.close()
        results.append(ran)
        print(
            f"{place.engine}: {total:>9,} stored messages (filled in {filled:.0f} s): {ran.rate:.0f} whole turns/s, "
            f"{ran.each:.2f} ms of the processor each",
            flush=True,
        )
    few, many = results
    print(f"{place.engine}: growth of a turn: time ×{few.rate / many.rate:.2f}, processor ×{many.each / few.each:.2f}")
