"""How residents say how satisfied they are; the words are in rules/ratings.yml (domain.md C5)."""

import re
import unicodedata
from dataclasses import dataclass

from actions.rulefile import Section
from words.content import ContentFiles

SOURCE = "rules/ratings.yml"
STARS = range(1, 6)


@dataclass(frozen=True, slots=True)
class Ratings:
    """The words for each number of stars; `usual` is what counts when none of them is found."""

    words: tuple[tuple[int, re.Pattern[str]], ...]
    not_fixed: re.Pattern[str]
    usual: int

    @classmethod
    def read(cls, files: ContentFiles) -> "Ratings":
        """Read rules/ratings.yml. Raises ContentError for missing words, a wrong expression or a wrong number."""
        section = Section.read(files, SOURCE)
        section.only("not_fixed", "stars", "usual")
        stars = section.section("stars")
        for key in stars.node:
            if key not in STARS:
                raise stars.fail(key, "is not a number of stars; write 1 to 5")
        usual = section.number("usual")
        if usual not in STARS:
            raise section.fail("usual", "is not a number of stars; write 1 to 5")
        words = tuple((int(key), _needed(stars, key)) for key in stars.node)
        return cls(words, _needed(section, "not_fixed"), usual)

    def stars(self, text: str) -> int:
        """The rating that the text gives, 1 to 5; a single digit is taken as it is."""
        plain = unicodedata.normalize("NFKC", text).strip()
        if plain.isdecimal() and int(plain) in STARS:
            return int(plain)
        return next((number for number, words in self.words if words.search(plain)), self.usual)

    def says_not_fixed(self, text: str) -> bool:
        """Whether the text says that the matter was not put right."""
        return self.not_fixed.search(unicodedata.normalize("NFKC", text)) is not None


def _needed(section: Section, key: int | str) -> re.Pattern[str]:
    pattern = section.pattern(key)
    if pattern is None:
        raise section.fail(key, "is missing; list the words")
    return pattern
