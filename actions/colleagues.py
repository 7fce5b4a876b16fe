"""The members of a community whom a note can call by name."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.tables import Department, RosterEntry, Staff

_MOST = 8


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member as a list of names shows them."""

    name: str
    department: str | None


def colleagues(session: Session, staff: StaffIdentity, begins: str, now: datetime) -> tuple[Colleague, ...]:
    """The active members other than oneself whose name or login begins so, those on duty first."""
    on_duty = (
        select(RosterEntry.id)
        .where(
            RosterEntry.community_id == Staff.community_id,
            RosterEntry.staff_id == Staff.id,
            RosterEntry.starts_at <= now,
            RosterEntry.ends_at > now,
        )
        .correlate(Staff)
        .exists()
    )
    rows = session.execute(
        select(Staff.name, Department.name)
        .outerjoin(
            Department, and_(Department.community_id == Staff.community_id, Department.id == Staff.department_id)
        )
        .where(
            Staff.community_id == staff.community_id,
            Staff.active,
            Staff.id != staff.staff_id,
            or_(Staff.name.startswith(begins, autoescape=True), Staff.login.startswith(begins, autoescape=True)),
        )
        .order_by(on_duty.desc(), Staff.name)
        .limit(_MOST)
    )
    return tuple(Colleague(*row) for row in rows)


def everybody(session: Session, staff: StaffIdentity) -> tuple[tuple[int, str], ...]:
    """All who work or worked at the member's community, as id and name, for a list to choose from."""
    rows = session.execute(
        select(Staff.id, Staff.name).where(Staff.community_id == staff.community_id).order_by(Staff.name)
    )
    return tuple((row[0], row[1]) for row in rows)
