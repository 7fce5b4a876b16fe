"""Scores a question against many entries: TF-IDF over characters, words and concepts, by variant and by whole entry."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import rjieba

from nlu.lexicon import FOLDER, Wording, concepts, mapping
from nlu.normalise import normalise
from words.content import ContentFiles

# Weights found by asking every question with itself left out.
_CHARACTER, _WORD, _CONCEPT, _FUNCTION = 0.6, 0.8, 0.4, 0.3
_WHOLE, _ANSWER = 0.7, 0.7
# The vector of a whole entry is long, so its cosine with a short question is small; this makes the two alike.
_WHOLE_SCALE = 1.6
_NEARLY_SAME = 0.75
_LONGEST = 300

Vector = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Terms:
    """Makes the weighted terms of a text."""

    wording: Wording = field(default_factory=Wording)
    concepts: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    function_words: frozenset[str] = frozenset()

    @classmethod
    def read(cls, files: ContentFiles) -> "Terms":
        """Read the lexicons that terms lean on; raises ContentError when one is missing or broken."""
        words = mapping(files, f"{FOLDER}/function_words.yml").get("words") or ()
        return cls(Wording.read(files), concepts(files), frozenset(str(word) for word in words))

    def of(self, text: str) -> dict[str, float]:
        """The terms of a text with their weight before IDF."""
        clean = self.wording.level(self.wording.core(normalise(text[:_LONGEST]).text))
        counted = Counter(
            [f"c{char}" for char in clean]
            + [f"c{a}{b}" for a, b in pairwise(clean)]
            + [f"w{word}" for word in rjieba.cut(clean) if len(word) > 1]
        )
        weighed = {term: (1 + math.log(count)) * self._weight(term) for term, count in counted.items()}
        return weighed | {f"k{name}": _CONCEPT for name, found in self.concepts.items() if found.search(clean)}

    def _weight(self, term: str) -> float:
        kind, body = term[0], term[1:]
        base = _WORD if kind == "w" else (_CHARACTER if len(body) == 1 else 1.0)
        return base * (_FUNCTION if body in self.function_words else 1.0)


@dataclass(frozen=True, slots=True)
class Index:
    """The vectors of every entry: of each way to ask, of the answer, and of all of it together."""

    terms: Terms
    idf: Mapping[str, float]
    unknown: float
    questions: Mapping[str, Sequence[Vector]] = field(default_factory=dict)
    answers: Mapping[str, Vector] = field(default_factory=dict)
    wholes: Mapping[str, Vector] = field(default_factory=dict)

    @classmethod
    def build(cls, questions: Mapping[str, Sequence[str]], answers: Mapping[str, str], terms: Terms) -> "Index":
        """Index the questions and answers of entries by their id."""
        asked = {name: [terms.of(text) for text in texts] for name, texts in questions.items()}
        seen = Counter(term for variants in asked.values() for found in variants for term in found)
        total = sum(len(variants) for variants in asked.values())
        idf = {term: math.log((1 + total) / (1 + count)) + 1 for term, count in seen.items()}
        bare = cls(terms, idf, math.log(1 + total) + 1)
        vectors = {name: tuple(bare.vector(found) for found in variants) for name, variants in asked.items()}
        replies = {name: bare.vector(terms.of(text)) for name, text in answers.items()}
        wholes = {name: _together([*vectors[name], replies[name]]) for name in vectors}
        return cls(terms, idf, bare.unknown, vectors, replies, wholes)

    def vector(self, terms: Mapping[str, float]) -> Vector:
        """A unit vector; a term that no question holds still takes its share, so half-known questions score lower."""
        return _unit({term: weight * self.idf.get(term, self.unknown) for term, weight in terms.items()})

    def scores(self, text: str) -> dict[str, float]:
        """How well a text fits each entry, from 0 to 1."""
        query = self.vector(self.terms.of(text))
        return {name: self._score(query, name) for name in self.questions}

    def _score(self, query: Vector, name: str) -> float:
        nearest = max((_cosine(query, question) for question in self.questions[name]), default=0.0)
        blended = (1 - _WHOLE) * nearest + _WHOLE * _WHOLE_SCALE * _cosine(query, self.wholes[name])
        told = blended + _ANSWER * _cosine(query, self.answers[name])
        # A question asked nearly word for word is found whatever the rest of its entry says.
        return min(1.0, max(told, nearest) if nearest > _NEARLY_SAME else told)


def _cosine(query: Vector, other: Vector) -> float:
    return sum(weight * other[term] for term, weight in query.items() if term in other)


def _unit(weights: Mapping[str, float]) -> Vector:
    norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {term: weight / norm for term, weight in weights.items()}


def _together(vectors: Iterable[Vector]) -> Vector:
    strongest: dict[str, float] = {}
    for vector in vectors:
        for term, weight in vector.items():
            strongest[term] = max(strongest.get(term, 0.0), weight)
    return _unit(strongest)
