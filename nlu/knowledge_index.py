"""A linear ranker over the entries of the knowledge base, trained in closed form on the ways to ask."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu import kept, knowledge_terms, vectors
from nlu.knowledge_terms import CHARACTER, MEANING, PAIR, SOUND, WORD, Parts, Terms
from nlu.vectors import WordVectors

Floats = npt.NDArray[np.float32]

# What each kind of terms weighs, and the direction in meaning: found on questions left out of training
# (docs/knowledge.md).
_KINDS = {CHARACTER: 1.4, WORD: 0.2, SOUND: 0.8, MEANING: 0.7, PAIR: 1.4}
_DIRECTION = 8.0
_ALL = sum(_KINDS.values()) + _DIRECTION
# Against weights that would fit every question of the training exactly and no other.
_RIDGE = 0.15
# An answer and a list of keywords are weaker evidence of what is asked than a question is.
_ANSWER_TRUST, _KEYWORD_TRUST, _ANSWER_LIKENESS = 0.3, 0.5, 0.3
_RARE = 0.3
_COMMON = 64


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the ranker learns of one entry: how it is asked for, words of its matter, and its answer."""

    id: str
    questions: tuple[str, ...]
    keywords: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an index is made of; `version` names it, so that equal content is trained once in a process.

    With a `folder` the index is kept there and found again by the next process.
    """

    version: str
    lessons: tuple[Lesson, ...] = field(compare=False)
    foreign: tuple[str, ...] = field(compare=False)
    terms: Terms = field(compare=False)
    folder: Path | None = field(default=None, compare=False)

    @property
    def path(self) -> Path | None:
        """Where the index is kept: the name changes with the content, the word vectors and the code."""
        if self.folder is None:
            return None
        made_of = [Path(module.__file__ or "") for module in (knowledge_terms, vectors)]
        digest = hashlib.sha256(self.version.encode())
        for path in (Path(__file__), *made_of):
            digest.update(path.read_bytes())
        digest.update(vectors.fingerprint())
        return self.folder / f"knowledge-{digest.hexdigest()[:16]}.npz"


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
        centre = np.mean([bare.direction(row) for row in rows], axis=0, dtype=np.float32)
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

    def direction(self, parts: Parts) -> Floats:
        """Where the words and the characters of a text point, as one vector of length one around the common centre."""
        both = np.concatenate([self._mean(parts.words), self._mean(tuple(parts.characters))])
        halves = np.split(both - self.centre, 2)
        scaled = [half / (float(np.linalg.norm(half)) or 1.0) for half in halves]
        return np.asarray(np.concatenate(scaled) / math.sqrt(2), dtype=np.float32)

    def _mean(self, words: Sequence[str]) -> Floats:
        weights = [self.word_idf.get(word, self.unknown_word) * self.importance.importance(word) for word in words]
        return self.vectors.mean(words, weights)


@dataclass(frozen=True, slots=True)
class Index:
    """The trained ranker of one audience: a weight for each term and entry, and for each direction of the training."""

    ids: tuple[str, ...]
    scale: Scale
    weights: npt.NDArray[np.float16]
    directions: Floats
    shares: Floats
    answer_directions: Floats

    def save(self, path: Path) -> None:
        """Write everything but the word vectors and the wording into one .npz without pickles."""
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
    def load(cls, path: Path, terms: Terms) -> "Index":
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
            )

    def scores(self, text: str) -> dict[str, float]:
        """How well a text fits each entry: about 1 for a question of the training, about 0 for what is foreign."""
        parts = self.scale.importance.of(text)
        places, values = self.scale.sparse(parts)
        direction = self.scale.direction(parts)
        near = _likeness(self.directions @ direction)
        found = near @ self.shares
        found += _ANSWER_LIKENESS * _likeness(self.answer_directions @ direction)
        if places.size:
            found += values @ self.weights[places].astype(np.float32)
        return dict(zip(self.ids, found.tolist(), strict=True))


@lru_cache(maxsize=6)
def trained(recipe: Recipe) -> Index:
    """The index of one audience: read from its folder or trained, which takes a second or two; then kept in memory.

    Raises OSError when the folder cannot be written.
    """
    path = recipe.path
    found = kept.stored(path, lambda path: Index.load(path, recipe.terms)) if path else None
    if found is None:
        found = _train(recipe)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept.write(path, found.save)
    return found


def _train(recipe: Recipe) -> Index:
    terms, lessons = recipe.terms, recipe.lessons
    asked = [(place, terms.of(text)) for place, lesson in enumerate(lessons) for text in lesson.questions]
    keyed = [(place, terms.of(text)) for place, lesson in enumerate(lessons) for text in lesson.keywords]
    told = [(place, terms.of(lesson.answer)) for place, lesson in enumerate(lessons)]
    # What is foreign belongs to a place that no entry has, so that every entry is taught not to answer it.
    foreign = [(len(lessons), terms.of(text)) for text in recipe.foreign]
    rows = [*foreign, *asked, *keyed, *told]
    sizes = [len(foreign) + len(asked), len(keyed), len(told)]
    trust = np.repeat([1.0, _KEYWORD_TRUST, _ANSWER_TRUST], sizes)
    scale = Scale.of([parts for _, parts in (*foreign, *asked)], terms)
    sparse = [scale.sparse(parts) for _, parts in rows]
    directions = np.array([scale.direction(parts) for _, parts in rows], dtype=np.float32)
    targets = np.eye(len(lessons) + 1, dtype=np.float32)[[place for place, _ in rows], : len(lessons)]
    alike = _likeness(directions @ directions.T)
    _add_products(alike, sparse, len(scale.names))
    alike[np.diag_indices(len(rows))] += (_RIDGE / trust).astype(np.float32)
    shares = np.linalg.solve(alike, targets)
    # A term that stands in an entry's answer speaks for it beyond what was learned.
    spoken = shares.copy()
    spoken[-len(told) :] += _ANSWER_LIKENESS * np.eye(len(told), dtype=np.float32)
    return Index(
        tuple(lesson.id for lesson in lessons),
        scale,
        _spread(sparse, spoken, len(scale.names)),
        directions,
        shares,
        directions[-len(told) :],
    )


def _likeness(cosines: Floats) -> Floats:
    """How much directions speak for each other: little likeness says next to nothing, opposite ones say nothing."""
    return np.asarray((_DIRECTION / _ALL) * np.square(np.maximum(cosines, 0.0)), dtype=np.float32)


Sparse = Sequence[tuple[npt.NDArray[np.int64], Floats]]


def _add_products(matrix: Floats, rows: Sparse, width: int) -> None:
    """Add the products of all pairs of sparse rows to a square matrix, term by term."""
    owners = np.repeat(np.arange(len(rows)), [places.size for places, _ in rows])
    places = np.concatenate([places for places, _ in rows])
    values = np.concatenate([values for _, values in rows])
    order = np.argsort(places, kind="stable")
    owners, values = owners[order], values[order]
    ends = np.cumsum(np.bincount(places, minlength=width))
    common: list[Floats] = []
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        if end - start > _COMMON:
            column = np.zeros(len(rows), dtype=np.float32)
            column[owners[start:end]] = values[start:end]
            common.append(column)
        elif end - start > 1:
            held = owners[start:end]
            matrix[np.ix_(held, held)] += np.outer(values[start:end], values[start:end])
    matrix[np.diag_indices(len(rows))] += _alone(owners, values, ends, len(rows))
    if common:
        dense = np.array(common)
        matrix += dense.T @ dense


def _alone(owners: npt.NDArray[np.int64], values: Floats, ends: npt.NDArray[np.int64], size: int) -> Floats:
    """What terms that only one row holds add to the product of this row with itself."""
    first = np.concatenate([[0], ends[:-1]])
    single = first[ends - first == 1]
    return np.bincount(owners[single], weights=values[single] ** 2, minlength=size).astype(np.float32)


def _spread(rows: Sparse, shares: Floats, width: int) -> npt.NDArray[np.float16]:
    """The weight of each term for each entry: the shares of the rows that hold the term."""
    weights = np.zeros((width, shares.shape[1]), dtype=np.float32)
    for (places, values), share in zip(rows, shares, strict=True):
        weights[places] += np.outer(values, share)
    return weights.astype(np.float16)
