"""Sets up who works for an estate: departments, areas of responsibility (责任区域) and the shifts of the roster.

As in `actions.estate`, every function adds what is missing and returns how many rows it added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from actions.actors import SYSTEM
from actions.estate import building_ids
from actions.ids import new_id
from actions.staffing import NewStaff, create_staff, set_password
from actions.tables import Area, AuditEntry, Department, Role, RosterEntry, Staff

LOADED = "community:loaded"
"""The audit entry that says that a community's set-up came to its end."""


@dataclass(frozen=True, slots=True)
class NewMember:
    """A person of the staff: the department's code, and the names of the buildings they keep house for."""

    login: str
    name: str
    roles: frozenset[Role]
    department: str | None = None
    phone: str | None = None
    area: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewShift:
    """One person on duty in one role."""

    login: str
    role: Role
    starts_at: datetime
    ends_at: datetime


def add_departments(session: Session, community_id: int, departments: Mapping[str, str], now: datetime) -> int:
    """Add departments, given as code and name."""
    present = _department_ids(session, community_id)
    fresh = [
        {"community_id": community_id, "id": new_id(session, now), "code": code, "name": name}
        for code, name in departments.items()
        if code not in present
    ]
    if fresh:
        session.execute(insert(Department), fresh)
    return len(fresh)


def add_members(session: Session, community_id: int, members: Sequence[NewMember], now: datetime) -> int:
    """Add staff without passwords, each with roles and area; a login that exists is left alone."""
    present = staff_ids(session, community_id)
    departments = _department_ids(session, community_id)
    buildings = building_ids(session, community_id)
    fresh = [member for member in members if member.login not in present]
    for member in fresh:
        department_id = None if member.department is None else departments[member.department]
        staff_id = create_staff(
            session,
            community_id,
            NewStaff(member.login, member.name, member.roles, department_id=department_id, phone=member.phone),
            now,
        )
        for building in member.area:
            key = new_id(session, now)
            session.add(Area(community_id=community_id, id=key, staff_id=staff_id, building_id=buildings[building]))
    return len(fresh)


def add_shifts(session: Session, community_id: int, shifts: Sequence[NewShift], now: datetime) -> int:
    """Add shifts; one person begins one shift at one moment."""
    if not shifts:
        return 0
    staff = staff_ids(session, community_id)
    present = set(
        session.execute(
            select(RosterEntry.staff_id, RosterEntry.role, RosterEntry.starts_at).where(
                RosterEntry.community_id == community_id,
                RosterEntry.starts_at.between(
                    min(shift.starts_at for shift in shifts), max(shift.starts_at for shift in shifts)
                ),
            )
        ).all()
    )
    fresh = [
        {
            "community_id": community_id,
            "id": new_id(session, now),
            "staff_id": staff[shift.login],
            "role": shift.role,
            "starts_at": shift.starts_at,
            "ends_at": shift.ends_at,
        }
        for shift in shifts
        if (staff[shift.login], shift.role, shift.starts_at) not in present
    ]
    if fresh:
        session.execute(insert(RosterEntry), fresh)
    return len(fresh)


def finish_set_up(session: Session, community_id: int, password_hashes: Mapping[str, str], now: datetime) -> bool:
    """Give the first passwords and record that the set-up is complete, both or neither; False when it was already.

    The passwords are printed after this commit, so one that was printed is always the one that works.
    """
    if is_set_up(session, community_id):
        return False
    staff = staff_ids(session, community_id)
    for login, password_hash in password_hashes.items():
        set_password(session, community_id, staff[login], password_hash, must_change=True)
    session.add(
        AuditEntry(
            community_id=community_id,
            id=new_id(session, now),
            at=now,
            actor=SYSTEM.kind,
            actor_id=SYSTEM.id,
            action=LOADED,
            subject="community",
            subject_id=community_id,
        )
    )
    return True


def is_set_up(session: Session, community_id: int) -> bool:
    """Whether the set-up of a community came to its end."""
    query = select(AuditEntry.id).where(AuditEntry.community_id == community_id, AuditEntry.action == LOADED)
    return session.execute(query.limit(1)).first() is not None


def staff_ids(session: Session, community_id: int) -> dict[str, int]:
    """The staff of a community by login."""
    rows = session.execute(select(Staff.login, Staff.id).where(Staff.community_id == community_id))
    return dict(rows.all())


def _department_ids(session: Session, community_id: int) -> dict[str, int]:
    rows = session.execute(select(Department.code, Department.id).where(Department.community_id == community_id))
    return dict(rows.all())
