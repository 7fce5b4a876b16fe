"""A member's own signed-in browsers: which there are, and ending them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.actors import Actor
from actions.errors import NotFoundError
from actions.records import write_record
from actions.staffing import token_hash
from actions.tables import StaffSession


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A browser in which the member is signed in; `here` is the one that asks."""

    id: int
    began: datetime
    last_seen: datetime
    expires: datetime
    user_agent: str
    here: bool


def own_sessions(session: Session, staff: StaffIdentity, token: str, now: datetime) -> tuple[OwnSession, ...]:
    """Where the member is signed in, this browser first."""
    rows = session.execute(
        select(StaffSession)
        .where(
            StaffSession.community_id == staff.community_id,
            StaffSession.staff_id == staff.staff_id,
            StaffSession.revoked_at.is_(None),
            StaffSession.expires_at > now,
        )
        .order_by(StaffSession.last_seen_at.desc())
    ).scalars()
    here = token_hash(token)
    found = [
        OwnSession(row.id, row.created_at, row.last_seen_at, row.expires_at, row.user_agent, row.token_hash == here)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: not one.here))


def end_session(session: Session, staff: StaffIdentity, session_id: int, now: datetime) -> None:
    """Sign one of the member's browsers out. Raises NotFoundError for one that is not theirs."""
    ended = session.execute(
        update(StaffSession)
        .where(
            StaffSession.community_id == staff.community_id,
            StaffSession.staff_id == staff.staff_id,
            StaffSession.id == session_id,
            StaffSession.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFoundError(f"session {session_id} is not there")
    actor = Actor.staff(staff.staff_id)
    write_record(session, actor, staff.community_id, "session:revoked", ("staff", staff.staff_id), now=now)
