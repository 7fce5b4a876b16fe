"""Read models of homes for the console: who belongs to one, what it owes, and who waits to be bound."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, allows, require
from actions.actors import Actor
from actions.bill_rules import plain
from actions.bills import BillLine, bills_of
from actions.bindings import address_of
from actions.dunning import without_dunning
from actions.estate import Address, building_ids, room_ids
from actions.records import write_record
from actions.tables import (
    Binding,
    BindingCode,
    BindingRequest,
    BindingRole,
    Contact,
    Conversation,
    RequestState,
    Resident,
    Ticket,
)
from actions.transitions import RUNNING
from actions.views import masked

_MOST_FOUND = 40


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody bound to a home; `addresses` counts from how many addresses they write."""

    resident_id: int
    name: str
    title: str | None
    masked_phone: str | None
    role: BindingRole
    since: datetime
    addresses: int


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that can still be used; the code itself is known to nobody."""

    name: str
    role: BindingRole
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HomePage:
    """A home as those see it who look after its people; `bills` is empty for who may not see them."""

    room_id: int
    label: str
    members: tuple[Member, ...]
    codes: tuple[OpenCode, ...]
    bills: tuple[BillLine, ...]
    dunning_stopped: bool


@dataclass(frozen=True, slots=True)
class FoundHome:
    """A home that a search found."""

    room_id: int
    label: str


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A wish to be bound: what the contact says, and whom the record knows at that home.

    `phone_matches` names the residents of the home whose number on record is the one that was told.
    """

    id: int
    ticket_id: int
    number: str
    conversation_id: int | None
    created_at: datetime
    room_id: int | None
    place: str
    role: BindingRole | None
    name: str
    masked_phone: str | None
    members: tuple[Member, ...]
    phone_matches: frozenset[int]
    known_as: str


@dataclass(frozen=True, slots=True)
class ToldPayment:
    """A payment that a resident told of, with the unpaid bills that it may be for."""

    ticket_id: int
    number: str
    summary: str
    opened_at: datetime
    name: str
    homes: tuple[tuple[int, str], ...]
    bills: tuple[BillLine, ...]


def find_homes(session: Session, staff: StaffIdentity, wanted: str) -> tuple[FoundHome, ...]:
    """Homes whose address holds the words of a search, or whose numbers do (3-2-1502). Raises NotAllowedError."""
    require(staff, Permission.BINDING_MANAGE)
    words = plain(wanted).replace("-", "").casefold()
    if not words:
        return ()
    found = [
        FoundHome(room_id, f"{home.building}{home.unit or ''}{home.room}")
        for home, room_id in room_ids(session, staff.community_id).items()
        if words in _label(home).casefold() or words == _numbers(home).casefold()
    ]
    return tuple(sorted(found, key=lambda home: home.label)[:_MOST_FOUND])


def buildings(session: Session, staff: StaffIdentity) -> Mapping[str, int]:
    """The buildings for which slips can be printed. Raises NotAllowedError."""
    require(staff, Permission.BINDING_MANAGE)
    return building_ids(session, staff.community_id)


def home_page(session: Session, staff: StaffIdentity, room_id: int, now: datetime) -> HomePage:
    """A home with its people and bills; the look goes on record (domain.md C6).

    Raises NotAllowedError, NotFoundError.
    """
    require(staff, Permission.BINDING_MANAGE)
    home = address_of(session, staff.community_id, room_id, BindingRole.OWNER)
    write_record(session, Actor.staff(staff.staff_id), staff.community_id, "home:seen", ("room", room_id), now=now)
    everybody = {room_id: frozenset(BindingRole)}
    bills = bills_of(session, staff.community_id, everybody) if allows(staff, Permission.BILL_SEE) else ()
    return HomePage(
        room_id=room_id,
        label=home.label,
        members=_members(session, staff.community_id, room_id),
        codes=_codes(session, staff.community_id, room_id, now),
        bills=bills,
        dunning_stopped=bool(without_dunning(session, staff.community_id, [room_id])),
    )


def waiting_requests(session: Session, staff: StaffIdentity, now: datetime) -> tuple[WaitingRequest, ...]:
    """The wishes to be bound that nobody has decided, the oldest first; the look goes on record."""
    require(staff, Permission.BINDING_MANAGE)
    community_id = staff.community_id
    rows = session.execute(
        select(BindingRequest, Ticket.number, Ticket.conversation_id, Resident.name)
        .join(Ticket, and_(Ticket.community_id == BindingRequest.community_id, Ticket.id == BindingRequest.ticket_id))
        .join(
            Contact, and_(Contact.community_id == BindingRequest.community_id, Contact.id == BindingRequest.contact_id)
        )
        .outerjoin(Resident, and_(Resident.community_id == Contact.community_id, Resident.id == Contact.resident_id))
        .where(BindingRequest.community_id == community_id, BindingRequest.state == RequestState.WAITING)
        .order_by(BindingRequest.id)
        .limit(_MOST_FOUND)
    ).all()
    if rows:
        about = ("community", community_id)
        write_record(session, Actor.staff(staff.staff_id), community_id, "binding:requests_seen", about, now=now)
    return tuple(
        _waiting(session, request, number, conversation_id, known_as or "")
        for request, number, conversation_id, known_as in rows
    )


