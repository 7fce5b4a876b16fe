"""A desk in miniature: a throwaway database and a clock that only moves when told; for the terminal and for tests."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from actions import pacing, passing_on, tickets, turns, watch
from actions.contacts import bind
from actions.estate import find_community
from actions.intake import Inbound, Received, Upload, reach, receive
from actions.migrate import upgrade
from actions.store import Session, Store, open_store
from actions.tables import Direction
from actions.tickets import TicketCard
from actions.transcript import conversation_of, find_resident, said_since
from actions.turns import QuietTimes
from bot.answering import Mind
from bot.channels.memory import MemoryChannel
from desk.demo import load_demo_whole
from desk.loops import Bell, Desk

TERMINAL = "terminal"
_MOST_STEPS = 10_000
_MOMENTS: Mapping[str, Callable[[Session], datetime | None]] = {
    "answer": turns.next_moment,
    "deliver": pacing.next_moment,
    "watch": watch.next_moment,
    "pass_on": passing_on.next_moment,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the desk as the resident sees it."""

    reply_id: str | None
    text: str
    buttons: tuple[Mapping[str, str], ...]
    decision: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one stretch of time brought: how messages were understood, what was replied, and the tickets."""

    understood: tuple[Mapping[str, Any], ...]
    replies: tuple[Reply, ...]
    tickets: tuple[TicketCard, ...]


@dataclass(slots=True)
class Stage(AbstractAsyncContextManager["Stage"]):
    """One community, the demo's, and any number of residents who write by the terminal's channel.

    `url` names a migrated database, which gets the demo community if it lacks it; without one a temporary SQLite file
    is made and removed.
    """

    mind: Mind
    now: datetime
    url: str | None = None
    quiet: QuietTimes = field(
        default_factory=lambda: QuietTimes(timedelta(seconds=1.5), timedelta(seconds=4), timedelta(seconds=8))
    )
    store: Store = field(init=False)
    desk: Desk = field(init=False)
    channel: MemoryChannel = field(default_factory=lambda: MemoryChannel(TERMINAL))
    community_id: int = field(init=False, default=0)
    _folder: tempfile.TemporaryDirectory[str] | None = field(init=False, default=None)
    _count: int = field(init=False, default=0)
    _seen: dict[str, int] = field(init=False, default_factory=dict)

    async def __aenter__(self) -> Self:
        """Open the database, load the demo community."""
        if self.url is None:
            self._folder = tempfile.TemporaryDirectory(prefix="desk-stage-")
            self.url = f"sqlite:///{Path(self._folder.name) / 'desk.sqlite3'}"
            await upgrade(self.url)
        self.store = await open_store(self.url)
        community_id = await self.store.read(lambda session: find_community(session, "demo"))
        self.community_id = community_id or await load_demo_whole(self.store, self.now)
        self.desk = Desk(
            self.store, self.mind, self.quiet, {TERMINAL: self.channel}, "stage", Bell(), clock=lambda: self.now
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close and, where it is temporary, remove the database."""
        await self.store.close()
        if self._folder is not None:
            self._folder.cleanup()

    async def speak_as(self, who: str, address: str) -> None:
        """Bind the address to a resident of the demo, named by id, name or phone. Raises LookupError."""

        def tie(session: Session) -> None:
            resident_id = find_resident(session, self.community_id, who)
            if resident_id is None:
                raise LookupError(f"there is no resident {who!r}, or more than one, in the demo community")
            _, contact_id = reach(session, self.community_id, TERMINAL, address, self.now)
            bind(session, self.community_id, contact_id, resident_id)

        await self.store.write(tie)

    async def write(
        self, text: str, *, address: str = "resident", pressed: bool = False, photos: int = 0, external_id: str = ""
    ) -> Received:
        """Store a message as if it had just arrived; nothing is answered yet."""
        self._count += 1
        uploads = tuple(Upload("photo", f"{self._count:064x}", "image/jpeg", 1024) for _ in range(photos))
        inbound = Inbound(
            community_id=self.community_id,
            channel=TERMINAL,
            address=address,
            external_id=external_id or str(self._count),
            text=text,
            sent_at=self.now,
            attachments=uploads,
            pressed=pressed,
        )
        return await self.store.write(lambda session: receive(session, inbound, self.now))

    async def settle(self, after: timedelta = timedelta(seconds=10)) -> None:
        """Let time pass and everything that falls due in it happen, in its order."""
        end = self.now + after
        for _ in range(_MOST_STEPS):
            while await self.desk.understand():
                pass
            moments = await self._moments()
            if await self._work_once(moments):
                continue
            moment = min((moment for moment in moments.values() if moment is not None), default=None)
            if moment is None or moment > end:
                break
            self.now = max(self.now, moment)
        self.now = end

    async def _work_once(self, moments: Mapping[str, datetime | None]) -> bool:
        """Take one step of everything that is due by now, so that what is not due costs no look of its own."""

        def due(*names: str) -> bool:
            return any(moment is not None and moment <= self.now for moment in map(moments.get, names))

        answered = due("answer") and await self.desk.answer()
        delivered = due("deliver") and await self.desk.deliver()
        if due("watch", "pass_on"):
            return await self.desk.keep() or answered or delivered
        # A request that nobody reads has no moment of its own: it is looked for when all else is done.
        return answered or delivered or await self.desk.keep()

    async def _moments(self) -> Mapping[str, datetime | None]:
        """When each kind of work next has something to do."""

        def look(session: Session) -> Mapping[str, datetime | None]:
            return {name: moment(session) for name, moment in _MOMENTS.items()}

        return await self.store.read(look)

    async def exchange(self, address: str = "resident") -> Exchange:
        """What has come about in the resident's conversation since the last time this was asked."""
        since = self._seen.get(address, 0)

        def look(session: Session) -> tuple[Exchange, int]:
            conversation_id = conversation_of(session, self.community_id, TERMINAL, address)
            if conversation_id is None:
                return Exchange((), (), ()), 0
            said = said_since(session, self.community_id, conversation_id, since)
            understood = tuple(
                {"text": message.text, **(message.understanding or {})}
                for message in said
                if message.direction is Direction.IN
            )
            replies = tuple(
                Reply(message.reply_id, message.text, message.buttons, message.decision)
                for message in said
                if message.direction is Direction.OUT
            )
            cards = tickets.open_cards(session, self.community_id, conversation_id, self.now)
            return Exchange(understood, replies, cards), said[-1].seq if said else since

        found, self._seen[address] = await self.store.read(look)
        return found
