"""The process that the kill tests end: it reads the content once, and lives again as often as it is told to.

For every line of JSON on standard input it forks a child which runs the desk's own loops until it is killed, writes the
child's process id to standard output, and a second line when the child has ended.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from actions.estate import find_community
from actions.intake import Inbound, receive
from actions.outbox import Parcel
from actions.pacing import Lane
from actions.store import Store, open_store
from actions.turns import QuietTimes
from bot.answering import Mind
from desk.content import engine_for, read_content
from desk.loops import Bell, Desk, utc_now
from desk.settings import read_settings

CHANNEL = "chronicle"
QUIET = QuietTimes(timedelta(seconds=0.05), timedelta(seconds=0.1), timedelta(seconds=0.3))
# A channel that lost its place reads a few messages again; the idempotency keys must sort them out.
_READ_AGAIN = 2


@dataclass(frozen=True, slots=True)
class Life:
    """What one life of the desk is given: the database, the folder of its channel, and how far its clock is ahead."""

    url: str
    folder: Path
    ahead: timedelta
    pause: float

    @classmethod
    def read(cls, line: str) -> "Life":
        """Read it from a line of JSON."""
        given: dict[str, Any] = json.loads(line)
        return cls(given["url"], Path(given["folder"]), timedelta(seconds=given["ahead"]), given["pause"])

    def clock(self) -> datetime:
        """The time as this life sees it."""
        return utc_now() + self.ahead


class Chronicle:
    """A channel that writes down what it delivered before it says so, as the other side of a network would."""

    name = CHANNEL
    lanes: tuple[Lane, ...] = ()

    def pieces(self, _text: str) -> int:
        """Whatever its length, a text is one line."""
        return 1

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def send(self, parcel: Parcel) -> str:
        """Deliver, durably."""
        line = json.dumps({"row": parcel.row_id, "address": parcel.address, "text": parcel.text}, ensure_ascii=False)
        os.write(self._file, f"{line}\n".encode())
        os.fsync(self._file)
        # The answer takes its time: this is where a kill leaves a message of which nobody knows whether it arrived.
        await asyncio.sleep(0.01)
        return str(parcel.row_id)


async def live(life: Life, mind: Mind) -> None:
    """Serve until killed; what is logged as an error lies in `errors.log` afterwards."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=structlog.WriteLoggerFactory(file=(life.folder / "errors.log").open("a", encoding="utf-8")),
    )
    store = await open_store(life.url)
    bell = Bell()
    channel = Chronicle(life.folder / "delivered.jsonl")
    desk = Desk(store, mind, QUIET, {CHANNEL: channel}, str(os.getpid()), bell, clock=life.clock)
    community_id = await store.read(lambda session: find_community(session, "demo"))
    assert community_id is not None
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.run(workers=2))
        for sayings in sorted(life.folder.glob("*.said.json")):
            group.create_task(_feed(store, community_id, life, sayings, bell.ring))


async def _feed(store: Store, community_id: int, life: Life, sayings: Path, ring: Callable[[], None]) -> None:
    """Store one resident's messages in order; where it stopped is written down only after each was committed."""
    address, said, place, done = _place(life, sayings)
    for number in range(max(0, done - _READ_AGAIN), len(said)):
        now = life.clock()
        inbound = Inbound(community_id, CHANNEL, address, str(number), said[number], now)
        await store.write(partial(receive, inbound=inbound, now=now))
        place.write_text(str(max(done, number + 1)), encoding="ascii")
        ring()
        await asyncio.sleep(random.uniform(0, 2 * life.pause))


def _place(life: Life, sayings: Path) -> tuple[str, list[str], Path, int]:
    """A resident's address and messages, the file that holds how many of them were stored, and that number."""
    address = sayings.name.split(".", 1)[0]
    place = life.folder / f"{address}.place"
    done = int(place.read_text(encoding="ascii") or 0) if place.exists() else 0
    return address, json.loads(sayings.read_text(encoding="utf-8")), place, done


def main(home: Path) -> None:
    """Read the content, then bear one child for every line."""
    settings = read_settings({})
    content = read_content(settings.content, settings.timezone)
    mind = content.mind(engine_for(content, home, lambda _line: None), home)
    _tell("ready")
    for line in sys.stdin:
        life = Life.read(line)
        child = os.fork()
        if child == 0:
            asyncio.run(live(life, mind))
            os._exit(0)
        _tell(child)
        _, status = os.waitpid(child, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
