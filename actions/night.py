"""The hours in which nothing falls due, and the moments that stand in for them (domain.md C7)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Night:
    """The hours in which nothing may fall due, and the moments that stand in for them; all local times."""

    timezone: ZoneInfo
    start: time
    end: time
    evening: time
    morning: time

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies in the night."""
        local = moment.astimezone(self.timezone).time()
        return local >= self.start or local < self.end

    def evening_before(self, moment: datetime) -> datetime:
        """The evening mark that came last before a moment of the night."""
        local = moment.astimezone(self.timezone)
        day = local.date() if local.time() >= self.evening else local.date() - timedelta(days=1)
        return self._at(day, self.evening)

    def next_morning(self, moment: datetime) -> datetime:
        """The first morning mark after a moment."""
        return self._next(moment, self.morning)

    def next_end(self, moment: datetime) -> datetime:
        """The end of the night after a moment."""
        return self._next(moment, self.end)

    def frozen(self) -> dict[str, str]:
        """The night as stored with a ticket, so that its clock can be started again by the same rule."""
        times = {"start": self.start, "end": self.end, "evening": self.evening, "morning": self.morning}
        return {"timezone": self.timezone.key} | {name: moment.isoformat() for name, moment in times.items()}

    @classmethod
    def thaw(cls, stored: dict[str, Any]) -> "Night":
        """Read a stored night. Raises KeyError or ValueError when it is damaged."""
        start, end, evening, morning = (
            time.fromisoformat(stored[name]) for name in ("start", "end", "evening", "morning")
        )
        return cls(ZoneInfo(stored["timezone"]), start, end, evening, morning)

    def _next(self, moment: datetime, mark: time) -> datetime:
        day = moment.astimezone(self.timezone).date()
        today = self._at(day, mark)
        return today if today > moment else self._at(day + timedelta(days=1), mark)

    def _at(self, day: date, mark: time) -> datetime:
        return datetime.combine(day, mark, self.timezone).astimezone(UTC)
