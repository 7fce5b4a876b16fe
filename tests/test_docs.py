import importlib.util
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

import bot.channels
from actions.tables import BindingRole, Role, Severity, TicketStatus
from desk.settings import Settings, content_folder, variable_of
from tests.house_rules import ROOT
from words.content import ContentFiles

_NO_CHANNELS = {"base"}  # what all channels have in common


def _text(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def _documents() -> str:
    return _text("README.md", *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))))


def _rows(name: str) -> list[list[str]]:
    """The cells of every row of every table in a document."""
    lines = [line for line in _text(name).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _commands() -> list[str]:
    """The commands as typer tells them, by the app itself."""
    if importlib.util.find_spec("desk.__main__") is None:
        return []
    from typer.main import get_command

    from desk.__main__ import app

    group: Any = get_command(app)
    return sorted(group.commands)


def _content() -> ContentFiles:
    return ContentFiles.load(content_folder())


def _labels() -> list[tuple[str, str]]:
    """Every intent and every `intent.category` with its Chinese name."""
    intents: Any = _content().read("labels.yml")["intents"]
    named = [(intent, value["name"]) for intent, value in intents.items()]
    for intent, value in intents.items():
        named += [(f"{intent}.{category}", of["name"]) for category, of in value["categories"].items()]
    return named


def test_every_command_is_named() -> None:
    documents = _documents()
    assert [name for name in _commands() if f"desk {name}" not in documents] == []


def test_no_document_names_a_command_that_does_not_exist() -> None:
    commands = _commands()
    if not commands:
        pytest.skip("there is no command yet")
    named = set(re.findall(r"`(?:python -m )?desk ([a-z][a-z-]*)", _documents() + _text("CHANGELOG.md")))
    assert named <= set(commands)


def test_the_settings_table_has_every_setting_and_no_other() -> None:
    setting = re.compile(r"`(DESK_\w+|DATABASE_URL|TELEGRAM_TOKEN)`")
    rows = [row for row in _rows("docs/operations.md") if setting.fullmatch(row[0])]
    assert [row[0].strip("`") for row in rows] == [variable_of(field) for field in Settings.model_fields]
    assert all(len(row) == 3 and row[2] for row in rows)


@pytest.mark.parametrize("field", list(Settings.model_fields))
def test_the_settings_table_tells_the_default(field: str) -> None:
    (shown,) = (row[1] for row in _rows("docs/operations.md") if row[0] == f"`{variable_of(field)}`")
    default: Any = Settings.model_fields[field].default
    if default is PydanticUndefined:
        assert shown  # made at run time and told in words
        return
    spoken = {True: "`yes`", False: "`no`"}[default] if isinstance(default, bool) else f"`{default}`"
    assert shown == ("none" if default == () else spoken)


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"\bDESK_[A-Z_]*[A-Z]\b", _documents() + _text("Makefile")))
    assert named <= {variable_of(field) for field in Settings.model_fields}


def test_every_channel_is_named() -> None:
    channels = {module.name for module in pkgutil.iter_modules(bot.channels.__path__)} - _NO_CHANNELS
    documents = _documents()
    assert [name for name in sorted(channels) if f"`{name}`" not in documents] == []


def test_every_form_is_named() -> None:
    forms = [Path(name).stem for name in _content().below("forms")]
    documents = _documents()
    assert [name for name in forms if f"`{name}`" not in documents] == []


def test_every_make_command_is_named() -> None:
    targets = re.findall(r"^([a-z-]+):[^#\n]*## ", _text("Makefile"), flags=re.MULTILINE)
    documents = _documents()
    assert {"run", "test", "check", "fix", "bench", "clean"} <= set(targets)
    assert [name for name in targets if f"make {name}" not in documents] == []


@pytest.mark.parametrize(("label", "name"), _labels())
def test_the_glossary_has_every_label_under_its_chinese_name(label: str, name: str) -> None:
    assert (name, f"`{label}`") in {(row[0], row[1]) for row in _rows("docs/glossary.md")}


def test_the_glossary_has_every_role_state_and_severity() -> None:
    glossary = _text("docs/glossary.md")
    members = [*Role, *TicketStatus, *BindingRole, *Severity]
    assert [member.value for member in members if f"`{member.value}`" not in glossary] == []


def test_the_glossary_names_the_states_as_residents_read_them() -> None:
    if "rules/names.yml" not in _content().texts:
        pytest.skip("the names are not there yet")
    statuses: Any = _content().read("rules/names.yml")["statuses"]
    rows = {row[0]: row[1] for row in _rows("docs/glossary.md")}
    assert {f"`{status}`": name for status, name in statuses.items()}.items() <= rows.items()


def test_a_word_of_the_code_stands_for_one_chinese_term() -> None:
    words = [row[1] for row in _rows("docs/glossary.md") if len(row) == 3 and re.fullmatch(r"`[a-z_.]+`", row[1])]
    assert sorted(set(words)) == sorted(words)


def test_the_change_log_has_a_place_for_what_comes() -> None:
    assert "## Unreleased" in _text("CHANGELOG.md")


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
