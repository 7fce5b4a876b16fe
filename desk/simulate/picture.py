"""A picture of a simulation: tickets and what was late by day, and how long answers took; plain SVG."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from desk.simulate.plan import SimulationPlan
from desk.simulate.report import per_day
from desk.simulate.running import Outcome

_WIDTH, _HEIGHT, _LEFT, _TOP = 960, 640, 60, 70
_PLOT, _SECOND_TOP, _SECOND = 300, 460, 110
_BOUNDS = (1, 4, 8, 16, 24)
_INK, _BAR, _LATE, _STORM, _FESTIVAL = "#1f2933", "#4c78a8", "#c0392b", "#b3c6e7", "#f9d7b5"
_LABELS_AT_LEAST = 70
_TICKS = [int(digit * 10**zeros) for zeros in range(6) for digit in (1, 2, 5)]
_MOST_TICKS = 5
_SIDES = ("start", "end")


def picture(plan: SimulationPlan, outcome: Outcome, zone: ZoneInfo) -> str:
    """The whole picture as one SVG document."""
    drawn = "\n".join(_Drawing(plan.report["picture"], plan.community.name, outcome, zone).parts())
    font = "font-family:'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" style="{font}">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n{drawn}\n</svg>\n'
    )


class _Drawing:
    def __init__(self, words: dict[str, Any], community: str, outcome: Outcome, zone: ZoneInfo) -> None:
        self._words = words
        self._community = community
        self._year = outcome.year
        self._opened = per_day(outcome.numbers.opened, zone)
        self._late = per_day([one.due_at for one in outcome.overdue], zone)
        self._waits = outcome.numbers.waits
        days = self._year.days
        self._days = [self._year.first + timedelta(days=offset) for offset in range(days)]
        self._step = (_WIDTH - _LEFT - 20) / days
        most = max((self._opened[day] for day in self._days), default=1) or 1
        self._tick = next(tick for tick in _TICKS if tick * _MOST_TICKS >= most)
        self._most = self._tick * math.ceil(most / self._tick)

    def parts(self) -> Iterator[str]:
        yield _text(_LEFT, 36, str(self._words["title"]).format(community=self._community), size=22, weight="bold")
        yield from self._shades()
        yield from self._axis()
        for place, day in enumerate(self._days):
            yield from self._column(place, day)
        yield from self._legend()
        yield from self._waiting()

    def _column(self, place: int, day: date) -> Iterator[str]:
        x, width = self._x(place), max(self._step - 1, 0.8)
        yield _rect(x, self._y(self._opened[day]), width, self._height(self._opened[day]), _BAR)
        if self._late[day]:
            yield _rect(x, self._y(self._late[day]), width, self._height(self._late[day]), _LATE)
        if day.day == 1 or place == 0 or (len(self._days) <= _LABELS_AT_LEAST and place % 7 == 0):
            yield _text(x, _TOP + _PLOT + 18, f"{day.month}-{day.day:02d}", size=12)

    def _shades(self) -> Iterator[str]:
        shades = [(day, _FESTIVAL) for day in self._days if day in self._year.festival]
        for day, colour in (*shades, (self._year.storm, _STORM)):
            place = (day - self._year.first).days
            yield _rect(self._x(place), _TOP, self._step, _PLOT, colour)
        for first, name in ((min(self._year.festival, default=None), "festival"), (self._year.storm, "storm")):
            if first is not None:
                x = self._x((first - self._year.first).days)
                # On the last days the words stand before the day, or they would run out of the picture.
                late = x > _WIDTH - _LEFT
                yield _text(x - 4 if late else x, _TOP - 8, str(self._words[name]), size=13, anchor=_SIDES[late])

    def _axis(self) -> Iterator[str]:
        for value in range(0, self._most + 1, self._tick):
            y = self._y(value)
            yield f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#cbd2d9"/>'
            yield _text(_LEFT - 10, y + 4, str(value), size=12, anchor="end")

    def _legend(self) -> Iterator[str]:
        for place, (colour, name) in enumerate(((_BAR, "tickets"), (_LATE, "overdue"))):
            x = _LEFT + place * 110
            yield _rect(x, _TOP + _PLOT + 32, 14, 14, colour)
            yield _text(x + 20, _TOP + _PLOT + 44, str(self._words[name]), size=14)

    def _waiting(self) -> Iterator[str]:
        yield _text(_LEFT, _SECOND_TOP - 14, str(self._words["waits"]), size=16, weight="bold")
        counts = _by_bound(self._waits)
        width = (_WIDTH - _LEFT - 20) / len(counts)
        most = max(counts) or 1
        for place, (count, label) in enumerate(zip(counts, self._words["wait_labels"], strict=True)):
            height = _SECOND * count / most
            x = _LEFT + place * width
            colour = _LATE if place == len(counts) - 1 else _BAR
            yield _rect(x, _SECOND_TOP + 10 + _SECOND - height, width - 16, height, colour)
            yield _text(x, _SECOND_TOP + 6 + _SECOND - height, str(count), size=13)
            yield _text(x, _SECOND_TOP + 30 + _SECOND, str(label), size=13)

    def _x(self, place: int) -> float:
        return _LEFT + place * self._step

    def _y(self, value: int) -> float:
        return _TOP + _PLOT - self._height(value)

    def _height(self, value: int) -> float:
        return _PLOT * value / self._most


def _by_bound(waits: Sequence[timedelta]) -> list[int]:
    hours = [wait.total_seconds() / 3600 for wait in waits]
    counts = [sum(low < hour <= high for hour in hours) for low, high in zip((-1, *_BOUNDS[:-1]), _BOUNDS, strict=True)]
    return [*counts, sum(hour > _BOUNDS[-1] for hour in hours)]


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, *, size: int, anchor: str = "start", weight: str = "normal") -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{_INK}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'
