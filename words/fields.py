"""Reading the mappings of a content file key by key, so that every complaint names the file and the line."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from words.content import line_of
from words.errors import ContentError

_Choice = TypeVar("_Choice", bound=StrEnum)
# A pattern with unbounded repetition can take quadratic time on a long message; {0,n} says how far to look.
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d+,\}")


@dataclass(frozen=True, slots=True)
class Fields:
    """One mapping of a content file, with the place it stands at; every reader raises ContentError with the line."""

    source: str
    line: int | None
    node: CommentedMap

    @classmethod
    def of(cls, source: str, line: int | None, node: Any) -> "Fields":
        """Take a parsed value as a mapping."""
        if not isinstance(node, CommentedMap):
            raise ContentError(source, line, "should be a mapping of `key: value` lines")
        return cls(source, line, node)

    def line_of(self, key: object) -> int | None:
        """The line of a key, or of the mapping when the key is not there."""
        return line_of(self.node, key) or self.line

    def error(self, key: object, message: str) -> ContentError:
        """An error that points at one key."""
        return ContentError(self.source, self.line_of(key), message)

    def only(self, known: Collection[str]) -> None:
        """Refuse every key that is not among the known ones."""
        for key in self.node:
            if key not in known:
                raise self.error(key, f"unknown key `{key}`; known are {', '.join(sorted(known))}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not blank; `default` stands in when the key is absent."""
        value = self.node.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"`{key}` should be a text")
        return str(value)

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number of zero or more."""
        value = self.node.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(key, f"`{key}` should be a whole number of zero or more")
        return int(value)

    def time(self, key: str) -> time:
        """A time of day such as 08:30."""
        try:
            return time.fromisoformat(self.text(key))
        except ValueError as error:
            raise self.error(key, f"`{key}` should be a time such as 05:00") from error

    def flag(self, key: str) -> bool | None:
        """True, false, or None when the key is absent."""
        value = self.node.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, f"`{key}` should be true or false")
        return value

    def choice(self, key: str, kind: type[_Choice]) -> _Choice:
        """One word of a closed set."""
        value = self.text(key)
        if value not in {member.value for member in kind}:
            raise self.error(key, f"`{key}` should be one of {', '.join(kind)}, not {value}")
        return kind(value)

    def items(self, key: str) -> Iterator[tuple[int | None, Any]]:
        """The entries of a list with their lines; an absent key is an empty list."""
        value = self.node.get(key)
        if value is None:
            return
        if not isinstance(value, CommentedSeq):
            raise self.error(key, f"`{key}` should be a list")
        for index, entry in enumerate(value):
            yield line_of(value, index) or self.line_of(key), entry

    def texts(self, key: str) -> tuple[str, ...]:
        """The entries of a list of texts; an absent key is an empty list."""
        found = []
        for line, entry in self.items(key):
            if not isinstance(entry, str) or not entry:
                raise ContentError(self.source, line, f"every entry of `{key}` should be a text; write it in quotes")
            found.append(str(entry))
        return tuple(found)

    def patterns(self, key: str) -> tuple[str, ...]:
        """The entries of a list of regular expressions, each of which compiles and looks a bounded way ahead."""
        for line, entry in self.items(key):
            check_pattern(self.source, line, entry)
        return self.texts(key)


def check_pattern(source: str, line: int | None, pattern: Any) -> None:
    """Refuse a text that is not a regular expression, has a capturing group, repeats without bound or fits nothing."""
    if not isinstance(pattern, str) or not pattern:
        raise ContentError(source, line, "a pattern should be a text; write it in quotes")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ContentError(source, line, f"the pattern is not a regular expression: {error.msg}") from error
    if _UNBOUNDED.search(pattern):
        raise ContentError(source, line, "a pattern may not repeat with * or + or {n,}; write {0,9} instead")
    if compiled.groups:
        raise ContentError(source, line, "a pattern may not capture; write (?:…) instead of (…)")
    if compiled.match(""):
        raise ContentError(source, line, "the pattern matches the empty text, and so every text")
