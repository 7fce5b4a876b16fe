"""The rows of running deadlines: started, ended, and moved on by one step of their ladder."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from actions.alerts import raise_alerts
from actions.calendar import Night
from actions.deadlines import due_within, next_check_at, work_starts_at
from actions.ids import new_id
from actions.ladder import Act, Planned, plan, thaw_plan
from actions.names import AlertKind
from actions.policy import TicketPolicy
from actions.statements import table
from actions.tables import Deadline, DeadlineKind, DeadlineState, Ticket
from actions.transitions import record_clock

# These say when the resident hears from a person; the others keep the desk itself moving.
ANSWERS = frozenset({DeadlineKind.REPLY, DeadlineKind.PROMISE, DeadlineKind.FIRST_CONTACT})
EVENT_KINDS = {
    Act.REMIND: "deadline:reminded",
    Act.ESCALATE: "deadline:escalated",
    Act.ALARM: "deadline:alarmed",
    Act.BREACH: "deadline:breached",
}
_ALERT_KINDS = {
    Act.REMIND: AlertKind.REMINDER,
    Act.ESCALATE: AlertKind.ESCALATION,
    Act.ALARM: AlertKind.ALARM,
    Act.BREACH: AlertKind.BREACH,
}

_INSERT = insert(table(Deadline))
_RUNNING = (
    select(Deadline)
    .where(
        Deadline.community_id == bindparam("this_community"),
        Deadline.ticket_id == bindparam("this_ticket"),
        Deadline.state == DeadlineState.RUNNING,
        Deadline.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(Deadline.id)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that is about to be started."""

    kind: DeadlineKind
    started_at: datetime
    due_at: datetime


def frozen_rules(ticket: Ticket) -> tuple[TicketPolicy, Night]:
    """The rules that held when the ticket was opened; KeyError, TypeError or ValueError when they are damaged."""
    return TicketPolicy.thaw(ticket.policy), Night.thaw(ticket.policy["night"])


def start(
    session: Session, ticket: Ticket, kind: DeadlineKind, *, started_at: datetime, due_at: datetime, now: datetime
) -> None:
    """Start a clock with the ticket's frozen ladder; what its ladder does at once is done at once."""
    policy, _night = frozen_rules(ticket)
    start_all(session, ticket, policy, [Clock(kind, started_at, due_at)], now)


def start_all(session: Session, ticket: Ticket, policy: TicketPolicy, clocks: Sequence[Clock], now: datetime) -> None:
    """Start several clocks with the ladders of the ticket's rules; what they do at once is done in their order."""
    if not clocks:
        return
    plans = [
        (new_id(session, now), clock, plan(policy.ladders[clock.kind], clock.started_at, clock.due_at))
        for clock in clocks
    ]
    session.flush()
    session.execute(_INSERT, [_row(ticket, deadline_id, clock, steps) for deadline_id, clock, steps in plans])
    for deadline_id, clock, steps in plans:
        if steps[0].at <= clock.started_at <= now and steps[0].act is not Act.BREACH:
            take_step(session, ticket, _get(session, ticket, deadline_id), now)


def start_answer_clocks(
    session: Session, ticket: Ticket, received_at: datetime, *, limit_at: datetime | None = None, now: datetime
) -> None:
    """Start what the resident is owed for a request received at `received_at`: see `owe_answer`."""
    policy, night = frozen_rules(ticket)
    start_all(session, ticket, policy, owe_answer(ticket, policy, night, received_at, limit_at=limit_at), now)


def owe_answer(
    ticket: Ticket, policy: TicketPolicy, night: Night, received_at: datetime, *, limit_at: datetime | None = None
) -> list[Clock]:
    """Note on the ticket since when an answer is owed; its clocks: first contact if major, and the reply.

    `limit_at` is the time limit of an authority; the earlier of theirs and ours holds (domain.md C11).
    """
    clocks: list[Clock] = []
    if policy.first_contact is not None:
        clocks.append(Clock(DeadlineKind.FIRST_CONTACT, received_at, received_at + policy.first_contact))
    if policy.reply is not None:
        due_at = due_within(received_at, policy.reply, night, severity=ticket.severity)
        if limit_at is not None:
            due_at = max(min(due_at, limit_at), received_at)
        clocks.append(Clock(DeadlineKind.REPLY, received_at, due_at))
        ticket.awaiting_reply_since, ticket.reply_due_at = received_at, due_at
    return clocks


def start_work_clock(session: Session, ticket: Ticket, kind: DeadlineKind, now: datetime) -> None:
    """Start counting until the ticket is dispatched or accepted, if its rules ask for it; not during the night."""
    policy, night = frozen_rules(ticket)
    start_all(session, ticket, policy, owe_work(ticket, policy, night, kind, now), now)


