"""Tickets that staff open: from a conversation, a call, or a message pasted from a residents' group (domain.md B14)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_conversation, require
from actions.actors import Actor
from actions.calendar import Calendar
from actions.contacts import find_room, homes, known
from actions.conversations import lock_conversation
from actions.errors import FieldError
from actions.outside import check_reference
from actions.policy import Policy
from actions.roster import is_active
from actions.tables import Binding, Responsible, Severity
from actions.tickets import NewTicket, TicketCard, open_ticket

LONGEST_SUMMARY = 300


@dataclass(frozen=True, slots=True)
class Request:
    """What a member writes down; `address` is building, unit and room where the place is a home.

    `origin` says where it came from when it did not come by chat: `group` for a residents' group, `phone`, `visit`,
    `authority` with its number and its limit; `about_staff_id` is the member complained about.
    """

    kind: str
    category: str | None
    summary: str
    place: str = ""
    phone: str | None = None
    severity: Severity = Severity.NORMAL
    address: tuple[str, str | None, str] | None = None
    origin: str = ""
    reference: str = ""
    limit_at: datetime | None = None
    about_staff_id: int | None = None
    responsible: Responsible | None = None


def open_by_staff(
    session: Session,
    staff: StaffIdentity,
    request: Request,
    *,
    conversation_id: int | None,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
) -> TicketCard:
    """Open a ticket in a member's name; from a conversation it belongs to that resident.

    Raises FieldError for an empty or very long summary, or a kind that opens no tickets.
    """
    require(staff, Permission.TICKET_REPLY)
    require(staff, Permission.CONVERSATION_SEE)
    summary = request.summary.strip()
    if not summary or len(summary) > LONGEST_SUMMARY:
        raise FieldError("summary", f"should be 1 to {LONGEST_SUMMARY} characters")
    if request.about_staff_id is not None and not is_active(session, staff.community_id, request.about_staff_id):
        raise FieldError("about", "is nobody who works here; choose a member of the staff list")
    room_id, resident_id, phone = _room(session, staff, request), None, request.phone
    if conversation_id is not None:
        conversation = access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
        lock_conversation(session, staff.community_id, conversation_id)
        person = known(session, staff.community_id, conversation.contact_id)
        resident_id, phone = person.resident_id, phone or person.phone
        if room_id is None and not request.place and len(person.homes) == 1:
            room_id = person.homes[0].room_id
    elif room_id is not None:
        resident_id = _only_resident(session, staff.community_id, room_id)
    new = NewTicket(
        community_id=staff.community_id,
        kind=request.kind,
        category=request.category,
        severity=request.severity,
        summary=summary,
        received_at=now,
        conversation_id=conversation_id,
        resident_id=resident_id,
        room_id=room_id,
        place=request.place.strip() or _label(session, staff.community_id, resident_id, room_id),
        phone=phone,
        about_staff_id=request.about_staff_id,
        reference=check_reference(request.reference, request.limit_at, now) if request.reference else "",
        limit_at=request.limit_at if request.reference else None,
        responsible=request.responsible,
        reason=request.origin,
    )
    return open_ticket(session, Actor.staff(staff.staff_id), new, policy, calendar, now)


def _room(session: Session, staff: StaffIdentity, request: Request) -> int | None:
    return None if request.address is None else find_room(session, staff.community_id, *request.address)


def _only_resident(session: Session, community_id: int, room_id: int) -> int | None:
    """Whose home it is, when only one person is bound to it; a group's message does not say who wrote."""
    found = (
        session.execute(
            select(Binding.resident_id)
            .where(Binding.community_id == community_id, Binding.room_id == room_id, Binding.until.is_(None))
            .limit(2)
        )
        .scalars()
        .all()
    )
    return found[0] if len(found) == 1 else None


def _label(session: Session, community_id: int, resident_id: int | None, room_id: int | None) -> str:
    if resident_id is None or room_id is None:
        return ""
    return next((home.label for home in homes(session, community_id, resident_id) if home.room_id == room_id), "")
