"""By which words a message speaks of what an announcement says, read from `data/phrases.yml` (domain.md D1, D7)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.wishes import squeezed
from words.content import line_of
from words.fields import Fields, check_pattern

# So many signs of a title in a row are its own name, such as 邻里节, and not a thing that stands in many messages.
_NAME = 3


@dataclass(frozen=True, slots=True)
class Announcements:
    """`about` are the words of each label that a notice may explain, `when` those that ask for the time of it.

    `words` is what a resident writes to report it all the same, by intent, `insists` how they say so in so many words;
    `source` names an announcement as the source of an answer, and `common` are pieces of titles that name nothing.
    """

    about: Mapping[str, re.Pattern[str]]
    when: re.Pattern[str]
    common: re.Pattern[str]
    words: Mapping[str, str]
    source: str
    insists: re.Pattern[str]

    @classmethod
    def read(cls, source: str, node: Any) -> "Announcements":
        """Read the section. Raises ContentError with the line of what cannot be used."""
        fields = Fields.of(source, None, node)
        fields.only(("about", "when", "common", "words", "source", "insists"))
        about = {}
        for label, pattern in fields.node["about"].items():
            check_pattern(source, line_of(fields.node["about"], label), str(pattern))
            about[str(label)] = re.compile(str(pattern))
        return cls(
            about=about,
            when=re.compile(fields.text("when")),
            common=re.compile(fields.text("common")),
            words={str(intent): str(word) for intent, word in fields.node["words"].items()},
            source=fields.text("source"),
            insists=re.compile(fields.text("insists")),
        )

    def speaks_of(self, text: str, labels: Collection[str]) -> bool:
        """Whether a message speaks of one of the matters that a notice explains."""
        said = squeezed(text)
        return any((pattern := self.about.get(label)) is not None and pattern.search(said) for label in labels)

    def names(self, text: str, title: str) -> bool:
        """Whether a message holds a part of a title that is its own name."""
        said = squeezed(text)
        pieces = (piece for piece in self.common.split(squeezed(title)) if len(piece) >= _NAME)
        return any(piece[start : start + _NAME] in said for piece in pieces for start in range(len(piece) - _NAME + 1))

    def asks_when(self, text: str) -> bool:
        """Whether a message asks when it begins or is over."""
        return self.when.search(squeezed(text)) is not None

    def insisted(self, text: str) -> bool:
        """Whether a message says nothing but that it is to be registered all the same."""
        return self.insists.fullmatch(squeezed(text).strip("!！。.,，~")) is not None

    def word(self, label: str) -> str:
        """What a resident writes to have it registered all the same."""
        return self.words.get(label.partition(".")[0], self.words["other"])
