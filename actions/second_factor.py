"""The second factor of staff accounts: begun, confirmed, asked for, given up, and taken away by an administrator."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.errors import FieldError, NotFoundError
from actions.records import write_record
from actions.tables import Staff
from actions.totp import matching_step, new_secret


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """How a member's second factor stands: `since` when it is asked for, `pending` the secret until it is confirmed."""

    login: str
    since: datetime | None
    pending: str | None


@dataclass(frozen=True, slots=True)
class Guarded:
    """A member whose second factor is asked for."""

    staff_id: int
    name: str
    since: datetime


def second_factor(session: Session, staff: StaffIdentity) -> SecondFactor:
    """How the member's own stands."""
    row = session.execute(
        select(Staff.login, Staff.totp_since, Staff.totp_secret).where(
            Staff.community_id == staff.community_id, Staff.id == staff.staff_id
        )
    ).one()
    return SecondFactor(row.login, row.totp_since, row.totp_secret if row.totp_since is None else None)


def begin(session: Session, staff: StaffIdentity) -> None:
    """Make a secret for the member's authenticator; nothing is asked for until it is confirmed.

    Raises FieldError when a second factor is in use already.
    """
    member = _lock(session, staff.community_id, staff.staff_id)
    if member.totp_since is not None:
        raise FieldError("code", "a second factor is in use already")
    member.totp_secret, member.totp_step = new_secret(), None


def confirm(session: Session, staff: StaffIdentity, code: str, now: datetime) -> None:
    """Ask for codes from now on; this one proves that the authenticator has the secret. Raises FieldError if wrong."""
    member = _lock(session, staff.community_id, staff.staff_id)
    if member.totp_since is not None or not _use(member, code, now):
        raise FieldError("code", "is not the code that the authenticator shows")
    member.totp_since = now
    _record(session, staff, staff.staff_id, "staff:totp_enrolled", "", now)


def give_up(session: Session, staff: StaffIdentity, code: str, now: datetime) -> None:
    """Ask for codes no more. Raises FieldError for a wrong code, so that an open desk is not enough."""
    member = _lock(session, staff.community_id, staff.staff_id)
    if member.totp_since is None:
        member.totp_secret = None
        return
    if not _use(member, code, now):
        raise FieldError("code", "is not the code that the authenticator shows")
    _forget(member)
    _record(session, staff, staff.staff_id, "staff:totp_removed", "", now)


def passes(session: Session, community_id: int, staff_id: int, code: str, now: datetime) -> bool:
    """Whether a code signs the member in; true for a member without a second factor. A code is used once."""
    member = _lock(session, community_id, staff_id)
    return member.totp_since is None or _use(member, code, now)


def guarded(session: Session, staff: StaffIdentity) -> tuple[Guarded, ...]:
    """The members with a second factor, for an administrator. Raises NotAllowedError."""
    require(staff, Permission.STAFF_MANAGE)
    rows = session.execute(
        select(Staff.id, Staff.name, Staff.totp_since)
        .where(Staff.community_id == staff.community_id, Staff.totp_since.is_not(None))
        .order_by(Staff.name)
    )
    return tuple(Guarded(key, name, since) for key, name, since in rows if since is not None)


def recover(session: Session, staff: StaffIdentity, staff_id: int, reason: str, now: datetime) -> None:
    """Take away the second factor of a member who has lost the phone; who did it and why goes on record.

    Raises NotAllowedError unless the acting member manages staff, FieldError without a reason or for oneself,
    NotFoundError for another community's member.
    """
    require(staff, Permission.STAFF_MANAGE)
    if not reason.strip():
        raise FieldError("reason", "is missing; say how you know who asks for it")
    if staff_id == staff.staff_id:
        raise FieldError("staff_id", "is yourself; give it up with a code")
    _forget(_lock(session, staff.community_id, staff_id))
    _record(session, staff, staff_id, "staff:totp_recovered", reason.strip(), now)


def _lock(session: Session, community_id: int, staff_id: int) -> Staff:
    member = session.execute(
        select(Staff)
        .where(Staff.community_id == community_id, Staff.id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if member is None:
        raise NotFoundError(f"staff {staff_id} is not there")
    return member


def _use(member: Staff, code: str, now: datetime) -> bool:
    if member.totp_secret is None:
        return False
    step = matching_step(member.totp_secret, code, now, after=member.totp_step)
    if step is None:
        return False
    member.totp_step = step
    return True


def _forget(member: Staff) -> None:
    member.totp_secret = member.totp_since = member.totp_step = None


def _record(session: Session, staff: StaffIdentity, staff_id: int, action: str, reason: str, now: datetime) -> None:
    actor = Actor.staff(staff.staff_id)
    write_record(session, actor, staff.community_id, action, ("staff", staff_id), reason=reason, now=now)
