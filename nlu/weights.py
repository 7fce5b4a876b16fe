"""The weights of a linear model, small: a byte for each, and one scale for each feature."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

import numpy as np
import numpy.typing as npt

_LEVELS = 127

Floats = npt.NDArray[np.float32]
# Places in a table, and by how much each counts.
Shares = tuple[Sequence[int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Sparse vectors one behind the other: the places and values of vector i stand from `starts[i]` on."""

    places: npt.NDArray[np.int64]
    values: Floats
    starts: Sequence[int]

    @classmethod
    def of(cls, lists: Sequence[Shares]) -> "Vectors":
        """Vectors of lists of places and values."""
        starts = [0, *accumulate(len(places) for places, _ in lists)]
        places = np.fromiter(chain.from_iterable(places for places, _ in lists), np.int64, starts[-1])
        values = np.fromiter(chain.from_iterable(values for _, values in lists), np.float32, starts[-1])
        return cls(places, values, starts)

    def each(self) -> "list[Vectors]":
        """The vectors one by one."""
        return [
            Vectors(self.places[start:end], self.values[start:end], (0, end - start))
            for start, end in pairwise(self.starts)
        ]

    def times(self, table: npt.NDArray[np.int8], values: Floats | None = None) -> Floats:
        """For each vector the sum of the table's rows at its places, each times its value (or another one)."""
        # All rows are fetched at once, because a call costs as much as a hundred numbers.
        rows = table[self.places].astype(np.float32)
        values = self.values if values is None else values
        totals = np.empty((len(self.starts) - 1, table.shape[1]), dtype=np.float32)
        for total, (start, end) in zip(totals, pairwise(self.starts), strict=True):
            np.matmul(values[start:end], rows[start:end], out=total)
        return totals


@dataclass(frozen=True, slots=True)
class Weights:
    """Features down and labels across; a weight is its level times the scale of its feature."""

    levels: npt.NDArray[np.int8]
    scales: Floats

    @classmethod
    def of(cls, dense: npt.NDArray[np.floating]) -> "Weights":
        """The nearest levels; the largest weight of a feature is kept exactly."""
        scales = np.abs(dense).max(axis=1, initial=0.0).astype(np.float32) / _LEVELS
        levels = np.rint(dense / np.where(scales > 0, scales, 1.0)[:, None])
        return cls(levels.astype(np.int8), scales)

    def rows(self, places: npt.NDArray[np.integer]) -> Floats:
        """The weights of some features."""
        return np.asarray(self.levels[places].astype(np.float32) * self.scales[places, None], dtype=np.float32)

    def column(self, places: npt.NDArray[np.integer], label: int) -> Floats:
        """The weights of some features for one label."""
        return np.asarray(self.levels[places, label] * self.scales[places], dtype=np.float32)

    def sums(self, vectors: Vectors) -> Floats:
        """The scores of some sparse vectors: a row for each, a column for each label."""
        return vectors.times(self.levels, vectors.values * self.scales[vectors.places])
