"""The process loops: understand and answer, deliver, watch the deadlines. Nothing else here runs for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from actions import audit, turns, watch
from actions.errors import ConflictError
from actions.store import Store
from actions.turns import QuietTimes
from bot.answering import Mind, TurnError, answer_one
from bot.channels.base import Channel
from bot.delivery import deliver_one
from bot.rescue import give_to_person
from bot.telling import Teller
from bot.understanding import understand_some

log = structlog.get_logger(__name__)
_IDLE_SECONDS = 1.0
_SHORTEST_SECONDS = 0.02
_AUDIT_EVERY = timedelta(hours=1)
_PAUSE_AFTER_FAULT = 1.0


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


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the loops work with; `committed` is called after every step that changed something."""

    store: Store
    mind: Mind
    quiet: QuietTimes
    channels: dict[str, Channel]
    owner: str
    bell: Bell
    clock: Callable[[], datetime] = utc_now
    committed: Callable[[], None] = lambda: None

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
            mind = self.mind
            await give_to_person(self.store, mind.rules.policy, mind.calendar, mind.replies, error, self.clock())
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

    async def run(self, workers: int) -> None:
        """Run all loops until cancelled; each step that did something wakes the step after it."""
        understood, said, idle = Bell(), Bell(), Bell()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop("understand", self.understand, self.bell, understood))
            for _ in range(workers):
                group.create_task(self._loop("answer", self.answer, understood, said))
            group.create_task(self._loop("deliver", self.deliver, said, said))
            group.create_task(self._loop("watch", self.enforce, idle, said))
            group.create_task(self._audit_loop())

    async def _loop(self, name: str, step: Callable[[], Awaitable[bool]], wakes: Bell, then: Bell) -> None:
        while True:
            try:
                worked = await step()
                wait = None if worked else await self._idle_seconds(name)
            except Exception:
                log.exception("step_failed", loop=name)
                await asyncio.sleep(_PAUSE_AFTER_FAULT)
                continue
            if wait is None:
                then.ring()
                self.committed()
            else:
                await wakes.wait(wait)

    async def _idle_seconds(self, name: str) -> float:
        """How long a loop without work waits: until the next conversation is ready, so that the quiet time is kept."""
        moment = await self.store.read(turns.next_moment) if name == "answer" else None
        if moment is None:
            return _IDLE_SECONDS
        return min(_IDLE_SECONDS, max(_SHORTEST_SECONDS, (moment - self.clock()).total_seconds()))

    async def _audit_loop(self) -> None:
        while True:
            await asyncio.sleep(_AUDIT_EVERY.total_seconds())
            try:
                findings = await self.store.read(lambda session: audit.audit(session, self.clock()))
            except Exception:
                log.exception("step_failed", loop="audit")
                continue
            for finding in findings:
                log.error("audit_finding", kind=finding.kind, ticket=finding.ticket_id, message=finding.message)
