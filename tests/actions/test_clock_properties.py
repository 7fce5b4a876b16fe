"""Whatever happens in whatever order, and whatever the clock does: nothing is forgotten, nothing fires twice."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from actions import handling
from actions.actors import BOT, Actor
from actions.alerts import mark_seen
from actions.audit import FindingKind, audit
from actions.calendar import Calendar
from actions.errors import ActionError
from actions.ids import IdMaker
from actions.names import PauseReason, PromiseKind
from actions.passing_on import pass_on_one
from actions.policy import CEILING
from actions.tables import Alert, Base, Deadline, DeadlineKind, DeadlineState, Severity, Ticket, TicketEvent
from actions.tickets import NewTicket, TicketCard, open_ticket
from actions.transitions import RUNNING
from actions.watch import enforce_one
from tests.actions.factories import Cast, add_cast, calendar, changed, rules
from tests.conftest import NOW

TEXTS = ("收到", "好的，在处理", "水龙头已更换，请您试用", "因为配件缺货，明天上午由王师傅上门更换")
KINDS = (("repair", "water_pipe"), ("repair", "elevator"), ("complaint", "noise"), ("inquiry", None), ("praise", None))
MEMBERS = ("小陈", "老周", "孙主管", "赵经理")
MINUTES = st.integers(0, 40 * 60).map(lambda minutes: timedelta(minutes=minutes))
_OWED = (DeadlineKind.REPLY, DeadlineKind.PROMISE)

Value = TypeVar("Value")


def _engine() -> Any:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=ON"))
    return engine


class Clocks(RuleBasedStateMachine):
    """A desk whose people and clock do anything; `since` is what the test itself holds to be unanswered."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.engine = _engine()
        Base.metadata.create_all(self.engine)
        self.ids = IdMaker()
        self.now = NOW
        self.calendar: Calendar = calendar()
        self.cast: Cast = self._run(add_cast)
        self.since: dict[int, datetime] = {}
        self.words: Counter[tuple[str, str]] = Counter()

    def teardown(self) -> None:
        self.engine.dispose()

    @initialize()
    def begin(self) -> None:
        """Every run begins with somebody waiting."""

    @rule(target=tickets, kind=st.sampled_from(KINDS), major=st.booleans(), back=st.integers(0, 90))
    def open(self, kind: tuple[str, str | None], major: bool, back: int) -> int:
        received_at = self.now - timedelta(minutes=back)
        new = NewTicket(
            self.cast.community_id,
            *kind,
            Severity.MAJOR if major else Severity.NORMAL,
            "单元测试里的事",
            received_at,
            conversation_id=self.cast.conversations["王芳"],
            resident_id=self.cast.residents["王芳"],
            room_id=self.cast.rooms["王芳"],
        )
        card = self._run(lambda s: open_ticket(s, BOT, new, rules(), self.calendar, self.now))
        if kind[0] != "praise":
            self.since[card.id] = received_at
        return card.id

    @rule(ticket=tickets, who=st.sampled_from(MEMBERS), text=st.sampled_from(TEXTS), ahead=st.none() | MINUTES)
    def reply(self, ticket: int, who: str, text: str, ahead: timedelta | None) -> None:
        promised_at = None if ahead is None else self.now + ahead
        card = self._do(handling.reply, who, ticket, text=text, policy=rules(), promised_at=promised_at)
        if card is not None and text in TEXTS[2:]:
            self.since.pop(ticket, None)

    @rule(ticket=tickets, kind=st.sampled_from(PromiseKind), ahead=MINUTES)
    def promise(self, ticket: int, kind: PromiseKind, ahead: timedelta) -> None:
        self._do(handling.promise, "小陈", ticket, promised=[handling.Promised(kind, self.now + ahead, "说好了")])

    @rule(ticket=tickets, who=st.sampled_from(MEMBERS), ahead=MINUTES)
    def hold(self, ticket: int, who: str, ahead: timedelta) -> None:
        details = {"reason": "等配件", "contact": "0571-88880100", "promised_at": self.now + ahead}
        self._do(handling.hold, who, ticket, **details)

    @rule(ticket=tickets)
    def urge(self, ticket: int) -> None:
        waits = self._clocks(ticket, _OWED)
        if self._do(handling.urge, None, ticket) is not None and not waits and self._awaits(ticket):
            self.since[ticket] = self.now

    @rule(ticket=tickets, reason=st.sampled_from(PauseReason), ahead=MINUTES)
    def pause(self, ticket: int, reason: PauseReason, ahead: timedelta) -> None:
        self._do(handling.pause, "孙主管", ticket, reason=reason, note="等", until=self.now + ahead)

    @rule(ticket=tickets)
    def resume(self, ticket: int) -> None:
        self._do(handling.resume, "老周", ticket)

    @rule(ticket=tickets)
    def note(self, ticket: int) -> None:
        self._do(handling.note, None, ticket, text="明天在家")

    @rule(ticket=tickets, who=st.sampled_from(MEMBERS))
    def assign(self, ticket: int, who: str) -> None:
        self._do(handling.assign, "小陈", ticket, staff_id=self.cast.staff[who])

    @rule(ticket=tickets, who=st.sampled_from(MEMBERS))
    def accept(self, ticket: int, who: str) -> None:
        self._do(handling.accept, who, ticket)

    @rule(ticket=tickets)
    def resolve(self, ticket: int) -> None:
        if self._do(handling.resolve, "老周", ticket, text="水龙头已更换", policy=rules()) is not None:
            self.since.pop(ticket, None)

    @rule(ticket=tickets, back=st.integers(0, 60))
    def reopen(self, ticket: int, back: int) -> None:
        received_at = self.now - timedelta(minutes=back)
        reopened = self._do(handling.reopen, None, ticket, reason="又坏了", received_at=received_at)
        if reopened is not None and self._awaits(ticket):
            self.since[ticket] = received_at

    @rule(ticket=tickets)
    def cancel(self, ticket: int) -> None:
        if self._do(handling.cancel, None, ticket, reason="不用了") is not None:
            self.since.pop(ticket, None)

    @rule(ticket=tickets, into=tickets)
    def merge(self, ticket: int, into: int) -> None:
        if self._do(handling.merge, "小陈", ticket, into_id=into, reason="同一件事") is not None:
            mine = self.since.pop(ticket, None)
            owed = [moment for moment in (mine, self.since.get(into)) if moment is not None]
            if owed:
                self.since[into] = min(owed)

    @rule(target=tickets, ticket=tickets)
    def split(self, ticket: int) -> Any:
        part = handling.Part("complaint", "hygiene", "另一件事")
        card = self._do(
            handling.split, "小陈", ticket, part=part, reason="两件事", policy=rules(), calendar=self.calendar
        )
        if card is None:
            return multiple()
        self.since[card.id] = min(self.since.get(ticket, self.now), self.now)
        return card.id

    @rule(by=MINUTES)
    def time_goes_by(self, by: timedelta) -> None:
        self.now += by

    @rule(hours=st.sampled_from((-24, -1, 24, 48)))
    def the_clock_is_wrong(self, hours: int) -> None:
        """The system's clock jumps, or the process slept."""
        self.now += timedelta(hours=hours)

    @rule(
        old_new=st.sampled_from((('from: "22:00"', 'from: "21:00"'), ("8:00-17:00", "9:00-12:00"))),
        zone=st.sampled_from(("Asia/Shanghai", "Europe/Berlin", "America/New_York")),
    )
    def the_calendar_changes(self, old_new: tuple[str, str], zone: str) -> None:
        """Tickets that run keep the hours they were opened with."""
        self.calendar = Calendar.read(changed("rules/desk_hours.yml", *old_new), zone)

    @rule(steps=st.integers(1, 60))
    def the_watch_works(self, steps: int) -> None:
        for _ in range(steps):
            if not self._run(lambda s: enforce_one(s, self._tell, self.now)):
                break

    @rule()
    def alerts_are_passed_on(self) -> None:
        for _ in range(60):
            if not self._run(lambda s: pass_on_one(s, self.now)):
                break

    @rule(who=st.sampled_from(MEMBERS))
    def somebody_looks(self, who: str) -> None:
        staff_id, community = self.cast.staff[who], self.cast.community_id

        def see(session: Session) -> None:
            mine = session.execute(select(Alert.id).where(Alert.staff_id == staff_id)).scalars().all()
            mark_seen(session, community, staff_id, mine, self.now)

        self._run(see)

    @invariant()
    def the_earliest_unanswered_request_is_never_forgotten(self) -> None:
        with Session(self.engine) as session:
            for ticket in session.execute(select(Ticket)).scalars():
                if ticket.status not in RUNNING:
                    assert ticket.id not in self.since
                    continue
                assert ticket.awaiting_reply_since == self.since.get(ticket.id), ticket.number
                if ticket.id in self.since:
                    assert self._clocks(ticket.id, _OWED), f"{ticket.number} waits and no clock runs"

    @invariant()
    def no_deadline_is_longer_than_a_day_without_a_persons_promise(self) -> None:
        with Session(self.engine) as session:
            for row in session.execute(select(Deadline)).scalars():
                if row.kind is DeadlineKind.REPLY or (row.kind is DeadlineKind.PROMISE and not row.words):
                    assert timedelta(0) <= row.due_at - row.started_at <= CEILING

    @invariant()
    def nothing_fires_twice(self) -> None:
        with Session(self.engine) as session:
            details = session.execute(select(TicketEvent.detail)).scalars().all()
        taken = Counter((detail["deadline"], detail["step"]) for detail in details if "step" in detail)
        assert not [step for step, times in taken.items() if times > 1]
        assert not [word for word, times in self.words.items() if times > 1]

    @invariant()
    def when_the_watch_has_caught_up_the_audit_finds_nothing(self) -> None:
        def caught_up(session: Session) -> list[Any]:
            for _ in range(400):
                if not (enforce_one(session, self._silent, self.now) or pass_on_one(session, self.now)):
                    break
            found = [one for one in audit(session, self.now) if one.kind is not FindingKind.EVENTS_OUT_OF_ORDER]
            session.rollback()
            return found

        with Session(self.engine, info={"ids": self.ids}) as session:
            assert caught_up(session) == []

    def _do(self, verb: Callable[..., TicketCard], who: str | None, ticket: int, **details: Any) -> TicketCard | None:
        """Do something; None when the rules forbid it."""
        actor = Actor.resident(self.cast.contacts["王芳"]) if who is None else Actor.staff(self.cast.staff[who])
        run = partial(verb, community_id=self.cast.community_id, ticket_id=ticket, now=self.now, **details)
        try:
            return self._run(lambda s: run(s, actor))
        except ActionError:
            return None

    def _run(self, fn: Callable[[Session], Value]) -> Value:
        with Session(self.engine, info={"ids": self.ids}) as session:
            result = fn(session)
            session.commit()
            return result

    def _clocks(self, ticket: int, kinds: tuple[DeadlineKind, ...]) -> list[int]:
        query = select(Deadline.id).where(
            Deadline.ticket_id == ticket, Deadline.state == DeadlineState.RUNNING, Deadline.kind.in_(kinds)
        )
        with Session(self.engine) as session:
            return list(session.execute(query).scalars())

    def _awaits(self, ticket: int) -> bool:
        """Whether the rules of a ticket ask for a reply at all."""
        key = (self.cast.community_id, ticket)
        return bool(self._run(lambda s: "reply" in s.get_one(Ticket, key).policy["times"]))

    def _tell(
        self, _session: Session, ticket: Ticket, _reply: str, facts: Mapping[str, object], _now: datetime
    ) -> None:
        assert isinstance(facts["due"], datetime)
        self.words[ticket.number, facts["due"].isoformat()] += 1

    def _silent(
        self, _session: Session, _ticket: Ticket, _reply: str, _facts: Mapping[str, object], _now: datetime
    ) -> None:
        """Words that are taken back again."""


TestClocks = Clocks.TestCase
TestClocks.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
