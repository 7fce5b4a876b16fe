"""The trained model: a vocabulary and linear heads, held and applied with numpy alone."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.danger import SIGN_NAMES
from nlu.features import BLOCK_WEIGHTS, SIGNS, WORDS, readable
from nlu.vectors import WordVectors, word_vectors
from nlu.weights import Weights

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

FORMAT = 4
# What the mean of a text's word vectors weighs beside the blocks of features; found by cross-validation.
_MEANING_WEIGHS = 0.5
_RIVALS = 3
INTENT, LABEL = "intent", "label"
EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Vector:
    """A sparse feature vector: indices into the vocabulary and their values."""

    indices: Indices
    values: Floats


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """Weighs features by sublinear term frequency and inverse document frequency, each block to its own length.

    Behind the named features stand those of the meaning: the mean of the words' vectors, rare words weighing more.
    """

    order: tuple[str, ...]
    names: Mapping[str, int]
    idf: Floats
    rarest: float
    meanings: WordVectors

    @classmethod
    def of(cls, order: Sequence[str], idf: Floats) -> "Vectoriser":
        """A vectoriser whose feature at place i of `order` has index i."""
        names = {name: index for index, name in enumerate(order)}
        return cls(tuple(order), names, idf, float(idf.max(initial=1.0)), word_vectors())

    @property
    def width(self) -> int:
        """How many features there are, named ones and meanings."""
        return len(self.order) + self.meanings.width

    def vector(self, blocks: Sequence[Sequence[str]]) -> Vector:
        """The vector of a text's features; unknown features are left out."""
        indices: list[int] = []
        values: list[float] = []
        for weight, block in zip(BLOCK_WEIGHTS, blocks, strict=True):
            known = [(i, n) for name, n in Counter(block).items() if (i := self.names.get(name)) is not None]
            weighed = [(1.0 + math.log(count)) * float(self.idf[index]) for index, count in known]
            norm = math.sqrt(sum(value * value for value in weighed)) or 1.0
            indices += [index for index, _ in known]
            values += [value * weight / norm for value in weighed]
        meaning = self._meaning(blocks[WORDS])
        if meaning.any():
            indices += range(len(self.order), self.width)
            values += meaning.tolist()
        return Vector(np.asarray(indices, dtype=np.int64), np.asarray(values, dtype=np.float32))

    def _meaning(self, words: Sequence[str]) -> Floats:
        """The mean vector of the single words of a text, among whose features stand pairs too."""
        single = [name for name in words if " " not in name]
        weights = [float(self.idf[i]) if (i := self.names.get(name)) is not None else self.rarest for name in single]
        return _MEANING_WEIGHS * self.meanings.mean([name[2:] for name in single], weights)


@dataclass(frozen=True, slots=True)
class Head:
    """One classifier among the columns of the weight matrix."""

    name: str
    labels: tuple[str, ...]
    first: int

    @property
    def columns(self) -> slice:
        """Where the scores of this head stand."""
        return slice(self.first, self.first + len(self.labels))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What cross-validation told of the margins: how to make probabilities of them, when to ask back, when to alarm.

    `danger` holds the weights of the evidence for danger and of the signs in `SIGN_NAMES`, and the bias; `cuts` those
    of the evidence for two requests (`nlu.cuts`).
    """

    steepness: float
    margin: float
    lead: float
    alarm: float
    accuracy: float
    danger: tuple[float, ...] = ()
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model says of one text: a margin for each intent, one for danger, and the raw scores behind them."""

    intents: tuple[str, ...]
    margins: Floats
    alarm: float
    scores: Floats
    vector: Vector


def joint_margins(
    scores: npt.NDArray[Any], heads: Mapping[str, Head]
) -> tuple[npt.NDArray[Any], tuple[str, ...], npt.NDArray[Any]]:
    """The margins of the intents over rows of scores, the intents, and the evidence for danger (empty without any).

    An intent's margin is the mean of what its own head says and of the best among its full labels; a wide intent such
    as complaint is easier to know by one of its kinds. The evidence is what both heads say of emergency, its three
    best kinds, and the three strongest rivals in either head; `Calibration.danger` weighs it.
    """
    intent, label = heads[INTENT], heads[LABEL]
    own, full = scores[:, intent.columns], scores[:, label.columns]
    order, starts = _kinds(intent.labels, label.labels)
    best = np.maximum.reduceat(full[:, order], starts, axis=1)
    joined = (own + best) / 2
    if EMERGENCY not in intent.labels or len(intent.labels) == 1:
        return joined, intent.labels, np.zeros((len(scores), 0))
    place = intent.labels.index(EMERGENCY)
    kinds = [column for column, name in enumerate(label.labels) if name.partition(".")[0] == EMERGENCY]
    calm = [column for column in range(len(intent.labels)) if column != place]
    strongest = [_strongest(part) for part in (full[:, kinds], own[:, calm], best[:, calm])]
    return joined, intent.labels, np.hstack([own[:, [place]], best[:, [place]], *strongest])


