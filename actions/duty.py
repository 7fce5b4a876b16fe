"""The roster as leaders keep it: who is on duty when; shifts added, removed and copied (domain.md A10, C4)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.accounts import lock_staff
from actions.actors import Actor
from actions.errors import FieldError, NotFoundError
from actions.ids import new_id
from actions.records import write_record
from actions.roster import roles_of
from actions.tables import Role, RosterEntry, Staff, StaffRole

WEEK = timedelta(days=7)
MOST_DAYS = 62
_DAY = timedelta(days=1)
_FRIDAY = 4
_SHOWN = (
    RosterEntry.id,
    RosterEntry.staff_id,
    Staff.name,
    RosterEntry.role,
    RosterEntry.starts_at,
    RosterEntry.ends_at,
)


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of somebody who works here."""

    id: int
    staff_id: int
    name: str
    role: Role
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody who can be put on duty in a role."""

    staff_id: int
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class NewShifts:
    """A shift on each of some days, by local times; one that does not end later than it begins ends on the next day."""

    staff_id: int
    role: Role
    first: date
    last: date
    begins: time
    ends: time
    workdays_only: bool = False

    def moments(self, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """When each of the shifts begins and ends."""
        for offset in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=offset)
            if not (self.workdays_only and day.weekday() > _FRIDAY):
                until = day if self.ends > self.begins else day + _DAY
                yield datetime.combine(day, self.begins, zone), datetime.combine(until, self.ends, zone)


def shifts_between(session: Session, staff: StaffIdentity, begin: datetime, end: datetime) -> tuple[Shift, ...]:
    """The shifts that touch a period, of those who work here; the earliest first. Raises NotAllowedError."""
    require(staff, Permission.ROSTER_MANAGE)
    rows = session.execute(
        select(
            RosterEntry.id,
            RosterEntry.staff_id,
            Staff.name,
            RosterEntry.role,
            RosterEntry.starts_at,
            RosterEntry.ends_at,
        )
        .join(Staff, and_(Staff.community_id == RosterEntry.community_id, Staff.id == RosterEntry.staff_id))
        .where(
            RosterEntry.community_id == staff.community_id,
            RosterEntry.starts_at < end,
            RosterEntry.ends_at > begin,
            Staff.active,
        )
        .order_by(RosterEntry.starts_at, RosterEntry.id)
    )
    return tuple(Shift(*row) for row in rows)


def posts(session: Session, staff: StaffIdentity) -> tuple[Post, ...]:
    """Everybody who works here in each of their roles, by role. Raises NotAllowedError."""
    require(staff, Permission.ROSTER_MANAGE)
    rows = session.execute(
        select(Staff.id, Staff.name, StaffRole.role)
        .join(StaffRole, and_(StaffRole.community_id == Staff.community_id, StaffRole.staff_id == Staff.id))
        .where(Staff.community_id == staff.community_id, Staff.active)
        .order_by(Staff.id)
    )
    return tuple(sorted((Post(*row) for row in rows), key=lambda post: list(Role).index(post.role)))


def add_shifts(session: Session, staff: StaffIdentity, new: NewShifts, zone: ZoneInfo, now: datetime) -> int:
    """Put somebody on duty on each of the days; how many shifts that makes.

    Raises NotAllowedError, NotFoundError for somebody who does not work here in that role, and FieldError for days
    that are past or too many, or a shift that lies over one that they have in the same role.
    """
    require(staff, Permission.ROSTER_MANAGE)
    lock_staff(session, staff.community_id)
    if new.role not in roles_of(session, staff.community_id, new.staff_id):
        raise NotFoundError(f"staff {new.staff_id} is not there as {new.role}")
    if not new.first <= new.last < new.first + timedelta(days=MOST_DAYS):
        raise FieldError("last", f"should not lie before the first day, nor {MOST_DAYS} days after it")
    wanted = [Shift(0, new.staff_id, "", new.role, *moments) for moments in new.moments(zone)]
    if not wanted or wanted[0].ends_at <= now:
        raise FieldError("first", "has no shift that lies ahead")
    present = shifts_between(session, staff, wanted[0].starts_at, wanted[-1].ends_at)
    if any(_over(one, present) for one in wanted):
        raise FieldError("shift", "lies over one that they have already")
    _insert(session, staff.community_id, wanted, now)
    _record(session, staff, "shift:added", ("staff", new.staff_id), wanted, now)
    return len(wanted)


def remove_shift(session: Session, staff: StaffIdentity, shift_id: int, now: datetime) -> None:
    """Take a shift away; one that has begun ends now, and one that is over stays on record.

    Raises NotAllowedError, NotFoundError, FieldError for a shift that is over.
    """
    require(staff, Permission.ROSTER_MANAGE)
    key = (RosterEntry.community_id == staff.community_id, RosterEntry.id == shift_id)
    row = session.execute(select(RosterEntry).where(*key).with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFoundError(f"shift {shift_id} is not there")
    if row.ends_at <= now:
        raise FieldError("shift", "is over and stays on record")
    gone = Shift(row.id, row.staff_id, "", row.role, row.starts_at, row.ends_at)
    if row.starts_at < now:
        session.execute(update(RosterEntry).where(*key).values(ends_at=now))
    else:
        session.execute(delete(RosterEntry).where(*key))
    _record(session, staff, "shift:removed", ("staff", gone.staff_id), [gone], now)


def copy_week(session: Session, staff: StaffIdentity, monday: date, zone: ZoneInfo, now: datetime) -> int:
    """Repeat the shifts of the week before in the week that begins on `monday`; how many were new.

    Left out are shifts that would be over, that lie over others, and those of members who left or lost the role.
    Raises NotAllowedError, FieldError for a day that is no Monday.
    """
    require(staff, Permission.ROSTER_MANAGE)
    lock_staff(session, staff.community_id)
    if monday.weekday() != 0:
        raise FieldError("week", "does not begin on a Monday")
    begin = datetime.combine(monday, time(0), zone)
    before = datetime.combine(monday - WEEK, time(0), zone)
    present = shifts_between(session, staff, begin, begin + WEEK + _DAY)
    able = {(post.staff_id, post.role) for post in posts(session, staff)}
    fresh: list[Shift] = []
    for one in shifts_between(session, staff, before, begin):
        if not before <= one.starts_at < begin or (one.staff_id, one.role) not in able:
            continue
        # By the clock on the wall: a shift from 8:00 stays one where summer time begins.
        moved = Shift(0, one.staff_id, one.name, one.role, _later(one.starts_at, zone), _later(one.ends_at, zone))
        if moved.ends_at > now and not _over(moved, (*present, *fresh)):
            fresh.append(moved)
    _insert(session, staff.community_id, fresh, now)
    if fresh:
        _record(session, staff, "shift:copied", ("community", staff.community_id), fresh, now)
    return len(fresh)


def _later(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone) + WEEK


def _over(shift: Shift, others: Iterable[Shift]) -> bool:
    return any(
        (one.staff_id, one.role) == (shift.staff_id, shift.role)
        and one.starts_at < shift.ends_at
        and shift.starts_at < one.ends_at
        for one in others
    )


def _insert(session: Session, community_id: int, shifts: Sequence[Shift], now: datetime) -> None:
    rows = [
        {
            "community_id": community_id,
            "id": new_id(session, now),
            "staff_id": one.staff_id,
            "role": one.role,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
        }
        for one in shifts
    ]
    if rows:
        session.execute(insert(RosterEntry), rows)


def _record(
    session: Session,
    staff: StaffIdentity,
    action: str,
    about: tuple[str, int],
    shifts: Sequence[Shift],
    now: datetime,
) -> None:
    detail = {
        "shifts": len(shifts),
        "roles": sorted({one.role.value for one in shifts}),
        "from": min(one.starts_at for one in shifts).isoformat(),
        "until": max(one.ends_at for one in shifts).isoformat(),
    }
    write_record(session, Actor.staff(staff.staff_id), staff.community_id, action, about, detail=detail, now=now)
