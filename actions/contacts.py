"""What is known of the one who writes: who they are, which homes are theirs, and how to speak to them."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.orm import Session

from actions.addresses import ToldPlace
from actions.statements import table
from actions.tables import Binding, BindingRole, Building, Contact, Resident, Room, Unit

_CONTACT, _RESIDENT, _BINDING = table(Contact), table(Resident), table(Binding)
_ROOM, _BUILDING, _UNIT = table(Room), table(Building), table(Unit)
_THIS_CONTACT = and_(_CONTACT.c.community_id == bindparam("this_community"), _CONTACT.c.id == bindparam("this_contact"))
_KNOWN = (
    select(
        _CONTACT.c.phone,
        _CONTACT.c.privacy_told_at,
        _CONTACT.c.told_place,
        _RESIDENT.c.id,
        _RESIDENT.c.name,
        _RESIDENT.c.title,
        _RESIDENT.c.phone,
    )
    .outerjoin_from(
        _CONTACT,
        _RESIDENT,
        and_(_RESIDENT.c.community_id == _CONTACT.c.community_id, _RESIDENT.c.id == _CONTACT.c.resident_id),
    )
    .where(_THIS_CONTACT)
)
_HOMES = (
    select(_ROOM.c.id, _BUILDING.c.name, _UNIT.c.name, _ROOM.c.name, _BINDING.c.role)
    .join_from(_BINDING, _ROOM, and_(_ROOM.c.community_id == _BINDING.c.community_id, _ROOM.c.id == _BINDING.c.room_id))
    .join(_BUILDING, and_(_BUILDING.c.community_id == _ROOM.c.community_id, _BUILDING.c.id == _ROOM.c.building_id))
    .outerjoin(_UNIT, and_(_UNIT.c.community_id == _ROOM.c.community_id, _UNIT.c.id == _ROOM.c.unit_id))
    .where(
        _BINDING.c.community_id == bindparam("this_community"),
        _BINDING.c.resident_id == bindparam("this_resident"),
        _BINDING.c.until.is_(None),
    )
    .order_by(_BINDING.c.since, _BINDING.c.id)
)
_SAME_NAME = (
    select(_ROOM.c.id)
    .join(_BUILDING, and_(_BUILDING.c.community_id == _ROOM.c.community_id, _BUILDING.c.id == _ROOM.c.building_id))
    .where(
        _ROOM.c.community_id == bindparam("this_community"),
        _BUILDING.c.name == bindparam("this_building"),
        _ROOM.c.name == bindparam("this_room"),
    )
    .limit(2)
)
_SAME_NAME_AND_UNIT = _SAME_NAME.join(
    _UNIT, and_(_UNIT.c.community_id == _ROOM.c.community_id, _UNIT.c.id == _ROOM.c.unit_id)
).where(_UNIT.c.name == bindparam("this_unit"))
_NOTE_PHONE = update(_CONTACT).where(_THIS_CONTACT).values(phone=bindparam("phone"))


@dataclass(frozen=True, slots=True)
class Home:
    """A home to which a resident is bound; the names are normal forms such as `3栋`, `2单元`, `1502`."""

    room_id: int
    building: str
    unit: str | None
    room: str
    role: BindingRole

    @property
    def label(self) -> str:
        """The address as it is read back to the resident."""
        return f"{self.building}{self.unit or ''}{self.room}"


@dataclass(frozen=True, slots=True)
class Known:
    """What a reply may rest on about its reader; an unbound contact has no name and no home.

    `salutation` is surname and title, such as 王女士, and None unless both are on record and the name is a Chinese
    one (domain.md A3). `came_by` is the place of the QR code by which they came: where something is, not whose home.
    """

    contact_id: int
    resident_id: int | None
    name: str | None
    salutation: str | None
    phone: str | None
    homes: tuple[Home, ...]
    privacy_told: bool
    came_by: ToldPlace | None = None


def known(session: Session, community_id: int, contact_id: int) -> Known:
    """Everything on record about a contact."""
    row = session.execute(_KNOWN, {"this_community": community_id, "this_contact": contact_id}).one()
    own_phone, told_at, place, resident_id, name, title, phone = row
    told, came_by = told_at is not None, ToldPlace(**place) if place else None
    if resident_id is None:
        return Known(contact_id, None, None, None, own_phone, (), told, came_by)
    return Known(
        contact_id,
        resident_id,
        name,
        _salutation(name, title),
        phone or own_phone,
        homes(session, community_id, resident_id),
        told,
        came_by,
    )


def homes(session: Session, community_id: int, resident_id: int) -> tuple[Home, ...]:
    """The homes to which a resident is bound at present, the longest-held first."""
    rows = session.execute(_HOMES, {"this_community": community_id, "this_resident": resident_id})
    return tuple(Home(*row) for row in rows)


def find_room(session: Session, community_id: int, building: str, unit: str | None, room: str) -> int | None:
    """The room of that address; without a unit it is found only when a single room of the building has the name."""
    values = {"this_community": community_id, "this_building": building, "this_room": room}
    if unit is None:
        found = session.execute(_SAME_NAME, values).scalars().all()
    else:
        found = session.execute(_SAME_NAME_AND_UNIT, {**values, "this_unit": unit}).scalars().all()
    return found[0] if len(found) == 1 else None


def bind(session: Session, community_id: int, contact_id: int, resident_id: int) -> None:
    """Tie a contact to the resident whose word it is; the caller has proof of it."""
    session.execute(
        update(Contact)
        .where(Contact.community_id == community_id, Contact.id == contact_id)
        .values(resident_id=resident_id)
    )


def note_phone(session: Session, community_id: int, contact_id: int, phone: str) -> None:
    """Keep the number under which an unbound contact wants to be called."""
    session.execute(_NOTE_PHONE, {"this_community": community_id, "this_contact": contact_id, "phone": phone})


def note_privacy_told(session: Session, community_id: int, contact_id: int, now: datetime) -> None:
    """Record that the privacy notice was shown, so that it is shown once."""
    session.execute(
        update(Contact)
        .where(Contact.community_id == community_id, Contact.id == contact_id)
        .values(privacy_told_at=now)
    )


def _salutation(name: str, title: str | None) -> str | None:
    # Spreadsheets write 王　芳; a company, two owners in one field or a foreign name have no family name to go by.
    name = "".join(name.split())
    if not title or not _CHINESE_NAME.fullmatch(name):
        return None
    return f"{surname(name)}{title}"


_CHINESE_NAME = re.compile(r"[\u3400-\u9fff]{1,4}")

# The double surnames still in use, two characters each.
_DOUBLE = "欧阳上官司马诸葛东方皇甫尉迟公孙慕容令狐司徒司空夏侯长孙宇文端木南宫独孤申屠"
_DOUBLE_SURNAMES = frozenset(_DOUBLE[start : start + 2] for start in range(0, len(_DOUBLE), 2))


def surname(name: str) -> str:
    """The family name of a Chinese name, two characters long for the known double surnames."""
    return name[:2] if len(name) > 2 and name[:2] in _DOUBLE_SURNAMES else name[:1]  # noqa: PLR2004 - two characters and a given name
