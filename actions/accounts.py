"""Staff accounts as an administrator keeps them: added and changed; every change on record (domain.md C6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.account_list import account
from actions.actors import Actor
from actions.errors import FieldError
from actions.fingerprints import refuse_stale
from actions.ids import new_id
from actions.records import write_record
from actions.staffing import NewStaff, create_staff
from actions.tables import (
    Area,
    Building,
    Community,
    Department,
    Role,
    RosterEntry,
    Staff,
    StaffRole,
)
from actions.tables.base import Tenant

_LONGEST_NAME = 40
_LONGEST_LOGIN = 32
_LONGEST_PHONE = 20


@dataclass(frozen=True, slots=True)
class Details:
    """What an administrator may say of a member; without a `phone` the one on record stays, an empty one removes it."""

    name: str
    roles: frozenset[Role]
    department_id: int | None = None
    building_ids: frozenset[int] = frozenset()
    phone: str | None = None


def add_account(
    session: Session, staff: StaffIdentity, login: str, details: Details, password_hash: str, now: datetime
) -> int:
    """Add a member, who must change the password at the first sign-in; returns their id.

    Raises NotAllowedError, and FieldError for what cannot be: a login that is taken, a missing name, no role.
    """
    require(staff, Permission.STAFF_MANAGE)
    lock_staff(session, staff.community_id)
    if not (login.isascii() and login.isprintable() and len(login) <= _LONGEST_LOGIN and " " not in login.strip()):
        raise FieldError("login", "should be Latin letters and digits without spaces")
    _check(session, staff.community_id, details)
    new = NewStaff(
        login,
        details.name,
        details.roles,
        password_hash=password_hash,
        department_id=details.department_id,
        phone=details.phone or None,
    )
    staff_id = create_staff(session, staff.community_id, new, now, by=staff.staff_id)
    session.flush()
    _keep_areas(session, staff.community_id, staff_id, details.building_ids, now)
    return staff_id


def change_account(
    session: Session, staff: StaffIdentity, staff_id: int, details: Details, *, mark: str, now: datetime
) -> None:
    """Change what is said of a member; rights count from their next click on, shifts in roles that they lost end.

    Raises NotAllowedError, NotFoundError, FieldError (the last administrator stays one), and ConflictError when
    somebody changed the account since the page showed it as `mark`.
    """
    require(staff, Permission.STAFF_MANAGE)
    lock_staff(session, staff.community_id)
    before = account(session, staff, staff_id)
    refuse_stale(mark, before.mark)
    _check(session, staff.community_id, details)
    if Role.ADMINISTRATOR not in details.roles:
        keep_an_administrator(session, staff.community_id, staff_id)
    values = {"name": details.name.strip(), "department_id": details.department_id}
    if details.phone is not None:
        values["phone"] = details.phone or None
    key = (Staff.community_id == staff.community_id, Staff.id == staff_id)
    session.execute(update(Staff).where(*key).values(values))
    lost = frozenset(before.roles) - details.roles
    _keep_roles(session, staff.community_id, staff_id, details.roles, now)
    _keep_areas(session, staff.community_id, staff_id, details.building_ids, now)
    _end_shifts(session, staff.community_id, staff_id, lost, now)
    detail = {
        "roles": sorted(details.roles),
        "roles_before": sorted(before.roles),
        "name_before": before.name,
        "phone_changed": details.phone is not None,
    }
    actor = Actor.staff(staff.staff_id)
    write_record(session, actor, staff.community_id, "staff:changed", ("staff", staff_id), detail=detail, now=now)


def lock_staff(session: Session, community_id: int) -> None:
    """Let the changes of a community's accounts take turns: two administrators must not dismiss each other."""
    session.execute(select(Community.id).where(Community.id == community_id).with_for_update())


def keep_an_administrator(session: Session, community_id: int, staff_id: int) -> None:
    """Raise FieldError when nobody but this member could let people in."""
    others = (
        select(Staff.id)
        .join(StaffRole, and_(StaffRole.community_id == Staff.community_id, StaffRole.staff_id == Staff.id))
        .where(
            Staff.community_id == community_id,
            Staff.id != staff_id,
            Staff.active,
            Staff.password_hash.is_not(None),
            StaffRole.role == Role.ADMINISTRATOR,
        )
    )
    if session.execute(others.limit(1)).first() is None:
        raise FieldError("last_administrator", "must stay; make somebody else an administrator first")


def _check(session: Session, community_id: int, details: Details) -> None:
    if not 0 < len(details.name.strip()) <= _LONGEST_NAME:
        raise FieldError("name", f"is missing or longer than {_LONGEST_NAME} characters")
    if not details.roles:
        raise FieldError("roles", "at least one is needed")
    digits = [sign for sign in details.phone or "" if sign not in "+-"]
    if details.phone and not (all(sign.isdecimal() for sign in digits) and len(details.phone) <= _LONGEST_PHONE):
        raise FieldError("phone", "is no telephone number")
    if details.department_id is not None:
        _check_ids(session, community_id, Department, frozenset({details.department_id}), "department")
    _check_ids(session, community_id, Building, details.building_ids, "buildings")


def _check_ids(session: Session, community_id: int, table: type[Tenant], ids: frozenset[int], field: str) -> None:
    found = select(func.count()).select_from(table).where(table.community_id == community_id, table.id.in_(ids))
    if session.execute(found).scalar_one() != len(ids):
        raise FieldError(field, "is not one of this community")


def _keep_roles(session: Session, community_id: int, staff_id: int, roles: Iterable[Role], now: datetime) -> None:
    key = (StaffRole.community_id == community_id, StaffRole.staff_id == staff_id)
    present = set(session.execute(select(StaffRole.role).where(*key)).scalars())
    session.execute(delete(StaffRole).where(*key, StaffRole.role.not_in(list(roles))))
    fresh = [
        {"community_id": community_id, "id": new_id(session, now), "staff_id": staff_id, "role": role}
        for role in sorted(roles)
        if role not in present
    ]
    if fresh:
        session.execute(insert(StaffRole), fresh)


def _keep_areas(session: Session, community_id: int, staff_id: int, building_ids: Iterable[int], now: datetime) -> None:
    key = (Area.community_id == community_id, Area.staff_id == staff_id)
    session.execute(delete(Area).where(*key))
    fresh = [
        {"community_id": community_id, "id": new_id(session, now), "staff_id": staff_id, "building_id": building_id}
        for building_id in sorted(building_ids)
    ]
    if fresh:
        session.execute(insert(Area), fresh)


def _end_shifts(session: Session, community_id: int, staff_id: int, lost: Iterable[Role], now: datetime) -> None:
    theirs = (
        RosterEntry.community_id == community_id,
        RosterEntry.staff_id == staff_id,
        RosterEntry.role.in_(list(lost)),
    )
    session.execute(delete(RosterEntry).where(*theirs, RosterEntry.starts_at >= now))
    session.execute(update(RosterEntry).where(*theirs, RosterEntry.ends_at > now).values(ends_at=now))
