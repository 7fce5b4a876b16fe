import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from actions.errors import StoreError
from actions.ids import IdMaker, new_id
from actions.migrate import config, newest_revision, upgrade
from actions.store import Store, open_store, read_beside
from actions.tables import Community
from tests.conftest import NOW

_ROW = {"id": 1, "code": "a", "name": "a", "timezone": "Asia/Shanghai", "facts": {}, "created_at": NOW}


def _add(session: Session, code: str, *, facts: dict[str, object] | None = None) -> int:
    community = Community(
        id=new_id(session, NOW), code=code, name=code, timezone="Asia/Shanghai", facts=facts or {"n": 0}, created_at=NOW
    )
    session.add(community)
    session.flush()  # the id is handed out, so the row must be there
    return community.id


def _adding(code: str, facts: dict[str, object]) -> Callable[[Session], int]:
    return lambda session: _add(session, code, facts=facts)


def _count(session: Session) -> int:
    return len(session.execute(select(Community.id)).all())


async def test_what_was_written_is_read_back(store: Store) -> None:
    key = await store.write(lambda session: _add(session, "a", facts={"phone": "0571", "name": "桂苑"}))
    facts, created = await store.read(
        lambda session: session.execute(select(Community.facts, Community.created_at).where(Community.id == key)).one()
    )
    assert facts == {"phone": "0571", "name": "桂苑"}
    assert created == NOW


async def test_one_failing_function_does_not_take_the_others_with_it(store: Store) -> None:
    def fail(session: Session) -> None:
        _add(session, "lost")
        raise ValueError("boom")

    outcomes = await asyncio.gather(
        store.write(lambda session: _add(session, "a")),
        store.write(fail),
        store.write(lambda session: _add(session, "b")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], ValueError)
    assert await store.read(_count) == 2


async def test_a_function_that_fails_alone_leaves_nothing_behind(store: Store) -> None:
    def fail(session: Session) -> None:
        session.execute(insert(Community), _ROW)
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        await store.write(fail)
    await store.write(lambda session: _add(session, "b"))
    assert await store.read(lambda session: session.execute(select(Community.code)).scalars().all()) == ["b"]


async def test_a_broken_constraint_met_alone_does_not_stop_the_writer(store: Store) -> None:
    await store.write(lambda session: _add(session, "a"))
    for _ in range(2):
        with pytest.raises(IntegrityError):
            await store.write(lambda session: _add(session, "a"))
    await store.write(lambda session: _add(session, "b"))
    assert await store.read(_count) == 2


async def test_a_broken_constraint_is_told_to_its_caller_only(store: Store) -> None:
    await store.write(lambda session: _add(session, "a"))
    outcomes = await asyncio.gather(
        store.write(lambda session: _add(session, "b")),
        store.write(lambda session: _add(session, "a")),
        store.write(lambda session: _add(session, "c")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], IntegrityError)
    assert await store.read(_count) == 3


async def test_concurrent_read_modify_writes_lose_nothing(store: Store) -> None:
    key = await store.write(lambda session: _add(session, "a"))

    def increment(session: Session) -> None:
        row = session.execute(select(Community).where(Community.id == key).with_for_update()).scalar_one()
        row.facts = {"n": row.facts["n"] + 1}

    await asyncio.gather(*(store.write(increment) for _ in range(100)))
    assert await store.read(lambda s: s.execute(select(Community.facts)).scalar_one()) == {"n": 100}


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        await store.read(lambda session: session.execute(text("DELETE FROM communities")))


async def test_a_reader_sees_one_state_throughout(store: Store) -> None:
    loop = asyncio.get_running_loop()

    def look_twice(session: Session) -> tuple[int, int]:
        before = _count(session)
        asyncio.run_coroutine_threadsafe(store.write(lambda s: _add(s, "x")), loop).result(10)
        return before, _count(session)

    if store.dialect == "sqlite":
        assert await store.read(look_twice) == (0, 0)
    assert store.dialect in {"sqlite", "postgresql"}


async def test_a_cancelled_caller_does_not_stop_the_writer(store: Store) -> None:
    task = asyncio.ensure_future(store.write(lambda session: _add(session, "a")))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(lambda session: _add(session, "b"))
    assert await store.read(_count) >= 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_connections_that_the_server_ended_are_replaced(store: Store, database_url: str) -> None:
    await store.write(lambda session: _add(session, "a"))
    other = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await other.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()
    await store.write(lambda session: _add(session, "b"))
    assert await store.read(_count) == 2


async def test_the_migrated_schema_is_the_one_of_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite3"
    await upgrade(f"sqlite:///{path}")
    settings = config()
    assert ScriptDirectory.from_config(settings).get_heads() == [newest_revision()]
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        settings.attributes["connection"] = connection
        command.check(settings)
    engine.dispose()


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    await upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="newer version"):
        await upgrade(url)


async def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    await upgrade(url)
    first = await open_store(url)
    with pytest.raises(StoreError, match="another desk"):
        await open_store(url)
    assert await read_beside(url, _count) == 0
    await first.close()
    second = await open_store(url)
    await second.close()


async def test_an_unknown_kind_of_database_is_named() -> None:
    with pytest.raises(StoreError, match="'mysql' is not known"):
        await open_store("mysql://x")


async def test_a_postgresql_that_does_not_answer_is_named() -> None:
    with pytest.raises(StoreError, match="DATABASE_URL"):
        await open_store("postgresql+asyncpg://nobody@127.0.0.1:1/none")


async def test_a_database_in_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="DATABASE_URL"):
        await upgrade(f"sqlite:///{tmp_path / 'file' / 'desk.sqlite3'}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("mount is not installed")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False).returncode:  # noqa: S603
        pytest.skip("no right to mount a small file system here")
    yield folder
    subprocess.run([umount, folder], check=True)  # noqa: S603


async def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'desk.sqlite3'}"
    await upgrade(url)
    store = await open_store(url)
    acknowledged: list[int] = []
    errors = 0
    for wave in range(12):
        writes = [store.write(_adding(f"{wave}-{n}", {"x": "字" * 9000})) for n in range(20)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        acknowledged += [outcome for outcome in outcomes if isinstance(outcome, int)]
        errors += sum(isinstance(outcome, OperationalError) for outcome in outcomes)
    stored = set(await store.read(lambda s: s.execute(select(Community.id)).scalars().all()))
    await store.close()
    assert errors > 0
    assert acknowledged
    assert set(acknowledged) <= stored


def test_ids_grow_even_when_the_clock_goes_back() -> None:
    maker = IdMaker(floor=IdMaker().next(NOW))
    earlier = datetime(2025, 1, 1, tzinfo=UTC)
    ids = [maker.next(moment) for moment in (NOW, earlier, earlier, NOW)]
    assert ids == sorted(set(ids))
    assert all(0 < one < 2**63 for one in ids)


def test_more_ids_than_fit_a_millisecond_stay_unique_and_ordered() -> None:
    maker = IdMaker(node=1023)
    ids = [maker.next(NOW) for _ in range(10_000)]
    assert ids == sorted(set(ids))


async def test_a_naive_time_is_refused(store: Store) -> None:
    def wrong(session: Session) -> None:
        key = _add(session, "a")
        session.execute(update(Community).where(Community.id == key).values(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001

    with pytest.raises(Exception, match="naive"):
        await store.write(wrong)
