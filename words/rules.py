"""The etiquette rules as `data/etiquette.yml` writes them."""

import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml.comments import CommentedSeq

from words.content import ContentFiles, line_of
from words.errors import ContentError
from words.fields import Fields, check_pattern
from words.language import Language
from words.mending import Takes
from words.mood import Mood
from words.signs import first_signs
from words.situation import Author, Circumstance

__all__ = ["ETIQUETTE_FILE", "Author", "Expression", "Kind", "Phrase", "Rule", "Scope", "Severity", "Where", "any_of"]

_Member = TypeVar("_Member", bound=StrEnum)
ETIQUETTE_FILE = "etiquette.yml"
_COMMON = ("id", "kind", "severity", "why", "only", "unless", "mend", "put", "takes", "where")


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
    ADDRESS = "address"
    SALUTATION = "salutation"
    HOUR = "hour"
    OTHERS = "others"
    CLAIMS = "claims"


class Where(StrEnum):
    """Where the words that a text lacks are put: before everything, after its greeting, or at the end."""

    START = "start"
    OPENING = "opening"
    END = "end"


_KEYS = {
    Kind.FORBID: ("expressions",),
    Kind.REQUIRE: ("any", "when_says"),
    Kind.AT_MOST: ("any", "most"),
    Kind.LENGTH: ("characters", "sentences", "lines"),
    Kind.PERSONAL: ("find",),
    Kind.ADDRESS: (),
    Kind.SALUTATION: ("expressions",),
    Kind.HOUR: ("expressions",),
    Kind.OTHERS: ("titles",),
    Kind.CLAIMS: (),
}
_NEEDING_NONE = frozenset({Kind.ADDRESS, Kind.LENGTH, Kind.OTHERS, Kind.CLAIMS})


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
    """A way of saying something that is not said, in one or more phrases.

    `mend` tells what to say instead, `put` is exactly what one key puts there, and `takes` how much it replaces.
    `hours` are the local times, from and until, between which it is said all the same (greetings).
    """

    phrases: tuple[Phrase, ...]
    mend: str
    put: str
    takes: Takes
    hours: tuple[time, time] | None


