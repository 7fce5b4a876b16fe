"""One ticket or one conversation with all that a staff member may know of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from actions.access import (
    Permission,
    StaffIdentity,
    access_conversation,
    access_message,
    access_ticket,
    allows,
)
from actions.contacts import homes, known, surname
from actions.errors import FieldError, NotFoundError
from actions.ids import new_id
from actions.tables import (
    ActorKind,
    Attachment,
    AuditEntry,
    Contact,
    Conversation,
    Deadline,
    Direction,
    Resident,
    Ticket,
)
from actions.transitions import RUNNING
from actions.views.events import talk_events, ticket_events
from actions.views.queue import ticket_rows
from actions.views.shown import (
    ShownConversation,
    ShownDeadline,
    ShownFile,
    ShownResident,
    SpeakingTo,
    StoredFile,
    TicketPage,
)
from actions.views.timeline import messages, staff_names

_MASKED_FROM, _MASKED_TO = 3, 4


def masked(phone: str | None) -> str | None:
    """A phone number of which only the first three and the last four digits can be read; None stays None."""
    if not phone:
        return None
    hidden = len(phone) - _MASKED_FROM - _MASKED_TO
    if hidden <= 0:
        return "*" * len(phone)
    return f"{phone[:_MASKED_FROM]}{'*' * hidden}{phone[-_MASKED_TO:]}"


def ticket_page(
    session: Session, staff: StaffIdentity, ticket_id: int, now: datetime, *, before_seq: int | None = None
) -> TicketPage:
    """A ticket with its record; the conversation is left out for those who may not read it.

    Raises NotFoundError for a ticket that the member may not know of, NotAllowedError for their role.
    """
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_SEE)
    (row,) = ticket_rows(session, [Ticket.community_id == ticket.community_id, Ticket.id == ticket.id], now)
    conversation = None
    if ticket.conversation_id is not None and allows(staff, Permission.CONVERSATION_SEE):
        conversation = conversation_page(session, staff, ticket.conversation_id, now, before_seq=before_seq)
        others = tuple(other for other in conversation.open_tickets if other.id != ticket.id)
        conversation = replace(conversation, open_tickets=others)
    return TicketPage(
        row=row,
        version=ticket.version,
        reply_due_at=ticket.reply_due_at,
        first_replied_at=ticket.first_replied_at,
        visit_from=ticket.visit_from,
        visit_until=ticket.visit_until,
        reopened_count=ticket.reopened_count,
        hold_count=ticket.hold_count,
        rating=ticket.rating,
        resident=_resident_of_ticket(session, ticket),
        deadlines=_deadlines(session, ticket),
        events=ticket_events(session, ticket),
        files=_files_of_ticket(session, ticket),
        conversation=conversation,
        conversation_id=ticket.conversation_id,
        paused_until=ticket.paused_until,
    )


def conversation_page(
    session: Session,
    staff: StaffIdentity,
    conversation_id: int,
    now: datetime,
    *,
    after_seq: int = 0,
    before_seq: int | None = None,
) -> ShownConversation:
    """A conversation as staff see it, notes included; errors as in `ticket_page`."""
    conversation = access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
    contact = session.execute(
        select(Contact).where(Contact.community_id == staff.community_id, Contact.id == conversation.contact_id)
    ).scalar_one()
    shown, more = messages(
        session, staff.community_id, conversation.id, for_staff=True, after_seq=after_seq, before_seq=before_seq
    )
    spoken = [message for message in shown if message.direction is not Direction.NOTE]
    here = (Ticket.community_id == staff.community_id, Ticket.conversation_id == conversation.id)
    return ShownConversation(
        id=conversation.id,
        channel=contact.channel,
        owner=conversation.owner,
        holder_id=conversation.staff_id,
        holder=_name(session, staff.community_id, conversation.staff_id),
        version=conversation.version,
        last_seq=conversation.last_seq,
        waiting=bool(spoken) and spoken[-1].direction is Direction.IN,
        resident=_resident(session, staff.community_id, contact.resident_id, contact.display_name, contact.phone),
        messages=shown,
        more_before=more,
        open_tickets=ticket_rows(session, [*here, Ticket.status.in_(RUNNING)], now),
        events=talk_events(session, staff.community_id, conversation.id, shown[0].sent_at if more else None),
        reachable=contact.reachable,
    )


def speaking_to(session: Session, staff: StaffIdentity, conversation_id: int) -> SpeakingTo:
    """To whom a member writes in a conversation, for the check of the words; errors as in `ticket_page`."""
    conversation = access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
    person = known(session, staff.community_id, conversation.contact_id)
    return SpeakingTo(person.salutation, (person.phone,) if person.phone else ())


def speaking_about(session: Session, staff: StaffIdentity, ticket_id: int) -> SpeakingTo:
    """The same for a ticket, whose resident is known even to those who may not read the conversation."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_SEE)
    person = _resident_of_ticket(session, ticket)
    phone = _phone(session, ticket)
    salutation = f"{surname(person.name)}{person.title}" if person.name and person.title else None
    return SpeakingTo(salutation, (phone,) if phone else ())


