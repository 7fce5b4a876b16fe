"""The feed of changes that open pages follow, with a cursor that never passes a change still being committed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Text, cast, func, insert, select, tuple_
from sqlalchemy.orm import Session

from actions.tables import LiveEvent


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the feed; `cursor` is where to go on after it."""

    cursor: str
    community_id: int
    kind: str
    conversation_id: int | None
    ticket_id: int | None
    at: datetime


def emit(
    session: Session,
    community_id: int,
    kind: str,
    *,
    conversation_id: int | None = None,
    ticket_id: int | None = None,
    now: datetime,
) -> None:
    """Write one line to the feed, in the transaction of the change that it tells of."""
    values: dict[str, object] = {
        "community_id": community_id,
        "kind": kind,
        "conversation_id": conversation_id,
        "ticket_id": ticket_id,
        "at": now,
        "transaction": 0,
    }
    if session.get_bind().dialect.name == "postgresql":
        values["transaction"] = cast(cast(func.pg_current_xact_id(), Text), BigInteger)
    session.execute(insert(LiveEvent).values(values))


def since(session: Session, cursor: str, *, limit: int = 500) -> tuple[Change, ...]:
    """The changes after a cursor, in the order in which they became visible; an unreadable cursor means the newest."""
    position = _parse(cursor)
    if position is None:
        position = _parse(newest(session)) or (0, 0)
    query = (
        select(LiveEvent)
        .where(tuple_(LiveEvent.transaction, LiveEvent.position) > tuple_(*position))
        .order_by(LiveEvent.transaction, LiveEvent.position)
        .limit(limit)
    )
    if session.get_bind().dialect.name == "postgresql":
        query = query.where(LiveEvent.transaction < _oldest_running())
    return tuple(
        Change(f"{e.transaction}-{e.position}", e.community_id, e.kind, e.conversation_id, e.ticket_id, e.at)
        for e in session.execute(query).scalars()
    )


def newest(session: Session) -> str:
    """The cursor after everything that is visible now."""
    query = select(LiveEvent.transaction, LiveEvent.position)
    if session.get_bind().dialect.name == "postgresql":
        query = query.where(LiveEvent.transaction < _oldest_running())
    last = session.execute(query.order_by(LiveEvent.transaction.desc(), LiveEvent.position.desc()).limit(1)).first()
    return "0-0" if last is None else f"{last[0]}-{last[1]}"


def _oldest_running() -> object:
    return cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)


def _parse(cursor: str) -> tuple[int, int] | None:
    transaction, _, position = cursor.partition("-")
    if not (transaction.isdecimal() and position.isdecimal()):
        return None
    return int(transaction), int(position)
