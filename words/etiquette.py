"""The etiquette check: what an outgoing text lacks, what it should not say, and how to mend it (domain.md A1-A12)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from words.content import ContentFiles
from words.mood import Mood
from words.rules import Author, Kind, Phrase, Rule, Severity, any_of, read_rules
from words.templates import count_lines, count_sentences

__all__ = ["Author", "Etiquette", "Finding", "Mood", "Severity", "Situation"]

_QUOTED = re.compile(
    r"“[^”]{1,200}”|‘[^’]{1,200}’|「[^」]{1,200}」|『[^』]{1,200}』|《[^》]{1,200}》|\"[^\"\n]{1,200}\""
)
_HIDDEN = "\ufffc"
# How far before a finding a harmless use may begin; the longest of the rules' `unless` reaches about this far.
_LOOK_BACK = 30


@dataclass(frozen=True, slots=True)
class Situation:
    """What the check has to know about a text besides its words.

    `first` is true for the first message of a conversation, `salutation` is the resident's form of address (王女士)
    where one is known, `allowed_phones` are numbers that may be named in full: the desk's own, the resident's own.
    """

    author: Author
    first: bool = False
    mood: Mood = Mood.NEUTRAL
    salutation: str | None = None
    allowed_phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule: the span in the text (empty where something is missing), the reason and the mend."""

    rule: str
    start: int
    end: int
    why: str
    severity: Severity
    mend: str | None


@dataclass(frozen=True, slots=True)
class _Forbidden:
    rule: Rule
    phrase: Phrase
    mend: str


class Etiquette:
    """The rules of one content snapshot, compiled; `check` is pure and deterministic."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._others = tuple(rule for rule in rules if rule.kind is not Kind.FORBID)
        # By the character a phrase begins with; under "" those that can begin with any.
        self._by_sign: defaultdict[str, list[_Forbidden]] = defaultdict(list)
        for rule in rules:
            for expression in rule.expressions:
                for phrase in expression.phrases:
                    for sign in ("",) if phrase.signs is None else phrase.signs:
                        self._by_sign[sign].append(_Forbidden(rule, phrase, expression.mend))
        self._quick = {sign: _any_phrase(items) for sign, items in self._by_sign.items() if sign}
        self._anywhere = _any_phrase(self._by_sign[""])

    @classmethod
    def read(cls, files: ContentFiles) -> "Etiquette":
        """Read `data/etiquette.yml`. Raises ContentError with the line of what cannot be used."""
        return cls(read_rules(files))

    def check(self, text: str, situation: Situation) -> tuple[Finding, ...]:
        """Everything that is wrong with a text, in the order of the text; an empty tuple means that it may go out."""
        shown = _QUOTED.sub(lambda quoted: _HIDDEN * len(quoted.group()), text)
        found = list(self._forbidden(shown, situation))
        for rule in self._others:
            if rule.scope.holds(situation.author, situation.first, situation.mood):
                found.extend(_CHECKS[rule.kind](rule, text, shown, situation))
        return tuple(sorted(found, key=lambda finding: (finding.start, finding.rule)))

    def _forbidden(self, shown: str, situation: Situation) -> Iterator[Finding]:
        """Of expressions that overlap the first counts, but a warning hides no block."""
        warned_to = blocked_to = 0
        for start in self._starts(shown):
            if start < blocked_to:
                continue
            worst = max(self._beginning_at(shown, start, situation), key=_weight, default=None)
            if worst and worst.severity is Severity.BLOCK:
                yield worst
                blocked_to = worst.end
            elif worst and start >= warned_to:
                yield worst
                warned_to = worst.end

    def _starts(self, shown: str) -> list[int]:
        """Where in the text an expression begins, leaving open whether its rule holds here."""
        starts = {at for at, sign in enumerate(shown) if (quick := self._quick.get(sign)) and quick.match(shown, at)}
        position = 0
        while met := self._anywhere.search(shown, position):
            starts.add(met.start())
            position = met.start() + 1
        return sorted(starts)

    def _beginning_at(self, shown: str, start: int, situation: Situation) -> Iterator[Finding]:
        for item in (*self._by_sign.get(shown[start], ()), *self._by_sign[""]):
            rule = item.rule
            met = item.phrase.pattern.match(shown, start)
            if met is None or not rule.scope.holds(situation.author, situation.first, situation.mood):
                continue
            if not any(_covers(harmless, shown, start, met.end()) for harmless in rule.unless):
                yield Finding(rule.id, start, met.end(), rule.why, rule.severity, item.mend)


def _any_phrase(items: list[_Forbidden]) -> re.Pattern[str]:
    return any_of(tuple(item.phrase.pattern.pattern for item in items) or (r"(?!)",))


def _weight(finding: Finding) -> tuple[bool, int]:
    return finding.severity is Severity.BLOCK, finding.end


def _covers(harmless: Phrase, shown: str, start: int, end: int) -> bool:
    """Whether a harmless use begins at or before the finding and ends at or after its end."""
    for begin in range(max(0, start - _LOOK_BACK), start + 1):
        if harmless.signs is not None and shown[begin] not in harmless.signs:
            continue
        use = harmless.pattern.match(shown, begin)
        if use and use.end() >= end:
            return True
    return False


def _at(rule: Rule, start: int, end: int) -> Finding:
    return Finding(rule.id, start, end, rule.why, rule.severity, rule.mend)


def _required(rule: Rule, text: str, shown: str, situation: Situation) -> Iterator[Finding]:
    del text, situation
    if rule.pattern and not rule.pattern.search(shown):
        yield _at(rule, 0, 0)


def _at_most(rule: Rule, text: str, shown: str, situation: Situation) -> Iterator[Finding]:
    del text, situation
    hits = list(rule.pattern.finditer(shown)) if rule.pattern else []
    if len(hits) > rule.most:
        yield _at(rule, *hits[rule.most].span())


def _length(rule: Rule, text: str, shown: str, situation: Situation) -> Iterator[Finding]:
    del shown, situation
    too_long = rule.characters and len(text) > rule.characters
    too_many = rule.sentences and count_sentences(text) > rule.sentences
    if too_long or too_many or (rule.lines and count_lines(text) > rule.lines):
        yield _at(rule, min(len(text), rule.characters) if too_long else 0, len(text))


def _personal(rule: Rule, text: str, shown: str, situation: Situation) -> Iterator[Finding]:
    """Numbers are looked for inside quotations too: a quoted number is told all the same."""
    del shown
    allowed = {_digits(number) for number in situation.allowed_phones}
    for hit in rule.pattern.finditer(text) if rule.pattern else ():
        if _digits(hit.group()) not in allowed:
            yield _at(rule, *hit.span())


def _digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


def _salutation(rule: Rule, text: str, shown: str, situation: Situation) -> Iterator[Finding]:
    del text
    for hit in rule.pattern.finditer(shown) if rule.pattern else ():
        if situation.salutation is None or not hit.group().endswith(situation.salutation):
            yield _at(rule, *hit.span())


_CHECKS = {
    Kind.REQUIRE: _required,
    Kind.AT_MOST: _at_most,
    Kind.LENGTH: _length,
    Kind.PERSONAL: _personal,
    Kind.SALUTATION: _salutation,
}
