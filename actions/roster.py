"""Who is on duty, and who is told when nobody is: no step of a ladder may fall silent (domain.md C4, C9)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.tables import Role, RosterEntry, Staff, StaffRole

_UPWARDS = (Role.SUPERVISOR, Role.MANAGER, Role.QUALITY, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A staff member on duty, in the role of the shift."""

    staff_id: int
    name: str
    role: Role
    until: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """Who is to be told, and as what: a role, or `assignee`. No members means that the community has nobody."""

    role: str
    staff_ids: tuple[int, ...]


def on_duty(session: Session, community_id: int, role: Role, now: datetime) -> tuple[OnDuty, ...]:
    """The active members whose shift in this role covers the moment, whoever began first leading."""
    rows = session.execute(
        select(RosterEntry.staff_id, Staff.name, RosterEntry.ends_at)
        .join(Staff, (Staff.community_id == RosterEntry.community_id) & (Staff.id == RosterEntry.staff_id))
        .where(
            RosterEntry.community_id == community_id,
            RosterEntry.role == role,
            RosterEntry.starts_at <= now,
            RosterEntry.ends_at > now,
            Staff.active,
        )
        .order_by(RosterEntry.starts_at, RosterEntry.id)
    )
    shifts = {staff_id: OnDuty(staff_id, name, role, until) for staff_id, name, until in rows}
    return tuple(shifts.values())


def roles_of(session: Session, community_id: int, staff_id: int) -> frozenset[Role]:
    """The roles of an active member of the community; none for anybody else."""
    return frozenset(
        session.execute(
            select(StaffRole.role)
            .join(Staff, (Staff.community_id == StaffRole.community_id) & (Staff.id == StaffRole.staff_id))
            .where(StaffRole.community_id == community_id, StaffRole.staff_id == staff_id, Staff.active)
        ).scalars()
    )


def is_active(session: Session, community_id: int, staff_id: int) -> bool:
    """Whether this is a member of the community who still works there."""
    query = select(Staff.id).where(Staff.community_id == community_id, Staff.id == staff_id, Staff.active)
    return session.execute(query).scalar_one_or_none() is not None


def recipients(
    session: Session, community_id: int, role: Role, now: datetime, *, without: Collection[int] = ()
) -> Told:
    """Who is told of something meant for a role.

    Whoever is on duty in it; if nobody is, on duty in the next role upwards; if no shift covers the moment at all,
    every active member of the role, or of the next role upwards that has any. `without` are never told: the member
    complained about.
    """
    upwards = stand_ins(role)
    for one in upwards:
        if found := _but([shift.staff_id for shift in on_duty(session, community_id, one, now)], without):
            return Told(one, found)
    for one in upwards:
        if found := _but(_members(session, community_id, one), without):
            return Told(one, found)
    return Told(role, ())


def successors(
    session: Session, community_id: int, role: Role, now: datetime, *, without: Collection[int]
) -> Told | None:
    """Who is told next when those before have not seen an alert: on duty first, upwards, then the monitoring centre.

    None when the community has nobody left; `without` are those before, and the member complained about.
    """
    # The monitoring centre is staffed at all hours, so nobody waits for more than two others before it.
    upwards = stand_ins(role)
    chain = dict.fromkeys((*upwards[:2], Role.MONITORING, *upwards[2:], Role.AGENT))
    for one in chain:
        if found := _but([shift.staff_id for shift in on_duty(session, community_id, one, now)], without):
            return Told(one, found)
    for one in chain:
        if found := _but(_members(session, community_id, one), without):
            return Told(one, found)
    return None


def stand_ins(role: Role) -> tuple[Role, ...]:
    """The role itself and whoever stands in for it, nearest first; the monitoring centre covers the desk (A10)."""
    if role is Role.AGENT:
        return (role, Role.MONITORING, *_UPWARDS)
    if role not in _UPWARDS:
        return (role, *_UPWARDS)
    rank = _UPWARDS.index(role)
    # Past the top it goes on from below: told to somebody lower is better than told to nobody.
    return _UPWARDS[rank:] + _UPWARDS[:rank][::-1]


def _members(session: Session, community_id: int, role: Role) -> Sequence[int]:
    return (
        session.execute(
            select(StaffRole.staff_id)
            .join(Staff, (Staff.community_id == StaffRole.community_id) & (Staff.id == StaffRole.staff_id))
            .where(StaffRole.community_id == community_id, StaffRole.role == role, Staff.active)
            .order_by(StaffRole.staff_id)
        )
        .scalars()
        .all()
    )


def _but(staff_ids: Sequence[int], without: Collection[int]) -> tuple[int, ...]:
    return tuple(staff_id for staff_id in staff_ids if staff_id not in without)
