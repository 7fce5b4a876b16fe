"""The feed of changes that open pages follow, with a cursor that never passes a change still being committed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, cast, func, insert, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from actions.statements import dialect_of, table
from actions.tables import LiveEvent

_MAX_DIGITS = 18


class _ThisTransaction(FunctionElement[int]):
    """The number of the running transaction, of which only PostgreSQL has one."""

    type = BigInteger()
    inherit_cache = True


@compiles(_ThisTransaction)
def _no_number(_element: _ThisTransaction, _compiler: Any, **_how: Any) -> str:
    return "0"


@compiles(_ThisTransaction, "postgresql")
def _its_number(_element: _ThisTransaction, _compiler: Any, **_how: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"


# Nobody needs the position that a line was given, so it is not asked back.
_EMIT = insert(table(LiveEvent)).values(transaction=_ThisTransaction()).inline()


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
    times: int = 1,
    now: datetime,
) -> None:
    """Write a line to the feed, in the transaction of the change that it tells of; or several alike."""
    line = {
        "community_id": community_id,
        "kind": kind,
        "conversation_id": conversation_id,
        "ticket_id": ticket_id,
        "at": now,
    }
    session.execute(_EMIT, line if times == 1 else [line] * times)


def since(session: Session, cursor: str, *, limit: int = 500, conversation_id: int | None = None) -> tuple[Change, ...]:
    """The changes after a cursor, of one conversation or of all, in the order in which they became visible.

    An unreadable cursor means the newest.
    """
    position = _parse(cursor)
    if position is None:
        position = _parse(newest(session)) or (0, 0)
    query = (
        select(LiveEvent)
        .where(tuple_(LiveEvent.transaction, LiveEvent.position) > tuple_(*position))
        .order_by(LiveEvent.transaction, LiveEvent.position)
        .limit(limit)
    )
    if conversation_id is not None:
        query = query.where(LiveEvent.conversation_id == conversation_id)
    if dialect_of(session) == "postgresql":
        query = query.where(LiveEvent.transaction < _oldest_running())
    return tuple(
        Change(f"{e.transaction}-{e.position}", e.community_id, e.kind, e.conversation_id, e.ticket_id, e.at)
        for e in session.execute(query).scalars()
    )


def newest(session: Session) -> str:
    """The cursor after everything that is visible now."""
    query = select(LiveEvent.transaction, LiveEvent.position)
    if dialect_of(session) == "postgresql":
        query = query.where(LiveEvent.transaction < _oldest_running())
    last = session.execute(query.order_by(LiveEvent.transaction.desc(), LiveEvent.position.desc()).limit(1)).first()
    return "0-0" if last is None else f"{last[0]}-{last[1]}"


def _oldest_running() -> object:
    return cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)


def _parse(cursor: str) -> tuple[int, int] | None:
    parts = cursor.split("-")
    # Cursors come back from browsers: one that is no pair of 63-bit numbers must not reach the database.
    if len(parts) != 2 or not all(part.isdecimal() and len(part) <= _MAX_DIGITS for part in parts):  # noqa: PLR2004
        return None
    return int(parts[0]), int(parts[1])
