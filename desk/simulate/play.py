"""Plays the days: residents write, staff work, and the desk's own loops do what falls due between them, in order."""

import heapq
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from actions import happenings, pacing, passing_on, turns, watch
from actions.errors import ActionError
from actions.happenings import NewAlertRow, NewTicketRow
from actions.intake import Inbound, receive
from actions.outbox import Parcel
from actions.store import Session
from actions.transcript import conversation_of, said_since
from actions.turns import QuietTimes
from actions.unread import unread
from bot.answering import Mind
from bot.channels.memory import MemoryChannel
from bot.errors import ChannelError
from desk.loops import Bell, Desk
from desk.simulate.arrivals import Written
from desk.simulate.community import CHANNELS, Household
from desk.simulate.crashing import CrashingStore, KilledError
from desk.simulate.labelled import LabelledEngine
from desk.simulate.plan import SimulationPlan

T = TypeVar("T")
# Something that somebody does at a moment; what follows from it later is returned.
Action = Callable[[], Awaitable[Iterable["Later"]]]
_REPLY_AFTER = timedelta(seconds=40)
_MOST_EXCHANGES = 5
_QUIET = QuietTimes(timedelta(seconds=1.5), timedelta(seconds=4), timedelta(seconds=8))
# When the loops that answer, watch, deliver and pass on have something to do next.
_LOOKS = (turns.next_moment, watch.next_moment, pacing.next_moment, passing_on.next_moment)
# One send in so many fails for the moment, as networks do.
_FAILS_ONE_IN = 50


@dataclass(frozen=True, slots=True)
class Later:
    """An action and its moment."""

    at: datetime
    action: Action


@dataclass(frozen=True, slots=True)
class _Seen:
    """The state of the desk at one glance; `moments` are those at which its loops have something to do."""

    unread: bool
    moments: tuple[datetime | None, ...]
    tickets: tuple[NewTicketRow, ...]
    alerts: tuple[NewAlertRow, ...]

    @property
    def next_moment(self) -> datetime | None:
        """When the first of the loops has something to do."""
        return min((moment for moment in self.moments if moment is not None), default=None)

    def due(self, now: datetime) -> tuple[bool, ...]:
        """Which of the loops have something to do now."""
        return tuple(moment is not None and moment <= now for moment in self.moments)


@dataclass(slots=True)
class Counts:
    """What the play itself counts."""

    messages: int = 0
    at_night: int = 0
    steps: int = 0


