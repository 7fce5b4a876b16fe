"""What a reply asserts beyond its facts, and the words by which such an assertion is recognised (domain.md A11)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from words.content import ContentFiles
from words.errors import ContentError
from words.fields import Fields
from words.language import Language
from words.quoting import hide_quotations

CLAIMS_FILE = "replies/claims.yml"
_KEYS = ("gloss", "needs", "needs_one", "patterns", "english", "instead", "follows_from")


@dataclass(frozen=True, slots=True)
class Claim:
    """One kind of assertion: `needs` are facts that must all be there, of `needs_one` at least one.

    `instead` is what a member of staff says where no record supports it; a claim without it is not looked for in what
    staff type. `follows_from` are claims that support this one too: whoever has set out has accepted.
    """

    name: str
    gloss: str
    needs: tuple[str, ...]
    needs_one: tuple[str, ...]
    pattern: re.Pattern[str]
    english: re.Pattern[str]
    instead: str | None
    follows_from: frozenset[str]

    def made_in(self, words: str, language: Language) -> re.Match[str] | None:
        """Where the words make this claim, or None."""
        return (self.english if language is Language.ENGLISH else self.pattern).search(words)

    def lacks(self, facts: Iterable[str]) -> str | None:
        """What is missing among the facts for this claim to be made, in words, or None."""
        given = set(facts)
        missing = [name for name in self.needs if name not in given]
        if missing:
            return f"the fact {', '.join(missing)}"
        if self.needs_one and given.isdisjoint(self.needs_one):
            return f"one of the facts {', '.join(self.needs_one)}"
        return None


def read_claims(files: ContentFiles) -> dict[str, Claim]:
    """The closed list of claims. Raises ContentError for an unknown key or a pattern that is none."""
    parsed = files.read(CLAIMS_FILE)
    top = Fields.of(CLAIMS_FILE, 1, parsed)
    claims = {}
    for name in top.node:
        fields = Fields.of(CLAIMS_FILE, top.line_of(name), top.node[name])
        fields.only(_KEYS)
        patterns = fields.patterns("patterns")
        if not patterns:
            raise ContentError(CLAIMS_FILE, fields.line, f"claim `{name}` has no pattern to recognise it by")
        claims[str(name)] = Claim(
            name=str(name),
            gloss=fields.text("gloss"),
            needs=fields.texts("needs"),
            needs_one=fields.texts("needs_one"),
            pattern=_any_of(patterns),
            english=_any_of(fields.patterns("english")),
            instead=fields.text("instead") if "instead" in fields.node else None,
            follows_from=frozenset(fields.texts("follows_from")),
        )
    return claims


def read_spoken_claims(files: ContentFiles) -> dict[str, Claim]:
    """The claims that are looked for in what staff type; none where the content has no claims."""
    if CLAIMS_FILE not in files.texts:
        return {}
    return {name: claim for name, claim in read_claims(files).items() if claim.instead}


def claims_made(claims: Mapping[str, Claim], skeleton: str, language: Language = Language.CHINESE) -> dict[str, str]:
    """Which claims the words of a template make, with the words that make them."""
    made = {}
    said = hide_quotations(skeleton)
    for claim in claims.values():
        if found := claim.made_in(said, language):
            made[claim.name] = found.group()
    return made


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)")
