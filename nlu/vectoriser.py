"""Turns features into numbers: how often each occurs, how rare it is, and what the words mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.features import BLOCK_WEIGHTS, WORDS
from nlu.vectors import WordVectors, word_vectors
from nlu.weights import Shares, Vectors

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
# The features of a text, block by block.
Blocks = Sequence[Sequence[str]]

# What the mean of a text's word vectors weighs beside the blocks of features; found by cross-validation.
_MEANING_WEIGHS = 0.5


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