def _strongest(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The three highest scores of each row, in order; the lowest stands in where there are fewer."""
    places = np.minimum(np.arange(1, _RIVALS + 1), scores.shape[1])
    return np.sort(scores, axis=1)[:, -places]


@lru_cache(maxsize=8)
def _kinds(intents: tuple[str, ...], labels: tuple[str, ...]) -> tuple[Indices, Indices]:
    """The columns of the full labels, ordered by intent, and where each intent's begin."""
    groups = [[column for column, name in enumerate(labels) if name.partition(".")[0] == one] for one in intents]
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    return np.array([column for group in groups for column in group], dtype=np.int64), starts


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that training leaves behind; see `nlu.train`."""

    vectoriser: Vectoriser
    heads: Mapping[str, Head]
    weights: Weights
    bias: Floats
    calibration: Calibration
    version: str
    facts: Mapping[str, Any]

    def read(self, blocks: Sequence[Sequence[str]]) -> Reading:
        """Apply all heads to the features of a text."""
        vector = self.vectoriser.vector(blocks)
        scores = self.bias
        if vector.indices.size:
            scores = np.asarray(vector.values @ self.weights.rows(vector.indices) + self.bias, dtype=np.float32)
        margins, intents, evidence = joint_margins(scores[None, :], self.heads)
        return Reading(intents, margins[0], self._alarm(evidence[0], blocks[SIGNS]), scores, vector)

    def _alarm(self, evidence: npt.NDArray[Any], signs: Sequence[str]) -> float:
        """The log odds of danger; the last weight is the bias."""
        danger = self.calibration.danger
        if not danger:
            return -math.inf
        told = [float(name in signs) for name in SIGN_NAMES]
        return float(np.dot(danger[:-1], [*evidence, *told]) + danger[-1])

    def worth(self, evidence: Sequence[float]) -> float:
        """How much speaks for cutting a message in two: above zero it should be."""
        cuts = self.calibration.cuts
        return float(np.dot(cuts[:-1], evidence) + cuts[-1]) if cuts else -math.inf

    def probabilities(self, margins: Floats) -> Floats:
        """Calibrated probabilities of the intents from their margins."""
        scaled = self.calibration.steepness * margins
        powers = np.exp(scaled - scaled.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def category(self, reading: Reading, intent: str) -> str | None:
        """The best category of an intent, or None when its examples carry fewer than two."""
        head, label = self.heads.get(f"{intent}."), self.heads[LABEL]
        if head is None:
            only = [name for name in label.labels if name.startswith(f"{intent}.")]
            return only[0].partition(".")[2] if only else None
        both = reading.scores[head.columns] + np.array(
            [reading.scores[label.first + label.labels.index(f"{intent}.{name}")] for name in head.labels]
        )
        return head.labels[int(both.argmax())]

    def deciding(self, reading: Reading, intent: str, limit: int = 6) -> tuple[tuple[str, float], ...]:
        """The features that spoke most for an intent, as readable words with their weight, the strongest first."""
        vector, head = reading.vector, self.heads[INTENT]
        if not vector.indices.size:
            return ()
        column = head.first + head.labels.index(intent)
        parts = self.weights.rows(vector.indices)[:, column] * vector.values
        told: dict[str, float] = {}
        for place in np.argsort(-parts, kind="stable")[: 4 * limit]:
            if parts[place] > 0 and vector.indices[place] < len(self.vectoriser.order):
                word = readable(self.vectoriser.order[int(vector.indices[place])])
                told.setdefault(word, round(float(parts[place]), 4))
        return tuple(told.items())[:limit]

    def save(self, path: Path) -> None:
        """Write everything into one .npz without pickles."""
        meta = {
            "format": FORMAT,
            "heads": [[head.name, list(head.labels), head.first] for head in self.heads.values()],
            "calibration": asdict(self.calibration),
            "version": self.version,
            "facts": dict(self.facts),
        }
        with path.open("wb") as file:
            np.savez(
                file,
                names=np.frombuffer("\n".join(self.vectoriser.order).encode(), dtype=np.uint8),
                meta=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
                idf=self.vectoriser.idf,
                levels=self.weights.levels,
                scales=self.weights.scales,
                bias=self.bias,
            )

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read what `save` wrote; raises ValueError when it is of another format."""
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            meta = json.loads(stored["meta"].tobytes())
            if meta["format"] != FORMAT:
                raise ValueError(f"{path.name} has model format {meta['format']}, this code reads {FORMAT}")
            names = stored["names"].tobytes().decode().split("\n")
            heads = {name: Head(name, tuple(labels), first) for name, labels, first in meta["heads"]}
            return cls(
                Vectoriser.of(names, stored["idf"]),
                heads,
                Weights(stored["levels"], stored["scales"]),
                stored["bias"],
                Calibration(
                    **meta["calibration"] | {name: tuple(meta["calibration"][name]) for name in ("danger", "cuts")}
                ),
                meta["version"],
                meta["facts"],
            )
