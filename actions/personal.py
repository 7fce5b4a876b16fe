"""What the desk holds about whoever writes, told to them alone, and erased at their wish."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, null, or_, select, update
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.bindings import unbind
from actions.contacts import Home, known
from actions.records import write_record
from actions.search_index import put_in, take_out
from actions.tables import (
    ActorKind,
    Attachment,
    Binding,
    BindingRequest,
    BindingRole,
    Building,
    Contact,
    Conversation,
    Direction,
    Message,
    Resident,
    Room,
    Ticket,
    TicketEvent,
    TicketStatus,
)
from actions.transitions import RUNNING

_MOST_TICKETS = 50


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket of theirs, in short."""

    number: str
    opened_at: datetime
    kind: str
    category: str | None
    summary: str
    status: TicketStatus


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held about a contact; `since` is the first message, `tickets` the newest first."""

    name: str | None
    title: str | None
    phone: str | None
    homes: tuple[Home, ...]
    since: datetime | None
    messages: int
    photos: int
    tickets: tuple[HeldTicket, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased, and whether the owner's entry in the register stayed, which the law asks for."""

    messages: int
    photos: int
    tickets: int
    owner_stays: bool


def held(session: Session, community_id: int, contact_id: int) -> Held:
    """What is held about the one who writes and nobody else."""
    person = known(session, community_id, contact_id)
    title = None
    if person.resident_id is not None:
        title = session.execute(
            select(Resident.title).where(Resident.community_id == community_id, Resident.id == person.resident_id)
        ).scalar_one()
    own = (
        select(Conversation.id)
        .where(Conversation.community_id == community_id, Conversation.contact_id == contact_id)
        .scalar_subquery()
    )
    since, messages, photos = session.execute(
        select(func.min(Message.stored_at), func.count(), func.coalesce(func.sum(Message.photos), 0)).where(
            Message.community_id == community_id, Message.conversation_id == own, Message.direction == Direction.IN
        )
    ).one()
    mine = Ticket.conversation_id == own
    rows = session.execute(
        select(Ticket.number, Ticket.opened_at, Ticket.kind, Ticket.category, Ticket.summary, Ticket.status)
        .where(
            Ticket.community_id == community_id,
            mine if person.resident_id is None else or_(mine, Ticket.resident_id == person.resident_id),
        )
        .order_by(Ticket.id.desc())
        .limit(_MOST_TICKETS)
    )
    tickets = tuple(HeldTicket(*row) for row in rows)
    return Held(person.name, title, person.phone, person.homes, since, messages, int(photos), tickets)


def erase(
    session: Session, community_id: int, contact_id: int, through_seq: int, *, mark: str, now: datetime
) -> Erased:
    """Erase what is personal: words, photos, numbers, names and ties; `mark` is what stands in their place.

    Tickets that are done stay as facts about the estate, without the person; running ones are left as they are, so
    the caller asks for it when none is. Whoever owns a home stays in the owners' register, as the law has it. All
    addresses of the same person are erased; messages beyond `through_seq` of this one have not been read yet.
    """
    resident_id = session.execute(
        select(Contact.resident_id)
        .where(Contact.community_id == community_id, Contact.id == contact_id)
        .with_for_update()
    ).scalar_one()
    own = Contact.id == contact_id if resident_id is None else Contact.resident_id == resident_id
    contacts = tuple(session.execute(select(Contact.id).where(Contact.community_id == community_id, own)).scalars())
    talks = tuple(
        session.execute(
            select(Conversation.id).where(
                Conversation.community_id == community_id, Conversation.contact_id.in_(contacts)
            )
        ).scalars()
    )
    (here,) = session.execute(
        select(Conversation.id).where(Conversation.community_id == community_id, Conversation.contact_id == contact_id)
    ).scalars()
    tickets = _tickets(session, community_id, talks, resident_id, mark)
    photos = _photos(session, community_id, talks)
    read_now = and_(Message.conversation_id == here, Message.seq <= through_seq)
    unread = and_(Message.direction == Direction.IN, Message.turn.is_(None), ~read_now)
    messages = _messages(session, community_id, talks, unread, mark)
    actor = Actor.resident(contact_id)
    owner_stays = _person(session, actor, community_id, resident_id, now)
    session.execute(
        update(Contact)
        .where(Contact.community_id == community_id, Contact.id.in_(contacts))
        .values(display_name="", phone=None, resident_id=None, told_place=null())
    )
    session.execute(
        update(BindingRequest)
        .where(BindingRequest.community_id == community_id, BindingRequest.contact_id.in_(contacts))
        .values(name="", phone=None, place="", room_id=None)
    )
    erased = Erased(messages, photos, tickets, owner_stays)
    detail = {"messages": messages, "photos": photos, "tickets": tickets, "owner_stays": owner_stays}
    about = ("contact", contact_id)
    write_record(session, actor, community_id, "personal:erased", about, detail=detail, now=now)
    return erased


