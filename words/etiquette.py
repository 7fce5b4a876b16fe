"""The etiquette check: what an outgoing text lacks, what it should not say, and how to mend it (domain.md A1-A12)."""

import re
from collections.abc import Mapping

from words.claims import Claim, read_spoken_claims
from words.content import ContentFiles
from words.findings import Finding, Seen, mend
from words.forbidden import Forbidden
from words.language import language_of
from words.looking import LOOKS
from words.mending import Fix
from words.mood import Mood
from words.quoting import hide_quotations
from words.rules import Rule, Severity, read_rules
from words.situation import Author, Circumstance, Situation

__all__ = ["Author", "Circumstance", "Etiquette", "Finding", "Fix", "Mood", "Severity", "Situation", "mend"]

# Each mend takes a finding away; a text with more findings than this is better written anew.
_MOST_MENDS = 60


class Etiquette:
    """The rules of one content snapshot, compiled; `check` is pure and deterministic."""

    def __init__(self, rules: tuple[Rule, ...], opening: re.Pattern[str], claims: Mapping[str, Claim]) -> None:
        self.rules = rules
        self._opening = opening
        self._claims = claims
        self._forbidden = Forbidden(rules)
        self._looked_for = tuple(rule for rule in rules if rule.kind in LOOKS)

    @classmethod
    def read(cls, files: ContentFiles) -> "Etiquette":
        """Read `data/etiquette.yml`. Raises ContentError with the line of what cannot be used."""
        rules, opening = read_rules(files)
        return cls(rules, opening, read_spoken_claims(files))

    def check(self, text: str, situation: Situation) -> tuple[Finding, ...]:
        """Everything that is wrong with a text, in the order of the text; an empty tuple means that it may go out."""
        seen = self._see(text, situation)
        holding = {rule.id for rule in self.rules if _holds(rule, seen)}
        found = list(self._forbidden.find(seen, holding))
        for rule in self._looked_for:
            if rule.id in holding:
                found.extend(LOOKS[rule.kind](rule, seen))
        return tuple(sorted(found, key=lambda finding: (finding.start, finding.rule)))

    def mended(self, text: str, situation: Situation) -> str:
        """The text with every mend made that there is; what only its writer can put right stays."""
        tried: set[str] = set()
        for _ in range(_MOST_MENDS):
            tried.add(text)
            # Words that go first: what is lacking may be said by what comes in their place.
            found = sorted(self.check(text, situation), key=lambda finding: finding.start == finding.end)
            offers = (mend(text, finding) for finding in found)
            text = next((offer for offer in offers if offer not in tried), text)
            if text in tried:
                break
        return text

    def _see(self, text: str, situation: Situation) -> Seen:
        greeting = self._opening.match(text)
        return Seen(
            text=text,
            shown=hide_quotations(text),
            language=situation.language or language_of(text),
            situation=situation,
            circumstances=situation.circumstances(),
            greeted_until=greeting.end() if greeting else 0,
            claims=self._claims,
        )


def _holds(rule: Rule, seen: Seen) -> bool:
    situation = seen.situation
    return rule.scope.holds(situation.author, situation.mood, seen.language, seen.circumstances)