def stored_file(session: Session, staff: StaffIdentity, attachment_id: int) -> StoredFile:
    """Where a photo lies, for a member who may see its conversation or the ticket to which it belongs."""
    file = session.execute(
        select(Attachment).where(Attachment.community_id == staff.community_id, Attachment.id == attachment_id)
    ).scalar_one_or_none()
    if file is None:
        raise NotFoundError(f"file {attachment_id} is not there")
    if file.ticket_id is not None:
        access_ticket(session, staff, file.ticket_id, Permission.TICKET_SEE)
    else:
        access_message(session, staff, file.message_id)
    return StoredFile(file.sha256, file.content_type, file.name)


def reveal_phone(session: Session, staff: StaffIdentity, ticket_id: int, reason: str, now: datetime) -> str | None:
    """The whole number of a ticket's resident; the look is recorded with its reason (domain.md C6).

    None when no number is known. Raises FieldError without a reason.
    """
    ticket = access_ticket(session, staff, ticket_id, Permission.PHONE_REVEAL)
    _reveal(session, staff, ("ticket", ticket.id), reason, now)
    return _phone(session, ticket)


def reveal_phone_in_talk(
    session: Session, staff: StaffIdentity, conversation_id: int, reason: str, now: datetime
) -> str | None:
    """The same for the resident of a conversation."""
    conversation = access_conversation(session, staff, conversation_id, Permission.PHONE_REVEAL)
    _reveal(session, staff, ("conversation", conversation_id), reason, now)
    return known(session, staff.community_id, conversation.contact_id).phone


def _reveal(session: Session, staff: StaffIdentity, about: tuple[str, int], reason: str, now: datetime) -> None:
    if not reason.strip():
        raise FieldError("reason", "is missing; say what the number is needed for")
    record(session, staff, "phone:revealed", *about, reason=reason.strip(), now=now)


def record(
    session: Session,
    staff: StaffIdentity,
    action: str,
    subject: str,
    subject_id: int,
    *,
    reason: str = "",
    detail: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    """Write down a look or a decision that must be accounted for (domain.md C6)."""
    session.add(
        AuditEntry(
            community_id=staff.community_id,
            id=new_id(session, now),
            at=now,
            actor=ActorKind.STAFF,
            actor_id=staff.staff_id,
            action=action,
            subject=subject,
            subject_id=subject_id,
            reason=reason,
            detail=dict(detail or {}),
        )
    )


def _phone(session: Session, ticket: Ticket) -> str | None:
    if ticket.phone:
        return ticket.phone
    if ticket.resident_id is not None:
        resident = select(Resident.phone).where(
            Resident.community_id == ticket.community_id, Resident.id == ticket.resident_id
        )
        if phone := session.execute(resident).scalar_one_or_none():
            return phone
    return session.execute(
        select(Contact.phone)
        .join(
            Conversation,
            and_(Conversation.community_id == Contact.community_id, Conversation.contact_id == Contact.id),
        )
        .where(Conversation.community_id == ticket.community_id, Conversation.id == ticket.conversation_id)
    ).scalar_one_or_none()


def _resident_of_ticket(session: Session, ticket: Ticket) -> ShownResident:
    display = ""
    resident_id = ticket.resident_id
    if ticket.conversation_id is not None:
        contact = session.execute(
            select(Contact)
            .join(
                Conversation,
                and_(Conversation.community_id == Contact.community_id, Conversation.contact_id == Contact.id),
            )
            .where(Conversation.community_id == ticket.community_id, Conversation.id == ticket.conversation_id)
        ).scalar_one()
        display, resident_id = contact.display_name, resident_id or contact.resident_id
    return _resident(session, ticket.community_id, resident_id, display, _phone(session, ticket))


def _resident(
    session: Session, community_id: int, resident_id: int | None, display: str, phone: str | None
) -> ShownResident:
    if resident_id is None:
        return ShownResident(display, None, (), masked(phone))
    resident = session.execute(
        select(Resident).where(Resident.community_id == community_id, Resident.id == resident_id)
    ).scalar_one()
    labels = tuple(home.label for home in homes(session, community_id, resident_id))
    return ShownResident(resident.name, resident.title, labels, masked(phone or resident.phone))


def _deadlines(session: Session, ticket: Ticket) -> tuple[ShownDeadline, ...]:
    rows = session.execute(
        select(Deadline)
        .where(Deadline.community_id == ticket.community_id, Deadline.ticket_id == ticket.id)
        .order_by(Deadline.due_at, Deadline.id)
    ).scalars()
    return tuple(ShownDeadline(row.kind, row.state, row.due_at, row.breached_at is not None) for row in rows)


def _files_of_ticket(session: Session, ticket: Ticket) -> tuple[ShownFile, ...]:
    rows = session.execute(
        select(Attachment.id, Attachment.name, Attachment.size, Attachment.kind)
        .where(
            Attachment.community_id == ticket.community_id, Attachment.ticket_id == ticket.id, Attachment.sha256 != ""
        )
        .order_by(Attachment.id)
    )
    return tuple(ShownFile(*row) for row in rows)


def _name(session: Session, community_id: int, staff_id: int | None) -> str | None:
    return staff_names(session, community_id, {staff_id}).get(staff_id) if staff_id is not None else None
