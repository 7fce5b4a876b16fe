"""From nothing to a community of one's own: founded, filled from a sheet, and administered."""

import sqlite3
from pathlib import Path

from tests.actions.test_bill_import import sheet
from tests.desk.conftest import Command

_FOUND = (
    "found",
    "--name=翠湖花园",
    "--duty-phone=0571-66660110",
    "--desk-phone=0571-66660100",
    "--gas-phone=0571-66660777",
)


def test_a_community_is_founded_once_and_filled(command: Command, tmp_path: Path) -> None:
    database = tmp_path / "desk.sqlite3"
    own = {"DESK_COMMUNITY": "cuihu", "DATABASE_URL": f"sqlite:///{database}"}
    file = tmp_path / "homes.xlsx"
    rows = (("3栋2单元1502", "王芳", "16000000001"), ("哪里", "李强", ""))
    file.write_bytes(sheet(*rows, header=("房屋", "姓名", "电话")).getvalue())
    early = command("import-homes", str(file), **own)
    assert (early.code, "set it up with `desk found`" in early.err) == (2, True)
    wrong = command(*_FOUND[:-1], "--gas-phone=问前台", **own)
    assert (wrong.code, "phone_gas" in wrong.err) == (2, True)
    founded = command(*_FOUND, **own)
    assert founded.code == 0
    assert "翠湖花园 (cuihu) is set up" in founded.out
    again = command(*_FOUND, **own)
    assert (again.code, "already" in again.err) == (2, True)
    demo = command(*_FOUND, DATABASE_URL=own["DATABASE_URL"])
    assert (demo.code, "a code of your own" in demo.err) == (2, True)
    ran = command("import-homes", str(file), **own)
    assert ran.out.splitlines() == [
        "line 3: home: not_a_home: 哪里",
        "2 rows; new: 1 buildings, 1 homes, 1 residents, 1 bindings; 1 rows left out",
    ]
    assert ran.code == 1
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT login, must_change_password FROM staff").fetchall() == [("admin", 1)]
        (departments,) = connection.execute("SELECT count(*) FROM departments").fetchone()
    assert departments >= 4
