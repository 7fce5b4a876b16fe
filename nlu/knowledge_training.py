"""Trains the ranker of the knowledge base in closed form: a ridge regression over all ways to ask."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu import kept, knowledge_index, knowledge_terms, vectors
from nlu.knowledge_index import ANSWER_LIKENESS, Floats, Index, Scale, likeness
from nlu.knowledge_terms import Parts, Terms

# Against weights that would fit every question of the training exactly and no other.
_RIDGE = 0.15
# An answer and a list of keywords are weaker evidence of what is asked than a question is.
_ANSWER_TRUST, _KEYWORD_TRUST = 0.3, 0.5
# So many questions of the base that are nearest to its own an index is taught to leave to the base.
_NEIGHBOURS = 900
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

    With a `folder` the index is kept there and found again by the next process. An index `over` another one ranks its
    entries too: it learns to tell its own from those.
    """

    version: str
    lessons: tuple[Lesson, ...] = field(compare=False)
    foreign: tuple[str, ...] = field(compare=False)
    terms: Terms = field(compare=False)
    folder: Path | None = field(default=None, compare=False)
    over: "Recipe | None" = field(default=None, compare=False)

    @property
    def path(self) -> Path | None:
        """Where the index is kept: the name changes with the content, the word vectors and the code."""
        if self.folder is None:
            return None
        made_of = [Path(module.__file__ or "") for module in (knowledge_index, knowledge_terms, vectors)]
        digest = hashlib.sha256(self.version.encode())
        for path in (Path(__file__), *made_of):
            digest.update(path.read_bytes())
        digest.update(vectors.fingerprint())
        return self.folder / f"knowledge-{digest.hexdigest()[:16]}.npz"


@lru_cache(maxsize=6)
def trained(recipe: Recipe) -> Index:
    """The index of one audience: read from its folder or trained, which takes a second or two; then kept in memory.

    Raises OSError when the folder cannot be written.
    """
    path = recipe.path
    base = trained(replace(recipe.over, folder=recipe.folder)) if recipe.over else None
    found = kept.stored(path, lambda path: Index.load(path, recipe.terms, base)) if path else None
    if found is None:
        found = _train(recipe, base)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept.write(path, found.save)
    return found


def _train(recipe: Recipe, base: Index | None) -> Index:
    terms, lessons = recipe.terms, recipe.lessons
    asked = [(place, terms.of(text)) for place, lesson in enumerate(lessons) for text in lesson.questions]
    keyed = [(place, terms.of(text)) for place, lesson in enumerate(lessons) for text in lesson.keywords]
    told = [(place, terms.of(lesson.answer)) for place, lesson in enumerate(lessons)]
    # What is foreign belongs to a place that no entry has, so that every entry is taught not to answer it.
    elsewhere = (*recipe.foreign, *_neighbours(recipe, base, [parts for _, parts in asked]))
    foreign = [(len(lessons), terms.of(text)) for text in elsewhere]
    rows = [*foreign, *asked, *keyed, *told]
    sizes = [len(foreign) + len(asked), len(keyed), len(told)]
    trust = np.repeat([1.0, _KEYWORD_TRUST, _ANSWER_TRUST], sizes)
    scale = Scale.of([parts for _, parts in (*foreign, *asked)], terms)
    sparse = [scale.sparse(parts) for _, parts in rows]
    directions = scale.directions([parts for _, parts in rows])
    targets = np.eye(len(lessons) + 1, dtype=np.float32)[[place for place, _ in rows], : len(lessons)]
    if base is not None:
        # What the base finds in the questions of these entries is to be taken away.
        excess = np.zeros((len(rows), len(base.ids)), dtype=np.float32)
        excess[len(foreign) :] = -base.fits([parts for _, parts in rows[len(foreign) :]])
        targets = np.hstack([targets, excess])
    alike = likeness(directions @ directions.T)
    _add_products(alike, sparse, len(scale.names))
    alike[np.diag_indices(len(rows))] += (_RIDGE / trust).astype(np.float32)
    shares = _solved(alike, targets)
    spoken = shares.copy()
    spoken[-len(told) :, : len(told)] += ANSWER_LIKENESS * np.eye(len(told), dtype=np.float32)
    return Index(
        (*(lesson.id for lesson in lessons), *(base.ids if base else ())),
        scale,
        _spread(sparse, spoken, len(scale.names)),
        directions,
        shares,
        directions[-len(told) :],
        base,
    )


def _neighbours(recipe: Recipe, base: Index | None, asked: Sequence[Parts]) -> list[str]:
    """Those questions of the base that are nearest in meaning to the questions of this recipe."""
    if base is None or recipe.over is None:
        return []
    theirs = [text for lesson in recipe.over.lessons for text in lesson.questions]
    first = len(recipe.over.foreign)
    near = base.directions[first : first + len(theirs)] @ base.scale.directions(asked).T
    order = np.argsort(-near.max(axis=1), kind="stable")
    return [theirs[place] for place in order[:_NEIGHBOURS]]


def _solved(matrix: Floats, targets: Floats) -> Floats:
    """The solution of a system of equations whose matrix is symmetric."""
    # SciPy takes a third of a second to import and is needed only here.
    from scipy.linalg import LinAlgError, cho_factor, cho_solve  # noqa: PLC0415

    try:
        factor = cho_factor(matrix.T, check_finite=False)
    except LinAlgError:
        # Likeness is cut off at zero, so that the matrix need not be positive definite, though it has always been.
        return np.asarray(np.linalg.solve(matrix, targets), dtype=np.float32)
    return np.asarray(cho_solve(factor, targets, check_finite=False), dtype=np.float32)


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
