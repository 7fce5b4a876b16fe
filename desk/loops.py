"""The process loops: understand and answer, deliver, watch the deadlines. Nothing else here runs for ever."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from actions import audit, pacing, turns, watch
from actions.errors import ConflictError
from actions.holding import HoldingRules, anything_to_release, release_one
from actions.store import Store
from actions.turns import QuietTimes
from bot.answering import Mind, TurnError, answer_one
from bot.channels.base import Channel
from bot.delivery import deliver_one
from bot.postman import Postman
from bot.rescue import give_to_person
from bot.telling import Teller
from bot.understanding import understand_some
from desk import clockwork
from desk.pulse import Pulse

log = structlog.get_logger(__name__)
_IDLE_SECONDS = 1.0
_SHORTEST_SECONDS = 0.02
_AUDIT_EVERY = timedelta(hours=1)
# So many hours apart everything is read; in between, what is open and what came about lately.
_WHOLE_AUDIT_EVERY = 24
_PAUSE_AFTER_FAULT = 1.0
_LAST_SENDS_SECONDS = 3.0


def utc_now() -> datetime:
    """The present moment; the only place besides the commands that asks for it."""
    return datetime.now(UTC)


class Bell:
    """Wakes the loops when something was stored, so that nobody waits for the next look."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def ring(self) -> None:
        """Wake all who wait; whoever is at work looks again before waiting, so no ring is missed."""
        for event in self._waiting:
            event.set()

    async def wait(self, seconds: float) -> None:
        """Wait until it rings, `seconds` at most."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(event)


@asynccontextmanager
async def _finishing(postman: Postman) -> AsyncIterator[None]:
    """Give what is being sent a moment to arrive and be recorded before everything ends."""
    try:
        yield
    finally:
        await postman.finish(_LAST_SENDS_SECONDS)


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the loops work with; `committed` is called after every step that changed something.

    `doors` are the named steps by which messages are fetched; one that fetched something wakes the understanding.
    """

    store: Store
    mind: Mind
    quiet: QuietTimes
    channels: dict[str, Channel]
    owner: str
    bell: Bell
    clock: Callable[[], datetime] = utc_now
    committed: Callable[[], None] = lambda: None
    holding: HoldingRules | None = None

    doors: tuple[tuple[str, Callable[[], Awaitable[bool]]], ...] = ()
    pulse: Pulse = field(default_factory=Pulse)

    async def understand(self) -> bool:
        """Understand what has been stored."""
        zone = self.mind.rules.phrases.zone
        return await understand_some(self.store, self.mind.engine, zone, self.quiet, self.clock()) > 0

    async def answer(self) -> bool:
        """Answer one conversation; one that fails because of a fault of ours goes to a person.

        A database that is out of order is no such fault: the loop simply tries again.
        """
        try:
            return await answer_one(self.store, self.mind, self.clock()) is not None
        except ConflictError:
            # Somebody took the conversation over while the answer was being made; it is looked at afresh.
            return True
        except TurnError as error:
            log.exception("turn_failed", conversation=error.conversation_id)
            await give_to_person(self.store, self.mind, error, self.clock())
            return True

    async def deliver(self) -> bool:
        """Send one message."""
        return await deliver_one(self.store, self.channels, self.owner, self.clock())

    async def enforce(self) -> bool:
        """Take one step of one deadline."""
        teller = Teller(self.mind.replies, self.mind.rules.phrases)
        now = self.clock()
        try:
            return await self.store.write(lambda session: watch.enforce_one(session, teller, now))
        except watch.PoisonedError as error:
            log.exception("deadline_deferred", deadline=error.deadline_id)
            reason = str(error)
            deadline_id = error.deadline_id
            await self.store.write(lambda session: watch.defer(session, deadline_id, reason, now))
            return True

    async def keep(self) -> bool:
        """Keep the clock: a step of a deadline, an alert that nobody has seen, a request without a clock."""
        return await self.enforce() or await clockwork.keep(self.store, self.mind, self.clock())

    async def release(self) -> bool:
        """Let one conversation go on that a person holds and does not need."""
        rules, now = self.holding, self.clock()
        if rules is None or not await self.store.read(lambda session: anything_to_release(session, rules, now)):
            return False
        return await self.store.write(lambda session: release_one(session, rules, now)) is not None

    async def audit(self, *, whole: bool) -> tuple[audit.Finding, ...]:
        """What is not as it must be: in all that is stored, or in what is open and came about lately."""
        return await self.store.read(lambda session: audit.audit(session, self.clock(), whole=whole))

    async def run(self, workers: int) -> None:
        """Run all loops until cancelled; each step that did something wakes the step after it."""
        understood, said, idle = Bell(), Bell(), Bell()
        postman = Postman(self.store, self.channels, self.owner, self.clock, said.ring)
        async with _finishing(postman), asyncio.TaskGroup() as group:
            group.create_task(self._loop("understand", self.understand, self.bell, understood))
            for number in range(workers):
                group.create_task(self._loop("answer", self.answer, understood, said, number=number))
            group.create_task(self._loop("deliver", postman.step, said, idle))
            group.create_task(self._loop("watch", self.keep, idle, said))
            group.create_task(self._loop("release", self.release, idle, said))
            group.create_task(self._audit_loop())
            for name, step in self.doors:
                group.create_task(self._loop(name, step, idle, self.bell))

    async def _loop(
        self, name: str, step: Callable[[], Awaitable[bool]], wakes: Bell, then: Bell, *, number: int = 0
    ) -> None:
        own_name = f"{name}-{number}" if number else name
        while True:
            try:
                worked = await step()
                wait = None if worked else await self._idle_seconds(name)
            except Exception:
                log.exception("step_failed", loop=name)
                self.pulse.fault(own_name)
                await asyncio.sleep(_PAUSE_AFTER_FAULT)
                continue
            self.pulse.beat(own_name, worked=worked)
            if wait is None:
                then.ring()
                self.committed()
            else:
                await wakes.wait(wait)

    async def _idle_seconds(self, name: str) -> float:
        """How long a loop without work waits: until the next conversation is ready, or the next message may go out."""
        look = {"answer": turns.next_moment, "deliver": pacing.next_moment if self.channels else None}.get(name)
        moment = None if look is None else await self.store.read(look)
        if moment is None:
            return _IDLE_SECONDS
        return min(_IDLE_SECONDS, max(_SHORTEST_SECONDS, (moment - self.clock()).total_seconds()))

    async def _audit_loop(self) -> None:
        self.pulse.beat("audit")
        for hour in itertools.count():
            await asyncio.sleep(_AUDIT_EVERY.total_seconds())
            try:
                findings = await self.audit(whole=hour % _WHOLE_AUDIT_EVERY == 0)
            except Exception:
                log.exception("step_failed", loop="audit")
                self.pulse.fault("audit")
                continue
            self.pulse.beat("audit", worked=True)
            self.pulse.findings = len(findings)
            for year in self.mind.calendar.unknown_years(self.clock()):
                log.warning("holidays_unknown", year=year, file="calendar/overrides.yml")
            for finding in findings:
                log.error("audit_finding", kind=finding.kind, ticket=finding.ticket_id, message=finding.message)
