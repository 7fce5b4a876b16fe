"""Many residents on the web page and on Telegram at once: is anything lost or doubled, how long do they wait, does
memory stay flat?

A server of its own is started on a throwaway home, with a bot that speaks to a double of the Bot API. Every resident
opens the page and follows its stream, or has a chat, and writes at a human pace; some messages are sent twice under one
id, some streams break off, some updates are brought twice. In the end the database is compared with what was sent and
with what the pages and chats have shown.

    make bench ARGS="residents"        # or: python -m bench residents --residents 1000 --messages 50000 --pace 20
"""

import asyncio
import os
import random
import resource
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from actions.audit import audit
from actions.store import Session, read_beside
from actions.tables import Contact, Conversation, Direction, Message
from bench.calling import Caller, Exchange
from bench.turns import SAYINGS
from bench.visiting import Visitor
from desk.loops import utc_now
from desk.settings import read_settings
from tests.telegram.double import TOKEN
from web.sessions import address_of

QUIET = 1.5
_AGAIN, _BREAKS, _BURST = 0.05, 0.03, 0.2
_PATIENCE = 60


@dataclass(slots=True)
class Tally:
    """What came of all residents together; `waits` are seconds from the last message of a burst to the first answer."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    unanswered: int = 0
    repeated: int = 0
    breaks: int = 0
    memory: list[float] = field(default_factory=list)
    busy: float = 0


async def live(visitor: Visitor | Caller, tally: Tally, messages: int, pause: float, dice: random.Random) -> None:
    """One resident: arrive, write, wait for the answer, think, write again."""
    await asyncio.sleep(dice.random() * pause)
    await visitor.arrive()
    looking = asyncio.create_task(visitor.look())
    on_page = isinstance(visitor, Visitor)
    address = visitor.address if isinstance(visitor, Caller) else address_of(visitor.cookie.split("=", 1)[1])
    left, said = messages, dice.randrange(len(SAYINGS))
    while left > 0:
        burst = min(left, 1 + (dice.random() < _BURST))
        visitor.answered.clear()
        for _ in range(burst):
            client_id = f"{dice.getrandbits(128):032x}"
            tally.sent.append((address, client_id if on_page else ""))
            text = SAYINGS[said % len(SAYINGS)]
            said += 1
            started = time.monotonic()
            await visitor.say(client_id, text)
            if on_page and dice.random() < _AGAIN:
                tally.repeated += 1
                await visitor.say(client_id, text)
        left -= burst
        if dice.random() < _BREAKS:
            tally.breaks += await visitor.lose_the_line()
        try:
            async with asyncio.timeout(_PATIENCE):
                await visitor.answered.wait()
            tally.waits.append(time.monotonic() - started)
        except TimeoutError:
            tally.unanswered += 1
        await asyncio.sleep(dice.uniform(0.5, 1.5) * max(0.2, pause * burst - QUIET))
    await asyncio.sleep(QUIET)
    await visitor.settle(_PATIENCE)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def _last_look(residents: Sequence[Visitor | Caller]) -> None:
    """What the desk said to those who had fallen silent, while others went on writing, is read as well."""
    for one in residents:
        if isinstance(one, Visitor):
            await one.settle(_PATIENCE)
        await one.leave()


async def _watch(process: int, tally: Tally) -> None:
    """Note the server's memory in megabytes and its processor time in seconds, once a second."""
    ticks = os.sysconf("SC_CLK_TCK")
    before = 0.0
    while True:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()  # noqa: ASYNC240 - memory
        tally.memory += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")]
        times = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()  # noqa: ASYNC240
        spent = (int(times[11]) + int(times[12])) / ticks
        before = before or spent
        tally.busy = spent - before
        await asyncio.sleep(1)


async def _serve(home: Path, port: int, api: Exchange) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "DESK_HOME": str(home),
        "DESK_PORT": str(port),
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
        "DESK_QUIET_SECONDS": str(QUIET),
        "DESK_QUIET_COMPLAINT_SECONDS": str(QUIET),
        "TELEGRAM_TOKEN": f"demo={TOKEN}",
        "DESK_TELEGRAM_API": api.url,
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "desk", "serve", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    async for line in server.stdout:
        if b"stop with" in line:
            return server
    raise SystemExit("the server did not start; its log is in " + str(home))


def _url(home: Path) -> str:
    return os.environ.get("DATABASE_URL") or f"sqlite:///{home}/desk.sqlite3"


class Row(NamedTuple):
    """A stored message: its place in the conversation, its way, its key, the turn that took it, and its words."""

    seq: int
    way: Direction
    key: str | None
    turn: int | None
    text: str


def _rows(session: Session) -> dict[str, list[Row]]:
    """Every message by the address that it belongs to: place, direction, key, turn, text."""
    found: dict[str, list[Row]] = {}
    query = (
        select(Contact.address, Message.seq, Message.direction, Message.idempotency_key, Message.turn, Message.text)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Contact.channel.in_(("web", "telegram")))
        .order_by(Message.conversation_id, Message.seq)
    )
    for address, seq, way, key, turn, text in session.execute(query):
        found.setdefault(address, []).append(Row(seq, way, key, turn, text))
    return found


