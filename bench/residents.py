"""Many residents on the web page at once: is anything lost or doubled, how long do they wait, does memory stay flat?

A server of its own is started on a throwaway home. Every resident opens the page, follows its stream and writes at a
human pace; some messages are sent twice under one id, and some streams break off. In the end the database is compared
with what was sent and with what the pages have shown.

    make bench ARGS="residents"        # or: python -m bench residents --residents 1000 --messages 50000 --pace 40
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
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from actions.audit import audit
from actions.store import Session, read_beside
from actions.tables import Contact, Conversation, Direction, Message
from bench.turns import SAYINGS
from bench.visiting import Visitor
from desk.loops import utc_now
from desk.settings import read_settings
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


async def live(visitor: Visitor, tally: Tally, messages: int, pause: float, dice: random.Random) -> None:
    """One resident: arrive, write, wait for the answer, think, write again."""
    await asyncio.sleep(dice.random() * pause)
    await visitor.arrive()
    looking = asyncio.create_task(visitor.look())
    token = visitor.cookie.split("=", 1)[1]
    left, said = messages, dice.randrange(len(SAYINGS))
    while left > 0:
        burst = min(left, 1 + (dice.random() < _BURST))
        visitor.answered.clear()
        for _ in range(burst):
            client_id = f"{dice.getrandbits(128):032x}"
            tally.sent.append((token, client_id))
            text = SAYINGS[said % len(SAYINGS)]
            said += 1
            started = time.monotonic()
            await visitor.say(client_id, text)
            if dice.random() < _AGAIN:
                tally.repeated += 1
                await visitor.say(client_id, text)
        left -= burst
        if dice.random() < _BREAKS:
            tally.breaks += 1
            await visitor.lose_the_line()
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
    await visitor.leave()


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


async def _serve(home: Path, port: int) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "DESK_HOME": str(home),
        "DESK_PORT": str(port),
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
        "DESK_QUIET_SECONDS": str(QUIET),
        "DESK_QUIET_COMPLAINT_SECONDS": str(QUIET),
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


def _rows(session: Session) -> dict[str, list[tuple[int, Direction, str | None, int | None]]]:
    """Every message by the address that it belongs to: place, direction, key, turn."""
    found: dict[str, list[tuple[int, Direction, str | None, int | None]]] = {}
    query = (
        select(Contact.address, Message.seq, Message.direction, Message.idempotency_key, Message.turn)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Contact.channel == "web")
        .order_by(Message.conversation_id, Message.seq)
    )
    for address, seq, way, key, turn in session.execute(query):
        found.setdefault(address, []).append((seq, way, key, turn))
    return found


async def _judge(home: Path, visitors: list[Visitor], tally: Tally) -> list[str]:
    """What is wrong, in sentences; nothing when all is well."""
    rows = await read_beside(_url(home), _rows)
    findings = await read_beside(_url(home), lambda session: audit(session, utc_now()))
    stored: Counter[str] = Counter()
    untaken = unseen = 0
    for visitor in visitors:
        own = rows.get(address_of(visitor.cookie.split("=", 1)[1]), [])
        stored.update(key or "" for _, way, key, _ in own if way is Direction.IN)
        untaken += sum(turn is None for _, way, _, turn in own if way is Direction.IN)
        wanted = [seq for seq, way, _, _ in own if way is not Direction.NOTE]
        unseen += len(set(wanted) ^ set(visitor.shown))
    sent = {f"web:{address_of(token)}:{client_id}" for token, client_id in tally.sent}
    counts = {
        "lost": len(sent - set(stored)),
        "doubled": sum(count - 1 for count in stored.values()) + len(set(stored) - sent),
        "never taken into a turn": untaken,
        "not shown on their page, or shown without being there": unseen,
        "shown twice": sum(visitor.doubled for visitor in visitors),
        "left without an answer": tally.unanswered,
        "findings of the audit": len(findings),
    }
    print("  " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    return [f"{name}: {count}" for name, count in counts.items() if count]


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
    print(f"  sent twice under one id {tally.repeated}, streams broken {tally.breaks}")
    quarters = [tally.memory[len(tally.memory) * part // 4 - (part == 4)] for part in range(5)]
    print("  memory of the server at start, quarters and end: " + ", ".join(f"{mb:.0f}" for mb in quarters) + " MB")


async def _run(residents: int, messages: int, pace: float, seed: int, home: Path) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    server = await _serve(home, port)
    tally, dice = Tally(), random.Random(seed)
    visitors = [Visitor(port, f"127.{1 + n // 62_500}.{n // 250 % 250}.{1 + n % 250}") for n in range(residents)]
    each = [messages // residents + (n < messages % residents) for n in range(residents)]
    watching = asyncio.create_task(_watch(server.pid, tally))
    started = time.monotonic()
    pause = residents / pace
    try:
        async with asyncio.TaskGroup() as group:
            for visitor, count in zip(visitors, each, strict=True):
                group.create_task(live(visitor, tally, count, pause, random.Random(dice.random())))
        taken = time.monotonic() - started
    finally:
        watching.cancel()
        server.send_signal(signal.SIGTERM)
        await server.wait()
    print(f"{residents} residents, seed {seed}")
    _tell(tally, taken)
    return not await _judge(home, visitors, tally)


def measure(residents: int, messages: int, pace: float, seed: int | None) -> bool:
    """Let residents write at `pace` messages a second all together; False when anything was lost or doubled."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    settings = read_settings(os.environ)
    settings.home.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="desk-residents-", dir=settings.home))
    if (settings.home / "model").is_dir():
        shutil.copytree(settings.home / "model", home / "model")
    seed = random.randrange(1_000_000) if seed is None else seed
    healthy = asyncio.run(_run(residents, messages, pace, seed, home))
    if healthy:
        shutil.rmtree(home)
    else:
        print(f"  kept for a look: {home}")
    return healthy
