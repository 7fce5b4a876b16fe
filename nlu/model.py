"""The trained model: a vocabulary and linear heads, held and applied with numpy alone."""

import json
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.danger import SIGN_NAMES
from nlu.features import BLOCK_WEIGHTS, SIGNS, WORDS, readable
from nlu.vectors import WordVectors, word_vectors
from nlu.weights import Shares, Vectors, Weights

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
# The features of a text, block by block.
Blocks = Sequence[Sequence[str]]

FORMAT = 4
# What the mean of a text's word vectors weighs beside the blocks of features; found by cross-validation.
_MEANING_WEIGHS = 0.5
_RIVALS = 3
INTENT, LABEL, EMERGENCY = "intent", "label", "emergency"


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """Weighs features by sublinear term frequency and inverse document frequency, each block to its own length.

    Behind the named features stand those of the meaning: the mean of the words' vectors, rare words weighing more.
    """

    order: tuple[str, ...]
    names: Mapping[str, int]
    idf: Floats
    rarity: Sequence[float]  # The same as `idf`: numpy is slow to tell one number.
    rarest: float
    meanings: WordVectors

    @classmethod
    def of(cls, order: Sequence[str], idf: Floats) -> "Vectoriser":
        """A vectoriser whose feature at place i of `order` has index i."""
        names = {name: index for index, name in enumerate(order)}
        return cls(tuple(order), names, idf, idf.tolist(), float(idf.max(initial=1.0)), word_vectors())

    @property
    def width(self) -> int:
        """How many features there are, named ones and meanings."""
        return len(self.order) + self.meanings.width

    def vectors(self, texts: Sequence[Blocks]) -> Vectors:
        """The named features of some texts; unknown ones are left out."""
        places: list[int] = []
        times: list[int] = []
        weights: list[float] = []
        begins: list[int] = []
        starts = [0]
        place_of = self.names.get
        for blocks in texts:
            for weight, block in zip(BLOCK_WEIGHTS, blocks, strict=True):
                counts: dict[int, int] = {}
                for name in block:
                    if (place := place_of(name)) is not None:
                        counts[place] = counts.get(place, 0) + 1
                if counts:
                    begins.append(len(places))
                    weights.append(weight)
                    places += counts
                    times += counts.values()
            starts.append(len(places))
        found = np.array(places, dtype=np.int64)
        return Vectors(found, self._weighed(found, times, begins, weights), starts)

    def _weighed(
        self, places: Indices, times: Sequence[int], begins: Sequence[int], weights: Sequence[float]
    ) -> Floats:
        """The values of features that occur so many times, in blocks that begin there and weigh so much."""
        often = 1.0 + np.log(np.array(times, dtype=np.float32))
        values = np.asarray(self.idf[places] * often, dtype=np.float32)
        lengths = np.sqrt(np.add.reduceat(values * values, np.array(begins, dtype=np.int64)))
        shares = np.array(weights, dtype=np.float32) / lengths
        return np.asarray(values * np.repeat(shares, np.diff([*begins, len(places)])), dtype=np.float32)

    def meaning(self, texts: Sequence[Blocks]) -> Floats:
        """What stands behind the named features of some texts: the means of their single words (pairs are no words)."""
        single = [[name for name in blocks[WORDS] if " " not in name] for blocks in texts]
        return _MEANING_WEIGHS * self.meanings.means([self._meant(names) for names in single])

    def _meant(self, names: Sequence[str]) -> Shares:
        places = [self.names.get(name) for name in names]
        weights = [self.rarest if place is None else self.rarity[place] for place in places]
        return self.meanings.shares([name[2:] for name in names], weights)


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
    vector: Vectors


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
    place, kinds, calm = _dangerous(intent.labels, label.labels)
    strongest = [_strongest(part) for part in (full[:, kinds], own[:, calm], best[:, calm])]
    both = (own[:, place : place + 1], best[:, place : place + 1])
    return joined, intent.labels, np.concatenate((*both, *strongest), axis=1)


