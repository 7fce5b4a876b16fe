"""The weights of a linear model, small: a byte for each, and one scale for each feature."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LEVELS = 127


@dataclass(frozen=True, slots=True)
class Weights:
    """Features down and labels across; a weight is its level times the scale of its feature."""

    levels: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]

    @classmethod
    def of(cls, dense: npt.NDArray[np.floating]) -> "Weights":
        """The nearest levels; the largest weight of a feature is kept exactly."""
        scales = np.abs(dense).max(axis=1, initial=0.0).astype(np.float32) / _LEVELS
        levels = np.rint(dense / np.where(scales > 0, scales, 1.0)[:, None])
        return cls(levels.astype(np.int8), scales)

    def rows(self, places: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """The weights of some features."""
        return np.asarray(self.levels[places].astype(np.float32) * self.scales[places, None], dtype=np.float32)