def told_payments(session: Session, staff: StaffIdentity) -> tuple[ToldPayment, ...]:
    """The payments that residents told of and nobody has confirmed, the oldest first. Raises NotAllowedError."""
    require(staff, Permission.PAYMENT_CONFIRM)
    rows = session.execute(
        select(Ticket, Resident.name)
        .outerjoin(Resident, and_(Resident.community_id == Ticket.community_id, Resident.id == Ticket.resident_id))
        .where(
            Ticket.community_id == staff.community_id,
            Ticket.kind == "fee",
            Ticket.category == "payment_told",
            Ticket.status.in_(RUNNING),
        )
        .order_by(Ticket.id)
        .limit(_MOST_FOUND)
    ).all()
    return tuple(_payment(session, ticket, name or "") for ticket, name in rows)


def _payment(session: Session, ticket: Ticket, name: str) -> ToldPayment:
    rooms = [] if ticket.room_id is None else [ticket.room_id]
    if not rooms and ticket.resident_id is not None:
        rooms = list(
            session.execute(
                select(Binding.room_id).where(
                    Binding.community_id == ticket.community_id,
                    Binding.resident_id == ticket.resident_id,
                    Binding.until.is_(None),
                )
            ).scalars()
        )
    labels = {room: address_of(session, ticket.community_id, room, BindingRole.OWNER).label for room in rooms}
    bills = bills_of(session, ticket.community_id, dict.fromkeys(rooms, frozenset(BindingRole)))
    unpaid = tuple(bill for bill in bills if bill.owed_fen > 0)
    homes = tuple(sorted(labels.items()))
    return ToldPayment(ticket.id, ticket.number, ticket.summary, ticket.opened_at, name, homes, unpaid)


def _waiting(
    session: Session, request: BindingRequest, number: str, conversation_id: int | None, known_as: str
) -> WaitingRequest:
    members = () if request.room_id is None else _members(session, request.community_id, request.room_id)
    matching: frozenset[int] = frozenset()
    if request.phone and members:
        same = select(Resident.id).where(
            Resident.community_id == request.community_id,
            Resident.phone == request.phone,
            Resident.id.in_([member.resident_id for member in members]),
        )
        matching = frozenset(session.execute(same).scalars())
    return WaitingRequest(
        id=request.id,
        ticket_id=request.ticket_id,
        number=number,
        conversation_id=conversation_id,
        created_at=request.created_at,
        room_id=request.room_id,
        place=request.place,
        role=request.role,
        name=request.name,
        masked_phone=masked(request.phone),
        members=members,
        phone_matches=matching,
        known_as=known_as,
    )


def _members(session: Session, community_id: int, room_id: int) -> tuple[Member, ...]:
    addresses = (
        select(func.count())
        .select_from(Contact)
        .join(
            Conversation, and_(Conversation.community_id == Contact.community_id, Conversation.contact_id == Contact.id)
        )
        .where(Contact.community_id == community_id, Contact.resident_id == Resident.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Resident.id, Resident.name, Resident.title, Resident.phone, Binding.role, Binding.since, addresses)
        .join(Binding, and_(Binding.community_id == Resident.community_id, Binding.resident_id == Resident.id))
        .where(Resident.community_id == community_id, Binding.room_id == room_id, Binding.until.is_(None))
        .order_by(Binding.since, Binding.id)
    )
    return tuple(
        Member(key, name, title, masked(phone), role, since, n) for key, name, title, phone, role, since, n in rows
    )


def _codes(session: Session, community_id: int, room_id: int, now: datetime) -> tuple[OpenCode, ...]:
    rows = session.execute(
        select(Resident.name, BindingCode.role, BindingCode.expires_at)
        .join(
            BindingCode,
            and_(BindingCode.community_id == Resident.community_id, BindingCode.resident_id == Resident.id),
        )
        .where(
            BindingCode.community_id == community_id,
            BindingCode.room_id == room_id,
            BindingCode.used_at.is_(None),
            BindingCode.revoked_at.is_(None),
            BindingCode.expires_at > now,
        )
        .order_by(BindingCode.id)
    )
    return tuple(OpenCode(*row) for row in rows)


def _label(home: Address) -> str:
    return plain(f"{home.building}{home.unit or ''}{home.room}")


def _numbers(home: Address) -> str:
    return "".join(sign for sign in _label(home) if sign.isascii() and sign.isalnum())
