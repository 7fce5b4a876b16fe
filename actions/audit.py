"""Proves that nothing was forgotten: every promise of the clock is checked against what was recorded (domain.md C4)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from actions.clocks import EVENT_KINDS
from actions.ladder import Act, thaw_plan
from actions.policy import CEILING
from actions.tables import (
    Alert,
    Conversation,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Direction,
    Message,
    OutboxRow,
    OutboxState,
    Ticket,
    TicketEvent,
    TurnOwner,
)
from actions.transitions import RUNNING

# How long the loops may take before what they have not done is a finding.
GRACE = timedelta(minutes=5)
# How far back ended deadlines and events are looked at; what is running is always looked at.
LOOKED_BACK = timedelta(days=2)
# A clock that is set right may go back a little; the order of events is that of their ids.
CLOCK_SLACK = timedelta(minutes=5)
_OWED = (DeadlineKind.REPLY, DeadlineKind.PROMISE)


class FindingKind(StrEnum):
    """What the audit can find."""

    STEP_NOT_TAKEN = "step_not_taken"
    STEP_NOT_RECORDED = "step_not_recorded"
    BREACH_NOT_RECORDED = "breach_not_recorded"
    NOBODY_TOLD = "nobody_told"
    NO_DEADLINE = "no_deadline"
    DEADLINE_TOO_LONG = "deadline_too_long"
    DEADLINE_DAMAGED = "deadline_damaged"
    EVENTS_OUT_OF_ORDER = "events_out_of_order"
    MESSAGE_NOT_UNDERSTOOD = "message_not_understood"
    MESSAGE_NOT_ANSWERED = "message_not_answered"
    OUTBOX_STUCK = "outbox_stuck"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be; `ticket_id` is None when it hangs on no ticket."""

    kind: FindingKind
    ticket_id: int | None
    message: str


def audit(session: Session, now: datetime) -> tuple[Finding, ...]:
    """Everything that is not as it must be, in all communities; empty for a healthy store."""
    return tuple(
        finding
        for check in (_deadlines, _owed_without_clock, _nobody_told, _order_of_events, _messages, _outbox)
        for finding in check(session, now)
    )


def _deadlines(session: Session, now: datetime) -> Iterator[Finding]:
    recent = or_(Deadline.state == DeadlineState.RUNNING, Deadline.ended_at > now - LOOKED_BACK)
    rows = session.execute(select(Deadline).where(recent).order_by(Deadline.id)).scalars().all()
    recorded = _recorded_steps(session, {row.ticket_id for row in rows})
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
    for number, step in enumerate(steps[row.stage :], row.stage):
        if step.at < now - GRACE:
            reason = f"; deferred {row.deferrals} times: {row.last_error}" if row.deferrals else ""
            yield finding(FindingKind.STEP_NOT_TAKEN, f"step {number} fell due {step.at}{reason}")


def _recorded_steps(session: Session, ticket_ids: Iterable[int]) -> dict[int, set[tuple[int, str]]]:
    """For each deadline the steps that have an event, with the kind of the event."""
    recorded: dict[int, set[tuple[int, str]]] = defaultdict(set)
    wanted = list(ticket_ids)
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(TicketEvent.kind, TicketEvent.detail).where(
                TicketEvent.ticket_id.in_(wanted[start : start + 500]), TicketEvent.kind.in_(EVENT_KINDS.values())
            )
        )
        for kind, detail in rows:
            recorded[int(detail.get("deadline", 0))].add((detail.get("step", -1), kind))
    return recorded


def _owed_without_clock(session: Session, _now: datetime) -> Iterator[Finding]:
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
            Ticket.status.in_(RUNNING), Ticket.awaiting_reply_since.is_not(None), ~clock
        )
    )
    for ticket_id, number in rows:
        yield Finding(FindingKind.NO_DEADLINE, ticket_id, f"{number} awaits a reply and no clock is running")


def _nobody_told(session: Session, now: datetime) -> Iterator[Finding]:
    """Breaches without an alert, and alerts for which the community had nobody."""
    alert = (
        select(Alert.id).where(Alert.community_id == Deadline.community_id, Alert.ticket_id == Deadline.ticket_id)
    ).exists()
    silent = session.execute(
        select(Deadline.ticket_id, Deadline.id).where(
            Deadline.state == DeadlineState.RUNNING, Deadline.breached_at.is_not(None), ~alert
        )
    )
    for ticket_id, deadline_id in silent:
        yield Finding(FindingKind.NOBODY_TOLD, ticket_id, f"deadline {deadline_id} was breached without an alert")
    nobody = session.execute(
        select(Alert.ticket_id, Alert.kind).where(Alert.staff_id.is_(None), Alert.created_at > now - LOOKED_BACK)
    )
    for ticket_id, kind in nobody:
        yield Finding(FindingKind.NOBODY_TOLD, ticket_id, f"{kind}: the community has no active member to tell")


def _order_of_events(session: Session, now: datetime) -> Iterator[Finding]:
    recent = select(TicketEvent.ticket_id).where(TicketEvent.at > now - LOOKED_BACK)
    rows = session.execute(
        select(TicketEvent.ticket_id, TicketEvent.kind, TicketEvent.at)
        .where(TicketEvent.ticket_id.in_(recent))
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


def _messages(session: Session, now: datetime) -> Iterator[Finding]:
    unread = session.execute(
        select(Message.id).where(Message.needs_understanding, Message.stored_at < now - GRACE).order_by(Message.id)
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
            Message.stored_at < now - GRACE,
            Conversation.owner == TurnOwner.BOT,
        )
        .order_by(Message.id)
    ).scalars()
    for message_id in unanswered:
        yield Finding(FindingKind.MESSAGE_NOT_ANSWERED, None, f"message {message_id} was taken into no turn")


def _outbox(session: Session, now: datetime) -> Iterator[Finding]:
    """Rows whose next attempt is long past, and which do not wait behind another one to the same contact."""
    earlier = aliased(OutboxRow)
    behind = (
        select(earlier.id)
        .where(
            earlier.community_id == OutboxRow.community_id,
            earlier.contact_id == OutboxRow.contact_id,
            earlier.next_attempt_at.is_not(None),
            earlier.id < OutboxRow.id,
        )
        .exists()
    )
    rows = session.execute(
        select(OutboxRow.id, OutboxRow.state)
        .where(
            or_(
                OutboxRow.state.in_((OutboxState.PENDING, OutboxState.CLAIMED)),
                and_(OutboxRow.state == OutboxState.AMBIGUOUS, OutboxRow.next_attempt_at.is_not(None)),
            ),
            ~behind,
            or_(OutboxRow.next_attempt_at.is_(None), OutboxRow.next_attempt_at < now - GRACE),
        )
        .order_by(OutboxRow.id)
    )
    for row_id, state in rows:
        yield Finding(FindingKind.OUTBOX_STUCK, None, f"outbox row {row_id} is {state} and nobody takes it")