def _messages(
    session: Session, community_id: int, talks: tuple[int, ...], unread: ColumnElement[bool], mark: str
) -> int:
    """Blank every message that has been answered; one that still waits for its turn is left to be read."""
    theirs = (Message.community_id == community_id, Message.conversation_id.in_(talks), ~unread)
    said = session.execute(select(Message.id, Message.text).where(*theirs)).all()
    take_out(session, community_id, ((row.id, row.text) for row in said))
    # What can be found is always what stands there, so that a second erasing takes out what this one put in.
    put_in(session, community_id, ((row.id, mark) for row in said))
    gone = session.execute(
        update(Message)
        .where(*theirs)
        .values(
            text=mark,
            quote="",
            origin="",
            ref=None,
            understanding=null(),
            decision=null(),
            buttons=null(),
            photos=0,
        )
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _photos(session: Session, community_id: int, talks: tuple[int, ...]) -> int:
    theirs = select(Message.id).where(Message.community_id == community_id, Message.conversation_id.in_(talks))
    gone = session.execute(
        delete(Attachment)
        .where(Attachment.community_id == community_id, Attachment.message_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _tickets(session: Session, community_id: int, talks: tuple[int, ...], resident_id: int | None, mark: str) -> int:
    """Take the person out of the tickets that are done; number, kind, times and building stay."""
    theirs = Ticket.conversation_id.in_(talks)
    rows = (
        session.execute(
            select(Ticket)
            .where(
                Ticket.community_id == community_id,
                Ticket.status.not_in(RUNNING),
                theirs if resident_id is None else or_(theirs, Ticket.resident_id == resident_id),
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )
    buildings = _buildings(session, community_id, {row.room_id for row in rows if row.room_id is not None})
    for row in rows:
        if row.room_id is not None:
            row.place = buildings[row.room_id]
        row.summary, row.phone, row.resident_id, row.room_id = mark, None, None, None
        row.conversation_id = None
    session.flush()
    for event in session.execute(
        select(TicketEvent).where(
            TicketEvent.community_id == community_id, TicketEvent.ticket_id.in_([row.id for row in rows])
        )
    ).scalars():
        event.detail = {name: value for name, value in event.detail.items() if name not in {"text", "before"}}
        event.reason = mark if event.actor is ActorKind.RESIDENT and event.reason else event.reason
    return len(rows)


def _buildings(session: Session, community_id: int, room_ids: set[int]) -> dict[int, str]:
    rows = session.execute(
        select(Room.id, Building.name)
        .join(Building, and_(Building.community_id == Room.community_id, Building.id == Room.building_id))
        .where(Room.community_id == community_id, Room.id.in_(room_ids))
    )
    return dict(rows.all())


def _person(session: Session, actor: Actor, community_id: int, resident_id: int | None, now: datetime) -> bool:
    """Blank the person's own entry, unless they own a home; True when it stays."""
    if resident_id is None:
        return False
    ties = session.execute(
        select(Binding.room_id, Binding.role).where(
            Binding.community_id == community_id, Binding.resident_id == resident_id, Binding.until.is_(None)
        )
    ).all()
    if any(role is BindingRole.OWNER for _, role in ties):
        return True
    for room_id in {room_id for room_id, _ in ties}:
        unbind(session, actor, community_id, resident_id, room_id, reason="erased", now=now)
    session.execute(
        update(Resident)
        .where(Resident.community_id == community_id, Resident.id == resident_id)
        .values(name="", title=None, phone=None, updated_at=now)
    )
    return False
