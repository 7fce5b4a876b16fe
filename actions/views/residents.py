"""What a visitor of the chat page may see: their own conversation, tickets and photos, and nobody else's."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from actions.errors import NotFoundError
from actions.tables import (
    Attachment,
    Contact,
    Conversation,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Department,
    Direction,
    Message,
    Ticket,
    TicketStatus,
    TurnOwner,
)
from actions.views.shown import ResidentView, ShownCard, ShownMessage, StoredFile
from actions.views.timeline import messages

_SHOWN_AFTER_THE_END = timedelta(days=7)
_CARDS = 20
_TOLD = (DeadlineKind.REPLY, DeadlineKind.PROMISE, DeadlineKind.FIRST_CONTACT)


def resident_view(
    session: Session,
    community_id: int,
    address: str,
    now: datetime,
    *,
    after_seq: int = 0,
    before_seq: int | None = None,
) -> ResidentView | None:
    """What the visitor of an address on the web chat sees; None while they have not written anything."""
    found = conversation_of(session, community_id, address)
    if found is None:
        return None
    conversation, contact = found
    shown, more = messages(
        session, community_id, conversation.id, for_staff=False, after_seq=after_seq, before_seq=before_seq
    )
    return ResidentView(
        conversation_id=conversation.id,
        contact_id=contact.id,
        last_seq=conversation.last_seq,
        messages=shown,
        more_before=more,
        cards=_cards(session, contact, conversation.id, now),
        person_holds=conversation.owner is TurnOwner.STAFF,
        working=conversation.owner is TurnOwner.BOT and _unanswered(session, conversation),
    )


def _unanswered(session: Session, conversation: Conversation) -> bool:
    """Whether something of the resident's has not been taken into a turn."""
    latest = session.execute(
        select(func.max(Message.seq)).where(
            Message.community_id == conversation.community_id,
            Message.conversation_id == conversation.id,
            Message.direction == Direction.IN,
            Message.seq > conversation.taken_seq,
        )
    ).scalar_one()
    return latest is not None


def resident_timeline(
    session: Session, community_id: int, contact_id: int, after_seq: int = 0
) -> tuple[ShownMessage, ...]:
    """The messages of one contact after a place, in order; empty when they have no conversation."""
    conversation_id = session.execute(
        select(Conversation.id).where(Conversation.community_id == community_id, Conversation.contact_id == contact_id)
    ).scalar_one_or_none()
    if conversation_id is None:
        return ()
    return messages(session, community_id, conversation_id, for_staff=False, after_seq=after_seq)[0]


def conversation_of(session: Session, community_id: int, address: str) -> tuple[Conversation, Contact] | None:
    """The conversation of an address on the web chat."""
    row = session.execute(
        select(Conversation, Contact)
        .join(Contact, and_(Contact.community_id == Conversation.community_id, Contact.id == Conversation.contact_id))
        .where(Contact.community_id == community_id, Contact.channel == "web", Contact.address == address)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def own_file(session: Session, community_id: int, address: str, attachment_id: int) -> StoredFile:
    """Where a photo lies that this visitor sent or was sent. Raises NotFoundError for every other file."""
    found = conversation_of(session, community_id, address)
    file = session.execute(
        select(Attachment)
        .join(
            Message,
            and_(Message.community_id == Attachment.community_id, Message.id == Attachment.message_id),
        )
        .where(
            Attachment.community_id == community_id,
            Attachment.id == attachment_id,
            Message.conversation_id == (found[0].id if found else None),
        )
    ).scalar_one_or_none()
    if file is None:
        raise NotFoundError(f"file {attachment_id} is not there")
    return StoredFile(file.sha256, file.content_type, file.name)


def _cards(session: Session, contact: Contact, conversation_id: int, now: datetime) -> tuple[ShownCard, ...]:
    """The visitor's tickets, newest first; finished ones stay for a week."""
    own = [Ticket.conversation_id == conversation_id]
    if contact.resident_id is not None:
        own.append(Ticket.resident_id == contact.resident_id)
    due = (
        select(Deadline.community_id, Deadline.ticket_id, func.min(Deadline.due_at).label("due_at"))
        .where(Deadline.state == DeadlineState.RUNNING, Deadline.kind.in_(_TOLD))
        .group_by(Deadline.community_id, Deadline.ticket_id)
        .subquery()
    )
    recent = now - _SHOWN_AFTER_THE_END
    rows = session.execute(
        select(Ticket, Department.name, due.c.due_at)
        .outerjoin(
            Department,
            and_(Department.community_id == Ticket.community_id, Department.id == Ticket.department_id),
        )
        .outerjoin(due, and_(due.c.community_id == Ticket.community_id, due.c.ticket_id == Ticket.id))
        .where(
            Ticket.community_id == contact.community_id,
            or_(*own),
            Ticket.status != TicketStatus.CANCELLED,
            or_(Ticket.closed_at.is_(None), Ticket.closed_at >= recent),
            or_(Ticket.resolved_at.is_(None), Ticket.resolved_at >= recent),
        )
        .order_by(Ticket.id.desc())
        .limit(_CARDS)
    )
    return tuple(_card(ticket, department, due_at, now) for ticket, department, due_at in rows)


def _card(ticket: Ticket, department: str | None, due_at: datetime | None, now: datetime) -> ShownCard:
    return ShownCard(
        id=ticket.id,
        number=ticket.number,
        kind=ticket.kind,
        category=ticket.category,
        severity=ticket.severity,
        status=ticket.status,
        summary=ticket.summary,
        place=ticket.place,
        department=department,
        opened_at=ticket.opened_at,
        due_at=due_at,
        overdue=due_at is not None and due_at < now,
        replied=ticket.first_replied_at is not None,
        rating=ticket.rating,
        visit_from=ticket.visit_from,
        visit_until=ticket.visit_until,
    )
