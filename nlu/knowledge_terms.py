"""Takes a question apart for the knowledge base: characters, words, sounds, meanings, and a direction in meaning."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import rjieba
from ruamel.yaml.comments import CommentedMap

from nlu.features import sound
from nlu.lexicon import FOLDER as LEXICON
from nlu.lexicon import Wording, mapping
from nlu.normalise import normalise
from words.content import ContentFiles, line_of
from words.errors import ContentError

SYNONYMS = "knowledge/synonyms.yml"
CHARACTER, WORD, SOUND, MEANING, PAIR = "c", "w", "p", "s", "+"

_SINGLE, _FUNCTION = 0.6, 0.3
_LONGEST = 300
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")


@dataclass(frozen=True, slots=True)
class Parts:
    """A text taken apart: weighted terms, the first letter tells the kind, and the words and characters in order."""

    terms: Mapping[str, float]
    words: tuple[str, ...]
    characters: str

    def with_other(self, other: "Parts") -> "Parts":
        """Both texts as one, of which the order does not count."""
        terms = {term: max(self.terms.get(term, 0.0), weight) for term, weight in other.terms.items()}
        return Parts({**self.terms, **terms}, self.words + other.words, self.characters + other.characters)


@dataclass(frozen=True, slots=True)
class Terms:
    """Takes texts apart, knowing dialect, function words, and words that mean one thing."""

    wording: Wording = field(default_factory=Wording)
    function_words: frozenset[str] = frozenset()
    meanings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    longest_word: int = 0

    @classmethod
    def read(cls, files: ContentFiles) -> "Terms":
        """Read the lexicons and `data/knowledge/synonyms.yml`; raises ContentError when one is missing or broken."""
        words = mapping(files, f"{LEXICON}/function_words.yml").get("words") or ()
        meanings: dict[str, tuple[str, ...]] = {}
        for name, listed in _listed(files).items():
            for word in dict.fromkeys(normalise(word).text for word in listed):
                meanings[word] = (*meanings.get(word, ()), name)
        return cls(
            Wording.read(files),
            frozenset(str(word) for word in words),
            meanings,
            max(map(len, meanings), default=0),
        )

    def of(self, text: str) -> Parts:
        """The parts of a question; placeholders in an answer's text count for nothing."""
        clean = self.wording.level(self.wording.core(normalise(_PLACEHOLDER.sub("", text[:_LONGEST])).text))
        words = tuple(rjieba.cut(clean))
        counted = Counter(
            [f"{CHARACTER}{char}" for char in clean]
            + [f"{CHARACTER}{a}{b}" for a, b in pairwise(clean)]
            + [f"{WORD}{word}" for word in words if len(word) > 1]
        )
        terms = {term: (1 + math.log(count)) * self._weight(term) for term, count in counted.items()}
        terms |= {f"{SOUND}{a} {b}": 1.0 for a, b in pairwise(sound(char) for char in clean)}
        meant = self.meant(clean)
        terms |= {f"{MEANING}{name}": 1.0 for name in meant}
        terms |= {f"{PAIR}{a}+{b}": 1.0 for a, b in combinations(meant, 2)}
        return Parts(terms, words, clean)

    def meant(self, clean: str) -> list[str]:
        """The meanings whose words stand in a text, sorted; a word inside a longer known word does not count."""
        spans: list[tuple[int, int]] = []
        for start in range(len(clean)):
            for length in range(min(self.longest_word, len(clean) - start), 0, -1):
                if clean[start : start + length] in self.meanings:
                    spans.append((start, start + length))
                    break
        # Every span is the longest at its start, so one lies inside another only when that began before and ends later.
        found: set[str] = set()
        reach = 0
        for start, end in spans:
            if end > reach:
                found.update(self.meanings[clean[start:end]])
                reach = end
        return sorted(found)

    def importance(self, word: str) -> float:
        """How much of a word counts: the words of asking say little of what is asked."""
        return _FUNCTION if word in self.function_words else 1.0

    def _weight(self, term: str) -> float:
        base = _SINGLE if term[0] == CHARACTER and len(term) == 2 else 1.0  # noqa: PLR2004  The mark and one character.
        return base * self.importance(term[1:])


def _listed(files: ContentFiles) -> dict[str, list[str]]:
    if SYNONYMS not in files.texts:
        return {}
    listed = mapping(files, SYNONYMS).get("meanings") or CommentedMap()
    for name, words in listed.items():
        if not isinstance(words, list) or not words:
            raise ContentError(SYNONYMS, line_of(listed, name), f"the meaning “{name}” should be a list of words")
    return {str(name): [str(word) for word in words] for name, words in listed.items()}
