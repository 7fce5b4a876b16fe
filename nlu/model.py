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
from nlu.features import SIGNS, readable
from nlu.vectoriser import Blocks, Floats, Indices, Vectoriser
from nlu.weights import Vectors, Weights

FORMAT = 4
_RIVALS = 3
INTENT, LABEL, EMERGENCY = "intent", "label", "emergency"


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
