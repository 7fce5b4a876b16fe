"""Who belongs to which home: tied by code or by a member's approval, ended at move-out, each step on record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.contacts import Home
from actions.errors import FieldError, NotFoundError
from actions.ids import new_id
from actions.records import write_record
from actions.tables import Binding, BindingCode, BindingRole, Building, Contact, Resident, Room, Unit

_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on record, by `resident_id`, or a new person with a name; the title is 先生, 女士 or not known."""

    resident_id: int | None = None
    name: str = ""
    title: str | None = None
    phone: str | None = None


def address_of(session: Session, community_id: int, room_id: int, role: BindingRole) -> Home:
    """A room as the home of somebody in a role. Raises NotFoundError when the estate has no such room."""
    row = session.execute(
        select(Building.name, Unit.name, Room.name)
        .select_from(Room)
        .join(Building, (Building.community_id == Room.community_id) & (Building.id == Room.building_id))
        .outerjoin(Unit, (Unit.community_id == Room.community_id) & (Unit.id == Room.unit_id))
        .where(Room.community_id == community_id, Room.id == room_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"room {room_id} is not there")
    return Home(room_id, row[0], row[1], row[2], role)


def resident_for(session: Session, community_id: int, person: Person, now: datetime) -> int:
    """The id of a person on record, or of the record that is made for a new one.

    Raises NotFoundError for an id of elsewhere, FieldError for a new person without a name, or with the number of
    somebody else.
    """
    if person.resident_id is not None:
        found = select(Resident.id).where(Resident.community_id == community_id, Resident.id == person.resident_id)
        if session.execute(found).scalar_one_or_none() is None:
            raise NotFoundError(f"resident {person.resident_id} is not there")
        return person.resident_id
    name = person.name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise FieldError("name", "is missing or too long; write the person's name")
    if person.phone:
        same = select(Resident.id, Resident.name).where(
            Resident.community_id == community_id, Resident.phone == person.phone
        )
        for resident_id, known_as in session.execute(same.limit(1)):
            if known_as != name:
                raise FieldError("phone", "belongs to somebody else on record; check the number")
            return int(resident_id)
    key = new_id(session, now)
    row = {"community_id": community_id, "id": key, "name": name, "title": person.title or None}
    stamps = {"phone": person.phone or None, "created_at": now, "updated_at": now}
    session.execute(insert(Resident), row | stamps)
    return key


def ensure_binding(
    session: Session, community_id: int, resident_id: int, room_id: int, role: BindingRole, now: datetime
) -> None:
    """Tie a resident to a home in a role; once is enough."""
    present = select(Binding.id).where(
        Binding.community_id == community_id,
        Binding.resident_id == resident_id,
        Binding.room_id == room_id,
        Binding.role == role,
        Binding.until.is_(None),
    )
    if session.execute(present.limit(1)).first() is None:
        row = {"community_id": community_id, "id": new_id(session, now), "resident_id": resident_id}
        session.execute(insert(Binding), row | {"room_id": room_id, "role": role, "since": now})


def role_at(session: Session, community_id: int, resident_id: int, room_id: int) -> BindingRole | None:
    """In what capacity a resident is bound to a home already, or None."""
    return session.execute(
        select(Binding.role)
        .where(
            Binding.community_id == community_id,
            Binding.resident_id == resident_id,
            Binding.room_id == room_id,
            Binding.until.is_(None),
        )
        .order_by(Binding.since, Binding.id)
        .limit(1)
    ).scalar_one_or_none()


def unbind(
    session: Session, actor: Actor, community_id: int, resident_id: int, room_id: int, *, reason: str, now: datetime
) -> None:
    """End a resident's tie to a home: unused codes end with it, and without any home left nothing is known any more.

    What was reported stays with the ticket. Raises NotFoundError when there is no such tie.
    """
    tie = (Binding.community_id == community_id, Binding.resident_id == resident_id, Binding.until.is_(None))
    ended = session.execute(update(Binding).where(*tie, Binding.room_id == room_id).values(until=now))
    if ended.rowcount == 0:  # type: ignore[attr-defined]
        raise NotFoundError(f"resident {resident_id} is not bound to room {room_id}")
    session.execute(
        update(BindingCode)
        .where(
            BindingCode.community_id == community_id,
            BindingCode.resident_id == resident_id,
            BindingCode.room_id == room_id,
            BindingCode.used_at.is_(None),
            BindingCode.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    if not session.execute(select(exists().where(*tie))).scalar_one():
        session.execute(
            update(Contact)
            .where(Contact.community_id == community_id, Contact.resident_id == resident_id)
            .values(resident_id=None)
        )
    detail = {"resident": str(resident_id)}
    write_record(
        session, actor, community_id, "binding:ended", ("room", room_id), reason=reason, detail=detail, now=now
    )


def end_binding(
    session: Session, staff: StaffIdentity, room_id: int, resident_id: int, *, reason: str, now: datetime
) -> None:
    """End a tie at move-out, by a member of staff. Raises NotAllowedError, FieldError without a reason, as `unbind`."""
    require(staff, Permission.BINDING_MANAGE)
    if not reason.strip():
        raise FieldError("reason", "is missing; say why the tie ends")
    actor = Actor.staff(staff.staff_id)
    unbind(session, actor, staff.community_id, resident_id, room_id, reason=reason.strip(), now=now)
