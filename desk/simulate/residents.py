"""What residents do about a ticket later on: press for an answer, rate it, find that nothing was put right."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from actions import handling
from actions.actors import Actor
from actions.happenings import NewTicketRow, Standing, standing
from actions.store import Session
from actions.tables import Role
from actions.transitions import RUNNING, lock_ticket
from desk.simulate.crew import Crew, Member
from desk.simulate.play import Later, Play

_HOUR = timedelta(hours=1)
_SOMEBODY = Actor.resident(0)
Dispatch = Callable[[Member, int, int], Awaitable[Iterable[Later]]]


@dataclass(slots=True)
class Residents:
    """Those whose matter it is."""

    play: Play
    crew: Crew

    def urging(self, opened: NewTicketRow) -> tuple[Later, ...]:
        """Whether, and when, a resident presses for an answer."""
        impatient = self.play.dice("again", opened.number).random() < self.play.plan.arrivals.again
        if not impatient or opened.conversation_id is None:
            return ()
        wait = self.play.dice("again-when", opened.number).uniform(5, 30) * _HOUR
        return (Later(opened.opened_at + wait, lambda: self.urge(opened.id)),)

    async def urge(self, ticket_id: int) -> Iterable[Later]:
        """Press for an answer; not where the matter is done."""
        before = await self._standing(ticket_id)
        if before.status in RUNNING:
            community, now = self.play.community_id, self.play.now
            await self._once(before, lambda session: handling.urge(session, _SOMEBODY, community, ticket_id, now=now))
        return ()

    async def rate(self, before: Standing) -> Iterable[Later]:
        """Say how satisfied they are."""
        stars = self.play.dice("stars", before.number).choice((3, 4, 5, 5, 5))
        community, now = self.play.community_id, self.play.now
        await self._once(
            await self._standing(before.id),
            lambda session: handling.rate(session, _SOMEBODY, community, before.id, stars=stars, now=now),
        )
        return ()

    async def not_fixed(self, before: Standing, dispatch: Dispatch) -> Iterable[Later]:
        """Find it as it was; it begins anew."""
        now, reason, community = self.play.now, self.play.plan.words["not_fixed"], self.play.community_id
        await self.play.attempt(
            lambda session: handling.reopen(
                session, _SOMEBODY, community, before.id, reason=reason, received_at=now, now=now
            )
        )
        agent = self.crew.soonest(self.crew.of(Role.AGENT), now, (before.number, now))
        if agent is None:
            return ()
        at = self.crew.next_look(agent, now, before.number)
        return (Later(at, lambda: dispatch(agent, before.id, 1)),)

    async def _once(self, before: Standing, act: Callable[[Session], object]) -> None:
        """Do something that is not to be done again when its receipt got lost."""
        community = self.play.community_id

        def guarded(session: Session) -> None:
            lock_ticket(session, community, before.id, version=before.version)
            act(session)

        await self.play.attempt(guarded)

    async def _standing(self, ticket_id: int) -> Standing:
        community = self.play.community_id
        return await self.play.read(lambda session: standing(session, community, ticket_id))
