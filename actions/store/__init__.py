"""The store: one setting chooses the engine, the functions that run on it are the same."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from actions.errors import StoreError
from actions.store.base import Store
from actions.store.outage import is_outage
from actions.store.postgres import PostgresStore
from actions.store.sqlite import SqliteStore, reader_engine

__all__ = ["Session", "Store", "is_outage", "open_store", "read_beside", "sqlite_path"]

T = TypeVar("T")


async def open_store(url: str) -> Store:
    """Open the database at `url` for writing; its tables must exist (see `actions.migrate`).

    Raises StoreError with what to do when it cannot be opened.
    """
    if url.startswith("sqlite"):
        return SqliteStore(sqlite_path(url))
    if url.startswith("postgresql+asyncpg://"):
        return await PostgresStore.open(url)
    raise StoreError(f"DATABASE_URL: {url.split(':', 1)[0]!r} is not known; use sqlite:///… or postgresql+asyncpg://…")


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///…` address."""
    return Path(url.split("///", 1)[1])


async def read_beside(url: str, fn: Callable[[Session], T]) -> T:
    """Run a read-only function beside a server that may be writing; for audits and reports.

    Raises StoreError when there is no database, or what is there is none of the desk's.
    """
    if url.startswith("sqlite"):
        path = sqlite_path(url)
        if not path.exists():
            raise StoreError(f"{path}: there is no database yet; run “desk serve” once")
        engine = reader_engine(path)
        try:
            with Session(engine) as session:
                return fn(session)
        except DatabaseError as error:
            raise StoreError(f"{path}: cannot be read as the desk's database ({error.orig})") from error
        finally:
            engine.dispose()
    store = await open_store(url)
    try:
        return await store.read(fn)
    except DatabaseError as error:
        raise StoreError(f"DATABASE_URL: cannot be read as the desk's database ({error.orig})") from error
    finally:
        await store.close()
