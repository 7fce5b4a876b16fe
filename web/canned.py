"""Canned replies for staff (`data/canned`): found by code, Chinese or pinyin initials, filled, and only inserted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from words.content import ContentFiles
from words.errors import ContentError
from words.fields import Fields
from words.syllables import initials

FOLDER = "canned"
FACTS = ("salutation", "place", "ticket", "me", "desk_phone", "duty_phone", "blank")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Canned:
    """One reply; `initials` are the first letters of the title's syllables."""

    code: str
    title: str
    text: str
    initials: str

    def rank(self, query: str) -> int | None:
        """How well it fits what was typed after the slash, 0 best; None when it does not."""
        if not query or self.code == query:
            return 0
        if self.code.startswith(query):
            return 1
        if self.initials.startswith(query) or query in self.title:
            return 2
        return 3 if query in self.initials or query in self.text else None

    def filled(self, facts: Mapping[str, str]) -> str:
        """The text with the facts; a fact that is not known leaves the gap that `blank` stands for."""
        text = self.text
        if not facts.get("salutation"):
            text = re.sub(r"^\{salutation\}，?", "", text)
        return _PLACEHOLDER.sub(lambda hit: facts.get(hit[1]) or facts["blank"], text)


def read_canned(files: ContentFiles) -> tuple[Canned, ...]:
    """All canned replies. Raises ContentError for an unknown placeholder, or a code that is there twice."""
    found: dict[str, Canned] = {}
    for name in files.below(FOLDER):
        listed = files.read(name)
        for place, entry in enumerate(listed):
            fields = Fields.of(name, place + 1, entry)
            fields.only(("code", "title", "text"))
            one = Canned(fields.text("code"), fields.text("title"), fields.text("text"), "")
            if unknown := sorted(set(_PLACEHOLDER.findall(one.text)) - set(FACTS)):
                raise fields.error("text", f"unknown placeholder {unknown[0]}; known are {', '.join(FACTS)}")
            if one.code in found:
                raise ContentError(name, fields.line_of("code"), f"the code {one.code} is there twice")
            found[one.code] = Canned(one.code, one.title, one.text, initials(one.title))
    return tuple(found.values())


def search(canned: tuple[Canned, ...], query: str, *, limit: int = 12) -> tuple[Canned, ...]:
    """The replies that fit what was typed, the best first."""
    wanted = query.strip().lower()
    ranked = [(rank, place, one) for place, one in enumerate(canned) if (rank := one.rank(wanted)) is not None]
    return tuple(one for _rank, _place, one in sorted(ranked)[:limit])
