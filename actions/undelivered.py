"""Messages that did not arrive: held for a person where sending twice would be wrong, and told to staff where given up.

A reply that never arrived answers nobody: its clock starts again (domain.md A11, C8).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions import clocks
from actions.alerts import raise_alerts
from actions.errors import NotFoundError
from actions.ladder import ASSIGNEE
from actions.live import emit
from actions.names import AlertKind
from actions.tables import Message, OutboxRow, OutboxState, TicketEvent
from actions.transitions import RUNNING, lock_ticket, record_clock

# A second reminder to pay is worse than a late one: when nobody knows whether the first arrived, a person decides.
HELD_PURPOSES = frozenset({"dunning", "payment"})
UNDELIVERED = "ticket:undelivered"
_ANSWERED = ("ticket:replied", "ticket:held", "ticket:resolved")
_FOR_PERSON = (OutboxState.HELD, OutboxState.GIVEN_UP)
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class HeldParcel:
    """A message that waits for a person: held back, or given up."""

    id: int
    channel: str
    contact_id: int
    conversation_id: int
    text: str
    state: OutboxState
    last_error: str
    created_at: datetime


def hold_back(session: Session, community_id: int, row_id: int, error: str, now: datetime) -> None:
    """Keep a message back of which nobody knows whether it arrived."""
    _end(session, community_id, row_id, OutboxState.HELD, error)
    emit(session, community_id, "outbox:held", now=now)


def give_up(session: Session, community_id: int, row_id: int, error: str, now: datetime) -> None:
    """Stop sending a message that never came to an end."""
    _end(session, community_id, row_id, OutboxState.GIVEN_UP, error)
    note_given_up(session, community_id, row_id, now)


def note_given_up(session: Session, community_id: int, row_id: int, now: datetime) -> None:
    """Tell staff of a message that was given up; where it was the answer to a request, that is unanswered again."""
    emit(session, community_id, "outbox:given_up", now=now)
    rows = session.execute(
        select(TicketEvent.ticket_id)
        .join(
            OutboxRow,
            (OutboxRow.community_id == TicketEvent.community_id) & (OutboxRow.message_id == TicketEvent.message_id),
        )
        .where(OutboxRow.community_id == community_id, OutboxRow.id == row_id, TicketEvent.kind.in_(_ANSWERED))
        .distinct()
    ).scalars()
    for ticket_id in rows.all():
        ticket = lock_ticket(session, community_id, ticket_id)
        record_clock(session, ticket, UNDELIVERED, {"outbox": str(row_id)}, now)
        raise_alerts(session, ticket, (ASSIGNEE,), AlertKind.UNDELIVERED, now)
        if ticket.status in RUNNING and not clocks.running(session, ticket, clocks.ANSWERS):
            clocks.start_answer_clocks(session, ticket, now, now=now)


def waiting_for_person(session: Session, community_id: int) -> tuple[HeldParcel, ...]:
    """The messages that a person has to see to, oldest first."""
    rows = session.execute(
        select(OutboxRow, Message.text, Message.conversation_id)
        .join(Message, (Message.community_id == OutboxRow.community_id) & (Message.id == OutboxRow.message_id))
        .where(OutboxRow.community_id == community_id, OutboxRow.state.in_(_FOR_PERSON))
        .order_by(OutboxRow.id)
        .limit(_SHOWN)
    )
    return tuple(
        HeldParcel(
            row.id, row.channel, row.contact_id, conversation_id, text, row.state, row.last_error or "", row.created_at
        )
        for row, text, conversation_id in rows
    )


def release(session: Session, community_id: int, row_id: int, now: datetime) -> None:
    """Send a message after all: a person has decided so. Raises NotFoundError for one that does not wait for that."""
    _change(session, community_id, row_id, state=OutboxState.PENDING, next_attempt_at=now, attempts=0)
    emit(session, community_id, "outbox:released", now=now)


def settle_by_hand(session: Session, community_id: int, row_id: int, now: datetime) -> None:
    """A person has told the resident in another way. Raises NotFoundError for one that does not wait for that."""
    _change(session, community_id, row_id, state=OutboxState.SENT, sent_at=now, external_id="by-hand")
    emit(session, community_id, "outbox:settled", now=now)


def _end(session: Session, community_id: int, row_id: int, state: OutboxState, error: str) -> None:
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.community_id == community_id, OutboxRow.id == row_id)
        .values(state=state, next_attempt_at=None, last_error=error)
        .execution_options(synchronize_session=False)
    )


def _change(session: Session, community_id: int, row_id: int, **values: object) -> None:
    changed = session.execute(
        update(OutboxRow)
        .where(OutboxRow.community_id == community_id, OutboxRow.id == row_id, OutboxRow.state.in_(_FOR_PERSON))
        .values(**values)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise NotFoundError(f"message {row_id} does not wait for a person")
