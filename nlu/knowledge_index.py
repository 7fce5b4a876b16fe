"""A linear ranker over the entries of the knowledge base: what it holds once it is trained, and how it scores."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu import vectors
from nlu.knowledge_terms import CHARACTER, MEANING, PAIR, SOUND, WORD, Parts, Terms
from nlu.vectors import WordVectors
from nlu.weights import Shares

Floats = npt.NDArray[np.float32]

# What each kind of terms weighs, and the direction in meaning: found on questions left out of training
# (docs/knowledge.md).
_KINDS = {CHARACTER: 1.4, WORD: 0.2, SOUND: 0.8, MEANING: 0.7, PAIR: 1.4}
_DIRECTION = 8.0
_ALL = sum(_KINDS.values()) + _DIRECTION
# A term that stands in an entry's answer speaks for it beyond what was learned.
ANSWER_LIKENESS = 0.3
_RARE = 0.3


@dataclass(frozen=True, slots=True)
class Scale:
    """Makes numbers of parts: rare terms count more, each kind has its own length, unknown ones take a share."""

    names: Mapping[str, int]
    idf: Floats
    unknown: float
    word_idf: Mapping[str, float]
    unknown_word: float
    importance: Terms
    vectors: WordVectors
    centre: Floats

    @classmethod
    def of(cls, rows: Sequence[Parts], terms: Terms) -> "Scale":
        """The scale on which the rows of the training lie."""
        seen = Counter(term for row in rows for term in row.terms)
        words = Counter(word for row in rows for word in {*row.words, *row.characters})
        highest = math.log(1 + len(rows)) + 1
        known = vectors.word_vectors()
        bare = cls(
            {term: place for place, term in enumerate(seen)},
            np.array([highest - math.log(1 + count) for count in seen.values()], dtype=np.float32),
            highest,
            {word: highest - math.log(1 + count) - 1 + _RARE for word, count in words.items()},
            highest - 1 + _RARE,
            terms,
            known,
            np.zeros(2 * known.width, dtype=np.float32),
        )
        centre = bare.directions(rows).mean(axis=0)
        return cls(bare.names, bare.idf, highest, bare.word_idf, bare.unknown_word, terms, known, np.asarray(centre))

    def sparse(self, parts: Parts) -> tuple[npt.NDArray[np.int64], Floats]:
        """The places and values of the known terms; the squares of each kind sum up to at most its weight."""
        lengths = dict.fromkeys(_KINDS, 0.0)
        known: list[tuple[int, float, str]] = []
        for term, weight in parts.terms.items():
            place = self.names.get(term)
            value = weight * (self.unknown if place is None else float(self.idf[place]))
            lengths[term[0]] += value * value
            if place is not None:
                known.append((place, value, term[0]))
        factor = {kind: math.sqrt(_KINDS[kind] / (_ALL * (length or 1.0))) for kind, length in lengths.items()}
        places = np.array([place for place, _, _ in known], dtype=np.int64)
        return places, np.array([value * factor[kind] for _, value, kind in known], dtype=np.float32)

    def directions(self, rows: Sequence[Parts]) -> Floats:
        """Where the words and the characters of texts point, as one vector of length one around the common centre."""
        words = self.vectors.means([self._shares(parts.words) for parts in rows])
        characters = self.vectors.means([self._shares(tuple(parts.characters)) for parts in rows])
        halves = (np.hstack([words, characters]) - self.centre).reshape(len(rows), 2, -1)
        lengths = np.linalg.norm(halves, axis=2, keepdims=True)
        scaled = halves / np.where(lengths > 0, lengths, 1.0) / math.sqrt(2)
        return np.asarray(scaled.reshape(len(rows), -1), dtype=np.float32)

    def _shares(self, words: Sequence[str]) -> Shares:
        weights = [self.word_idf.get(word, self.unknown_word) * self.importance.importance(word) for word in words]
        return self.vectors.shares(words, weights)


@dataclass(frozen=True, slots=True)
class Index:
    """The trained ranker of one audience: a weight for each term and entry, and for each direction of the training.

    An index may stand on another, the `base`: it has the entries of the base behind its own and corrects their scores.
    """

    ids: tuple[str, ...]
    scale: Scale
    weights: npt.NDArray[np.float16]
    directions: Floats
    shares: Floats
    answer_directions: Floats
    base: "Index | None" = None

    def save(self, path: Path) -> None:
        """Write everything but the word vectors, the wording and the base into one .npz without pickles."""
        scale = self.scale
        names = {"ids": self.ids, "terms": list(scale.names), "words": list(scale.word_idf)}
        with path.open("wb") as file:
            np.savez(
                file,
                names=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8),
                idf=scale.idf,
                word_idf=np.array(list(scale.word_idf.values()), dtype=np.float64),
                unknown=np.array([scale.unknown, scale.unknown_word]),
                centre=scale.centre,
                weights=self.weights,
                directions=self.directions,
                shares=self.shares,
                answer_directions=self.answer_directions,
            )

    @classmethod
    def load(cls, path: Path, terms: Terms, base: "Index | None" = None) -> "Index":
        """Read what `save` wrote; raises KeyError or ValueError when it is something else."""
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            names = json.loads(stored["names"].tobytes())
            unknown, unknown_word = stored["unknown"].tolist()
            scale = Scale(
                {term: place for place, term in enumerate(names["terms"])},
                stored["idf"],
                unknown,
                dict(zip(names["words"], stored["word_idf"].tolist(), strict=True)),
                unknown_word,
                terms,
                vectors.word_vectors(),
                stored["centre"],
            )
            return cls(
                tuple(names["ids"]),
                scale,
                stored["weights"],
                stored["directions"],
                stored["shares"],
                stored["answer_directions"],
                base,
            )

    def scores(self, text: str) -> dict[str, float]:
        """How well a text fits each entry: about 1 for a question of the training, about 0 for what is foreign."""
        found = self.fits([self.scale.importance.of(text)])[0]
        return dict(zip(self.ids, found.tolist(), strict=True))

    def fits(self, rows: Sequence[Parts]) -> Floats:
        """How well texts fit the entries: a row for each text, a column for each entry."""
        pointing = self.scale.directions(rows)
        found: Floats = likeness(pointing @ self.directions.T) @ self.shares
        own = len(self.answer_directions)
        found[:, :own] += ANSWER_LIKENESS * likeness(pointing @ self.answer_directions.T)
        for row, parts in enumerate(rows):
            places, values = self.scale.sparse(parts)
            if places.size:
                found[row] += values @ self.weights[places].astype(np.float32)
        if self.base is not None:
            found[:, own:] += self.base.fits(rows)
        return found


def likeness(cosines: Floats) -> Floats:
    """How much directions speak for each other: little likeness says next to nothing, opposite ones say nothing."""
    likely = np.maximum(cosines, 0.0)
    likely *= likely
    likely *= np.float32(_DIRECTION / _ALL)
    return np.asarray(likely, dtype=np.float32)
