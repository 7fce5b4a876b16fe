"""The rows of running deadlines: started, ended, and moved on by one step of their ladder."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from actions.alerts import raise_alerts
from actions.deadlines import next_check_at
from actions.ids import new_id
from actions.ladder import Act, Planned, plan, stage_after, step_at, thaw_plan
from actions.names import AlertKind
from actions.owed import Clock, frozen_rules, owe_answer, owe_work
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
    Act.TELL: "deadline:word_due",
    Act.RESUME: "deadline:pause_over",
    Act.BREACH: "deadline:breached",
}
_ALERT_KINDS = {
    Act.REMIND: AlertKind.REMINDER,
    Act.ESCALATE: AlertKind.ESCALATION,
    Act.ALARM: AlertKind.ALARM,
    Act.RESUME: AlertKind.REMINDER,
    Act.BREACH: AlertKind.BREACH,
}
# What a new clock may do in the transaction that starts it; the rest is for the watch.
_AT_ONCE = frozenset({Act.REMIND, Act.ESCALATE, Act.ALARM})
_GOING_ON = (DeadlineState.RUNNING, DeadlineState.PAUSED)

_INSERT = insert(table(Deadline))
_RUNNING = (
    select(Deadline)
    .where(
        Deadline.community_id == bindparam("this_community"),
        Deadline.ticket_id == bindparam("this_ticket"),
        Deadline.state.in_(bindparam("states", expanding=True)),
        Deadline.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(Deadline.id)
    .execution_options(populate_existing=True)
)


def start(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    """Start a clock with the ticket's frozen ladder; what its ladder does at once is done at once."""
    policy, _night = frozen_rules(ticket)
    start_all(session, ticket, policy, [clock], now)


def start_all(session: Session, ticket: Ticket, policy: TicketPolicy, clocks: Sequence[Clock], now: datetime) -> None:
    """Start several clocks with the ladders of the ticket's rules; what they do at once is done in their order."""
    if not clocks:
        return
    plans = [
        (new_id(session, now), clock, plan(policy.ladders[clock.ladder or clock.kind], clock.started_at, clock.due_at))
        for clock in clocks
    ]
    session.flush()
    session.execute(_INSERT, [_row(ticket, deadline_id, clock, steps) for deadline_id, clock, steps in plans])
    for deadline_id, clock, steps in plans:
        if steps[0].at <= clock.started_at <= now and steps[0].act in _AT_ONCE:
            take_step(session, ticket, _get(session, ticket, deadline_id), now)


def start_answer_clocks(
    session: Session, ticket: Ticket, received_at: datetime, *, limit_at: datetime | None = None, now: datetime
) -> None:
    """Start what the resident is owed for a request received at `received_at`: see `owe_answer`."""
    policy, night = frozen_rules(ticket)
    start_all(session, ticket, policy, owe_answer(ticket, policy, night, received_at, limit_at=limit_at), now)


def start_work_clock(session: Session, ticket: Ticket, kind: DeadlineKind, now: datetime) -> None:
    """Start counting until the ticket is dispatched or accepted, if its rules ask for it; not during the night."""
    policy, night = frozen_rules(ticket)
    start_all(session, ticket, policy, owe_work(ticket, policy, night, kind, now), now)


def running(
    session: Session,
    ticket: Ticket,
    kinds: Collection[DeadlineKind] = tuple(DeadlineKind),
    *,
    states: Collection[DeadlineState] = (DeadlineState.RUNNING,),
) -> tuple[Deadline, ...]:
    """The running clocks of a ticket, of certain kinds, or those in other states."""
    key = {"this_community": ticket.community_id, "this_ticket": ticket.id, "states": list(states)}
    return tuple(session.execute(_RUNNING, {**key, "kinds": list(kinds)}).scalars())


def end(
    session: Session,
    ticket: Ticket,
    kinds: Collection[DeadlineKind] = tuple(DeadlineKind),
    *,
    state: DeadlineState = DeadlineState.MET,
    due_by: datetime | None = None,
    now: datetime,
) -> tuple[str, ...]:
    """End the clocks of certain kinds that run or are paused, or of these only what was due by a moment; their ids.

    What ends after it was due is a breach, whoever was faster.
    """
    ended: list[str] = []
    for deadline in running(session, ticket, kinds, states=_GOING_ON):
        if due_by is not None and deadline.due_at > due_by:
            continue
        late = now > deadline.due_at and deadline.state is DeadlineState.RUNNING
        deadline.state = DeadlineState.MET_LATE if late and state is DeadlineState.MET else state
        deadline.ended_at, deadline.next_check_at = now, None
        ended.append(str(deadline.id))
        if late and deadline.breached_at is None and state is not DeadlineState.CANCELLED:
            _breach_unseen(session, ticket, deadline, now)
    return tuple(ended)


def carry(session: Session, deadline: Deadline, ticket: Ticket, *, by: timedelta = timedelta(0), now: datetime) -> None:
    """Go on with a clock as another row, on another ticket or so much later: only the steps not yet taken are left.

    The clock that is carried on is ended by the caller; a breach goes along, and no step is taken a second time.
    """
    whole = thaw_plan(deadline.ladder)
    again = step_at(whole, deadline.stage)  # what repeats goes on after its last step was taken
    left = whole[deadline.stage :] or (() if again is None else (again,))
    steps = [step.later(by) for step in left]
    row = {
        "community_id": ticket.community_id,
        "id": new_id(session, now),
        "ticket_id": ticket.id,
        "kind": deadline.kind,
        "state": DeadlineState.RUNNING,
        "started_at": deadline.started_at + by,
        "due_at": deadline.due_at + by,
        "next_check_at": next_check_at(steps, 0),
        "ladder": [step.frozen() for step in steps],
        "words": deadline.words,
        "breached_at": deadline.breached_at,
    }
    session.flush()
    session.execute(_INSERT, row)
    ticket.breached = ticket.breached or (deadline.breached_at is not None and deadline.kind in ANSWERS)


def take_step(session: Session, ticket: Ticket, deadline: Deadline, now: datetime) -> Planned | None:
    """Take the next step of a ladder: the row is moved on, the event and the alerts are written.

    None when somebody else took it first. Raises KeyError, TypeError or ValueError when the stored ladder is damaged.
    """
    steps = thaw_plan(deadline.ladder)
    stage, step = deadline.stage, step_at(steps, deadline.stage)
    if step is None:
        raise ValueError(f"its ladder of {len(steps)} steps has no step {stage}")
    following = stage_after(steps, stage, now)
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
        .values(stage=following, next_check_at=next_check_at(steps, following), breached_at=breached_at)
        .returning(Deadline.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if moved is None:
        return None
    # The row was moved behind the session's back, so that the condition above is the database's and not a guess.
    session.expire(deadline)
    if step.act is Act.BREACH and deadline.kind in ANSWERS:
        ticket.breached = True
    detail = _detail(deadline, stage, step.at)
    if step.act is not Act.TELL:
        alarm = deadline.kind is DeadlineKind.ACKNOWLEDGE
        kind = AlertKind.ALARM if alarm else _ALERT_KINDS[step.act]
        known = deadline.due_at if deadline.kind in ANSWERS or deadline.words else None
        meant = raise_alerts(session, ticket, step.to, kind, now, due_at=known)
        # Whom it is meant for; that they were told is recorded when they have seen it.
        detail["meant_for"] = [str(one) for group in meant for one in group.staff_ids]
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
        "words": clock.words,
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
