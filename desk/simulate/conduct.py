"""What staff do: dispatch, take on, answer or not, keep their word or not, and act on what they are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions import console, handling, happenings
from actions.actors import Actor
from actions.alerts import mark_seen
from actions.closing import CallBack
from actions.console import Answer, PuttingOff, Seen, Spoken
from actions.happenings import NewAlertRow, NewTicketRow, Standing
from actions.names import AlertKind, PauseReason, PromiseKind
from actions.policy import Policy
from actions.promising import Promised
from actions.tables import Role, Severity, TicketStatus
from actions.transitions import RUNNING
from bot.telling import Teller
from desk.simulate.crew import Crew, Member
from desk.simulate.play import Later, Play
from desk.simulate.residents import Residents

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LEADERS = (Role.SUPERVISOR, Role.MANAGER)
_VISIT_HOUR, _WORD_HOUR = 10, 16
# Of answers: what is concluded at once, what is planned with a visit; the rest is put off.
_CONCLUDED, _PLANNED = 0.6, 0.9
_PAUSED = 0.08
_MOST_ROUNDS = 6


@dataclass(slots=True)
class Conduct:
    """The staff at their desks; every method is something that one of them does, and gives what follows later."""

    play: Play
    crew: Crew
    residents: Residents
    policy: Policy
    tell: Teller

    def react(self, row: NewTicketRow | NewAlertRow) -> Iterable[Later]:
        """What is set going by a new ticket, or by an alert."""
        if isinstance(row, NewAlertRow):
            member = self.crew.by_id.get(row.staff_id or 0)
            if member is None:
                return ()
            at = self.crew.next_look(member, row.created_at, row.created_at)
            return (Later(at, lambda: self.look(member)),)
        if row.kind == "praise":
            return ()
        again = self.residents.urging(row)
        agent = self.crew.soonest(self.crew.of(Role.AGENT), row.opened_at, row.number)
        if row.severity is Severity.ALARM or agent is None:
            return again
        at = self.crew.next_look(agent, row.opened_at, row.number)
        return (*again, Later(at, lambda: self.dispatch(agent, row.id, 0)))

    async def look(self, member: Member) -> Iterable[Later]:
        """A member looks at the screen: now they are told; then they act on it, or not."""
        community, now = self.play.community_id, self.play.now
        found = await self.play.read(lambda session: happenings.unseen_by(session, community, member.id))
        if not found:
            return ()
        ids = [alert.id for alert in found]
        await self.play.write(lambda session: mark_seen(session, community, member.id, ids, now))
        later: list[Later] = []
        for alert in found:
            standing = await self._standing(alert.ticket_id)
            if standing.status in RUNNING:
                later += await self._act(member, alert, standing)
        return later

    async def dispatch(self, agent: Member, ticket_id: int, round_: int) -> Iterable[Later]:
        """Put somebody in charge."""
        standing = await self._standing(ticket_id)
        if standing.status not in RUNNING or standing.assignee_id is not None:
            return ()
        return await self._assign(agent, standing, round_)

    async def begin(self, member: Member, ticket_id: int, round_: int) -> Iterable[Later]:
        """Take the work on; perhaps forget it."""
        standing = await self._standing(ticket_id)
        if standing.status not in RUNNING or standing.assignee_id != member.id:
            return ()
        now, seen = self.play.now, Seen(standing.version)
        await self.play.attempt(
            lambda session: console.accept(session, member.identity, ticket_id, seen=seen, tell=self.tell, now=now)
        )
        if self.play.dice("forgets", standing.number, round_).random() < member.temper.forgets:
            return ()
        at = self.crew.answers_after(member, now, (standing.number, round_))
        return (Later(at, lambda: self.answer(member, ticket_id, round_)),)

    async def answer(self, member: Member, ticket_id: int, round_: int) -> Iterable[Later]:
        """Tell the resident something; whether it counts is not for them to say."""
        standing = await self._standing(ticket_id)
        if standing.status not in RUNNING or round_ > _MOST_ROUNDS:
            return ()
        words, dice = self.play.plan.words, self.play.dice("says", standing.number, round_)
        if dice.random() < member.temper.hollow:
            await self._reply(member, standing, Answer(Spoken(words["hollow"])))
            at = self.crew.next_presence(member, self.play.now + dice.uniform(3, 20) * _HOUR)
            return (Later(at, lambda: self.answer(member, ticket_id, round_ + 1)),)
        kind = dice.random()
        if kind < _CONCLUDED:
            await self._reply(member, standing, Answer(Spoken(words["concluded"]), concludes=True))
            at = self.crew.next_presence(member, self.play.now + dice.uniform(1, 20) * _HOUR)
            return (Later(at, lambda: self.finish(member, ticket_id)),)
        if kind < _PLANNED:
            return await self._plan(member, standing)
        return await self._put_off(member, standing, round_)

    async def arrive(self, member: Member, ticket_id: int) -> Iterable[Later]:
        """Be there, and finish some time after."""
        standing = await self._standing(ticket_id)
        if standing.status not in RUNNING:
            return ()
        now = self.play.now
        actor, community, version = Actor.staff(member.id), self.play.community_id, standing.version
        await self.play.attempt(
            lambda session: handling.arrive(session, actor, community, ticket_id, version=version, now=now)
        )
        wait = self.play.dice("works", standing.number).uniform(0.5, 3) * _HOUR
        return (Later(now + wait, lambda: self.finish(member, ticket_id)),)

    async def finish(self, member: Member, ticket_id: int) -> Iterable[Later]:
        """Say that it is done; the resident rates it, finds it not done, or is called."""
        standing = await self._standing(ticket_id)
        if standing.status not in RUNNING or standing.about_staff_id == member.id:
            return ()
        now, spoken = self.play.now, Spoken(self.play.plan.words["resolved"])
        actor, community, version = Actor.staff(member.id), self.play.community_id, standing.version
        done = await self.play.attempt(
            lambda session: handling.resolve(
                session, actor, community, ticket_id, text=spoken.text, policy=self.policy, version=version, now=now
            )
        )
        if not done:
            return ()
        chance = self.play.dice("afterwards", standing.number, now).random()
        arrivals = self.play.plan.arrivals
        if chance < arrivals.not_fixed:
            return (Later(now + 5 * _HOUR, lambda: self.residents.not_fixed(standing, self.dispatch)),)
        if chance < arrivals.not_fixed + arrivals.rated:
            return (Later(now + 2 * _HOUR, lambda: self.residents.rate(standing)),)
        caller = self.crew.soonest(self.crew.of(Role.AGENT), now + 3 * _HOUR, standing.number)
        if caller is None:
            return ()
        at = self.crew.next_look(caller, now + 3 * _HOUR, standing.number)
        return (Later(at, lambda: self.call_back(caller, standing)),)

    async def call_back(self, caller: Member, before: Standing) -> Iterable[Later]:
        """An agent asks whether it is done."""
        standing = await self._standing(before.id)
        if standing.status is not TicketStatus.RESOLVED:
            return ()
        now, words = self.play.now, self.play.plan.words
        actor, community, version = Actor.staff(caller.id), self.play.community_id, standing.version
        await self.play.attempt(
            lambda session: handling.call_back(
                session, actor, community, before.id,
                outcome=CallBack.SATISFIED, text=words["called"], version=version, now=now,
            )
        )  # fmt: skip
        return ()

    async def _act(self, member: Member, alert: NewAlertRow, standing: Standing) -> Iterable[Later]:
        """What a member does about one thing that they were told."""
        if alert.kind is AlertKind.ALARM:
            return await self._take_alarm(member, standing)
        if self.play.dice("acts", standing.number, member.part.login, alert.created_at).random() >= member.temper.acts:
            return ()
        # Where nobody took the work on, it is given to somebody else; where an answer is owed, it is given.
        answers = alert.due_at is not None or alert.kind in {AlertKind.URGE, AlertKind.UNDELIVERED}
        soon = self.play.now + self.play.dice("soon", standing.number, alert.created_at).uniform(5, 40) * _MINUTE
        if member.part.role in {Role.QUALITY, Role.MONITORING}:
            # They call somebody who can answer.
            leader = self.crew.soonest(self.crew.of(*_LEADERS), soon, standing.number)
            if leader is None or leader.id == standing.about_staff_id:
                return ()
            at = self.crew.next_presence(leader, soon)
            return (Later(at, lambda: self.step_in(leader, standing.id, answers=answers)),)
        if standing.assignee_id == member.id:
            return (Later(self.crew.next_presence(member, soon), lambda: self.answer(member, standing.id, 1)),)
        if member.part.role in _LEADERS or standing.assignee_id is None:
            return (
                Later(
                    self.crew.next_presence(member, soon), lambda: self.step_in(member, standing.id, answers=answers)
                ),
            )
        return ()

    async def step_in(self, member: Member, ticket_id: int, *, answers: bool) -> Iterable[Later]:
        """Somebody answers what others left lying, or gives it to somebody who is there."""
        standing = await self._standing(ticket_id)
        if standing.status not in RUNNING or standing.about_staff_id == member.id:
            return ()
        if answers and standing.awaiting and member.part.role in _LEADERS:
            spoken = Spoken(self.play.plan.words["concluded"])
            await self._reply(member, standing, Answer(spoken, concludes=True))
            at = self.crew.next_presence(member, self.play.now + 4 * _HOUR)
            return (Later(at, lambda: self.finish(member, ticket_id)),)
        if standing.status in {TicketStatus.OPEN, TicketStatus.ASSIGNED}:
            return await self._assign(member, standing, 2)
        if standing.awaiting:
            return ()  # it is in somebody's hands
        return (Later(self.play.now + _HOUR, lambda: self.finish(member, ticket_id)),)

    async def _take_alarm(self, member: Member, standing: Standing) -> Iterable[Later]:
        if member.part.role is Role.QUALITY:
            return ()
        now = self.play.now
        await self.play.attempt(
            lambda session: console.acknowledge(session, member.identity, standing.id, tell=self.tell, now=now)
        )
        leader = self.crew.soonest(self.crew.of(*_LEADERS), now, standing.number)
        wait = self.play.dice("alarm", standing.number).uniform(0.5, 3) * _HOUR
        who = leader or member
        return (Later(self.crew.next_presence(who, now + wait), lambda: self.step_in(who, standing.id, answers=True)),)

    async def _assign(self, member: Member, standing: Standing, round_: int) -> Iterable[Later]:
        department = self.policy.for_ticket(standing.kind, standing.category).department
        without = [one for one in (standing.about_staff_id, standing.assignee_id) if one is not None]
        chosen = self.crew.soonest(self.crew.workers(department, without), self.play.now, (standing.number, round_))
        if chosen is None or member.id == standing.about_staff_id:
            return ()
        now, seen = self.play.now, Seen(standing.version)
        await self.play.attempt(
            lambda session: console.assign(
                session, member.identity, standing.id,
                staff_id=chosen.id, reason="", seen=seen, tell=self.tell, now=now,
            )
        )  # fmt: skip
        at = self.crew.next_look(chosen, now, (standing.number, round_, "begin"))
        return (Later(at, lambda: self.begin(chosen, standing.id, round_)),)

    async def _plan(self, member: Member, standing: Standing) -> Iterable[Later]:
        """A reason, the next step, who and when; kept, or not."""
        visit_at = self._tomorrow(_VISIT_HOUR)
        promised = Promised(PromiseKind.VISIT, visit_at, self.play.plan.words["planned"])
        said = Answer(Spoken(promised.words), promises=(promised,))
        await self._reply(member, standing, said)
        dice = self.play.dice("keeps", standing.number, visit_at)
        there = (
            visit_at - 10 * _MINUTE if dice.random() >= member.temper.breaks else visit_at + dice.uniform(1, 9) * _HOUR
        )
        if dice.random() < _PAUSED:
            await self._pause(member, standing.id)
        return (Later(there, lambda: self.arrive(member, standing.id)),)

    async def _pause(self, member: Member, ticket_id: int) -> None:
        standing, now = await self._standing(ticket_id), self.play.now
        actor, community, note = Actor.staff(member.id), self.play.community_id, self.play.plan.words["paused"]
        await self.play.attempt(
            lambda session: handling.pause(
                session, actor, community, ticket_id,
                reason=PauseReason.PARTS, note=note, until=now + 2 * _DAY, version=standing.version, now=now,
            )
        )  # fmt: skip

    async def _put_off(self, member: Member, standing: Standing, round_: int) -> Iterable[Later]:
        """A holding word; after two of them a supervisor has to agree."""
        words, until = self.play.plan.words, self._tomorrow(_WORD_HOUR)
        putting_off = PuttingOff(Spoken(words["held"]), words["held"], until, words["contact"])
        seen = Seen(standing.version)
        now = self.play.now
        await self.play.attempt(
            lambda session: console.hold(session, member.identity, standing.id, putting_off, seen=seen, now=now)
        )
        dice = self.play.dice("word", standing.number, until)
        at = until - dice.uniform(1, 4) * _HOUR if dice.random() >= member.temper.breaks else until + 6 * _HOUR
        return (Later(self.crew.next_presence(member, at), lambda: self.answer(member, standing.id, round_ + 1)),)

    async def _reply(self, member: Member, standing: Standing, answer: Answer) -> bool:
        if standing.about_staff_id == member.id:
            return False
        now, seen = self.play.now, Seen(standing.version)
        return await self.play.attempt(
            lambda session: console.reply(
                session, member.identity, standing.id, answer, seen=seen, policy=self.policy, now=now
            )
        )

    def _tomorrow(self, hour: int) -> datetime:
        local = self.play.now.astimezone(self.play.zone)
        return (local + _DAY).replace(hour=hour, minute=0, second=0, microsecond=0)

    async def _standing(self, ticket_id: int) -> Standing:
        community = self.play.community_id
        return await self.play.read(lambda session: happenings.standing(session, community, ticket_id))
