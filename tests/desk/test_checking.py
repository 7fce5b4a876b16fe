import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desk.checking import check_content
from desk.settings import content_folder
from nlu.check import Finding
from tests.desk.conftest import ROOT, Command
from words.errors import ContentError

ZONE = ZoneInfo("Asia/Shanghai")
HELDOUT = ROOT / "tests/nlu/heldout"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the content, to be broken."""
    return Path(shutil.copytree(content_folder(), tmp_path / "data"))


def _change(content: Path, file: str, old: str, new: str) -> None:
    text = (content / file).read_text(encoding="utf-8")
    assert old in text
    (content / file).write_text(text.replace(old, new), encoding="utf-8")


def _without(content: Path, file: str, name: str) -> None:
    """Take a script out of its file."""
    lines = (content / file).read_text(encoding="utf-8").splitlines(keepends=True)
    start = lines.index(f"{name}:\n")
    end = next(
        (n for n, line in enumerate(lines[start + 1 :], start + 1) if not line.startswith((" ", "#"))), len(lines)
    )
    (content / file).write_text("".join(lines[:start] + lines[end:]), encoding="utf-8")


def test_the_content_that_ships_has_every_script_that_is_named() -> None:
    findings = check_content(content_folder(), ZONE, ROOT / "none")
    assert findings == []


def test_a_form_that_names_no_script_is_found(content: Path) -> None:
    _change(content, "forms/repair.yml", "repair.ask_place\n", "repair.ask_nothing\n")
    findings = check_content(content, ZONE, ROOT / "none")
    assert "forms/repair.yml: names the script 'repair.ask_nothing', which is not in data/replies" in findings


def test_a_danger_without_safety_words_is_found(content: Path) -> None:
    _without(content, "replies/emergency.yml", "emergency.gas.safety")
    findings = check_content(content, ZONE, ROOT / "none")
    assert "replies: the kind of emergency 'gas' lacks the script emergency.gas.safety" in findings


def test_a_rude_script_is_found(content: Path) -> None:
    _change(content, "replies/talk.yml", "不用客气，也谢谢您的理解。", "不归我管，你自己看着办。")
    findings = check_content(content, ZONE, ROOT / "none")
    assert any(finding.startswith("replies/talk.yml:") for finding in findings)


def test_what_is_found_in_the_training_data_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("nlu/repair.yml", 3, "is wrong"), Finding("data/nlu", None, "too few")]
    monkeypatch.setattr("desk.checking.check_data", lambda *_given: found)
    assert check_content(content_folder(), ZONE, HELDOUT) == ["nlu/repair.yml:3: is wrong", "data/nlu: too few"]


def test_the_estate_s_own_examples_are_checked_and_must_tell_of_nobody(tmp_path: Path) -> None:
    own = tmp_path / "nlu" / "reviewed.yml"
    own.parent.mkdir()
    own.write_text("nlu:\n- intent: bye\n  examples: |\n    - 打13812345678再见\n", encoding="utf-8")
    findings = check_content(content_folder(), ZONE, ROOT / "none", tmp_path)
    assert findings == ["nlu/own/reviewed.yml:4: still holds 13812345678; put a mark of lexicon/masks.yml there"]


def test_unreadable_content_is_told_with_its_place(content: Path) -> None:
    _change(content, "phrases.yml", "join:", "jion:")
    with pytest.raises(ContentError, match=r"phrases\.yml:1: .*join"):
        check_content(content, ZONE, HELDOUT)


def test_the_command_counts_what_it_found(command: Command, content: Path) -> None:
    _change(content, "forms/repair.yml", "repair.ask_place\n", "repair.ask_nothing\n")
    ran = command("check-data", "--heldout", str(ROOT / "none"), DESK_CONTENT=str(content))
    assert ran.code == 1
    *findings, last = ran.out.splitlines()
    assert last == f"{len(findings)} findings"
    assert len(findings) > 0
