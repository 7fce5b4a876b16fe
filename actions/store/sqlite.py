"""The embedded store: one writer thread that commits whatever waits together, and readers beside it."""

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from actions.errors import StoreError
from actions.ids import IdMaker
from actions.store.base import highest_id
from actions.store.json import dumps

T = TypeVar("T")
_BATCH = 64
_SLOW_SECONDS = 0.05
# Nothing may end the writer thread: every later write would wait for it for ever. Warnings are errors in tests.
_FAILURES = (SQLAlchemyError, sqlite3.Error, Warning, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
log = structlog.get_logger(__name__)


class _Job:
    """One waiting write: the function, and the future that gets its outcome after the commit."""

    __slots__ = ("error", "fn", "future", "result")

    def __init__(self, fn: Callable[[Session], Any]) -> None:
        self.fn = fn
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteStore:
    """One database file, one writing process.

    All writes go through one thread; it takes what waits (up to 64), gives each function a savepoint of its own (unless
    it is alone) and commits once, so that a slow disk is paid for once per batch. Readers never wait for it (WAL).
    """

    dialect = "sqlite"

    def __init__(self, path: Path, *, readers: int = 4) -> None:
        self._lock_file = _lock(path)
        self._writer_engine = writer_engine(path)
        self._reader_engine = reader_engine(path, pool=readers)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="desk-read")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ids = IdMaker(floor=self._floor())
        self._thread = threading.Thread(target=self._run, name="desk-write", daemon=True)
        self._thread.start()

    async def write(self, fn: Callable[[Session], T]) -> T:
        """See `Store.write`."""
        job = _Job(fn)
        self._jobs.put(job)
        result: T = await asyncio.wrap_future(job.future)
        return result

    async def read(self, fn: Callable[[Session], T]) -> T:
        """See `Store.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    async def close(self) -> None:
        """See `Store.close`."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._readers.shutdown()
        self._reader_engine.dispose()
        self._writer_engine.dispose()
        os.close(self._lock_file)

    def _floor(self) -> int:
        with Session(self._reader_engine) as session:
            return highest_id(session)

    def _read(self, fn: Callable[[Session], T]) -> T:
        with Session(self._reader_engine) as session:
            return fn(session)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch, last = self._gather(job)
            self._commit_batch(batch)
            if last:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return [job for job in batch if job.future.set_running_or_notify_cancel()], True
            batch.append(job)
        return [job for job in batch if job.future.set_running_or_notify_cancel()], False

    def _commit_batch(self, batch: list[_Job]) -> None:
        if len(batch) < 2 or not self._attempt(batch):  # noqa: PLR2004 - one alone needs no savepoint
            # Or the batch was abandoned as a whole (disk full, I/O error). Each function gets its own transaction, so
            # that the error meets only those who cannot be written.
            for job in batch:
                self._attempt_alone(job)
        for job in batch:
            job.settle()

    def _attempt(self, batch: list[_Job]) -> bool:
        """Run all in one transaction; False when the transaction as a whole was lost and nothing is stored."""
        try:
            with self._writer_engine.connect() as connection, connection.begin():
                driver = _driver(connection)
                for job in batch:
                    # Through the driver: SQLAlchemy would build and compile these words anew each time.
                    driver.execute("SAVEPOINT job")
                    self._run_job(connection, job)
                    if not driver.in_transaction:
                        # SQLite rolled everything back by itself (or a failing flush did); a later savepoint would
                        # commit on its own.
                        return False
                    if job.error is not None:
                        driver.execute("ROLLBACK TO job")
                    driver.execute("RELEASE job")
        except _FAILURES:
            return False
        return True

    def _attempt_alone(self, job: _Job) -> None:
        try:
            with self._writer_engine.connect() as connection, connection.begin() as transaction:
                self._run_job(connection, job)
                # A flush that failed has taken everything back already.
                if job.error is not None and transaction.is_active:
                    transaction.rollback()
        except _FAILURES as error:
            job.error = error

    def _run_job(self, connection: Connection, job: _Job) -> None:
        started = time.perf_counter()
        job.error = None
        # The transaction belongs to the batch: closing this session neither commits nor takes anything back.
        with Session(connection, join_transaction_mode="rollback_only", info={"ids": self._ids}) as session:
            try:
                job.result = job.fn(session)
                session.flush()
            except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the caller, not to this thread
                job.error = error
        if (spent := time.perf_counter() - started) > _SLOW_SECONDS:
            log.warning("slow_write", function=getattr(job.fn, "__qualname__", "?"), seconds=round(spent, 3))


def writer_engine(path: Path) -> Engine:
    """An engine with one connection that starts every transaction with BEGIN IMMEDIATE.

    Anything weaker loses updates: two transactions that both read before they write would overwrite each other.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        json_serializer=dumps,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 10},
    )
    event.listen(engine, "connect", _prepare_writer)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(path: Path, *, pool: int = 1) -> Engine:
    """An engine whose connections cannot write; it works beside a running server."""
    engine = create_engine(
        f"sqlite:///file:{path}?mode=ro&uri=true",
        poolclass=QueuePool,
        pool_size=pool,
        json_serializer=dumps,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 10},
    )
    event.listen(engine, "connect", _prepare_reader)
    event.listen(engine, "begin", _begin_deferred)
    return engine


def _prepare_writer(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    # Without an open transaction every SELECT would see another state of the database.
    connection.exec_driver_sql("BEGIN")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"the writer runs on {type(driver).__name__}, not on SQLite's own driver")
    return driver


def _lock(path: Path) -> int:
    """Take the lock of this database, or say who holds it. The kernel frees it when the process dies."""
    lock_path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{lock_path}: cannot be written ({error.strerror}); the folder must be writable") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode(errors="replace").strip() or "?"
        os.close(descriptor)
        raise StoreError(
            f"{path}: another desk (process {holder}) already serves this database; stop it, or choose another "
            "database with DATABASE_URL or another home with DESK_HOME"
        ) from error
    with contextlib.suppress(OSError):  # the number only serves the message above; a full disk must not stop the desk
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    return descriptor
