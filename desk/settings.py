"""The settings: every variable the desk reads from its environment, what it means and what is right for it."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, HttpUrl, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from nlu.types import EngineKind

PREFIX = "DESK_"
EXIT_CODE = 2
"""What a command ends with when a setting, or anything else that a person can mend, is wrong."""


class LogLevel(StrEnum):
    """How much is written to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One variable that cannot be used: its name, and a sentence on what it is and what would be right."""

    variable: str
    message: str

    def __str__(self) -> str:
        """The line that is printed."""
        return f"{self.variable} {self.message}"


class SettingsError(Exception):
    """The environment holds values that cannot be used; one line per variable, secrets left out."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def content_folder() -> Path:
    """The folder of content that comes with the program: inside the wheel, or `data/` beside the checkout."""
    package = Path(__file__).resolve().parent
    packed = package / "_data"
    return packed if packed.is_dir() else package.parent / "data"


def heldout_folder() -> Path:
    """The folder of held-out messages that comes with the program: inside the wheel, or among the tests."""
    package = Path(__file__).resolve().parent
    packed = package / "_heldout"
    return packed if packed.is_dir() else package.parent / "tests" / "nlu" / "heldout"


def _words(value: object) -> object:
    """A list is written with commas or spaces, as people write lists in an environment."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _resolved(value: Path) -> Path:
    """The absolute path, with `~` replaced; a place that may not be looked at is a wrong value, not a crash."""
    try:
        path = value.expanduser().resolve()
        path.exists()
    except (OSError, RuntimeError) as error:
        raise ValueError(str(error)) from error
    return path


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """What an operator can set; each `description` completes the sentence “… should be”.

    Built from code it takes field names and reads no environment; `read_settings` builds it from one.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", validate_by_name=True, validate_default=True
    )

    home: Path = Field(default=Path("var"), description="a folder that the desk may create and write to")
    """Holds the database, the trained model and the uploads."""
    host: str = Field(default="127.0.0.1", pattern=r"^[\w.:-]+$", description="an address or a name, such as 0.0.0.0")
    """Where the server listens; 0.0.0.0 lets other machines in."""
    port: int = Field(default=8000, ge=1, le=65535, description="a whole number from 1 to 65535")
    """The TCP port of the web pages."""
    database_url: str = Field(
        default_factory=lambda data: f"sqlite:///{data['home']}/desk.sqlite3",
        validation_alias="DATABASE_URL",
        repr=False,
        description="sqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME",
    )
    """The database; it may hold a password and is never shown."""
    community: str = Field(
        default="demo", pattern=r"^[a-z0-9][a-z0-9-]*$", description="a code of a-z, 0-9 and -, such as demo"
    )
    """The code of the community that the page at / belongs to."""
    timezone: ZoneInfo = Field(
        default=ZoneInfo("Asia/Shanghai"), description="a time zone's name, such as Asia/Shanghai"
    )
    """The zone in which times are shown and desk hours are meant."""
    content: Path = Field(default_factory=content_folder, description="a folder with nlu/, replies/, rules/ … in it")
    """Where the content files are."""
    quiet_seconds: float = Field(default=1.5, ge=0, le=60, allow_inf_nan=False, description="seconds, from 0 to 60")
    """How long a resident must be silent before the desk answers."""
    quiet_complaint_seconds: float = Field(
        default=4, ge=0, le=60, allow_inf_nan=False, description="seconds, from DESK_QUIET_SECONDS to 60"
    )
    """The same while a complaint is being poured out."""
    quiet_longest_seconds: float = Field(
        default=8, ge=0, le=120, allow_inf_nan=False, description="seconds, from DESK_QUIET_COMPLAINT_SECONDS to 120"
    )
    """The longest that a message waits for an answer, however many follow it."""
    workers: int = Field(default=8, ge=1, le=64, description="a whole number from 1 to 64")
    """How many conversations one process works on at once."""
    secure_cookies: bool = Field(default=False, description="yes or no")
    """Cookies over HTTPS only; set it wherever the pages are served by HTTPS."""
    embed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(), description="web origins such as https://www.example.com, with DESK_SECURE_COOKIES=yes"
    )
    """The web sites that may show the residents' page in a frame."""
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(
        default=LogLevel.INFO, description="debug, info, warning or error"
    )
    """How much is logged."""
    nlu: Annotated[EngineKind, BeforeValidator(_lower)] = Field(
        default=EngineKind.EMBEDDED, description="embedded or rasa"
    )
    """Who names what a message is about."""
    rasa_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:5005"), repr=False, description="an address such as http://127.0.0.1:5005"
    )
    """The server; it may end with `?token=…` and is never shown."""
    rasa_seconds: float = Field(default=1, gt=0, le=30, allow_inf_nan=False, description="seconds above 0, up to 30")
    """How long the server may take for one answer."""
    max_upload_mb: int = Field(default=10, ge=1, le=100, description="a whole number of megabytes from 1 to 100")
    """The largest photo that is taken."""
    metrics_token: str = Field(
        default="",
        pattern=r"^([!-~]{16,})?$",
        repr=False,
        description="at least 16 characters without blanks",
    )
    """The secret with which /metrics is read; without one only this machine may."""
    telegram_token: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(),
        validation_alias="TELEGRAM_TOKEN",
        repr=False,
        description="the token of a bot, such as 123456:ABC…, or COMMUNITY=TOKEN for each of several",
    )
    """The Telegram bots, one for each community; never shown."""
    telegram_webhook: str = Field(
        default="no", pattern=r"^(no|https?://[^/?#]+)$", description="no, or this server as https://desk.example.com"
    )
    """Where Telegram reaches this server to bring updates; without it they are fetched."""
    telegram_api: str = Field(
        default="https://api.telegram.org", pattern=r"^https?://.+$", description="an address such as https://HOST"
    )
    """The server of the Bot API."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else, so that a test never depends on the machine it runs on."""
        return (init_settings,)

    @field_validator("home")
    @classmethod
    def _folder(cls, value: Path) -> Path:
        path = _resolved(value)
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file")
        return path

    @field_validator("content")
    @classmethod
    def _existing_folder(cls, value: Path) -> Path:
        path = _resolved(value)
        if not path.is_dir():
            raise ValueError(f"there is no folder {path}")
        return path

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        for short in ("postgres://", "postgresql://"):
            if value.startswith(short):
                return f"postgresql+asyncpg://{value.removeprefix(short)}"
        if value.startswith("postgresql+asyncpg://"):
            return value
        path = value.removeprefix("sqlite:///")
        if path == value or path in {"", ":memory:"}:
            raise ValueError("the database is a file or a PostgreSQL server")
        return f"sqlite:///{_resolved(Path(path))}"

    @field_validator("quiet_complaint_seconds", "quiet_longest_seconds")
    @classmethod
    def _not_shorter(cls, value: float, info: ValidationInfo) -> float:
        shorter = "quiet_seconds" if info.field_name == "quiet_complaint_seconds" else "quiet_complaint_seconds"
        least = info.data.get(shorter, 0)
        if value < least:
            raise ValueError(f"{variable_of(shorter)} is {least:g}")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _bots(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        codes = []
        for given in value:
            code, _, token = given.rpartition("=")
            if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
                raise ValueError("a token is a number, a colon and letters")
            codes.append(code or info.data.get("community"))
        if len(set(codes)) != len(codes):
            raise ValueError("a community has one bot")
        return value

    @field_validator("embed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for origin in value:
            scheme, place, *_ = urlsplit(origin)
            if scheme not in {"http", "https"} or not place or origin != f"{scheme}://{place}":
                raise ValueError(f"{origin} is not scheme://host")
        if value and not info.data.get("secure_cookies", True):
            # A browser gives no cookie to a page in a foreign frame unless the cookie is Secure.
            raise ValueError("DESK_SECURE_COOKIES is no")
        return value


def variable_of(field: str) -> str:
    """The name of the environment variable behind a field."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment; an empty variable counts as not set.

    Raises SettingsError with every problem at once: wrong values, and variables named DESK_… that are no settings.
    """
    given = {name.upper(): value.strip() for name, value in environ.items() if value.strip()}
    problems = _typing_errors(given)
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in given.items()}
    try:
        settings = Settings(**source())
    except ValidationError as error:
        problems += tuple(
            _problem(detail) for detail in error.errors() if detail["type"] != "default_factory_not_called"
        )
        raise SettingsError(problems) from None
    if problems:
        raise SettingsError(problems)
    return settings


def _typing_errors(given: Mapping[str, str]) -> tuple[Problem, ...]:
    known = {variable_of(field) for field in Settings.model_fields}
    return tuple(
        Problem(name, f"is not a setting; {_advice(name, known)}")
        for name in sorted(given)
        if name.startswith(PREFIX) and name not in known
    )


def _advice(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"did you mean {close[0]}?" if close else "docs/operations.md lists all of them"


def _problem(detail: ErrorDetails) -> Problem:
    place = str(detail["loc"][0])
    field = next(name for name in Settings.model_fields if place in {name, variable_of(name)})
    described: Any = Settings.model_fields[field]
    value = "set" if not described.repr else repr(str(detail["input"]))
    reason = f" ({detail['ctx']['error']})" if detail["type"] == "value_error" else ""
    return Problem(variable_of(field), f"is {value}; it should be {described.description}{reason}")