def owe_work(ticket: Ticket, policy: TicketPolicy, night: Night, kind: DeadlineKind, now: datetime) -> list[Clock]:
    """The clock until the ticket is dispatched or accepted, or none when its rules ask for none."""
    allowed = policy.times.get(kind)
    if allowed is None:
        return []
    started_at = work_starts_at(now, ticket.severity, night)
    return [Clock(kind, started_at, started_at + allowed)]


def running(
    session: Session, ticket: Ticket, kinds: Collection[DeadlineKind] = tuple(DeadlineKind)
) -> tuple[Deadline, ...]:
    """The running clocks of a ticket, of certain kinds."""
    key = {"this_community": ticket.community_id, "this_ticket": ticket.id}
    return tuple(session.execute(_RUNNING, {**key, "kinds": list(kinds)}).scalars())


def end(
    session: Session,
    ticket: Ticket,
    kinds: Collection[DeadlineKind] = tuple(DeadlineKind),
    *,
    state: DeadlineState = DeadlineState.MET,
    due_by: datetime | None = None,
    now: datetime,
) -> None:
    """End the running clocks of certain kinds, or of these only what was due by a moment.

    What ends after it was due is a breach, whoever was faster.
    """
    for deadline in running(session, ticket, kinds):
        if due_by is not None and deadline.due_at > due_by:
            continue
        late = now > deadline.due_at
        deadline.state = DeadlineState.MET_LATE if late and state is DeadlineState.MET else state
        deadline.ended_at, deadline.next_check_at = now, None
        if late and deadline.breached_at is None and state is not DeadlineState.CANCELLED:
            _breach_unseen(session, ticket, deadline, now)


def take_step(session: Session, ticket: Ticket, deadline: Deadline, now: datetime) -> Planned | None:
    """Take the next step of a ladder: the row is moved on, the event and the alerts are written.

    None when somebody else took it first. Raises KeyError, TypeError or ValueError when the stored ladder is damaged.
    """
    steps = thaw_plan(deadline.ladder)
    stage, step = deadline.stage, steps[deadline.stage]
    breached_at = deadline.due_at if step.act is Act.BREACH else deadline.breached_at
    moved = session.execute(
        update(Deadline)
        .where(
            Deadline.community_id == deadline.community_id,
            Deadline.id == deadline.id,
            Deadline.state == DeadlineState.RUNNING,
            Deadline.stage == stage,
            Deadline.next_check_at == deadline.next_check_at,
        )
        .values(stage=stage + 1, next_check_at=next_check_at(steps, stage + 1), breached_at=breached_at)
        .returning(Deadline.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if moved is None:
        return None
    # The row was moved behind the session's back, so that the condition above is the database's and not a guess.
    session.expire(deadline)
    if step.act is Act.BREACH and deadline.kind in ANSWERS:
        ticket.breached = True
    alarm = deadline.kind is DeadlineKind.ACKNOWLEDGE
    told = raise_alerts(session, ticket, step.to, AlertKind.ALARM if alarm else _ALERT_KINDS[step.act], now)
    detail = _detail(deadline, stage, step.at) | {"told": [str(one) for group in told for one in group.staff_ids]}
    record_clock(session, ticket, EVENT_KINDS[step.act], detail, now)
    return step


def _breach_unseen(session: Session, ticket: Ticket, deadline: Deadline, now: datetime) -> None:
    steps = thaw_plan(deadline.ladder)
    breach = next((number for number, step in enumerate(steps) if step.act is Act.BREACH), None)
    if breach is None:
        return
    deadline.breached_at = deadline.due_at
    ticket.breached = ticket.breached or deadline.kind in ANSWERS
    detail = _detail(deadline, breach, deadline.due_at)
    record_clock(session, ticket, EVENT_KINDS[Act.BREACH], detail, now)


def _row(ticket: Ticket, deadline_id: int, clock: Clock, steps: Sequence[Planned]) -> dict[str, object]:
    return {
        "community_id": ticket.community_id,
        "id": deadline_id,
        "ticket_id": ticket.id,
        "kind": clock.kind,
        "state": DeadlineState.RUNNING,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "next_check_at": next_check_at(steps, 0),
        "ladder": [step.frozen() for step in steps],
    }


def _detail(deadline: Deadline, step: int, at: datetime) -> dict[str, object]:
    return {
        "deadline": str(deadline.id),
        "kind": deadline.kind.value,
        "step": step,
        "at": at.isoformat(),
        "due": deadline.due_at.isoformat(),
    }


def _get(session: Session, ticket: Ticket, deadline_id: int) -> Deadline:
    return session.execute(
        select(Deadline).where(Deadline.community_id == ticket.community_id, Deadline.id == deadline_id)
    ).scalar_one()
