"""Sets an estate up: the community, its places, the people in it, what they owe and what they are told.

Every function adds what is missing, leaves what is there as it is, and returns how many rows it added; so a set-up
that was interrupted is simply run again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from actions.errors import NotFoundError
from actions.ids import new_id
from actions.tables import (
    Bill,
    Binding,
    BindingRole,
    Building,
    Community,
    Contact,
    FeeKind,
    Notice,
    Resident,
    Room,
    RosterEntry,
    Staff,
    Unit,
)
from actions.tables.base import Tenant


@dataclass(frozen=True, slots=True)
class Address:
    """A home by its normal names: `3栋`, `2单元` (None where a building has a single entrance), `1502`."""

    building: str
    unit: str | None
    room: str


@dataclass(frozen=True, slots=True)
class NewResident:
    """A person with their homes; the phone number tells one resident from another. The title may be unknown."""

    name: str
    title: str | None
    phone: str
    homes: tuple[tuple[Address, BindingRole], ...] = ()


@dataclass(frozen=True, slots=True)
class NewContact:
    """An address on a channel; bound when `resident_phone` names a resident."""

    channel: str
    address: str
    display_name: str = ""
    phone: str | None = None
    resident_phone: str | None = None


@dataclass(frozen=True, slots=True)
class NewBill:
    """What a home owes for one fee and period; amounts in fen."""

    home: Address
    fee_type: str
    period: str
    amount: int
    paid: int
    due_on: date
    kind: FeeKind = FeeKind.PROPERTY
    payer: BindingRole = BindingRole.OWNER


@dataclass(frozen=True, slots=True)
class NewNotice:
    """An announcement; see `actions.tables.Notice` for what it explains and to whom."""

    title: str
    body: str
    explains: tuple[str, ...]
    buildings: tuple[str, ...]
    published_at: datetime
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class EstateSize:
    """How much of everything a community has."""

    buildings: int
    rooms: int
    residents: int
    contacts: int
    staff: int
    shifts: int
    notices: int
    bills: int


def found_community(
    session: Session, code: str, *, name: str, timezone: str, facts: Mapping[str, Any], now: datetime
) -> int:
    """The id of the community of that code, which is created when there is none."""
    found = find_community(session, code)
    if found is not None:
        return found
    community_id = new_id(session, now)
    row = {"id": community_id, "code": code, "name": name, "timezone": timezone, "facts": dict(facts)}
    session.execute(insert(Community), [row | {"created_at": now}])
    return community_id


def find_community(session: Session, code: str) -> int | None:
    """The id of the community of that code, or None."""
    return session.execute(select(Community.id).where(Community.code == code)).scalar_one_or_none()


def lock_community(session: Session, code: str) -> int:
    """The id of a community whose row stays locked until the commit, so that two set-ups take turns.

    Raises NotFoundError when there is none of that code.
    """
    found = session.execute(select(Community.id).where(Community.code == code).with_for_update()).scalar_one_or_none()
    if found is None:
        raise NotFoundError(f"there is no community {code}")
    return found


def add_buildings(session: Session, community_id: int, buildings: Mapping[str, Sequence[str]], now: datetime) -> int:
    """Add buildings with the names of their units; none for a building with a single entrance."""
    known = building_ids(session, community_id)
    fresh = [{"id": new_id(session, now), "name": name} for name in buildings if name not in known]
    added = _insert(session, Building, community_id, fresh)
    known = building_ids(session, community_id)
    present = set(session.execute(select(Unit.building_id, Unit.name).where(Unit.community_id == community_id)).all())
    units = [
        {"id": new_id(session, now), "building_id": known[building], "name": unit}
        for building, names in buildings.items()
        for unit in names
        if (known[building], unit) not in present
    ]
    return added + _insert(session, Unit, community_id, units)


def add_rooms(session: Session, community_id: int, homes: Sequence[Address], now: datetime) -> int:
    """Add homes to buildings and units that exist already."""
    present = room_ids(session, community_id)
    buildings = building_ids(session, community_id)
    names = {key: name for name, key in buildings.items()}
    rows = session.execute(select(Unit.building_id, Unit.name, Unit.id).where(Unit.community_id == community_id))
    units: dict[tuple[str, str | None], int | None] = {(names[key], unit): unit_id for key, unit, unit_id in rows}
    units |= {(name, None): None for name in buildings}
    fresh = [
        {
            "id": new_id(session, now),
            "building_id": buildings[home.building],
            "unit_id": units[home.building, home.unit],
            "name": home.room,
        }
        for home in homes
        if home not in present
    ]
    return _insert(session, Room, community_id, fresh)


def add_residents(session: Session, community_id: int, residents: Sequence[NewResident], now: datetime) -> int:
    """Add residents and bind them to their homes; a phone number that is on record already is left alone."""
    present = _resident_ids(session, community_id)
    rooms = room_ids(session, community_id)
    people: list[dict[str, Any]] = []
    bindings: list[dict[str, Any]] = []
    for new in residents:
        if new.phone in present:
            continue
        key = new_id(session, now)
        people.append({"id": key, "name": new.name, "title": new.title, "phone": new.phone})
        bindings += [
            {"id": new_id(session, now), "resident_id": key, "room_id": rooms[home], "role": role, "since": now}
            for home, role in new.homes
        ]
    added = _insert(session, Resident, community_id, [row | {"created_at": now, "updated_at": now} for row in people])
    return added + _insert(session, Binding, community_id, bindings)


def add_contacts(session: Session, community_id: int, contacts: Sequence[NewContact], now: datetime) -> int:
    """Add channel addresses, bound to residents who are on record."""
    present = set(
        session.execute(select(Contact.channel, Contact.address).where(Contact.community_id == community_id)).all()
    )
    residents = _resident_ids(session, community_id)
    fresh = [
        {
            "id": new_id(session, now),
            "channel": new.channel,
            "address": new.address,
            "display_name": new.display_name,
            "phone": new.phone,
            "resident_id": None if new.resident_phone is None else residents[new.resident_phone],
            "created_at": now,
        }
        for new in contacts
        if (new.channel, new.address) not in present
    ]
    return _insert(session, Contact, community_id, fresh)


def add_bills(session: Session, community_id: int, bills: Sequence[NewBill], now: datetime) -> int:
    """Add bills; one home has one bill for one fee and period."""
    rooms = room_ids(session, community_id)
    present = set(
        session.execute(select(Bill.room_id, Bill.fee_type, Bill.period).where(Bill.community_id == community_id)).all()
    )
    fresh = [
        {
            "id": new_id(session, now),
            "room_id": rooms[bill.home],
            "fee_type": bill.fee_type,
            "period": bill.period,
            "amount": bill.amount,
            "paid": bill.paid,
            "due_on": bill.due_on,
            "kind": bill.kind,
            "payer": bill.payer,
        }
        for bill in bills
        if (rooms[bill.home], bill.fee_type, bill.period) not in present
    ]
    return _insert(session, Bill, community_id, fresh)


def add_notices(session: Session, community_id: int, notices: Sequence[NewNotice], now: datetime) -> int:
    """Publish announcements; one of the same title is taken for the same announcement."""
    present = set(session.execute(select(Notice.title).where(Notice.community_id == community_id)).scalars())
    fresh = [
        {
            "id": new_id(session, now),
            "title": notice.title,
            "body": notice.body,
            "explains": list(notice.explains),
            "buildings": list(notice.buildings),
            "published_at": notice.published_at,
            "starts_at": notice.starts_at,
            "ends_at": notice.ends_at,
        }
        for notice in notices
        if notice.title not in present
    ]
    return _insert(session, Notice, community_id, fresh)


def estate_size(session: Session, community_id: int) -> EstateSize:
    """Count everything of a community."""
    tables: tuple[type[Tenant], ...] = (Building, Room, Resident, Contact, Staff, RosterEntry, Notice, Bill)
    return EstateSize(
        *(
            session.execute(
                select(func.count()).select_from(table).where(table.community_id == community_id)
            ).scalar_one()
            for table in tables
        )
    )


def building_ids(session: Session, community_id: int) -> dict[str, int]:
    """The buildings of a community by name, in the order in which they were entered."""
    rows = session.execute(
        select(Building.name, Building.id).where(Building.community_id == community_id).order_by(Building.id)
    )
    return dict(rows.all())


def room_ids(session: Session, community_id: int) -> dict[Address, int]:
    """All homes of a community by address."""
    rows = session.execute(
        select(Building.name, Unit.name, Room.name, Room.id)
        .join(Building, (Building.community_id == Room.community_id) & (Building.id == Room.building_id))
        .outerjoin(Unit, (Unit.community_id == Room.community_id) & (Unit.id == Room.unit_id))
        .where(Room.community_id == community_id)
    )
    return {Address(building, unit, room): room_id for building, unit, room, room_id in rows}


def _resident_ids(session: Session, community_id: int) -> dict[str | None, int]:
    rows = session.execute(select(Resident.phone, Resident.id).where(Resident.community_id == community_id))
    return dict(rows.all())


def _insert(session: Session, table: type[Tenant], community_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    if rows:
        session.execute(insert(table), [{"community_id": community_id, **row} for row in rows])
    return len(rows)
