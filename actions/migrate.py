"""Brings a database to the newest schema; one chain of revisions serves both engines."""

from asyncio import to_thread
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from actions.errors import StoreError
from actions.selectivity import describe_indexes
from actions.store import sqlite_path

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
log = structlog.get_logger(__name__)


async def upgrade(url: str) -> None:
    """Create or upgrade all tables. Raises StoreError when the database cannot be written or is newer than the code."""
    try:
        if url.startswith("sqlite"):
            sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
            await to_thread(_upgrade_sqlite, url)
            return
        engine = create_async_engine(url, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
        finally:
            await engine.dispose()
    except (OSError, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(f"DATABASE_URL: the database cannot be prepared: {reason}") from error


async def is_newest(url: str) -> bool:
    """Whether `upgrade` has nothing to do; True as well when the database does not answer, which `upgrade` tells."""
    engine = create_async_engine(url, poolclass=NullPool) if not url.startswith("sqlite") else None
    try:
        if engine is None:
            return sqlite_path(url).is_file() and await to_thread(_is_newest_sqlite, url)
        async with engine.connect() as connection:
            return await connection.run_sync(_is_newest)
    except (OSError, DBAPIError):
        return True
    finally:
        if engine is not None:
            await engine.dispose()


def _is_newest_sqlite(url: str) -> bool:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _is_newest(connection)
    finally:
        engine.dispose()


def config() -> "Config":
    """The migration settings, made in code so that no file of paths is needed."""
    from alembic.config import Config  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER))
    return settings


def _upgrade_sqlite(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            # Rebuilding a table with foreign keys on would delete the rows that refer to it; inside a transaction the
            # switch does nothing, so it is set before one begins.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
            with connection.begin():
                _upgrade(connection)
                describe_indexes(connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise StoreError(f"{url}: {len(broken)} rows refer to rows that do not exist; nothing was changed")
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The name of the newest revision: files are named after their revisions, in order."""
    return max(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def _is_newest(connection: Connection) -> bool:
    """Whether nothing is to be done, found out without Alembic: it takes 11 MB and is needed once a version."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(found) == [newest_revision()]


def _upgrade(connection: Connection) -> None:
    if _is_newest(connection):
        return
    from alembic import command  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    settings = config()
    scripts = ScriptDirectory.from_config(settings)
    current = MigrationContext.configure(connection).get_current_revision()
    head = scripts.get_current_head()
    if current == head:
        return
    if current is not None and current not in {revision.revision for revision in scripts.walk_revisions()}:
        raise StoreError(
            f"the database has schema {current}, which this version does not know; install a newer version"
        )
    attributes: dict[str, Any] = {"connection": connection}
    settings.attributes.update(attributes)
    command.upgrade(settings, "head")
    log.info("database_migrated", revision=head)
