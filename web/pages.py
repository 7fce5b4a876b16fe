"""Renders the templates: Chinese texts live there, never in Python."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from actions.names import Names

_HERE = Path(__file__).parent
ASSETS = _HERE / "assets"
# Not a number to call: part of a longer one, or an amount in yuan (U+5143).
_PHONE = re.compile(
    r"(?<![\d.])(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4}|110|119|120|12345|12356)(?![\d.\u5143])"
)
_ONE_DAY_MINUTES = 24 * 60


class Pages:
    """All templates, compiled once."""

    def __init__(self, names: Names) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            # Looking whether a file was edited costs more than rendering a small template.
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "local": local,
            "linked": linked,
            "duration": duration,
            "iso": datetime.isoformat,
        }
        self._environment.globals |= {"names": names, "asset": self._asset, "days_between": days_between}

    def html(self, template: str, **context: Any) -> str:
        """A template as text."""
        return self._environment.get_template(template).render(context)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A template as a response."""
        return HTMLResponse(self.html(template, **context), status_code=status)

    def plain(self, template: str, **context: Any) -> str:
        """A template as plain text, for a file that no browser shows."""
        return Markup(self.html(template, **context)).unescape()  # noqa: S704 - it becomes text, not a page

    def text(self, name: str, /, **context: Any) -> str:
        """A short text of `texts.html` as plain text, for scripts and for what is said to a resident."""
        rendered: Markup = getattr(self._texts, name)(**context)
        return rendered.unescape().strip()

    def has_text(self, name: str) -> bool:
        """Whether `texts.html` has a text of that name."""
        return not name.startswith("_") and hasattr(self._texts, name)

    @cached_property
    def _texts(self) -> Any:
        return self._environment.get_template("texts.html").module

    @cached_property
    def _versions(self) -> Mapping[str, str]:
        return {
            path.relative_to(ASSETS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            for path in sorted(ASSETS.rglob("*"))
            if path.is_file()
        }

    def _asset(self, path: str) -> str:
        """The address of an asset; it changes with the content, so that browsers may keep it for ever."""
        return f"/assets/{path}?v={self._versions[path]}"


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment in the community's own time."""
    return moment.astimezone(zone)


def days_between(day: date, today: date) -> int:
    """How many calendar days `day` lies ahead of `today`."""
    return (day - today).days


def duration(seconds: int) -> Mapping[str, int]:
    """A length of time in whole days, hours and minutes, its sign left out."""
    minutes = abs(seconds) // 60
    days, rest = divmod(minutes, _ONE_DAY_MINUTES)
    return {"days": days, "hours": rest // 60, "minutes": rest % 60}


def linked(text: str) -> Markup:
    """A text of the desk with its phone numbers made callable: in an emergency one touch must do."""
    return Markup(_PHONE.sub(r'<a class="tel" href="tel:\1">\1</a>', str(escape(text))))  # noqa: S704 - escaped first
