"""Staff accounts as an administrator keeps them: listed, added, changed; every change on record (domain.md C6)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.errors import FieldError, NotFoundError
from actions.fingerprints import fingerprint, refuse_stale
from actions.ids import new_id
from actions.records import write_record
from actions.staffing import NewStaff, create_staff
from actions.tables import (
    Area,
    Building,
    Community,
    Conversation,
    Department,
    Role,
    RosterEntry,
    Staff,
    StaffRole,
    StaffSession,
    Ticket,
)
from actions.tables.base import Tenant
from actions.transitions import RUNNING
from actions.views import masked

_LONGEST_NAME = 40
_LONGEST_LOGIN = 32
_LONGEST_PHONE = 20


@dataclass(frozen=True, slots=True)
class Account:
    """A member as the administrator sees them; `mark` says which state of the account this is.

    `last_seen_at` is None for somebody who never signed in. `tickets` counts the open tickets they are in charge of,
    `talks` the conversations that they hold.
    """

    id: int
    login: str
    name: str
    roles: tuple[Role, ...]
    department_id: int | None
    department: str | None
    buildings: Mapping[int, str]
    masked_phone: str | None
    active: bool
    must_change_password: bool
    last_seen_at: datetime | None
    tickets: int
    talks: int
    mark: str


@dataclass(frozen=True, slots=True)
class Details:
    """What an administrator may say of a member; without a `phone` the one on record stays, an empty one removes it."""

    name: str
    roles: frozenset[Role]
    department_id: int | None = None
    building_ids: frozenset[int] = frozenset()
    phone: str | None = None


def accounts(session: Session, staff: StaffIdentity) -> tuple[Account, ...]:
    """Everybody of the community, those who work there first. Raises NotAllowedError."""
    require(staff, Permission.STAFF_MANAGE)
    return _read(session, staff.community_id, None)


def account(session: Session, staff: StaffIdentity, staff_id: int) -> Account:
    """One member. Raises NotAllowedError, or NotFoundError for another community's."""
    require(staff, Permission.STAFF_MANAGE)
    found = _read(session, staff.community_id, staff_id)
    if not found:
        raise NotFoundError(f"staff {staff_id} is not there")
    return found[0]


def departments(session: Session, staff: StaffIdentity) -> Mapping[int, str]:
    """The departments to which a member can belong. Raises NotAllowedError."""
    require(staff, Permission.STAFF_MANAGE)
    query = select(Department.id, Department.name).where(Department.community_id == staff.community_id)
    return dict(session.execute(query.order_by(Department.id)).all())


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


def _read(session: Session, community_id: int, staff_id: int | None) -> tuple[Account, ...]:
    query = (
        select(Staff, Department.name)
        .outerjoin(
            Department, and_(Department.community_id == Staff.community_id, Department.id == Staff.department_id)
        )
        .where(Staff.community_id == community_id)
        .order_by(Staff.active.desc(), Staff.id)
        .execution_options(populate_existing=True)
    )
    if staff_id is not None:
        query = query.where(Staff.id == staff_id)
    roles: dict[int, list[Role]] = defaultdict(list)
    for owner, role in session.execute(
        select(StaffRole.staff_id, StaffRole.role).where(StaffRole.community_id == community_id)
    ):
        roles[owner].append(role)
    areas: dict[int, dict[int, str]] = defaultdict(dict)
    for owner, building_id, building in session.execute(
        select(Area.staff_id, Building.id, Building.name)
        .join(Building, and_(Building.community_id == Area.community_id, Building.id == Area.building_id))
        .where(Area.community_id == community_id)
        .order_by(Building.id)
    ):
        areas[owner][building_id] = building
    counts = _Counts.read(session, community_id)
    return tuple(
        _account(row, department, tuple(sorted(roles[row.id], key=list(Role).index)), areas[row.id], counts)
        for row, department in session.execute(query)
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """What each member has in hand, and when they were last seen."""

    seen: Mapping[int, datetime]
    tickets: Mapping[int | None, int]
    talks: Mapping[int | None, int]

    @classmethod
    def read(cls, session: Session, community_id: int) -> "_Counts":
        seen = select(StaffSession.staff_id, func.max(StaffSession.last_seen_at)).group_by(StaffSession.staff_id)
        tickets = select(Ticket.assignee_id, func.count()).group_by(Ticket.assignee_id)
        talks = select(Conversation.staff_id, func.count()).group_by(Conversation.staff_id)
        return cls(
            seen=dict(session.execute(seen.where(StaffSession.community_id == community_id)).all()),
            tickets=dict(
                session.execute(tickets.where(Ticket.community_id == community_id, Ticket.status.in_(RUNNING))).all()
            ),
            talks=dict(
                session.execute(
                    talks.where(Conversation.community_id == community_id, Conversation.held_since.is_not(None))
                ).all()
            ),
        )


def _account(
    row: Staff, department: str | None, roles: tuple[Role, ...], buildings: Mapping[int, str], counts: _Counts
) -> Account:
    return Account(
        id=row.id,
        login=row.login,
        name=row.name,
        roles=roles,
        department_id=row.department_id,
        department=department,
        buildings=buildings,
        masked_phone=masked(row.phone),
        active=row.active,
        must_change_password=row.must_change_password,
        last_seen_at=counts.seen.get(row.id),
        tickets=counts.tickets.get(row.id, 0),
        talks=counts.talks.get(row.id, 0),
        mark=fingerprint(row.name, row.phone, row.department_id, row.active, roles, sorted(buildings)),
    )
