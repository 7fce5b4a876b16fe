"""The trained model: a vocabulary and linear heads, held and applied with numpy alone."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.features import BLOCK_WEIGHTS, readable

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Vector:
    """A sparse feature vector: indices into the vocabulary and their values."""

    indices: Indices
    values: Floats


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """Weighs features by sublinear term frequency and inverse document frequency, each block to its own length."""

    order: tuple[str, ...]
    names: Mapping[str, int]
    idf: Floats

    @classmethod
    def of(cls, order: Sequence[str], idf: Floats) -> "Vectoriser":
        """A vectoriser whose feature at place i of `order` has index i."""
        return cls(tuple(order), {name: index for index, name in enumerate(order)}, idf)

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
        return Vector(np.asarray(indices, dtype=np.int64), np.asarray(values, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Head:
    """One classifier among the columns of the weight matrix."""

    name: str
    labels: tuple[str, ...]
    first: int
    steepness: float

    def columns(self, scores: Floats) -> Floats:
        """This head's part of all scores."""
        return scores[self.first : self.first + len(self.labels)]

    def probabilities(self, scores: Floats) -> Floats:
        """Calibrated probabilities from this head's margins."""
        scaled = self.steepness * self.columns(scores)
        powers = np.exp(scaled - scaled.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that training leaves behind; see `nlu.train`."""

    vectoriser: Vectoriser
    heads: Mapping[str, Head]
    weights: npt.NDArray[np.float16]
    bias: Floats
    version: str
    facts: Mapping[str, Any]

    def scores(self, vector: Vector) -> Floats:
        """The margins of all heads' labels for a vector."""
        if not vector.indices.size:
            return self.bias
        rows = self.weights[vector.indices].astype(np.float32)
        return np.asarray(vector.values @ rows + self.bias, dtype=np.float32)

    def deciding(self, vector: Vector, column: int, limit: int = 5) -> tuple[tuple[str, float], ...]:
        """The features that spoke most for a column, as readable words with their weight, the strongest first."""
        if not vector.indices.size:
            return ()
        parts = self.weights[vector.indices, column].astype(np.float32) * vector.values
        best = np.argsort(-parts, kind="stable")[: 3 * limit]
        told: dict[str, float] = {}
        for place in best:
            if parts[place] > 0:
                word = readable(self.vectoriser.order[int(vector.indices[place])])
                told.setdefault(word, round(float(parts[place]), 4))
        return tuple(told.items())[:limit]

    def save(self, path: Path) -> None:
        """Write everything into one compressed .npz without pickles."""
        heads = [[h.name, list(h.labels), h.first, h.steepness] for h in self.heads.values()]
        meta = {"format": FORMAT, "heads": heads, "version": self.version, "facts": dict(self.facts)}
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                names=np.frombuffer("\n".join(self.vectoriser.order).encode(), dtype=np.uint8),
                meta=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
                idf=self.vectoriser.idf,
                weights=self.weights,
                bias=self.bias,
            )

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read what `save` wrote; raises ValueError when it is of another format."""
        with np.load(path, allow_pickle=False) as stored:
            meta = json.loads(stored["meta"].tobytes())
            if meta["format"] != FORMAT:
                raise ValueError(f"{path.name} has model format {meta['format']}, this code reads {FORMAT}")
            names = stored["names"].tobytes().decode().split("\n")
            vectoriser = Vectoriser.of(names, stored["idf"])
            heads = {name: Head(name, tuple(labels), first, steep) for name, labels, first, steep in meta["heads"]}
            return cls(vectoriser, heads, stored["weights"], stored["bias"], meta["version"], meta["facts"])
