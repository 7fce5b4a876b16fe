"""The etiquette rules as `data/etiquette.yml` writes them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ruamel.yaml.comments import CommentedSeq

from words.content import ContentFiles, line_of
from words.errors import ContentError
from words.fields import Fields, check_pattern
from words.mood import Mood
from words.signs import first_signs

ETIQUETTE_FILE = "etiquette.yml"
_COMMON = ("id", "kind", "severity", "why", "only", "unless", "mend")


class Author(StrEnum):
    """Who wrote a text: the scripts, or a member of staff."""

    BOT = "bot"
    STAFF = "staff"


class Severity(StrEnum):
    """Whether a text may go out all the same."""

    BLOCK = "block"
    WARN = "warn"


class Kind(StrEnum):
    """How a rule looks at a text."""

    FORBID = "forbid"
    REQUIRE = "require"
    AT_MOST = "at_most"
    LENGTH = "length"
    PERSONAL = "personal"
    SALUTATION = "salutation"


_KEYS = {
    Kind.FORBID: ("expressions",),
    Kind.REQUIRE: ("any",),
    Kind.AT_MOST: ("any", "most"),
    Kind.LENGTH: ("characters", "sentences", "lines"),
    Kind.PERSONAL: ("find",),
    Kind.SALUTATION: ("find",),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern with the characters it can begin with; None when it can begin with any."""

    pattern: re.Pattern[str]
    signs: frozenset[str] | None

    @classmethod
    def of(cls, pattern: str) -> "Phrase":
        """Compile a pattern."""
        return cls(re.compile(pattern), first_signs(pattern))


@dataclass(frozen=True, slots=True)
class Expression:
    """A way of saying something that is not said, in one or more phrases, and what to say instead."""

    phrases: tuple[Phrase, ...]
    mend: str


@dataclass(frozen=True, slots=True)
class Scope:
    """When a rule holds; None or an empty set means always."""

    author: Author | None
    first: bool | None
    moods: frozenset[Mood]

    def holds(self, author: Author, first: bool, mood: Mood) -> bool:
        """Whether the rule applies to a text of this author, place in the conversation, and mood."""
        return self.author in {None, author} and self.first in {None, first} and (not self.moods or mood in self.moods)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; what of `expressions`, `pattern` and the limits is filled in depends on `kind`."""

    id: str
    kind: Kind
    severity: Severity
    why: str
    scope: Scope
    mend: str | None
    unless: tuple[Phrase, ...]
    expressions: tuple[Expression, ...]
    pattern: re.Pattern[str] | None
    most: int
    characters: int
    sentences: int
    lines: int


def read_rules(files: ContentFiles) -> tuple[Rule, ...]:
    """The rules in the order of the file.

    Raises ContentError with the line for an unknown key or kind, a pattern that is none, and an id given twice.
    """
    top = Fields.of(ETIQUETTE_FILE, 1, files.read(ETIQUETTE_FILE))
    top.only(("rules",))
    rules: dict[str, Rule] = {}
    for line, entry in top.items("rules"):
        fields = Fields.of(ETIQUETTE_FILE, line, entry)
        rule = _rule(fields)
        if rule.id in rules:
            raise fields.error("id", f"rule `{rule.id}` is there twice")
        rules[rule.id] = rule
    return tuple(rules.values())


def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern that finds what any of them finds."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _rule(fields: Fields) -> Rule:
    kind = fields.choice("kind", Kind)
    fields.only((*_COMMON, *_KEYS[kind]))
    expressions = tuple(_expression(fields.source, line, entry) for line, entry in fields.items("expressions"))
    patterns = fields.patterns("any") + fields.patterns("find")
    if not expressions and not patterns and kind is not Kind.LENGTH:
        raise fields.error("kind", f"a rule of kind {kind} needs {' or '.join(_KEYS[kind])}")
    return Rule(
        id=fields.text("id"),
        kind=kind,
        severity=fields.choice("severity", Severity),
        why=fields.text("why"),
        scope=_scope(fields),
        mend=fields.text("mend") if "mend" in fields.node else None,
        unless=tuple(Phrase.of(pattern) for pattern in fields.patterns("unless")),
        expressions=expressions,
        pattern=any_of(patterns) if patterns else None,
        most=fields.number("most", 0),
        characters=fields.number("characters", 0),
        sentences=fields.number("sentences", 0),
        lines=fields.number("lines", 0),
    )


def _scope(fields: Fields) -> Scope:
    if "only" not in fields.node:
        return Scope(None, None, frozenset())
    only = Fields.of(fields.source, fields.line_of("only"), fields.node["only"])
    only.only(("author", "first", "moods"))
    moods = only.texts("moods")
    if unknown := [mood for mood in moods if mood not in {member.value for member in Mood}]:
        raise only.error("moods", f"unknown mood {unknown[0]}; known are {', '.join(Mood)}")
    author = only.choice("author", Author) if "author" in only.node else None
    return Scope(author, only.flag("first"), frozenset(Mood(mood) for mood in moods))


def _expression(source: str, line: int | None, entry: Any) -> Expression:
    fields = Fields.of(source, line, entry)
    fields.only(("find", "mend"))
    find = fields.node.get("find")
    if isinstance(find, CommentedSeq):
        patterns = fields.patterns("find")
    else:
        check_pattern(source, line, find)
        patterns = (str(find),)
    if not patterns:
        raise ContentError(source, line_of(fields.node, "find"), "`find` is an empty list")
    return Expression(tuple(Phrase.of(pattern) for pattern in patterns), fields.text("mend"))
