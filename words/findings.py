"""What the etiquette check looks at, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from words.claims import Claim
from words.language import Language
from words.mending import Fix
from words.rules import Rule, Severity
from words.situation import Circumstance, Situation


@dataclass(frozen=True, slots=True)
class Seen:
    """A text as the rules look at it: as written, with quotations hidden, its language, and where its greeting ends."""

    text: str
    shown: str
    language: Language
    situation: Situation
    circumstances: frozenset[Circumstance]
    greeted_until: int
    claims: Mapping[str, Claim]


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule: the span in the text (empty where something is missing), the reason and the mend.

    `mend` tells what to say; `fix` is what one key does, None where only the writer can put it right. A fix may take
    more than the span: a word that blames goes with its clause.
    """

    rule: str
    start: int
    end: int
    why: str
    severity: Severity
    mend: str | None
    fix: Fix | None = None


def mend(text: str, finding: Finding) -> str:
    """The text with the finding's fix made; `text` is the one that was checked. 〔…〕 is for the writer to fill in."""
    return finding.fix.applied(text) if finding.fix else text


def finding_of(rule: Rule, start: int, end: int, fix: Fix | None, mend_shown: str | None = None) -> Finding:
    """A finding of a rule that says itself what to do."""
    return Finding(rule.id, start, end, rule.why, rule.severity, mend_shown or rule.mend, fix)
