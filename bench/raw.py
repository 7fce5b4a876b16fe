"""What the engines were told, and how fast their raw drivers repeat it: the measure that a turn is held against."""

import re
import sqlite3
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Connection, Engine, event

from actions.store import Store
from actions.store.postgres import PostgresStore
from actions.store.sqlite import SqliteStore

_BOUNDS = re.compile(r"\s*(?:BEGIN|COMMIT|ROLLBACK)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Transaction:
    """The statements of one transaction with their values, and whether it was committed."""

    statements: tuple[tuple[str, object], ...]
    committed: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything that an engine was told, transaction by transaction, in the order in which they ended."""

    transactions: list[Transaction]

    @property
    def statements(self) -> int:
        """How many statements were run, without the bounds of the transactions."""
        return sum(len(one.statements) for one in self.transactions)


def record(store: Store) -> Recording:
    """Collect every statement of a store from now on, those of its readers too; savepoints are not seen here."""
    recording = Recording([])
    for engine in _engines(store):
        _listen(engine, recording)
    return recording


def _engines(store: Store) -> tuple[Engine, ...]:
    # The measurement looks below the surface on purpose.
    if isinstance(store, SqliteStore):
        return (store._writer_engine, store._reader_engine)  # noqa: SLF001
    if isinstance(store, PostgresStore):
        return (store._engine.sync_engine,)  # noqa: SLF001
    raise TypeError(f"nothing is known of {type(store).__name__}")


def _listen(engine: Engine, recording: Recording) -> None:
    running: dict[int, list[tuple[str, object]]] = defaultdict(list)

    def executed(connection: Connection, _cursor: object, sql: str, values: Any, _context: object, many: bool) -> None:
        if not _BOUNDS.match(sql):
            running[_key(connection)].append((sql, list(values) if many else values))

    def ended(connection: Connection, *, committed: bool) -> None:
        if statements := running.pop(_key(connection), None):
            recording.transactions.append(Transaction(tuple(statements), committed))

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", lambda connection: ended(connection, committed=True))
    event.listen(engine, "rollback", lambda connection: ended(connection, committed=False))


def _key(connection: Connection) -> int:
    # The object, not the driver's connection below it: that one is gone when whoever used it was cancelled.
    return id(connection)


def replay_sqlite(path: Path, recording: Recording) -> float:
    """Seconds that the same statements take on `sqlite3`, with the same settings and the same commits."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    started = time.monotonic()
    for one in recording.transactions:
        connection.execute("BEGIN IMMEDIATE" if one.committed else "BEGIN")
        for sql, values in one.statements:
            if isinstance(values, list):
                connection.executemany(sql, values)
            else:
                connection.execute(sql, values).fetchall()  # type: ignore[arg-type]
        connection.execute("COMMIT" if one.committed else "ROLLBACK")
    taken = time.monotonic() - started
    connection.close()
    return taken


async def replay_postgres(url: str, recording: Recording) -> float:
    """Seconds that the same statements take on `asyncpg`, one connection, with the same commits."""
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=str, decoder=str, schema="pg_catalog")
    started = time.monotonic()
    for one in recording.transactions:
        await connection.execute("BEGIN")
        for sql, values in one.statements:
            if isinstance(values, list):
                await connection.executemany(sql, values)
            else:
                await connection.fetch(sql, *(values or ()))  # type: ignore[misc]
        await connection.execute("COMMIT" if one.committed else "ROLLBACK")
    taken = time.monotonic() - started
    await connection.close()
    return taken
