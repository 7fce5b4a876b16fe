"""Proves that nothing was forgotten: every promise of the clock is checked against what was recorded (domain.md C4)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from actions.audit_delivery import audit_delivery
from actions.audit_scope import Part, Scope, of_part
from actions.clocks import EVENT_KINDS
from actions.findings import CLOCK_SLACK, GRACE, LOOKED_BACK, Finding, FindingKind
from actions.ladder import Act, step_at, thaw_plan
from actions.policy import CEILING
from actions.tables import (
    Alert,
    Conversation,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Direction,
    Message,
    Ticket,
    TicketEvent,
    TurnOwner,
)
from actions.transitions import RUNNING

__all__ = ["CLOCK_SLACK", "GRACE", "LOOKED_BACK", "Finding", "FindingKind", "audit"]

_OWED = (DeadlineKind.REPLY, DeadlineKind.PROMISE)
# Where nobody keeps the clock, so many steps say as much as all of them.
_MOST_LATE = 1000


def audit(session: Session, now: datetime, *, whole: bool = True) -> tuple[Finding, ...]:
    """Everything that is not as it must be, in all communities; empty for a healthy store.

    Without `whole` it reads only what is open and what came about in the last days, so that it costs the same however
    much the store holds; what it cannot see is what went wrong in rows that nobody has touched since.
    """
    scope = Scope.everything(now) if whole else Scope.lately(session, now)
    found: list[Finding] = []
    for part in scope.tickets(session):
        for of_tickets in (_deadlines, _paused, _nobody_told):
            found += of_tickets(session, part, now)
    for check in (_overdue_steps, _owed_without_clock, _nobody_there, _order_of_events, _messages, audit_delivery):
        found += check(session, scope)
    return tuple(dict.fromkeys(found))


def _deadlines(session: Session, part: Part, now: datetime) -> Iterator[Finding]:
    recent = or_(Deadline.state == DeadlineState.RUNNING, Deadline.ended_at > now - LOOKED_BACK)
    rows = (
        session.execute(select(Deadline).where(recent, of_part(Deadline, part)).order_by(Deadline.id)).scalars().all()
    )
    yield from _checked(session, rows, now)


def _overdue_steps(session: Session, scope: Scope) -> Iterator[Finding]:
    """Clocks whose next step should have been taken, whatever became of their tickets."""
    if scope.communities is None:
        return  # they are among all the others
    late = (Deadline.next_check_at.is_not(None), Deadline.next_check_at < scope.now - GRACE)
    rows = session.execute(select(Deadline).where(*late).order_by(Deadline.next_check_at).limit(_MOST_LATE))
    yield from _checked(session, rows.scalars().all(), scope.now)


def _checked(session: Session, rows: Sequence[Deadline], now: datetime) -> Iterator[Finding]:
    recorded = _recorded_steps(session, rows)
    for row in rows:
        yield from _one_deadline(row, recorded[row.id], now)


def _one_deadline(row: Deadline, recorded: set[tuple[int, str]], now: datetime) -> Iterator[Finding]:
    def finding(kind: FindingKind, message: str) -> Finding:
        return Finding(kind, row.ticket_id, f"{row.kind} deadline {row.id}: {message}")

    if row.kind is DeadlineKind.REPLY and row.due_at - row.started_at > CEILING:
        yield finding(FindingKind.DEADLINE_TOO_LONG, f"due {row.due_at - row.started_at} after its start")
    try:
        steps = thaw_plan(row.ladder)
    except (KeyError, TypeError, ValueError) as error:
        yield finding(FindingKind.DEADLINE_DAMAGED, f"its ladder cannot be read: {error!r}; {row.last_error or ''}")
        return
    for number, step in enumerate(steps[: row.stage]):
        if (number, EVENT_KINDS[step.act]) not in recorded:
            yield finding(FindingKind.STEP_NOT_RECORDED, f"step {number} was taken without its event")
    breach = next((number for number, step in enumerate(steps) if step.act is Act.BREACH), None)
    if row.breached_at is not None and breach is not None and (breach, EVENT_KINDS[Act.BREACH]) not in recorded:
        yield finding(FindingKind.BREACH_NOT_RECORDED, f"was due {row.due_at} and has no breach event")
    if row.state is not DeadlineState.RUNNING:
        return
    if breach is not None and row.due_at < now - GRACE and row.breached_at is None:
        yield finding(FindingKind.BREACH_NOT_RECORDED, f"was due {row.due_at} and is not breached")
    again = step_at(steps, row.stage)
    left = steps[row.stage :] or (() if again is None else (again,))
    for number, step in enumerate(left, row.stage):
        if step.at < now - GRACE:
            reason = f"; deferred {row.deferrals} times: {row.last_error}" if row.deferrals else ""
            yield finding(FindingKind.STEP_NOT_TAKEN, f"step {number} fell due {step.at}{reason}")


def _recorded_steps(session: Session, deadlines: Sequence[Deadline]) -> dict[int, set[tuple[int, str]]]:
    """For each deadline the steps that have an event, with the kind of the event."""
    recorded: dict[int, set[tuple[int, str]]] = defaultdict(set)
    wanted = sorted({row.ticket_id for row in deadlines})
    communities = {row.community_id for row in deadlines}
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(TicketEvent.kind, TicketEvent.detail).where(
                TicketEvent.community_id.in_(communities),
                TicketEvent.ticket_id.in_(wanted[start : start + 500]),
                TicketEvent.kind.in_(EVENT_KINDS.values()),
            )
        )
        for kind, detail in rows:
            recorded[int(detail.get("deadline", 0))].add((detail.get("step", -1), kind))
    return recorded


def _paused(session: Session, part: Part, _now: datetime) -> Iterator[Finding]:
    """Clocks that stand still without a running pause that ends: nothing would ever wake them."""
    pause = aliased(Deadline)
    running = (
        select(pause.id)
        .where(
            pause.community_id == Deadline.community_id,
            pause.ticket_id == Deadline.ticket_id,
            pause.kind == DeadlineKind.PAUSE,
            pause.state == DeadlineState.RUNNING,
        )
        .exists()
    )
    rows = session.execute(
        select(Deadline.ticket_id, Deadline.id, Deadline.kind).where(
            Deadline.state == DeadlineState.PAUSED, of_part(Deadline, part), ~running
        )
    )
    for ticket_id, deadline_id, kind in rows:
        yield Finding(FindingKind.PAUSE_WITHOUT_END, ticket_id, f"{kind} deadline {deadline_id} is paused for ever")


def _owed_without_clock(session: Session, scope: Scope) -> Iterator[Finding]:
    clock = (
        select(Deadline.id)
        .where(
            Deadline.community_id == Ticket.community_id,
            Deadline.ticket_id == Ticket.id,
            Deadline.state == DeadlineState.RUNNING,
            Deadline.kind.in_(_OWED),
        )
        .exists()
    )
    rows = session.execute(
        select(Ticket.id, Ticket.number).where(
            scope.here(Ticket), Ticket.status.in_(RUNNING), Ticket.awaiting_reply_since.is_not(None), ~clock
        )
    )
    for ticket_id, number in rows:
        yield Finding(FindingKind.NO_DEADLINE, ticket_id, f"{number} awaits a reply and no clock is running")


def _nobody_told(session: Session, part: Part, _now: datetime) -> Iterator[Finding]:
    """Breaches without an alert."""
    alert = (
        select(Alert.id).where(Alert.community_id == Deadline.community_id, Alert.ticket_id == Deadline.ticket_id)
    ).exists()
    silent = session.execute(
        select(Deadline.ticket_id, Deadline.id).where(
            Deadline.state == DeadlineState.RUNNING, Deadline.breached_at.is_not(None), of_part(Deadline, part), ~alert
        )
    )
    for ticket_id, deadline_id in silent:
        yield Finding(FindingKind.NOBODY_TOLD, ticket_id, f"deadline {deadline_id} was breached without an alert")


def _nobody_there(session: Session, scope: Scope) -> Iterator[Finding]:
    """Alerts for which the community had nobody."""
    nobody = session.execute(
        select(Alert.ticket_id, Alert.kind).where(
            scope.recent(Alert), Alert.staff_id.is_(None), Alert.created_at > scope.now - LOOKED_BACK
        )
    )
    for ticket_id, kind in nobody:
        yield Finding(FindingKind.NOBODY_TOLD, ticket_id, f"{kind}: the community has no active member to tell")


def _order_of_events(session: Session, scope: Scope) -> Iterator[Finding]:
    lately = aliased(TicketEvent)
    recent = select(lately.ticket_id).where(scope.recent(lately), lately.at > scope.now - LOOKED_BACK)
    rows = session.execute(
        select(TicketEvent.ticket_id, TicketEvent.kind, TicketEvent.at)
        .where(scope.here(TicketEvent), TicketEvent.ticket_id.in_(recent))
        .order_by(TicketEvent.ticket_id, TicketEvent.id)
    )
    last: tuple[int, datetime] | None = None
    for ticket_id, kind, at in rows:
        if last is None or last[0] != ticket_id:
            if kind != "ticket:opened":
                yield Finding(FindingKind.EVENTS_OUT_OF_ORDER, ticket_id, f"its record begins with {kind}")
        elif at < last[1] - CLOCK_SLACK:
            yield Finding(FindingKind.EVENTS_OUT_OF_ORDER, ticket_id, f"{kind} at {at} follows an event at {last[1]}")
        last = (ticket_id, at)


def _messages(session: Session, scope: Scope) -> Iterator[Finding]:
    waited = scope.now - GRACE
    unread = session.execute(
        select(Message.id).where(Message.needs_understanding, Message.stored_at < waited).order_by(Message.id)
    ).scalars()
    for message_id in unread:
        yield Finding(FindingKind.MESSAGE_NOT_UNDERSTOOD, None, f"message {message_id} waits to be understood")
    unanswered = session.execute(
        select(Message.id)
        .join(
            Conversation,
            and_(Conversation.community_id == Message.community_id, Conversation.id == Message.conversation_id),
        )
        .where(
            Message.direction == Direction.IN,
            Message.seq > Conversation.taken_seq,
            Message.needs_understanding.is_(False),
            Message.stored_at < waited,
            scope.recent(Message),
            Conversation.owner == TurnOwner.BOT,
        )
        .order_by(Message.id)
    ).scalars()
    for message_id in unanswered:
        yield Finding(FindingKind.MESSAGE_NOT_ANSWERED, None, f"message {message_id} was taken into no turn")
