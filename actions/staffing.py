"""Staff accounts and their signed-in browsers; passwords are hashed by the caller, outside any transaction."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.errors import FieldError, NotFoundError
from actions.ids import new_id
from actions.tables import ActorKind, AuditEntry, Role, Staff, StaffRole, StaffSession

SESSION_LASTS = timedelta(hours=14)
"""How long a browser stays signed in: one long shift."""

SEEN_EVERY = timedelta(minutes=5)
"""How often at most the last use of a session is written down, so that reading a page is not a write."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is needed to check a password; `password_hash` is None while the account has none.

    With a `second_factor` the password alone does not sign in.
    """

    staff_id: int
    password_hash: str | None
    active: bool
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class NewStaff:
    """An account to create; `password_hash` is an argon2 hash, and the password is changed at the first sign-in."""

    login: str
    name: str
    roles: frozenset[Role]
    password_hash: str | None = None
    department_id: int | None = None
    phone: str | None = None
    must_change_password: bool = True


def token_hash(token: str) -> str:
    """The only form in which a browser's token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def normal_login(login: str) -> str:
    """The form in which a login name is stored and looked up: nobody should fail over a capital or a space."""
    return login.strip().casefold()


def create_staff(session: Session, community_id: int, new: NewStaff, now: datetime, *, by: int | None = None) -> int:
    """Create an account with its roles and return its id; `by` is the member who does it, None for a set-up.

    Raises FieldError for a login that is empty or taken.
    """
    login = normal_login(new.login)
    if not login:
        raise FieldError("login", "must not be empty")
    if not new.roles:
        raise FieldError("roles", "at least one is needed")
    if find_credentials(session, community_id, login) is not None:
        raise FieldError("login", "is taken")
    staff_id = new_id(session, now)
    session.add(
        Staff(
            community_id=community_id,
            id=staff_id,
            login=login,
            name=new.name.strip() or login,
            phone=new.phone,
            department_id=new.department_id,
            password_hash=new.password_hash,
            must_change_password=new.must_change_password,
            active=True,
            created_at=now,
        )
    )
    session.flush()  # the roles below refer to the row, and no relationship tells SQLAlchemy to write it first
    for role in sorted(new.roles):
        session.add(StaffRole(community_id=community_id, id=new_id(session, now), staff_id=staff_id, role=role))
    _record(session, community_id, by or staff_id, "staff:created", now, subject_id=staff_id)
    return staff_id


def find_credentials(session: Session, community_id: int, login: str) -> Credentials | None:
    """The credentials under a login name, or None; the caller spends the same time on either answer."""
    row = session.execute(
        select(Staff.id, Staff.password_hash, Staff.active, Staff.totp_since.is_not(None)).where(
            Staff.community_id == community_id, Staff.login == normal_login(login)
        )
    ).one_or_none()
    return None if row is None else Credentials(*row)


def stored_password(session: Session, staff: StaffIdentity) -> str | None:
    """The hash of a signed-in member's password, to check the old one before it is changed."""
    return session.execute(
        select(Staff.password_hash).where(Staff.community_id == staff.community_id, Staff.id == staff.staff_id)
    ).scalar_one_or_none()


def open_session(session: Session, community_id: int, staff_id: int, *, user_agent: str, now: datetime) -> str:
    """Sign a member in whose password was right; returns the token, which is shown to the browser only."""
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            community_id=community_id,
            id=new_id(session, now),
            staff_id=staff_id,
            token_hash=token_hash(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LASTS,
            user_agent=user_agent[:200],
        )
    )
    _record(session, community_id, staff_id, "session:opened", now)
    return token


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's session as read; `stale` asks the caller to write down that it was used."""

    staff: StaffIdentity
    stale: bool


