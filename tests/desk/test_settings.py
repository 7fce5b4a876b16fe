import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from desk.settings import (
    EXIT_CODE,
    LogLevel,
    Settings,
    SettingsError,
    content_folder,
    read_settings,
    variable_of,
)
from nlu.types import EngineKind


def _problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    return [str(problem) for problem in caught.value.problems]


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({})
    home = Path("var").resolve()
    assert settings == Settings(home=home, database_url=f"sqlite:///{home}/desk.sqlite3")
    assert (settings.host, settings.port, settings.community) == ("127.0.0.1", 8000, "demo")
    assert settings.timezone == ZoneInfo("Asia/Shanghai")
    assert (settings.quiet_seconds, settings.quiet_complaint_seconds, settings.quiet_longest_seconds) == (1.5, 4, 8)
    assert settings.content == content_folder()


def test_every_variable_is_read(tmp_path: Path) -> None:
    environ = {
        "DESK_HOME": f"{tmp_path}/a home",
        "DESK_HOST": "0.0.0.0",  # noqa: S104 - a setting, not a server
        "DESK_PORT": "9000",
        "DATABASE_URL": "postgresql+asyncpg://u:p@h/d",
        "DESK_COMMUNITY": "guiyuan-2",
        "DESK_TIMEZONE": "UTC",
        "DESK_CONTENT": str(tmp_path),
        "DESK_QUIET_SECONDS": "0",
        "DESK_QUIET_COMPLAINT_SECONDS": "0.5",
        "DESK_QUIET_LONGEST_SECONDS": "1",
        "DESK_WORKERS": "8",
        "DESK_SECURE_COOKIES": "yes",
        "DESK_EMBED_ORIGINS": "https://a.example, https://b.example:8443",
        "DESK_LOG_LEVEL": "WARNING",
        "DESK_NLU": "RASA",
        "DESK_RASA_URL": "http://rasa.example:5005/?token=geheim",
        "DESK_RASA_SECONDS": "0.5",
        "DESK_MAX_UPLOAD_MB": "20",
        "DESK_METRICS_TOKEN": "0123456789abcdef",
        "TELEGRAM_TOKEN": "demo=1:abc, other=2:def",
        "DESK_TELEGRAM_WEBHOOK": "https://desk.example.com",
        "DESK_TELEGRAM_API": "http://127.0.0.1:8081",
    }
    settings = read_settings(environ)
    assert set(environ) == {variable_of(field) for field in Settings.model_fields}
    assert settings.home == tmp_path / "a home"
    assert settings.port == 9000
    assert settings.database_url == "postgresql+asyncpg://u:p@h/d"
    assert settings.embed_origins == ("https://a.example", "https://b.example:8443")
    assert settings.log_level is LogLevel.WARNING
    assert (settings.nlu, settings.rasa_seconds) == (EngineKind.RASA, 0.5)
    assert str(settings.rasa_url) == "http://rasa.example:5005/?token=geheim"
    assert settings.secure_cookies
    assert settings.quiet_longest_seconds == 1


