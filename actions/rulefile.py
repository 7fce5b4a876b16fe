"""Checked reading of the rule files: every complaint names the file, the line and what would be right."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from words.content import ContentFiles, line_of
from words.errors import ContentError

Choice = TypeVar("Choice", bound=StrEnum)

_DURATION = re.compile(r"(\d+)\s*(s|min|h|d)")
_DESK = " desk"
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of a rule file."""

    source: str
    node: CommentedMap

    @classmethod
    def read(cls, files: ContentFiles, name: str) -> "Section":
        """The whole of one file. Raises ContentError when it is missing or is not a mapping."""
        node = files.read(name)
        if not isinstance(node, CommentedMap):
            raise ContentError(name, 1, "should hold a mapping of names to values")
        return cls(name, node)

    def fail(self, key: object, message: str) -> ContentError:
        """The error to raise about one key."""
        return ContentError(self.source, line_of(self.node, key), f"{key}: {message}")

    def only(self, *known: str) -> None:
        """Raise ContentError for a key that is not known: a misspelt rule must not be skipped silently."""
        for key in self.node:
            if key not in known:
                raise self.fail(key, f"is not known here; known are {', '.join(known)}")

    def section(self, key: str | int) -> "Section":
        """The mapping under a key, empty when the key is absent or has nothing after it."""
        value = self.node.get(key)
        if value is None:
            return Section(self.source, CommentedMap())
        if not isinstance(value, CommentedMap):
            raise self.fail(key, "should be a mapping")
        return Section(self.source, value)

    def sections(self) -> Iterator[tuple[str, "Section"]]:
        """Each key with the mapping under it."""
        for key in self.node:
            yield str(key), self.section(key)

    def items(self, key: str) -> tuple["Section", ...]:
        """The mappings listed under a key."""
        return tuple(self._item(key, value) for value in self.values(key))

    def _item(self, key: str, value: Any) -> "Section":
        if not isinstance(value, CommentedMap):
            raise self.fail(key, "should be a list of mappings")
        return Section(self.source, value)

    def values(self, key: str | int) -> tuple[Any, ...]:
        """The list under a key, empty when the key is absent."""
        value = self.node.get(key)
        if value is None:
            return ()
        if not isinstance(value, CommentedSeq):
            raise self.fail(key, "should be a list")
        return tuple(value)

    def text(self, key: str | int) -> str:
        """A text that must be there."""
        value = self.node.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(key, "is missing; give a text")
        return value.strip()

    def texts(self, key: str | int) -> tuple[str, ...]:
        """A list of texts; a single text stands for a list of one."""
        value = self.node.get(key)
        listed = (value,) if isinstance(value, str) else self.values(key)
        for one in listed:
            if not isinstance(one, str) or not one.strip():
                raise self.fail(key, f"{one!r} is not a text")
        return tuple(str(one).strip() for one in listed)

    def table(self, key: str) -> dict[str, str]:
        """A mapping of texts to texts."""
        inner = self.section(key)
        return {str(name): inner.text(name) for name in inner.node}

    def number(self, key: str) -> int:
        """A whole number above zero."""
        value = self.node.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fail(key, f"{value!r} is not a whole number above zero")
        return int(value)

    def flag(self, key: str) -> bool:
        """`true` or `false`."""
        value = self.node.get(key)
        if not isinstance(value, bool):
            raise self.fail(key, f"{value!r} is neither true nor false")
        return value

    def choice(self, key: str, kind: type[Choice]) -> Choice:
        """One member of a closed set."""
        value = self.text(key)
        if value not in {member.value for member in kind}:
            raise self.fail(key, f"{value!r} is not one of {', '.join(kind)}")
        return kind(value)

    def duration(self, key: str) -> timedelta:
        """A length of time such as `60s`, `15min`, `24h` or `7d`."""
        value = self.node.get(key)
        match = _DURATION.fullmatch(str(value).strip())
        if match is None:
            raise self.fail(key, f"{value!r} is not a length of time; write 60s, 15min, 24h or 7d")
        return timedelta(**{_UNITS[match[2]]: int(match[1])})

    def working_time(self, key: str) -> tuple[timedelta, bool]:
        """A length of time, and whether it is counted in desk hours: `8h desk`."""
        written = str(self.node.get(key)).strip()
        length = written.removesuffix(_DESK).strip()
        if (match := _DURATION.fullmatch(length)) is None:
            raise self.fail(key, f"{written!r} is not a length of time; write 60s, 15min, 24h, 7d or 8h desk")
        return timedelta(**{_UNITS[match[2]]: int(match[1])}), length != written

    def days(self, key: str) -> frozenset[date]:
        """A list of days such as `2027-01-01`."""
        return frozenset(self._day(key, value) for value in self.values(key))

    def _day(self, key: str, value: Any) -> date:
        try:
            return value if type(value) is date else date.fromisoformat(str(value))
        except ValueError as error:
            raise self.fail(key, f"{value!r} is not a day; write 2027-01-01") from error

    def pattern(self, key: str | int, *, end: bool = False) -> re.Pattern[str] | None:
        """The regular expressions listed under a key as one, or None when there are none; `end` ties it to the end."""
        listed = self.texts(key)
        for one in listed:
            try:
                re.compile(one)
            except re.error as error:
                raise self.fail(key, f"{one!r} is not a regular expression: {error}") from error
        if not listed:
            return None
        joined = "|".join(f"(?:{one})" for one in listed)
        return re.compile(f"(?:{joined})$" if end else joined)