def session_of(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who is signed in with a token; None when it is unknown, over, revoked, or its owner is no longer active."""
    row = session.execute(
        select(StaffSession, Staff)
        .join(Staff, (Staff.community_id == StaffSession.community_id) & (Staff.id == StaffSession.staff_id))
        .where(
            StaffSession.token_hash == token_hash(token),
            StaffSession.revoked_at.is_(None),
            StaffSession.expires_at > now,
            Staff.active,
        )
    ).one_or_none()
    if row is None:
        return None
    opened, staff = row
    roles = session.execute(
        select(StaffRole.role).where(StaffRole.community_id == staff.community_id, StaffRole.staff_id == staff.id)
    ).scalars()
    identity = StaffIdentity(
        staff.community_id, staff.id, staff.name, frozenset(roles), must_change_password=staff.must_change_password
    )
    return SignedIn(identity, stale=now - opened.last_seen_at >= SEEN_EVERY)


def note_seen(session: Session, token: str, now: datetime) -> None:
    """Write down that a session is in use."""
    session.execute(update(StaffSession).where(StaffSession.token_hash == token_hash(token)).values(last_seen_at=now))


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End a session; an unknown token is no error."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_hash == token_hash(token), StaffSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def change_password(session: Session, staff: StaffIdentity, password_hash: str, *, keep: str, now: datetime) -> None:
    """Give a member a new password; every other browser of theirs is signed out, `keep` is this one's token."""
    set_password(session, staff.community_id, staff.staff_id, password_hash, must_change=False)
    _revoke(session, staff.community_id, (staff.staff_id,), keep=keep, now=now)
    _record(session, staff.community_id, staff.staff_id, "staff:password_changed", now)


def set_password(session: Session, community_id: int, staff_id: int, password_hash: str, *, must_change: bool) -> None:
    """Store a password's hash. Raises NotFoundError for an unknown member."""
    member = session.execute(
        select(Staff).where(Staff.community_id == community_id, Staff.id == staff_id).with_for_update()
    ).scalar_one_or_none()
    if member is None:
        raise NotFoundError(f"staff {staff_id} is not there")
    member.password_hash = password_hash
    member.must_change_password = must_change


def reset_password(session: Session, staff: StaffIdentity, staff_id: int, password_hash: str, now: datetime) -> None:
    """Give somebody else a password that they must change at their next sign-in; they are signed out everywhere.

    Raises NotAllowedError unless the acting member manages staff, NotFoundError for another community's member.
    """
    require(staff, Permission.STAFF_MANAGE)
    set_password(session, staff.community_id, staff_id, password_hash, must_change=True)
    _revoke(session, staff.community_id, (staff_id,), keep="", now=now)
    _record(session, staff.community_id, staff.staff_id, "staff:password_reset", now, subject_id=staff_id)


def deactivate(session: Session, staff: StaffIdentity, staff_id: int, now: datetime) -> None:
    """Close an account and sign it out everywhere; what the member did stays on record.

    Raises NotAllowedError unless the acting member manages staff, NotFoundError for another community's member.
    """
    require(staff, Permission.STAFF_MANAGE)
    member = session.execute(
        select(Staff).where(Staff.community_id == staff.community_id, Staff.id == staff_id).with_for_update()
    ).scalar_one_or_none()
    if member is None:
        raise NotFoundError(f"staff {staff_id} is not there")
    member.active = False
    _revoke(session, staff.community_id, (staff_id,), keep="", now=now)
    _record(session, staff.community_id, staff.staff_id, "staff:deactivated", now, subject_id=staff_id)


def _revoke(session: Session, community_id: int, staff_ids: Iterable[int], *, keep: str, now: datetime) -> None:
    session.execute(
        update(StaffSession)
        .where(
            StaffSession.community_id == community_id,
            StaffSession.staff_id.in_(tuple(staff_ids)),
            StaffSession.token_hash != token_hash(keep),
            StaffSession.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )


def _record(
    session: Session, community_id: int, actor_id: int, action: str, now: datetime, *, subject_id: int | None = None
) -> None:
    session.add(
        AuditEntry(
            community_id=community_id,
            id=new_id(session, now),
            at=now,
            actor=ActorKind.STAFF,
            actor_id=actor_id,
            action=action,
            subject="staff",
            subject_id=subject_id or actor_id,
        )
    )
