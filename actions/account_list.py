"""Staff accounts as an administrator sees them: who they are, what they have in hand."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.errors import NotFoundError
from actions.fingerprints import fingerprint
from actions.tables import Area, Building, Conversation, Department, Role, Staff, StaffRole, StaffSession, Ticket
from actions.transitions import RUNNING
from actions.views import masked


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
