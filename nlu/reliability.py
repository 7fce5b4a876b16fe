"""How far the confidence of an engine can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages of nearly the same confidence: from where to where, how many, how sure, and what share was right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that hold messages, and the expected calibration error: the mean gap between sure and right."""

    bins: tuple[Bin, ...]
    error: float

    @classmethod
    def of(cls, told: Sequence[tuple[float, bool]]) -> "Reliability":
        """Measure pairs of a confidence from 0 to 1 and whether the reading was right."""
        grouped: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
        for confidence, right in told:
            grouped[min(int(confidence * _BINS), _BINS - 1)].append((confidence, right))
        bins = tuple(
            Bin(
                place / _BINS,
                (place + 1) / _BINS,
                len(group),
                sum(confidence for confidence, _ in group) / len(group),
                sum(right for _, right in group) / len(group),
            )
            for place, group in enumerate(grouped)
            if group
        )
        gap = sum(one.count * abs(one.confidence - one.right) for one in bins)
        return cls(bins, gap / len(told) if told else 0.0)

    def lines(self) -> list[str]:
        """The table for people."""
        rows = [
            f"  {one.low:.1f}-{one.high:.1f}  {one.count:5d} messages  sure {one.confidence:.2f}  right {one.right:.2f}"
            for one in self.bins
        ]
        return [f"confidence: expected calibration error {self.error:.3f}", *rows]
