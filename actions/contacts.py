"""What is known of the one who writes: who they are, which homes are theirs, and how to speak to them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.tables import Binding, BindingRole, Building, Contact, Resident, Room, Unit


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

    `salutation` is surname and title, such as 王女士, and None unless both are on record (domain.md A3).
    """

    contact_id: int
    resident_id: int | None
    name: str | None
    salutation: str | None
    phone: str | None
    homes: tuple[Home, ...]
    privacy_told: bool


def known(session: Session, community_id: int, contact_id: int) -> Known:
    """Everything on record about a contact."""
    contact = session.execute(
        select(Contact).where(Contact.community_id == community_id, Contact.id == contact_id)
    ).scalar_one()
    told = contact.privacy_told_at is not None
    if contact.resident_id is None:
        return Known(contact_id, None, None, None, contact.phone, (), told)
    resident = session.execute(
        select(Resident).where(Resident.community_id == community_id, Resident.id == contact.resident_id)
    ).scalar_one()
    return Known(
        contact_id,
        resident.id,
        resident.name,
        _salutation(resident.name, resident.title),
        resident.phone or contact.phone,
        homes(session, community_id, resident.id),
        told,
    )


def homes(session: Session, community_id: int, resident_id: int) -> tuple[Home, ...]:
    """The homes to which a resident is bound at present, the longest-held first."""
    rows = session.execute(
        select(Room.id, Building.name, Unit.name, Room.name, Binding.role)
        .join(Room, (Room.community_id == Binding.community_id) & (Room.id == Binding.room_id))
        .join(Building, (Building.community_id == Room.community_id) & (Building.id == Room.building_id))
        .outerjoin(Unit, (Unit.community_id == Room.community_id) & (Unit.id == Room.unit_id))
        .where(
            Binding.community_id == community_id,
            Binding.resident_id == resident_id,
            Binding.until.is_(None),
        )
        .order_by(Binding.since, Binding.id)
    )
    return tuple(Home(*row) for row in rows)


def find_room(session: Session, community_id: int, building: str, unit: str | None, room: str) -> int | None:
    """The room of that address; without a unit it is found only when a single room of the building has the name."""
    query = (
        select(Room.id)
        .join(Building, (Building.community_id == Room.community_id) & (Building.id == Room.building_id))
        .where(Room.community_id == community_id, Building.name == building, Room.name == room)
        .limit(2)
    )
    if unit is not None:
        query = query.join(Unit, (Unit.community_id == Room.community_id) & (Unit.id == Room.unit_id)).where(
            Unit.name == unit
        )
    found = session.execute(query).scalars().all()
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
    session.execute(
        update(Contact).where(Contact.community_id == community_id, Contact.id == contact_id).values(phone=phone)
    )


def note_privacy_told(session: Session, community_id: int, contact_id: int, now: datetime) -> None:
    """Record that the privacy notice was shown, so that it is shown once."""
    session.execute(
        update(Contact)
        .where(Contact.community_id == community_id, Contact.id == contact_id)
        .values(privacy_told_at=now)
    )


def _salutation(name: str, title: str | None) -> str | None:
    if not title or not name:
        return None
    return f"{surname(name)}{title}"


# The double surnames still in use, two characters each.
_DOUBLE = "欧阳上官司马诸葛东方皇甫尉迟公孙慕容令狐司徒司空夏侯长孙宇文端木南宫独孤申屠"
_DOUBLE_SURNAMES = frozenset(_DOUBLE[start : start + 2] for start in range(0, len(_DOUBLE), 2))


def surname(name: str) -> str:
    """The family name of a Chinese name, two characters long for the known double surnames."""
    return name[:2] if len(name) > 2 and name[:2] in _DOUBLE_SURNAMES else name[:1]  # noqa: PLR2004 - two characters and a given name