def test_the_database_lies_in_the_home_unless_it_is_named(tmp_path: Path) -> None:
    assert read_settings({"DESK_HOME": str(tmp_path)}).database_url == f"sqlite:///{tmp_path}/desk.sqlite3"
    named = read_settings({"DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"})
    assert named.database_url == f"sqlite:///{tmp_path}/other.sqlite3"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_the_usual_short_forms_of_a_postgresql_address_are_taken(scheme: str) -> None:
    assert read_settings({"DATABASE_URL": f"{scheme}://u:p@h/d"}).database_url == "postgresql+asyncpg://u:p@h/d"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings({"DESK_PORT": "", "DESK_COMMUNITY": "  "}) == read_settings({})


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = read_settings({})
    with pytest.raises(ValidationError):
        settings.port = 1


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("DESK_PORT", "abc", "a whole number from 1 to 65535"),
        ("DESK_PORT", "0", "a whole number from 1 to 65535"),
        ("DESK_PORT", "65536", "a whole number from 1 to 65535"),
        ("DESK_HOST", "http://x", "an address or a name"),
        ("DESK_COMMUNITY", "桂苑", "a code of a-z"),
        ("DESK_TIMEZONE", "Asia/Nowhere", "a time zone's name"),
        ("DESK_TIMEZONE", "../../etc/passwd", "a time zone's name"),
        ("DESK_HOME", __file__, "is a file"),
        ("DESK_HOME", "~nobody-of-that-name/x", "a folder that the desk may create"),
        ("DESK_CONTENT", "/nowhere/at/all", "there is no folder"),
        ("DESK_QUIET_SECONDS", "-1", "from 0 to 60"),
        ("DESK_QUIET_SECONDS", "nan", "from 0 to 60"),
        ("DESK_QUIET_LONGEST_SECONDS", "inf", "DESK_QUIET_COMPLAINT_SECONDS to 120"),
        ("DESK_WORKERS", "1.5", "a whole number from 1 to 64"),
        ("DESK_SECURE_COOKIES", "maybe", "yes or no"),
        ("DESK_LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("DESK_NLU", "diet", "embedded or rasa"),
        ("DESK_RASA_SECONDS", "0", "seconds above 0"),
        ("DESK_MAX_UPLOAD_MB", "10MB", "a whole number of megabytes"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(variable: str, value: str, right: str) -> None:
    (line,) = _problems({variable: value})
    assert line.startswith(f"{variable} is '{value}'; it should be ")
    assert right in line
    assert "\n" not in line


def test_all_wrong_values_are_told_at_once() -> None:
    lines = _problems({"DESK_PORT": "x", "DESK_WORKERS": "0", "DESK_HOME": __file__})
    assert [line.split()[0] for line in lines] == ["DESK_HOME", "DESK_PORT", "DESK_WORKERS"]


def test_a_misspelt_variable_is_named_with_the_one_meant() -> None:
    assert _problems({"DESK_PROT": "9000"}) == ["DESK_PROT is not a setting; did you mean DESK_PORT?"]
    assert _problems({"DESK_XYZZY": "1"}) == ["DESK_XYZZY is not a setting; docs/operations.md lists all of them"]


def test_variables_of_other_programs_are_left_alone() -> None:
    assert read_settings({"PATH": "/bin", "DESKTOP_SESSION": "x", "PORT": "no"}) == read_settings({})


def test_the_longer_quiet_times_are_not_shorter() -> None:
    (line,) = _problems({"DESK_QUIET_SECONDS": "5"})
    assert line.startswith("DESK_QUIET_COMPLAINT_SECONDS is '4'")
    assert "DESK_QUIET_SECONDS is 5" in line


@pytest.mark.parametrize("origin", ["a.example", "https://", "ftp://a.example", "https://a.example/path"])
def test_an_embedding_site_is_an_origin(origin: str) -> None:
    (line,) = _problems({"DESK_EMBED_ORIGINS": origin, "DESK_SECURE_COOKIES": "yes"})
    assert f"{origin} is not scheme://host" in line


def test_embedding_needs_secure_cookies() -> None:
    (line,) = _problems({"DESK_EMBED_ORIGINS": "https://a.example"})
    assert "DESK_SECURE_COOKIES is no" in line


@pytest.mark.parametrize(
    "url", ["mysql://desk:geheim@h/d", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+aiosqlite:///x"]
)
def test_a_database_that_cannot_be_used_is_refused_without_showing_it(url: str) -> None:
    (line,) = _problems({"DATABASE_URL": url})
    assert line.startswith("DATABASE_URL is set; it should be sqlite:///FILE or postgresql+asyncpg://")
    assert "geheim" not in line


def test_secrets_are_never_printed() -> None:
    addresses = {"DATABASE_URL": "postgresql://desk:geheim@h/d", "DESK_RASA_URL": "http://h:5005/?token=geheim"}
    settings = read_settings(addresses)
    assert "geheim" not in repr(settings)
    assert "geheim" not in str(settings)


@pytest.mark.parametrize("url", ["rasa", "ftp://h", "http://", "http://h:99999/?token=geheim"])
def test_a_rasa_server_that_cannot_be_asked_is_refused_without_showing_it(url: str) -> None:
    (line,) = _problems({"DESK_RASA_URL": url})
    assert line.startswith("DESK_RASA_URL is set; it should be an address such as http://127.0.0.1:5005")
    assert "geheim" not in line


def test_the_error_reads_as_one_line_per_variable() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"DESK_PORT": "abc", "DESK_WORKERS": "0"})
    assert str(caught.value).splitlines() == [
        "DESK_PORT is 'abc'; it should be a whole number from 1 to 65535",
        "DESK_WORKERS is '0'; it should be a whole number from 1 to 64",
    ]


def test_a_command_with_a_wrong_setting_ends_with_two_and_no_traceback() -> None:
    environment = {**os.environ, "DESK_PORT": "abc"}
    command = [sys.executable, "-m", "desk", "audit"]
    root = Path(__file__).parents[2]
    ended = subprocess.run(  # noqa: S603 - our own command
        command, env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == EXIT_CODE == 2
    assert ended.stderr == "desk: DESK_PORT is 'abc'; it should be a whole number from 1 to 65535\n"


def test_building_settings_in_code_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PORT", "9999")
    assert Settings(port=8001).port == 8001
    assert Settings().port == 8000
