"""What a resident says of a matter that is done, on its own card rather than in words (domain.md C5)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.closing import rate, reopen
from actions.errors import NotFoundError
from actions.tables import Contact, Conversation, Ticket
from actions.tickets import TicketCard

Tell = Callable[[Session, Ticket, str, Mapping[str, Any], datetime], None]
_DISSATISFIED = 2


def rate_own(  # noqa: PLR0913 - who, which, and what they say of it
    session: Session,
    community_id: int,
    address: str,
    ticket_id: int,
    *,
    stars: int,
    fixed: bool,
    words: str,
    tell: Tell,
    now: datetime,
) -> TicketCard:
    """Record the stars of a visitor for a ticket of their own, 1 to 5; one not `fixed`, or a poor one, is opened again.

    `words` are the resident's, as they stand on the button. Raises NotFoundError for a ticket that is not theirs,
    FieldError for another number, TransitionError for one that is not done.
    """
    ticket, contact_id = _own(session, community_id, address, ticket_id)
    actor = Actor.resident(contact_id)
    if fixed:
        done = rate(session, actor, community_id, ticket_id, stars=stars, now=now)
        if stars > _DISSATISFIED:
            tell(session, ticket, "rate.thanks", {}, now)
            return done
    done = reopen(session, actor, community_id, ticket_id, reason=words, received_at=now, now=now)
    tell(session, ticket, "ticket.reopened", {"ticket": done.number, "due": done.reply_due_at}, now)
    return done


def _own(session: Session, community_id: int, address: str, ticket_id: int) -> tuple[Ticket, int]:
    """A ticket of the visitor of an address on the web chat, by their conversation or by who they are."""
    row = session.execute(
        select(Ticket, Contact.id)
        .join(Contact, Contact.community_id == Ticket.community_id)
        .outerjoin(
            Conversation, (Conversation.community_id == Contact.community_id) & (Conversation.contact_id == Contact.id)
        )
        .where(
            Ticket.community_id == community_id,
            Ticket.id == ticket_id,
            Contact.channel == "web",
            Contact.address == address,
            or_(Ticket.conversation_id == Conversation.id, Ticket.resident_id == Contact.resident_id),
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"ticket {ticket_id} is not there")
    return row[0], row[1]
