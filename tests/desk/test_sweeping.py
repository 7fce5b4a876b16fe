"""What is erased in the database does not stay on the disk."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from actions.intake import Upload
from actions.store import Session, Store, open_store
from actions.tables import Attachment
from desk.sweeping import sweep, sweep_beside
from tests.actions.world import settle
from tests.conftest import NOW

KEPT, LEFT, YOUNG = ("a" * 64, "b" * 64, "c" * 64)


def _lay(folder: Path, name: str, *, hours: float = 24) -> Path:
    path = folder / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")
    moment = (NOW - timedelta(hours=hours)).timestamp()
    os.utime(path, (moment, moment))
    return path


async def test_only_files_that_no_message_holds_are_removed(store: Store, tmp_path: Path) -> None:
    world = await settle(store)
    await world.receive(world.inbound(attachments=(Upload("photo", KEPT, "image/jpeg", 5),)))
    kept, left, young = _lay(tmp_path, KEPT), _lay(tmp_path, LEFT), _lay(tmp_path, YOUNG, hours=1)
    other = _lay(tmp_path, "notes.txt")
    assert await sweep(store, tmp_path, NOW) == 1
    assert [path.exists() for path in (kept, left, young, other)] == [True, False, True, True]

    def forget(session: Session) -> None:
        session.execute(delete(Attachment))

    await store.write(forget)
    assert await sweep(store, tmp_path, NOW) == 1
    assert not kept.exists()


async def test_it_works_beside_a_server_that_writes(database_url: str, tmp_path: Path) -> None:
    store = await open_store(database_url)
    left = _lay(tmp_path, LEFT)
    assert await sweep_beside(database_url, tmp_path, NOW) == 1
    assert not left.exists()
    await store.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_folder_that_is_not_there_has_nothing_to_remove(store: Store, tmp_path: Path) -> None:
    assert await sweep(store, tmp_path / "none", NOW) == 0
