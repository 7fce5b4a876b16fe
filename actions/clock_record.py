"""Which clocks a ticket had, and which message stopped each: shown on the ticket, so that nobody has to guess (C8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.replies import Part
from actions.tables import Deadline, DeadlineKind, DeadlineState, OutboxRow, OutboxState, Staff, TicketEvent

_SAID = {
    "ticket:replied", "ticket:messaged", "ticket:held", "ticket:resolved", "ticket:promised", "ticket:arrived",
    "ticket:called_back",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """What a member told the resident: whether it counted as a reply, and if not what it lacked.

    `message_id` is the message of the conversation, None for a call or a visit; `delivery` says what became of it on a
    channel that has to carry it.
    """

    at: datetime
    by: str
    kind: str
    text: str
    medium: str
    message_id: int | None
    counted: bool
    missing: tuple[Part, ...]
    delivery: OutboxState | None


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock of a ticket; `words` is what was promised, `stopped_by` what ended it, None where no words did."""

    id: int
    kind: DeadlineKind
    state: DeadlineState
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    breached_at: datetime | None
    words: str
    stopped_by: ReplyLine | None


@dataclass(frozen=True, slots=True)
class ClockRecord:
    """All clocks of a ticket in the order in which they started, and all that was said to its resident."""

    clocks: tuple[ClockLine, ...]
    replies: tuple[ReplyLine, ...]


def clock_record(session: Session, community_id: int, ticket_id: int) -> ClockRecord:
    """The clocks of a ticket and the words that stopped them; empty for a ticket that is not there."""
    deadlines = session.execute(
        select(Deadline)
        .where(Deadline.community_id == community_id, Deadline.ticket_id == ticket_id)
        .order_by(Deadline.id)
    ).scalars()
    events = session.execute(
        select(TicketEvent, Staff.name)
        .outerjoin(Staff, (Staff.community_id == TicketEvent.community_id) & (Staff.id == TicketEvent.actor_id))
        .where(
            TicketEvent.community_id == community_id, TicketEvent.ticket_id == ticket_id, TicketEvent.kind.in_(_SAID)
        )
        .order_by(TicketEvent.id)
    ).all()
    sent = _deliveries(session, community_id, [event.message_id for event, _ in events if event.message_id])
    lines = [(event, _line(event, name or "", sent)) for event, name in events]
    stopped = {int(one): line for event, line in lines for one in event.detail.get("stopped", ())}
    return ClockRecord(tuple(_clock(row, stopped.get(row.id)) for row in deadlines), tuple(line for _, line in lines))


def _deliveries(session: Session, community_id: int, message_ids: list[int]) -> Mapping[int, OutboxState]:
    query = select(OutboxRow.message_id, OutboxRow.state).where(
        OutboxRow.community_id == community_id, OutboxRow.message_id.in_(message_ids)
    )
    return {row.message_id: row.state for row in session.execute(query)}


def _line(event: TicketEvent, name: str, sent: Mapping[int, OutboxState]) -> ReplyLine:
    detail: Mapping[str, Any] = event.detail
    return ReplyLine(
        at=event.at,
        by=name,
        kind=event.kind,
        text=str(detail.get("text") or event.reason),
        medium=str(detail.get("medium", "")),
        message_id=event.message_id,
        counted="missing" not in detail and bool(detail.get("stopped")),
        missing=tuple(Part(part) for part in detail.get("missing", ())),
        delivery=sent.get(event.message_id) if event.message_id is not None else None,
    )


def _clock(row: Deadline, stopped_by: ReplyLine | None) -> ClockLine:
    return ClockLine(
        id=row.id,
        kind=row.kind,
        state=row.state,
        started_at=row.started_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        breached_at=row.breached_at,
        words=row.words,
        stopped_by=stopped_by,
    )
