"""Which homes may be reminded of their bills at all: nobody is while a complaint or dispute is open (domain.md D6)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from actions.cards import TicketCard
from actions.ids import new_id
from actions.tables import Binding, DunningStop, Ticket
from actions.transitions import RUNNING

_COMPLAINT = "complaint"
# What is told or doubted about money, by kind and category of the ticket.
_ABOUT_BILLS = frozenset({("complaint", "fee_dispute"), ("fee", "payment_told"), ("fee", "refund")})


def note_dispute(
    session: Session, community_id: int, card: TicketCard, room_ids: Collection[int], now: datetime
) -> None:
    """Stop reminders to these homes where the new ticket doubts a bill or says that it is paid."""
    if (card.kind, card.category) in _ABOUT_BILLS:
        stop_dunning(session, community_id, card.id, room_ids, now)


def stop_dunning(session: Session, community_id: int, ticket_id: int, room_ids: Collection[int], now: datetime) -> None:
    """Stop reminders to these homes for as long as the ticket is running; saying so twice changes nothing."""
    present = set(
        session.execute(
            select(DunningStop.room_id).where(
                DunningStop.community_id == community_id, DunningStop.ticket_id == ticket_id
            )
        ).scalars()
    )
    for room_id in sorted(set(room_ids) - present):
        key = new_id(session, now)
        session.add(DunningStop(community_id=community_id, id=key, room_id=room_id, ticket_id=ticket_id, since=now))


def without_dunning(session: Session, community_id: int, room_ids: Collection[int]) -> frozenset[int]:
    """Of these homes, those that may not be reminded of what they owe.

    A home is left alone while a ticket that stopped it is running, and while any complaint about the home or by
    somebody bound to it is.
    """
    if not room_ids:
        return frozenset()
    running = (Ticket.community_id == community_id, Ticket.status.in_(RUNNING))
    stopped = (
        select(DunningStop.room_id)
        .join(Ticket, and_(Ticket.community_id == DunningStop.community_id, Ticket.id == DunningStop.ticket_id))
        .where(*running, DunningStop.room_id.in_(room_ids))
    )
    complained = (
        select(Binding.room_id)
        .join(
            Ticket,
            and_(
                Ticket.community_id == Binding.community_id,
                or_(Ticket.resident_id == Binding.resident_id, Ticket.room_id == Binding.room_id),
            ),
        )
        .where(*running, Ticket.kind == _COMPLAINT, Binding.until.is_(None), Binding.room_id.in_(room_ids))
    )
    return frozenset(session.execute(stopped).scalars()) | frozenset(session.execute(complained).scalars())
