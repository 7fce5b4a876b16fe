"""The forbidden expressions of all rules, found in one pass over a text (domain.md A2, A6-A12)."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from words.findings import Finding, Seen
from words.mending import instead
from words.rules import Expression, Kind, Rule, Severity, any_of

# A mend may keep the words that were found: “请您” before a bare command.
_WORDS = "{words}"
_Match = Callable[[str, int], re.Match[str] | None]


class _Met(NamedTuple):
    """An expression met in a text; of several at one place the greatest counts: the gravest, longest, first in file."""

    blocks: bool
    end: int
    order: int
    start: int
    rule: Rule
    expression: Expression


@dataclass(frozen=True, slots=True)
class _Group:
    """The phrases of one rule that begin with the same character, and one pattern that tells whether any is there."""

    rule: Rule
    any: re.Pattern[str]
    phrases: tuple[tuple[int, _Match, Expression], ...]


class Forbidden:
    """The expressions by the character they begin with; under "" those that can begin with any."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._groups = _grouped(rules)
        self._quick = {sign: _any_group(groups) for sign, groups in self._groups.items() if sign}
        self._anywhere = _any_group(self._groups.get("", ()))

    def find(self, seen: Seen, holding: AbstractSet[str]) -> Iterator[Finding]:
        """What is met of the rules that hold; of what overlaps the first counts, but a warning hides no block."""
        warned_to = blocked_to = 0
        harmless = _Harmless(seen.shown)
        for start, signs in self._starts(seen.shown):
            if start < blocked_to:
                continue
            begun = [met for sign in signs for met in self._begun(seen.shown, start, sign, holding)]
            if len(begun) > 1:
                begun.sort(reverse=True)
            worst = next((met for met in begun if not harmless.covers(met.rule, start, met.end)), None)
            if worst is None or (start < warned_to and not worst.blocks):
                continue
            yield _finding(worst, seen)
            if worst.blocks:
                blocked_to = worst.end
            else:
                warned_to = worst.end

    def _starts(self, shown: str) -> list[tuple[int, tuple[str, ...]]]:
        """Where in the text an expression begins, and under which signs; whether its rule holds here is left open."""
        quick = self._quick
        starts = {at: (sign,) for at, sign in enumerate(shown) if sign in quick and quick[sign].match(shown, at)}
        position = 0
        while met := self._anywhere.search(shown, position):
            starts[met.start()] = (*starts.get(met.start(), ()), "")
            position = met.start() + 1
        return sorted(starts.items())

    def _begun(self, shown: str, start: int, sign: str, holding: AbstractSet[str]) -> Iterator[_Met]:
        for group in self._groups[sign]:
            rule = group.rule
            if rule.id in holding and group.any.match(shown, start):
                blocks = rule.severity is Severity.BLOCK
                for order, match, expression in group.phrases:
                    if met := match(shown, start):
                        yield _Met(blocks, met.end(), order, start, rule, expression)


class _Harmless:
    """The harmless uses in one text, found once for each rule that asks."""

    __slots__ = ("_shown", "_spans")

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._spans: dict[str, list[tuple[int, int]]] = {}

    def covers(self, rule: Rule, start: int, end: int) -> bool:
        """Whether a harmless use begins at or before the finding and ends at or after its end."""
        spans = self._spans.get(rule.id)
        if spans is None:
            spans = self._spans[rule.id] = list(self._found(rule))
        return any(begins <= start and ends >= end for begins, ends in spans)

    def _found(self, rule: Rule) -> Iterator[tuple[int, int]]:
        position = 0
        while rule.harmless and (met := rule.harmless.search(self._shown, position)):
            at = met.start()
            uses = (phrase.pattern.match(self._shown, at) for phrase in rule.unless)
            yield at, max(use.end() for use in uses if use)
            position = at + 1


def _grouped(rules: Sequence[Rule]) -> dict[str, tuple[_Group, ...]]:
    found: defaultdict[str, list[_Group]] = defaultdict(list)
    orders = count(0, -1)
    for rule in rules:
        if rule.kind is not Kind.FORBID:
            continue
        of_sign: defaultdict[str, list[tuple[int, re.Pattern[str], Expression]]] = defaultdict(list)
        for expression in rule.expressions:
            for phrase in expression.phrases:
                order = next(orders)
                for sign in ("",) if phrase.signs is None else phrase.signs:
                    of_sign[sign].append((order, phrase.pattern, expression))
        for sign, phrases in of_sign.items():
            either = any_of(tuple(pattern.pattern for _, pattern, _ in phrases))
            matching = tuple((order, pattern.match, expression) for order, pattern, expression in phrases)
            found[sign].append(_Group(rule, either, matching))
    return {sign: tuple(groups) for sign, groups in found.items()}


def _any_group(groups: Sequence[_Group]) -> re.Pattern[str]:
    return any_of(tuple(group.any.pattern for group in groups) or (r"(?!)",))


def _finding(met: _Met, seen: Seen) -> Finding:
    rule, expression = met.rule, met.expression
    put = expression.put
    if _WORDS in put:
        put = put.replace(_WORDS, seen.text[met.start : met.end])
    fix = instead(seen.text, met.start, met.end, put, expression.takes)
    return Finding(rule.id, met.start, met.end, rule.why, rule.severity, expression.mend, fix)
