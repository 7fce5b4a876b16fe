"""The store for many machines: the same functions on PostgreSQL, retried where transactions collide."""

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from actions.errors import StoreError
from actions.ids import NODES, IdMaker
from actions.store.base import highest_id
from actions.store.json import dumps

T = TypeVar("T")
_RETRIED = {"40001", "40P01"}
_ATTEMPTS = 8
_NODE_LOCK_CLASS = 0x5759


class PostgresStore:
    """A PostgreSQL database shared by any number of identical processes.

    READ COMMITTED is kept: mutable rows are changed only through a locking fetch or a version-checked UPDATE.
    """

    dialect = "postgresql"

    def __init__(self, engine: AsyncEngine, node_holder: AsyncConnection, ids: IdMaker) -> None:
        self._engine = engine
        # One snapshot for all statements of a read, asked for as the transaction begins.
        self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._node_holder = node_holder
        self._ids = ids

    @classmethod
    async def open(cls, url: str, *, pool: int = 10) -> "PostgresStore":
        """Connect, take a node number of our own for ids, and start above the highest id stored."""
        engine = create_async_engine(url, pool_size=pool, max_overflow=0, json_serializer=dumps)
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        try:
            holder = await engine.connect()
            node = await _take_node(holder)
            async with AsyncSession(engine) as session:
                floor = await session.run_sync(highest_id)
        except (OSError, DBAPIError, asyncpg.PostgresError) as error:
            await engine.dispose()
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise StoreError(f"DATABASE_URL: PostgreSQL does not answer as it should: {reason}") from error
        return cls(engine, holder, IdMaker(node=node, floor=floor))

    async def write(self, fn: Callable[[Session], T]) -> T:
        """See `Store.write`. Serialization failures and deadlocks are retried with a growing pause."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._once(fn)
            except DBAPIError as error:
                if not _collided(error):
                    raise
            await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))
        return await self._once(fn)

    async def read(self, fn: Callable[[Session], T]) -> T:
        """See `Store.read`."""
        async with AsyncSession(self._reader) as session:
            return await session.run_sync(fn)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._node_holder.close()
        await self._engine.dispose()

    async def _once(self, fn: Callable[[Session], T]) -> T:
        async with AsyncSession(self._engine, info={"ids": self._ids}, expire_on_commit=False) as session:
            result = await session.run_sync(fn)
            await session.commit()
            return result


async def _take_node(connection: AsyncConnection) -> int:
    """A node number that no other process holds; PostgreSQL gives the lock back when this connection ends."""
    connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
    start = random.randrange(NODES)
    for offset in range(NODES):
        node = (start + offset) % NODES
        taken = await connection.execute(
            text("SELECT pg_try_advisory_lock(:c, :n)"), {"c": _NODE_LOCK_CLASS, "n": node}
        )
        if taken.scalar_one():
            return node
    raise StoreError(f"all {NODES} node numbers are taken; too many processes share this database")


def _refuse_closed(connection: DBAPIConnection, _record: object, _proxy: object) -> None:
    """Have the pool replace a connection that the server has ended, which the driver hears of by itself.

    Asking the server each time (`pool_pre_ping`) would cost three more round trips for each transaction.
    """
    driver: asyncpg.Connection = connection.driver_connection
    if driver.is_closed():
        raise DisconnectionError("the server ended this connection")


def _collided(error: DBAPIError) -> bool:
    if isinstance(error, InterfaceError | OperationalError) and error.connection_invalidated:
        return False
    return getattr(error.orig, "sqlstate", None) in _RETRIED
