"""A desk in miniature: a throwaway database and a clock that only moves when told; for the terminal and for tests."""

import tempfile
from collections.abc import Mapping
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
_MOMENTS = (turns.next_moment, watch.next_moment, pacing.next_moment, passing_on.next_moment)


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
            while await self._work_once():
                pass
            moment = await self._next_moment()
            if moment is None or moment > end:
                break
            self.now = max(self.now, moment)
        self.now = end

    async def _work_once(self) -> bool:
        answered = await self.desk.answer()
        delivered = await self.desk.deliver()
        kept = await self.desk.keep()
        return answered or delivered or kept

    async def _next_moment(self) -> datetime | None:
        def look(session: Session) -> datetime | None:
            moments = [look(session) for look in _MOMENTS]
            return min((moment for moment in moments if moment is not None), default=None)

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