@dataclass(slots=True)
class Play:
    """The stage: the store, the desk, the clock, and everything that will happen."""

    store: CrashingStore
    community_id: int
    mind: Mind
    engine: LabelledEngine
    plan: SimulationPlan
    homes: tuple[Household, ...]
    zone: ZoneInfo
    seed: int
    now: datetime
    react: Callable[[NewTicketRow | NewAlertRow], Iterable[Later]] = lambda _row: ()
    counts: Counts = field(default_factory=Counts)
    _heap: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _placed: int = 0
    _ticket: int = 0
    _alert: int = 0
    _desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        """Open the doors."""
        channels = {name: MemoryChannel(name) for name in CHANNELS[1:]}
        for channel in channels.values():
            channel.fail = self._fails
        self._desk = Desk(self.store, self.mind, _QUIET, dict(channels), "simulation", Bell(), clock=lambda: self.now)

    def dice(self, *key: object) -> Random:
        """Chance for one purpose: the same whatever else happens before, and however often it is asked."""
        return Random(":".join(map(str, (self.seed, *key))))

    def place(self, *later: Later) -> None:
        """Put something on the programme."""
        for one in later:
            self._placed += 1
            heapq.heappush(self._heap, (max(one.at, self.now), self._placed, one.action))

    async def run(self, until: datetime, progress: Callable[[datetime], None]) -> None:
        """Play everything up to a moment: what the desk has to do and what people do, whichever comes first."""
        seen = await self._look()
        while True:
            due = seen.next_moment
            at = self._heap[0][0] if self._heap else None
            if due is not None and due <= until and (at is None or due <= at):
                self.now = max(self.now, due)
            elif at is not None and at <= until:
                self.now = max(self.now, at)
                _, _, action = heapq.heappop(self._heap)
                self.place(*await action())
            else:
                break
            seen = await self._work(await self._look())
            progress(self.now)
        self.now = max(self.now, until)

    async def write(self, fn: Callable[[Session], T]) -> T:
        """Write in the desk's store; a process that is killed meanwhile is started again, and it is done once more."""
        while True:
            try:
                return await self.store.write(fn)
            except KilledError:
                await self.store.restart()

    async def attempt(self, fn: Callable[[Session], object]) -> bool:
        """Do something at the console; whether it was done. What the rules forbid is not.

        Whoever finds it refused after a restart had done it already: the page was sent and the answer got lost.
        """
        killed = False
        while True:
            try:
                await self.store.write(fn)
            except KilledError:
                killed = True
                await self.store.restart()
            except ActionError:
                return killed
            else:
                return True

    async def read(self, fn: Callable[[Session], T]) -> T:
        """Look into the store."""
        return await self.store.read(fn)

    async def say(self, home: Household, key: str, text: str, *, pressed: bool = False) -> None:
        """A resident writes; the channel repeats a message whose receipt was not confirmed."""
        now = self.now
        inbound = Inbound(self.community_id, home.channel, home.address, key, text, now, pressed=pressed)
        await self.write(lambda session: receive(session, inbound, now))

    def writes(self, written: Written) -> Later:
        """A resident's message with a request, and the answers to what the desk asks back."""
        home = self.homes[written.household]
        text = self._worded(written.request.says, home)
        self.engine.teach(text, written.request.label, written.request.danger)

        async def begin() -> Iterable[Later]:
            self.counts.messages += 1
            self.counts.at_night += self.mind.calendar.night.holds(self.now)
            await self.say(home, f"{written.number}", text)
            return (self._later(home, written.number, 1),)

        return Later(written.at, begin)

    def _later(self, home: Household, number: int, exchange: int) -> Later:
        async def go_on() -> Iterable[Later]:
            asked = await self._asked(home)
            answer = next((one for one in self.plan.answers if asked.startswith(one.to)), None) if asked else None
            if answer is None or exchange > _MOST_EXCHANGES:
                return ()
            text = self._worded(answer.says, home)
            self.engine.teach(text, answer.label)
            await self.say(home, f"{number}.{exchange}", text)
            return (self._later(home, number, exchange + 1),)

        return Later(self.now + _REPLY_AFTER, go_on)

    async def _asked(self, home: Household) -> str:
        """The name of the last thing that the desk said to a resident; empty when nothing was said."""

        def look(session: Session) -> str:
            conversation_id = conversation_of(session, self.community_id, home.channel, home.address)
            said = said_since(session, self.community_id, conversation_id) if conversation_id else ()
            return (said[-1].reply_id or "") if said else ""

        return await self.read(look)

    def _worded(self, says: str, home: Household) -> str:
        place = home.home
        return says.format(
            home=f"{place.building}{place.unit or ''}{place.room}", building=place.building, phone=home.phone
        )

    async def _work(self, seen: "_Seen") -> "_Seen":
        """Do everything that is due now; those concerned will react to what has come about."""
        while seen.unread or any(seen.due(self.now)):
            steps = [(seen.unread, self._desk.understand)]
            steps += zip(
                seen.due(self.now),
                (self._desk.answer, self._desk.keep, self._desk.deliver, self._desk.keep),
                strict=True,
            )
            for wanted, step in steps:
                if wanted:
                    await self._step(step)
            seen = await self._look()
        for opened in seen.tickets:
            self._ticket = opened.id
            self.place(*self.react(opened))
        for raised in seen.alerts:
            self._alert = raised.id
            self.place(*self.react(raised))
        return seen

    async def _step(self, step: Callable[[], Awaitable[bool]]) -> None:
        self.counts.steps += 1
        try:
            await step()
        except KilledError:
            await self.store.restart()

    async def _look(self) -> "_Seen":
        """See in one read what waits for the desk, and what nobody has reacted to yet."""
        community, ticket, alert = self.community_id, self._ticket, self._alert
        return await self.read(
            lambda session: _Seen(
                bool(unread(session, 1)),
                tuple(look(session) for look in _LOOKS),
                happenings.opened_since(session, community, ticket),
                happenings.alerts_since(session, community, alert),
            )
        )

    def _fails(self, parcel: Parcel) -> ChannelError | None:
        failed = self.dice("send", parcel.address, parcel.text, parcel.attempts).randrange(_FAILS_ONE_IN) == 0
        return ChannelError("the network is busy") if failed else None
