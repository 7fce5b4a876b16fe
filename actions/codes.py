"""One-time binding codes (绑定码): issued by staff, typed by residents, hashed at rest, guarded against guessing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.bindings import Person, address_of, ensure_binding, resident_for
from actions.contacts import Home, bind
from actions.errors import FieldError
from actions.ids import new_id
from actions.records import write_record
from actions.tables import AuditEntry, Binding, BindingCode, BindingRole, Contact, Resident, Room

CODE_LASTS = timedelta(days=14)
"""How long a code can be used, which leaves time for a slip in the letter box."""

SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""What codes are made of: nothing that is mistaken for something else on paper."""

CODE_LENGTH = 6
_GROUP = 4
_LEAST_OF_EACH = 2
_WRONG = "binding:wrong_code"
_WINDOW = timedelta(hours=1)
_WRONG_PER_CONTACT = 5
# Whoever throws cookies away is a new contact each time, so all strangers together are counted as well.
_WRONG_PER_COMMUNITY = 60
_MOST_SLIPS = 400


@dataclass(frozen=True, slots=True)
class Issued:
    """A code as it is handed over, the only time that it can be read."""

    code: str
    home: Home
    name: str
    expires_at: datetime


class Outcome(StrEnum):
    """What came of a code that was typed; why a wrong one is wrong is not told."""

    BOUND = "bound"
    ALREADY = "already"
    WRONG = "wrong"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome, and the home that the contact is bound to where there is one."""

    outcome: Outcome
    home: Home | None = None


def issue_code(
    session: Session, staff: StaffIdentity, room_id: int, role: BindingRole, person: Person, now: datetime
) -> Issued:
    """Make a code that binds whoever types it to the home as this person; earlier unused ones of theirs end.

    Raises NotAllowedError, NotFoundError for a home or person of elsewhere, FieldError for a person without a name.
    """
    require(staff, Permission.BINDING_MANAGE)
    home = address_of(session, staff.community_id, room_id, role)
    resident_id = resident_for(session, staff.community_id, person, now)
    return _issue(session, staff, home, resident_id, now)


def issue_for_building(session: Session, staff: StaffIdentity, building_id: int, now: datetime) -> tuple[Issued, ...]:
    """A code for everybody of a building who is on record and writes from no address yet, by address.

    Raises NotAllowedError, or FieldError when nobody is left.
    """
    require(staff, Permission.BINDING_MANAGE)
    community_id = staff.community_id
    reached = select(Contact.resident_id).where(Contact.community_id == community_id, Contact.resident_id.is_not(None))
    rows = session.execute(
        select(Binding.resident_id, Binding.room_id, Binding.role)
        .join(Room, (Room.community_id == Binding.community_id) & (Room.id == Binding.room_id))
        .where(
            Binding.community_id == community_id,
            Room.building_id == building_id,
            Binding.until.is_(None),
            Binding.resident_id.not_in(reached),
        )
        .order_by(Room.unit_id, Room.name, Binding.id)
        .limit(_MOST_SLIPS)
    ).all()
    if not rows:
        raise FieldError("building", "has nobody on record who is not reached yet")
    return tuple(
        _issue(session, staff, address_of(session, community_id, room_id, role), resident_id, now)
        for resident_id, room_id, role in rows
    )


def try_code(session: Session, community_id: int, contact_id: int, code: str, now: datetime) -> Tried:
    """Bind a contact by a code that was typed; a wrong one is counted, and after some nothing is tried any more."""
    if _is_blocked(session, community_id, contact_id, now):
        return Tried(Outcome.BLOCKED)
    row = session.execute(
        select(BindingCode)
        .where(BindingCode.community_id == community_id, BindingCode.code_hash == _digest(community_id, code))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    actor = Actor.resident(contact_id)
    if row is not None and row.used_by == contact_id and row.used_at is not None:
        return Tried(Outcome.ALREADY, address_of(session, community_id, row.room_id, row.role))
    if row is None or row.used_at is not None or row.revoked_at is not None or row.expires_at <= now:
        write_record(session, actor, community_id, _WRONG, ("contact", contact_id), now=now)
        return Tried(Outcome.WRONG)
    row.used_at, row.used_by = now, contact_id
    session.flush()
    home = address_of(session, community_id, row.room_id, row.role)
    resident_id = _resident_of(session, community_id, contact_id)
    if resident_id is None:
        resident_id = row.resident_id
        bind(session, community_id, contact_id, resident_id)
    ensure_binding(session, community_id, resident_id, row.room_id, row.role, now)
    detail = {"room": str(row.room_id), "role": row.role.value, "resident": str(resident_id), "by": "code"}
    write_record(session, actor, community_id, "binding:made", ("contact", contact_id), detail=detail, now=now)
    return Tried(Outcome.BOUND, home)


def new_code() -> str:
    """A random code with letters and digits in it, so that no word and no number is taken for one."""
    while True:
        code = "".join(secrets.choice(SIGNS) for _ in range(CODE_LENGTH))
        digits = sum(sign.isdigit() for sign in code)
        if _LEAST_OF_EACH <= digits <= CODE_LENGTH - _LEAST_OF_EACH:
            return code


def as_printed(code: str) -> str:
    """A code as it is printed, in two groups."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def _issue(session: Session, staff: StaffIdentity, home: Home, resident_id: int, now: datetime) -> Issued:
    community_id = staff.community_id
    session.execute(
        update(BindingCode)
        .where(
            BindingCode.community_id == community_id,
            BindingCode.room_id == home.room_id,
            BindingCode.resident_id == resident_id,
            BindingCode.used_at.is_(None),
            BindingCode.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    code = new_code()
    row = {
        "community_id": community_id,
        "id": new_id(session, now),
        "resident_id": resident_id,
        "room_id": home.room_id,
        "role": home.role,
        "code_hash": _digest(community_id, code),
        "issued_by": staff.staff_id,
        "created_at": now,
        "expires_at": now + CODE_LASTS,
    }
    session.execute(insert(BindingCode), row)
    actor, detail = Actor.staff(staff.staff_id), {"resident": str(resident_id), "role": home.role.value}
    write_record(session, actor, community_id, "binding:code_issued", ("room", home.room_id), detail=detail, now=now)
    name = session.execute(
        select(Resident.name).where(Resident.community_id == community_id, Resident.id == resident_id)
    ).scalar_one()
    return Issued(as_printed(code), home, name, now + CODE_LASTS)


def _digest(community_id: int, code: str) -> str:
    # A fast hash is enough: who can read this table can read the bills that a code would open. It keeps codes that
    # are still good out of backups and off screens, and the community in it keeps one code from opening another estate.
    return hashlib.sha256(f"{community_id}:{code}".encode()).hexdigest()


def _is_blocked(session: Session, community_id: int, contact_id: int, now: datetime) -> bool:
    wrong = (
        AuditEntry.community_id == community_id,
        AuditEntry.at > now - _WINDOW,
        AuditEntry.action == _WRONG,
    )
    everybody, own = session.execute(
        select(func.count(), func.count().filter(AuditEntry.subject_id == contact_id)).where(*wrong)
    ).one()
    return bool(everybody >= _WRONG_PER_COMMUNITY or own >= _WRONG_PER_CONTACT)


def _resident_of(session: Session, community_id: int, contact_id: int) -> int | None:
    return session.execute(
        select(Contact.resident_id)
        .where(Contact.community_id == community_id, Contact.id == contact_id)
        .with_for_update()
    ).scalar_one()