async def _judge(home: Path, residents: Sequence[Visitor | Caller], tally: Tally) -> list[str]:
    """What is wrong, in sentences; nothing when all is well."""
    rows = await read_beside(_url(home), _rows)
    findings = await read_beside(_url(home), lambda session: audit(session, utc_now()))
    sent = Counter(f"web:{address}:{client_id}" if client_id else address for address, client_id in tally.sent)
    stored: Counter[str] = Counter()
    untaken = unseen = 0
    for one in residents:
        own = rows.get(_address(one), [])
        came = [row for row in own if row.way is Direction.IN]
        stored.update((row.key or "") if isinstance(one, Visitor) else one.address for row in came)
        untaken += sum(row.turn is None for row in came)
        unseen += _unseen(one, own)
    counts = {
        "lost": sum((sent - stored).values()),
        "doubled": sum((stored - sent).values()),
        "never taken into a turn": untaken,
        "not shown to them, or shown without being there": unseen,
        "shown twice": sum(one.doubled for one in residents if isinstance(one, Visitor)),
        "left without an answer": tally.unanswered,
        "findings of the audit": len(findings),
    }
    print("  " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    return [f"{name}: {count}" for name, count in counts.items() if count]


def _address(resident: Visitor | Caller) -> str:
    return resident.address if isinstance(resident, Caller) else address_of(resident.cookie.split("=", 1)[1])


def _unseen(resident: Visitor | Caller, own: Sequence[Row]) -> int:
    """How many messages differ between what is stored and what was shown; a chat is compared by its words."""
    if isinstance(resident, Visitor):
        return len({row.seq for row in own if row.way is not Direction.NOTE} ^ set(resident.shown))
    said = Counter(row.text.strip() for row in own if row.way is Direction.OUT)
    told = Counter(resident.api.told[resident.number])
    return ((said - told) + (told - said)).total()


def _tell(tally: Tally, taken: float) -> None:
    beyond = sorted(max(0.0, wait - QUIET) for wait in tally.waits)
    marks = statistics.quantiles(beyond, n=100, method="inclusive")
    print(
        f"  first answer beyond the gathering time of {QUIET:g} s: p50 {marks[49]:.2f} s, p95 {marks[94]:.2f} s, "
        f"p99 {marks[98]:.2f} s, worst {beyond[-1]:.2f} s"
    )
    print(f"  {len(tally.sent)} messages in {taken:.0f} s: {len(tally.sent) / taken:.1f} a second")
    cost, share = 1_000 * tally.busy / len(tally.sent), 100 * tally.busy / taken
    print(f"  the server was busy for {cost:.1f} ms a message, {share:.0f} % of a core")
    print(f"  sent twice under one id {tally.repeated}, streams and polls broken {tally.breaks}")
    quarters = [tally.memory[len(tally.memory) * part // 4 - (part == 4)] for part in range(5)]
    print("  memory of the server at start, quarters and end: " + ", ".join(f"{mb:.0f}" for mb in quarters) + " MB")


async def _run(residents: int, callers: int, messages: int, pace: float, seed: int, home: Path) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    async with Exchange(limits=True) as api:
        server = await _serve(home, port, api)
        tally, dice = Tally(), random.Random(seed)
        pages = residents - callers
        everybody: list[Visitor | Caller] = [
            *(Visitor(port, f"127.{1 + n // 62_500}.{n // 250 % 250}.{1 + n % 250}") for n in range(pages)),
            *(Caller(api, 10_000 + n) for n in range(callers)),
        ]
        each = [messages // residents + (n < messages % residents) for n in range(residents)]
        watching = asyncio.create_task(_watch(server.pid, tally))
        started = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for one, count in zip(everybody, each, strict=True):
                    group.create_task(live(one, tally, count, residents / pace, random.Random(dice.random())))
            taken = time.monotonic() - started
            await _last_look(everybody)
        finally:
            watching.cancel()
            server.send_signal(signal.SIGTERM)
            await server.wait()
    print(f"{pages} residents on the page and {callers} on Telegram, seed {seed}")
    _tell(tally, taken)
    print(f"  refused by Telegram as too many: {api.refused}")
    return not await _judge(home, everybody, tally)


def measure(residents: int, callers: int, messages: int, pace: float, seed: int | None) -> bool:
    """Let residents, so many of them on Telegram, write at `pace` messages a second all together.

    False when anything was lost or doubled.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    settings = read_settings(os.environ)
    settings.home.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="desk-residents-", dir=settings.home))
    if (settings.home / "model").is_dir():
        shutil.copytree(settings.home / "model", home / "model")
    seed = random.randrange(1_000_000) if seed is None else seed
    healthy = asyncio.run(_run(residents, callers, messages, pace, seed, home))
    if healthy:
        shutil.rmtree(home)
    else:
        print(f"  kept for a look: {home}")
    return healthy
