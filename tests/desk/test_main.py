import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.migrate import is_newest, upgrade
from tests.conftest import restored
from tests.desk.conftest import Command, run_desk

PARSED = {"text", "intent", "confidence", "unsure", "category", "emergency", "requests", "entities"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DESK_PORT", "0"),
        ("DESK_WORKERS", "many"),
        ("DESK_TIMEZONE", "Mars/Olympus"),
        ("DESK_CONTENT", "/nowhere/at/all"),
        ("DESK_QUIET_SECONDS", "-1"),
        ("DATABASE_URL", "mysql://user:secret@host/name"),
        ("DESK_PROT", "8000"),
    ],
)
@pytest.mark.parametrize("name", ["serve", "parse", "audit"])
def test_a_wrong_setting_is_named(command: Command, name: str, variable: str, value: str) -> None:
    ran = command(name, **{variable: value})
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(f"desk: {variable} is ")
    assert len(ran.err.splitlines()) == 1
    assert "secret" not in ran.err


def test_all_wrong_settings_are_named_at_once(command: Command) -> None:
    ran = command("serve", DESK_PORT="x", DESK_WORKERS="y")
    assert ran.code == 2
    assert "DESK_PORT" in ran.err
    assert "DESK_WORKERS" in ran.err


def test_one_message_is_shown_as_it_is_understood(command: Command) -> None:
    ran = command("parse", "3栋2单元1502厨房水龙头漏水，明早来修", "--now", "2026-11-23T10:00")
    found = json.loads(ran.out)
    assert ran.code == 0
    assert (found["intent"], found["category"]) == ("repair", "water_pipe")
    assert {"building", "unit", "room", "time"} <= {entity["type"] for entity in found["entities"]}
    time = next(entity for entity in found["entities"] if entity["type"] == "time")
    assert time["value"].startswith("2026-11-24"), "the day after --now, in the desk's zone"


def test_every_line_gives_exactly_one_line(command: Command) -> None:
    lines = [
        b"\xe4\xbd\xa0\xe5\xa5\xbd",
        b"",
        b"   ",
        b'{"text": "\xe6\xbc\x8f\xe6\xb0\xb4"}',
        b'{"text": 5}',
        b'{"txt": "x"}',
        b"{}",
        b"{broken",
        b"{" * 100_000,
        b"[1, 2]",
        b"null",
        b'{"text": "half a pair \\ud800"}',
        b"\xff\xfe no UTF-8",
        b"a\0b",
        b'{"text": "one\\ntwo"}',
    ]
    ran = command("parse", "--jsonl", stdin=b"\n".join(lines) + b"\r\n")
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert len(found) == len(lines)
    assert all(set(line) - {"error"} == PARSED for line in found)
    assert [number for number, line in enumerate(found) if "error" in line] == [4, 5, 6]
    assert ran.code == 1, "some lines could not be used"
    assert found[3]["text"] == "漏水"
    assert found[7]["text"] == "{broken", "a resident may well write a brace"


def test_good_lines_end_well(command: Command) -> None:
    ran = command("parse", "--jsonl", stdin="你好\n\n".encode())
    assert (ran.code, len(ran.out.splitlines()), ran.err) == (0, 2, "")


def test_an_argument_counts_as_one_line(command: Command) -> None:
    ran = command("parse", "你好", "--jsonl")
    assert len(ran.out.splitlines()) == 1


@pytest.mark.parametrize("given", [["--train", "x"], ["--test", "x"]])
def test_evaluation_on_other_data_wants_both_folders(command: Command, given: list[str]) -> None:
    ran = command("evaluate", *given)
    assert (ran.code, ran.err) == (2, "desk: --train and --test go together\n")


def test_an_unknown_resident_is_told(command: Command) -> None:
    ran = command("chat", "--json", "--resident", "谁也不是")
    assert ran.code == 2
    assert ran.err.startswith("desk: --resident: there is no resident")


def test_an_audit_without_a_database_says_what_to_do(command: Command, tmp_path: Path) -> None:
    ran = command("audit", DESK_HOME=str(tmp_path))
    assert ran.code == 2
    assert ran.err == f"desk: {tmp_path}/desk.sqlite3: there is no database yet; run “desk serve” once\n"


def test_a_database_is_made_and_found_to_be_the_newest(command: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    assert not asyncio.run(is_newest(url))
    ran = command("migrate", DATABASE_URL=url)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert asyncio.run(is_newest(url))


@pytest.mark.parametrize("content", [b"", b"not a database " * 50])
def test_an_audit_of_something_else_says_so(command: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "desk.sqlite3").write_bytes(content)
    ran = command("audit", DESK_HOME=str(tmp_path))
    assert ran.code == 2
    assert "cannot be read as the desk's database" in ran.err


def test_an_audit_of_a_healthy_database_finds_nothing(command: Command, sqlite_template: Path) -> None:
    ran = command("audit", DATABASE_URL=f"sqlite:///{sqlite_template}")
    assert (ran.code, ran.out, ran.err) == (0, "0 findings\n", "")


async def test_an_audit_reads_postgresql_as_well(postgres_server: str, empty_postgres: str) -> None:
    ran = await run_desk("audit", settings={"DATABASE_URL": await restored(empty_postgres)})
    assert (ran.code, ran.out) == (0, "0 findings\n"), ran.err
    ran = await run_desk("audit", settings={"DATABASE_URL": postgres_server})
    assert ran.code == 2, "a database without tables"
    assert "PostgreSQL does not answer as it should" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody can write to, not even root: a file system of its own, mounted read-only."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:  # noqa: S603
        pytest.skip("no file system can be mounted here, so nothing can be made read-only for root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


def _seal(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)  # noqa: S603, S607


async def test_a_home_that_cannot_be_written_is_told(read_only: Path) -> None:
    (read_only / "uploads").mkdir()
    _seal(read_only)
    ran = await run_desk("serve", settings={"DESK_HOME": str(read_only), "DESK_PORT": "1"})
    assert ran.code == 2
    assert ran.err.startswith(f"desk: DESK_HOME: {read_only} cannot be written (Read-only file system)")


async def test_a_model_that_cannot_be_kept_is_told(command: Command, read_only: Path, tmp_path: Path) -> None:
    _seal(read_only)
    ran = await run_desk("parse", "你好", settings={"DESK_HOME": str(read_only)})
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert ran.err.splitlines()[-1] == f"desk: {read_only}/model: Read-only file system"


async def test_a_database_that_cannot_be_written_is_told(model_home: Path, read_only: Path) -> None:
    url = f"sqlite:///{read_only}/desk.sqlite3"
    await upgrade(url)
    _seal(read_only)
    home = {"DESK_HOME": str(model_home), "DATABASE_URL": url, "DESK_PORT": "1"}
    ran = await run_desk("serve", settings=home)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert ran.err.splitlines()[-1].startswith("desk: DATABASE_URL: the database cannot be prepared")


def test_rasa_that_is_not_there_is_told_with_what_to_do(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "nlu.yml"
    greet, bye = ("你好", "您好", "早上好", "在吗"), ("再见", "拜拜", "下次聊", "先这样")
    blocks = [
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for intent, texts in (("greet", greet), ("bye", bye))
    ]
    data.write_text("nlu:\n" + "".join(blocks), encoding="utf-8")
    ran = command("evaluate", "--train", str(data), "--test", str(data), "--engine", "rasa")
    assert ran.code == 2
    assert ran.err == "desk: there is no Rasa in .venv-rasa; `make rasa` installs it\n"
    assert "messages 8" in command("evaluate", "--train", str(data), "--test", str(data), "--engine", "embedded").out
