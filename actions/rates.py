"""Limits how fast somebody may send, counted in the database so that all processes count together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions.statements import dialect_of, table
from actions.tables import RateCount

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_FORGOTTEN = 200

_COUNT = table(RateCount)
_NOW, _LATEST, _FURTHEST, _STEP = (bindparam(name, type_=BigInteger) for name in ("now", "latest", "furthest", "step"))
# One that lies further ahead than any count leads can only stem from a clock that was set back; it starts anew.
_FROM = case((_COUNT.c.full_at > _FURTHEST, _NOW), (_COUNT.c.full_at > _NOW, _COUNT.c.full_at), else_=_NOW)
_ENGINES: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
# Comparing and counting are one statement, so that two processes never both take the last one.
_TAKE = {
    name: into(_COUNT)
    .values(community_id=bindparam("community_id"), key=bindparam("key"), full_at=_NOW + _STEP)
    .on_conflict_do_update(
        index_elements=[_COUNT.c.community_id, _COUNT.c.key],
        set_={"full_at": _FROM + _STEP},
        where=(_COUNT.c.full_at <= _LATEST) | (_COUNT.c.full_at > _FURTHEST),
    )
    .returning(_COUNT.c.full_at)
    for name, into in _ENGINES.items()
}
_FULL_AT = select(_COUNT.c.full_at).where(
    _COUNT.c.community_id == bindparam("community_id"), _COUNT.c.key == bindparam("key")
)
_PASSED = (
    select(_COUNT.c.community_id, _COUNT.c.key)
    .where(_COUNT.c.full_at <= _NOW)
    .limit(_MOST_FORGOTTEN)
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many may come at once, and how many a minute flow back."""

    burst: int
    per_minute: float

    @property
    def step(self) -> int:
        """How long it takes until one has flowed back, in microseconds."""
        return round(60_000_000 / self.per_minute)


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose sending is counted, and how much of it may come."""

    key: str
    rate: Rate


def take(session: Session, community_id: int, counted: Sequence[Counted], now: datetime) -> timedelta:
    """Count one against each; how long to wait when one of them has come to its end, or zero when it may go on.

    What was counted before the one that refuses stays counted. Keys are always taken in the same order, so that two
    transactions never wait for each other.
    """
    moment = (now - _EPOCH) // _MICROSECOND
    for one in sorted(counted, key=lambda one: one.key):
        room = one.rate.step * one.rate.burst
        values = {
            "community_id": community_id,
            "key": one.key,
            "now": moment,
            "step": one.rate.step,
            "latest": moment + room - one.rate.step,
            "furthest": moment + room,
        }
        if session.execute(_TAKE[dialect_of(session)], values).one_or_none() is None:
            full_at = session.execute(_FULL_AT, {"community_id": community_id, "key": one.key}).scalar_one()
            return timedelta(microseconds=max(one.rate.step // 1_000, full_at - values["latest"]))
    return timedelta(0)


def forget_passed(session: Session, now: datetime) -> int:
    """Remove counts that say nothing any more, some hundred at a time; returns how many."""
    moment = (now - _EPOCH) // _MICROSECOND
    passed = session.execute(_PASSED, {"now": moment}).all()
    for community_id, key in passed:
        session.execute(delete(_COUNT).where(and_(_COUNT.c.community_id == community_id, _COUNT.c.key == key)))
    return len(passed)
