"""`desk import-bills`: from the file to the bills, and what is told on the way."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from actions.store import open_store
from tests.actions.test_bill_import import sheet
from tests.desk.conftest import Command


@pytest.fixture
def database(demo_sqlite: Path, tmp_path: Path) -> Path:
    """The demo community in a file of its own."""
    return Path(shutil.copyfile(demo_sqlite, tmp_path / "desk.sqlite3"))


def _file(tmp_path: Path, *rows: tuple[object, ...]) -> str:
    path = tmp_path / "bills.xlsx"
    path.write_bytes(sheet(*rows).getvalue())
    return str(path)


def _bills(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        (count,) = connection.execute("SELECT count(*) FROM bills WHERE fee_type = '水费'").fetchone()
    return int(count)


def test_a_sheet_is_imported_once_and_rejected_rows_are_told(command: Command, database: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{database}"
    good = ("3栋2单元1502", "水费", "2026-10", 43.2)
    file = _file(tmp_path, good, ("99栋1", "水费", "2026-10", 5))
    trial = command("import-bills", file, "--trial", DATABASE_URL=url)
    assert (trial.code, _bills(database)) == (1, 0)
    assert "would be: 1 added" in trial.out
    ran = command("import-bills", file, DATABASE_URL=url)
    assert ran.out.splitlines() == [
        "line 3: home: unknown_home: 99栋1",
        "2 rows; 1 added, 0 updated, 0 unchanged, 1 left out",
    ]
    assert (ran.code, _bills(database)) == (1, 1)
    again = command("import-bills", _file(tmp_path, good), DATABASE_URL=url)
    assert again.out == "1 rows; 0 added, 0 updated, 1 unchanged, 0 left out\n"
    assert (again.code, _bills(database)) == (0, 1)


def test_what_cannot_be_imported_is_one_clear_line(command: Command, database: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{database}"
    text = tmp_path / "bills.txt"
    text.write_text("hello", encoding="utf-8")
    for args, settings, told in (
        ((str(text),), {}, "the file cannot be read as a sheet: not_a_sheet"),
        ((str(tmp_path / "none.xlsx"),), {}, "No such file"),
        (
            (_file(tmp_path, ("3栋2单元1502", "水费", "2026-10", 5)),),
            {"DESK_COMMUNITY": "nowhere"},
            "no community nowhere",
        ),
    ):
        ran = command("import-bills", *args, DATABASE_URL=url, **settings)
        assert ran.code == 2
        assert told in ran.err
        assert len(ran.err.splitlines()) == 1


def test_while_a_server_writes_to_the_file_it_says_what_to_do(command: Command, database: Path, tmp_path: Path) -> None:
    file = _file(tmp_path, ("3栋2单元1502", "水费", "2026-10", 5))

    async def beside() -> None:
        store = await open_store(f"sqlite:///{database}")
        try:
            ran = await asyncio.to_thread(command, "import-bills", file, DATABASE_URL=f"sqlite:///{database}")
        finally:
            await store.close()
        assert ran.code == 2
        assert len(ran.err.splitlines()) == 1
        assert str(database) in ran.err

    asyncio.run(beside())
    assert _bills(database) == 0


def test_photos_that_were_erased_are_swept_from_the_disk(command: Command, database: Path, tmp_path: Path) -> None:
    ran = command("sweep-files", DATABASE_URL=f"sqlite:///{database}", DESK_HOME=str(tmp_path))
    assert (ran.code, ran.out) == (0, "0 files removed\n")