@dataclass(frozen=True, slots=True)
class Scope:
    """When a rule holds; None or an empty set means always."""

    author: Author | None
    first: bool | None
    moods: frozenset[Mood]
    language: Language | None
    when: frozenset[Circumstance]
    not_when: frozenset[Circumstance]

    def holds(self, author: Author, mood: Mood, language: Language, now: frozenset[Circumstance]) -> bool:
        """Whether the rule applies to a text of this author, mood and language in these circumstances."""
        return (
            self.author in {None, author}
            and self.language in {None, language}
            and self.first in {None, Circumstance.FIRST in now}
            and (not self.moods or mood in self.moods)
            and self.when <= now
            and self.not_when.isdisjoint(now)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; what of `expressions`, `pattern` and the limits is filled in depends on `kind`.

    `harmless` finds where any of `unless` is.
    """

    id: str
    kind: Kind
    severity: Severity
    why: str
    scope: Scope
    mend: str | None
    put: str | None
    takes: Takes
    where: Where
    unless: tuple[Phrase, ...]
    harmless: re.Pattern[str] | None
    expressions: tuple[Expression, ...]
    pattern: re.Pattern[str] | None
    when_says: re.Pattern[str] | None
    titles: tuple[str, ...]
    most: int
    characters: int
    sentences: int
    lines: int


def read_rules(files: ContentFiles) -> tuple[tuple[Rule, ...], re.Pattern[str]]:
    """The rules in the order of the file, and how a text greets: what a mend says first stands after that.

    Raises ContentError with the line for an unknown key or kind, a pattern that is none, and an id given twice.
    """
    top = Fields.of(ETIQUETTE_FILE, 1, files.read(ETIQUETTE_FILE))
    top.only(("opening", "rules"))
    rules: dict[str, Rule] = {}
    for line, entry in top.items("rules"):
        fields = Fields.of(ETIQUETTE_FILE, line, entry)
        rule = _rule(fields)
        if rule.id in rules:
            raise fields.error("id", f"rule `{rule.id}` is there twice")
        rules[rule.id] = rule
    return tuple(rules.values()), any_of(top.patterns("opening") or (r"(?!)",))


def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern that finds what any of them finds."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _rule(fields: Fields) -> Rule:
    kind = fields.choice("kind", Kind)
    fields.only((*_COMMON, *_KEYS[kind]))
    takes = fields.choice("takes", Takes) if "takes" in fields.node else Takes.CLAUSE
    expressions = tuple(_expression(fields.source, line, entry, takes) for line, entry in fields.items("expressions"))
    patterns = fields.patterns("any") + fields.patterns("find")
    if not expressions and not patterns and kind not in _NEEDING_NONE:
        raise fields.error("kind", f"a rule of kind {kind} needs {' or '.join(_KEYS[kind])}")
    says, unless = fields.patterns("when_says"), fields.patterns("unless")
    return Rule(
        id=fields.text("id"),
        kind=kind,
        severity=fields.choice("severity", Severity),
        why=fields.text("why"),
        scope=_scope(fields),
        mend=fields.text("mend") if "mend" in fields.node else None,
        put=_put(fields),
        takes=takes,
        where=fields.choice("where", Where) if "where" in fields.node else Where.END,
        unless=tuple(Phrase.of(pattern) for pattern in unless),
        harmless=any_of(unless) if unless else None,
        expressions=expressions,
        pattern=any_of(patterns) if patterns else None,
        when_says=any_of(says) if says else None,
        titles=fields.texts("titles"),
        most=fields.number("most", 0),
        characters=fields.number("characters", 0),
        sentences=fields.number("sentences", 0),
        lines=fields.number("lines", 0),
    )


def _scope(fields: Fields) -> Scope:
    if "only" not in fields.node:
        return Scope(None, None, frozenset(), None, frozenset(), frozenset())
    only = Fields.of(fields.source, fields.line_of("only"), fields.node["only"])
    only.only(("author", "first", "moods", "language", "when", "not_when"))
    return Scope(
        author=only.choice("author", Author) if "author" in only.node else None,
        first=only.flag("first"),
        moods=_set_of(only, "moods", Mood),
        language=only.choice("language", Language) if "language" in only.node else None,
        when=_set_of(only, "when", Circumstance),
        not_when=_set_of(only, "not_when", Circumstance),
    )


def _set_of(only: Fields, key: str, kind: type[_Member]) -> frozenset[_Member]:
    given = only.texts(key)
    if unknown := [name for name in given if name not in {member.value for member in kind}]:
        what = kind.__name__.lower()
        raise only.error(key, f"unknown {what} {unknown[0]}; known are {', '.join(kind)}")
    return frozenset(kind(name) for name in given)


def _put(fields: Fields) -> str | None:
    """What a mend says, which may be nothing at all; None when the rule does not write it down."""
    value = fields.node.get("put")
    if value is not None and not isinstance(value, str):
        raise fields.error("put", "`put` should be a text, or '' to take the words out")
    return None if value is None else str(value)


def _expression(source: str, line: int | None, entry: Any, takes: Takes) -> Expression:
    fields = Fields.of(source, line, entry)
    fields.only(("find", "mend", "put", "takes", "from", "until"))
    find = fields.node.get("find")
    if isinstance(find, CommentedSeq):
        patterns = fields.patterns("find")
    else:
        check_pattern(source, line, find)
        patterns = (str(find),)
    if not patterns:
        raise ContentError(source, line_of(fields.node, "find"), "`find` is an empty list")
    mend, put = fields.text("mend"), _put(fields)
    return Expression(
        phrases=tuple(Phrase.of(pattern) for pattern in patterns),
        mend=mend,
        put=mend if put is None else put,
        takes=fields.choice("takes", Takes) if "takes" in fields.node else takes,
        hours=(fields.time("from"), fields.time("until")) if "from" in fields.node else None,
    )
