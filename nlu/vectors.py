"""Word vectors: what words that the training data never saw have in common with those it did."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu.weights import Shares, Vectors

SOURCE = Path(__file__).with_name("vectors.npz")
# A word that is not listed is taken for the mean of its characters, which says less.
_FROM_CHARACTERS = 0.7

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordVectors:
    """A direction in a space of meanings for each of some ten thousand words; neighbours mean alike."""

    rows: Mapping[str, int]
    values: npt.NDArray[np.int8]

    @classmethod
    def load(cls, path: Path) -> "WordVectors":
        """Read the file that `docs/understanding.md` tells the origin of; OSError when it is missing."""
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            words = stored["words"].tobytes().decode().split("\n")
            return cls({word: row for row, word in enumerate(words)}, stored["values"])

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        return int(self.values.shape[1])

    def mean(self, words: Sequence[str], weights: Sequence[float]) -> Floats:
        """The weighted sum of the vectors of some words, scaled to length one; zeros when none of them is known."""
        mean: Floats = self.means([self.shares(words, weights)])[0]
        return mean

    def means(self, texts: Sequence[Shares]) -> Floats:
        """The mean vectors of several texts at once, from what `shares` says of each."""
        totals = Vectors.of(texts).times(self.values)
        lengths = np.sqrt(np.einsum("ij,ij->i", totals, totals))
        return np.asarray(totals / np.where(lengths > 0, lengths, 1.0)[:, None], dtype=np.float32)

    def shares(self, words: Sequence[str], weights: Sequence[float]) -> Shares:
        """Which vectors stand for some words, and what each weighs in their mean."""
        rows: list[int] = []
        shares: list[float] = []
        for word, weight in zip(words, weights, strict=True):
            if (row := self.rows.get(word)) is not None:
                rows.append(row)
                shares.append(weight)
            elif len(word) > 1 and (found := [self.rows[char] for char in word if char in self.rows]):
                rows += found
                shares += [_FROM_CHARACTERS * weight / len(found)] * len(found)
        return rows, shares


@lru_cache(maxsize=1)
def fingerprint() -> bytes:
    """The hash of the vectors, which are part of everything that is trained with them."""
    return hashlib.sha256(SOURCE.read_bytes()).digest()


@lru_cache(maxsize=1)
def word_vectors() -> WordVectors:
    """The vectors that come with this package, read once."""
    return WordVectors.load(SOURCE)
