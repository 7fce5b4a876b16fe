"""What a search of the logs is narrowed to: people, homes, channels, matters, members of staff, times."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.tables import Binding, Building, Contact, Conversation, Message, Resident, Room, Ticket, Unit

_MOST_CONVERSATIONS = 500


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What is looked for; what is empty narrows nothing.

    `label` is how a message was understood, `matter` what a ticket of its conversation is about, both as `intent` or
    `intent.category`. `until` is excluded. `before_id` continues below the last message of the page before.
    """

    words: str = ""
    person: str = ""
    room: str = ""
    channel: str = ""
    label: str = ""
    matter: str = ""
    staff_id: int | None = None
    status: str = ""
    breached: bool = False
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


def narrowed(session: Session, staff: StaffIdentity, chosen: LogFilter) -> list[ColumnElement[bool]] | None:
    """All conditions but the words; None when nothing can fit."""
    community_id = staff.community_id
    about_them = select(Ticket.conversation_id).where(
        Ticket.community_id == community_id,
        Ticket.about_staff_id == staff.staff_id,
        Ticket.conversation_id.is_not(None),
    )
    where = [
        Message.community_id == community_id,
        Message.text != "",
        Message.conversation_id.not_in(about_them),
        *_of_message(chosen),
    ]
    if chosen.channel:
        where.append(Contact.channel == chosen.channel)
    if ticket := _of_tickets(chosen):
        theirs = select(Ticket.conversation_id).where(
            Ticket.community_id == community_id, Ticket.conversation_id.is_not(None), *ticket
        )
        where.append(Message.conversation_id.in_(theirs))
    if chosen.person or chosen.room:
        talks = _talks_of(session, community_id, chosen)
        if not talks:
            return None
        where.append(Message.conversation_id.in_(talks))
    return where


def _of_message(chosen: LogFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if chosen.label:
        intent, _, category = chosen.label.partition(".")
        where.append(Message.understanding["intent"].as_string() == intent)
        if category:
            where.append(Message.understanding["category"].as_string() == category)
    if chosen.staff_id is not None:
        where.append(Message.staff_id == chosen.staff_id)
    if chosen.since is not None:
        where.append(Message.stored_at >= chosen.since)
    if chosen.until is not None:
        where.append(Message.stored_at < chosen.until)
    return where


def _of_tickets(chosen: LogFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if chosen.matter:
        kind, _, category = chosen.matter.partition(".")
        where.append(Ticket.kind == kind)
        if category:
            where.append(Ticket.category == category)
    if chosen.status:
        where.append(Ticket.status == chosen.status)
    if chosen.breached:
        where.append(Ticket.breached.is_(True))
    return where


def _talks_of(session: Session, community_id: int, chosen: LogFilter) -> set[int]:
    """The conversations of the people and homes that were asked for."""
    found: list[set[int]] = []
    if chosen.person:
        found.append(_talks_of_person(session, community_id, chosen.person))
    if chosen.room:
        found.append(_talks_of_room(session, community_id, chosen.room))
    return set.intersection(*found)


def _talks(community_id: int) -> Any:
    return (
        select(Conversation.id)
        .join(Contact, and_(Contact.community_id == community_id, Contact.id == Conversation.contact_id))
        .where(Conversation.community_id == community_id)
        .limit(_MOST_CONVERSATIONS)
    )


def _talks_of_person(session: Session, community_id: int, person: str) -> set[int]:
    resident = select(Resident.id).where(
        Resident.community_id == community_id,
        or_(Resident.name.icontains(person, autoescape=True), Resident.phone == person),
    )
    query = _talks(community_id).where(
        or_(
            Contact.resident_id.in_(resident),
            Contact.display_name.icontains(person, autoescape=True),
            Contact.phone == person,
        )
    )
    return set(session.execute(query).scalars())


def _talks_of_room(session: Session, community_id: int, room: str) -> set[int]:
    """Of whoever has ever been bound to the homes, and those in which a ticket is about them."""
    address = Building.name.concat(func.coalesce(Unit.name, "")).concat(Room.name)
    rooms = (
        select(Room.id)
        .join(Building, and_(Building.community_id == Room.community_id, Building.id == Room.building_id))
        .outerjoin(Unit, and_(Unit.community_id == Room.community_id, Unit.id == Room.unit_id))
        .where(Room.community_id == community_id, address.startswith(room, autoescape=True))
    )
    bound = select(Binding.resident_id).where(Binding.community_id == community_id, Binding.room_id.in_(rooms))
    found = set(session.execute(_talks(community_id).where(Contact.resident_id.in_(bound))).scalars())
    told = (
        select(Ticket.conversation_id)
        .where(
            Ticket.community_id == community_id,
            Ticket.conversation_id.is_not(None),
            or_(Ticket.room_id.in_(rooms), Ticket.place.startswith(room, autoescape=True)),
        )
        .limit(_MOST_CONVERSATIONS)
    )
    return found | {talk for talk in session.execute(told).scalars() if talk is not None}
