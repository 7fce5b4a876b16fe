"""The heartbeat of the process loops: when each was last at work, and how often it failed; read by whoever monitors."""

import time
from collections import Counter
from dataclasses import dataclass, field

# A loop that has not come round for so long is stuck: each of them looks again every second or two, except where named.
STALE_SECONDS = 120.0
_SLOW = {"audit": 3 * 3600.0}


@dataclass(slots=True)
class Pulse:
    """When each loop came round last, by its name. Reads a clock that no one can set."""

    beats: dict[str, float] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    findings: int | None = None

    def beat(self, name: str, *, worked: bool = False) -> None:
        """A loop came round, and perhaps did something."""
        self.beats[name] = time.monotonic()
        self.steps[name] += worked

    def fault(self, name: str) -> None:
        """A step failed; the loop itself goes on."""
        self.beats[name] = time.monotonic()
        self.faults[name] += 1

    def ages(self) -> dict[str, float]:
        """Seconds since each loop came round."""
        now = time.monotonic()
        return {name: now - at for name, at in sorted(self.beats.items())}

    def stale(self) -> tuple[str, ...]:
        """The loops that are stuck."""
        return tuple(name for name, age in self.ages().items() if age > _SLOW.get(name, STALE_SECONDS))
