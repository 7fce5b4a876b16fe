"""`desk review`: the sheet that goes out, and the labels that come back."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from actions.intake import Inbound, receive
from actions.store import Session, Store, open_store
from actions.tables import Community, Message
from desk.content import content_files
from desk.loops import utc_now
from desk.settings import content_folder
from nlu.labels import Labels
from nlu.own import own_examples
from nlu.training_data import Example, TrainingData
from tests.desk.conftest import Command
from words.content import ContentFiles

HEADINGS = ["编号", "次数", "原话（个人信息已隐去）", "系统理解为", "把握", "列出原因", "建议类别", "正确标签"]
SAID = ("3栋2单元1502那个又来了，打13812345678", "3栋2单元1601那个又来了，打13912345678", "=1+1个人咋整", "灯是好的")


@pytest.fixture
def home(demo_sqlite: Path, tmp_path: Path) -> Path:
    """A home whose database holds messages that were read unsurely, all but the last."""
    shutil.copyfile(demo_sqlite, tmp_path / "desk.sqlite3")
    # The training examples that ship take half a second to read, in each command.
    shutil.copytree(content_folder(), tmp_path / "data", ignore=shutil.ignore_patterns("nlu"))

    def say(text: str) -> Callable[[Session], None]:
        def stored(session: Session) -> None:
            community_id = session.query(Community.id).filter(Community.code == "demo").scalar()
            received = receive(session, Inbound(community_id, "web", text, text, text, utc_now()), utc_now())
            read = {"intent": "repair", "category": "drain", "confidence": 0.31, "unsure": text != SAID[-1]}
            session.query(Message).filter(Message.id == received.message_id).update(
                {"understanding": read, "needs_understanding": False}
            )

        return stored

    async def fill() -> None:
        store: Store = await open_store(f"sqlite:///{tmp_path / 'desk.sqlite3'}")
        for text in SAID:
            await store.write(say(text))
        await store.close()

    asyncio.run(fill())
    return tmp_path


def at(home: Path) -> dict[str, str]:
    """The settings of the commands."""
    return {"DESK_HOME": str(home), "DESK_CONTENT": str(home / "data")}


def rows(path: Path) -> list[list[object]]:
    book = load_workbook(path)
    assert book.sheetnames == ["待复核", "全部类别"]
    sheet = book.worksheets[0]
    assert sheet.data_validations.dataValidation[0].formula1.startswith("'全部类别'!$A$2:")
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def fill_in(path: Path, *labels: str) -> None:
    book = load_workbook(path)
    for line, label in enumerate(labels, 2):
        book.worksheets[0].cell(line, len(HEADINGS)).value = label
    book.save(path)


def records(home: Path) -> list[tuple[str, dict[str, int]]]:
    with sqlite3.connect(home / "desk.sqlite3") as connection:
        found = connection.execute(
            "SELECT action, detail FROM audit WHERE action LIKE 'review:%' ORDER BY id"
        ).fetchall()
    return [(action, json.loads(detail)) for action, detail in found]


def test_messages_go_out_without_personal_data_and_their_labels_come_back_once(command: Command, home: Path) -> None:
    sheet = home / "待复核.xlsx"
    ran = command("review", "export", str(sheet), **at(home))
    assert (ran.code, ran.out) == (0, f"2 messages to label in {sheet}\n")
    head, first, second = rows(sheet)
    assert head == HEADINGS
    assert first[1:] == [
        2,
        "XX栋X单元XXX室那个又来了，打某电话",
        "报修 · 下水排污",
        0.31,
        "没把握",
        "报修 · 下水排污",
        None,
    ]
    assert second[2] == "=1+1个人咋整"
    assert len(str(first[0]).split()) == 2
    fill_in(sheet, "报修 · 电梯", "跳过")
    ran = command("review", "import", str(sheet), **at(home))
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines()[0] == "1 new examples, 0 known already, 1 passed over"
    learned = TrainingData.read(ContentFiles(own_examples(home)))
    assert [(one.text, one.intent) for one in learned.examples] == [
        ("XX栋X单元XXX室那个又来了，打某电话", "repair.elevator")
    ]
    assert any(one.intent == "repair.elevator" and one.source == "nlu/own/reviewed.yml" for one in all_examples(home))
    again = command("review", "import", str(sheet), **at(home))
    assert again.out == "0 new examples, 1 known already, 1 passed over\n"
    assert command("review", "export", str(sheet), **at(home)).out.startswith("0 messages")
    assert records(home) == [
        ("review:exported", {"messages": 2, "days": 30}),
        ("review:recorded", {"messages": 3, "passed_over": 1}),
        ("review:exported", {"messages": 0, "days": 30}),
    ]


def all_examples(home: Path) -> tuple[Example, ...]:
    files = content_files(home / "data", home)
    return TrainingData.read(files, vocabulary=Labels.read(files)).examples


def test_when_a_line_is_wrong_each_is_told_with_its_line_and_nothing_is_learned(command: Command, home: Path) -> None:
    sheet = home / "a.xlsx"
    command("review", "export", str(sheet), **at(home))
    fill_in(sheet, "repair.elevater", "报修 · 电梯")
    book = load_workbook(sheet)
    book.worksheets[0].cell(3, 3).value = "电梯坏了，打13812345678"
    book.worksheets[0].cell(4, 1).value = "12345"
    book.worksheets[0].cell(4, 3).value = "水表箱那里滋滋响个不停"
    book.worksheets[0].cell(4, 8).value = "跳过"
    book.save(sheet)
    ran = command("review", "import", str(sheet), **at(home))
    assert ran.code == 1
    first, second, third, last = ran.out.splitlines()
    assert first.startswith(f"{sheet}:2: there is no label repair.elevater → repair.elevator?")
    assert second.startswith(f"{sheet}:3: the text still holds 13812345678")
    assert third.startswith(f"{sheet}:4: message 12345 is not in this community")
    assert last == "3 lines are wrong; nothing was learned"
    assert own_examples(home) == {}
    assert [action for action, _ in records(home)] == ["review:exported"]


def test_what_cannot_be_done_is_one_clear_line(command: Command, home: Path) -> None:
    other = home / "b.xlsx"
    book = Workbook()
    book.worksheets[0].append(["甲", "乙"])
    book.save(other)
    none = home / "none.xlsx"
    for args, settings, told in (
        (("export", str(home / "a.csv")), {}, "ends with .xlsx"),
        (("import", str(none)), {}, "No such file"),
        (("import", str(other)), {}, "no_header"),
        (("export", str(none)), {"DESK_COMMUNITY": "nowhere"}, "no community nowhere"),
    ):
        ran = command("review", *args, **at(home), **settings)
        assert ran.code == 2, args
        assert told in ran.err
        assert len(ran.err.splitlines()) == 1


def test_while_a_server_writes_to_the_file_it_names_the_page(command: Command, home: Path) -> None:
    async def beside() -> None:
        store = await open_store(f"sqlite:///{home / 'desk.sqlite3'}")
        try:
            ran = await asyncio.to_thread(command, "review", "export", str(home / "a.xlsx"), **at(home))
        finally:
            await store.close()
        assert ran.code == 2
        assert "/staff/review" in ran.err

    asyncio.run(beside())
    assert not (home / "a.xlsx").exists()