def _strongest(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The three highest scores of each row, in order; the lowest stands in where there are fewer."""
    found = np.sort(scores, axis=1)[:, : -_RIVALS - 1 : -1]
    short = _RIVALS - found.shape[1]
    return np.pad(found, ((0, 0), (0, short)), mode="edge") if short else found


@lru_cache(maxsize=8)
def _kinds(intents: tuple[str, ...], labels: tuple[str, ...]) -> tuple[Indices, Indices]:
    """The columns of the full labels, ordered by intent, and where each intent's begin."""
    groups = [[column for column, name in enumerate(labels) if name.partition(".")[0] == one] for one in intents]
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    return np.array([column for group in groups for column in group], dtype=np.int64), starts


@lru_cache(maxsize=8)
def _dangerous(intents: tuple[str, ...], labels: tuple[str, ...]) -> tuple[int, Indices, Indices]:
    """The column of danger among the intents, those of its kinds among the full labels, and the calm intents."""
    kinds = [column for column, name in enumerate(labels) if name.partition(".")[0] == EMERGENCY]
    calm = [column for column, name in enumerate(intents) if name != EMERGENCY]
    return intents.index(EMERGENCY), np.array(kinds, dtype=np.int64), np.array(calm, dtype=np.int64)


@lru_cache(maxsize=64)
def _only_kind(intent: str, labels: tuple[str, ...]) -> str | None:
    return next((name.partition(".")[2] for name in labels if name.startswith(f"{intent}.")), None)


@lru_cache(maxsize=64)
def _twins(intent: str, kinds: tuple[str, ...], labels: tuple[str, ...]) -> Indices:
    """The columns of an intent's kinds among the full labels."""
    return np.array([labels.index(f"{intent}.{kind}") for kind in kinds], dtype=np.int64)


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
    meant: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Unpack the weights of the meanings, which every text needs."""
        meant = np.arange(len(self.vectoriser.order), self.vectoriser.width)
        object.__setattr__(self, "meant", self.weights.rows(meant))

    def read(self, blocks: Blocks) -> Reading:
        """Apply all heads to the features of a text."""
        return self.read_all([blocks])[0]

    def read_all(self, texts: Sequence[Blocks]) -> list[Reading]:
        """Apply all heads to the features of several texts, which costs far less than one by one."""
        vectors = self.vectoriser.vectors(texts)
        scores = self.bias + self.weights.sums(vectors) + self.vectoriser.meaning(texts) @ self.meant
        margins, intents, evidence = joint_margins(scores, self.heads)
        alarms = [self._alarm(told, blocks[SIGNS]) for told, blocks in zip(evidence.tolist(), texts, strict=True)]
        rows = zip(margins, alarms, scores, vectors.each(), strict=True)
        return [Reading(intents, *row) for row in rows]

    def _alarm(self, evidence: Sequence[float], signs: Sequence[str]) -> float:
        """The log odds of danger; the last weight is the bias."""
        danger = self.calibration.danger
        if not danger:
            return -math.inf
        told = (*evidence, *(float(name in signs) for name in SIGN_NAMES))
        return sum(map(operator.mul, danger, told), danger[-1])

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
            return _only_kind(intent, label.labels)
        both = reading.scores[head.columns] + reading.scores[label.columns][_twins(intent, head.labels, label.labels)]
        return head.labels[int(both.argmax())]

    def deciding(self, reading: Reading, intent: str, limit: int = 6) -> tuple[tuple[str, float], ...]:
        """The features that spoke most for an intent, as readable words with their weight, the strongest first."""
        head, places = self.heads[INTENT], reading.vector.places
        parts = self.weights.column(places, head.first + head.labels.index(intent)) * reading.vector.values
        told: dict[str, float] = {}
        for place in np.argsort(-parts, kind="stable").tolist():
            if parts[place] <= 0 or len(told) == limit:
                break
            told.setdefault(readable(self.vectoriser.order[places[place]]), round(float(parts[place]), 4))
        return tuple(told.items())

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
