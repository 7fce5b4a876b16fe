"""When residents write, and what: pure, the same for the same seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from chinese_calendar import get_holiday_detail

from actions.calendar import Calendar
from desk.simulate.plan import RequestPart, SimulationPlan

_FESTIVAL = "Spring Festival"
_NEAR_FESTIVAL = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Written:
    """One message with a request: when, from which household, and what it is about."""

    at: datetime
    household: int
    number: int
    request: RequestPart


@dataclass(frozen=True, slots=True)
class Year:
    """The days that are played: which of them are days off, near the Spring Festival, or the day of the storm."""

    first: date
    days: int
    storm: date
    festival: frozenset[date]
    days_off: frozenset[date]

    @classmethod
    def of(cls, calendar: Calendar, first: date, days: int) -> "Year":
        """The storm comes after two thirds of the time."""
        played = [first + timedelta(days=offset) for offset in range(days)]
        return cls(
            first,
            days,
            first + timedelta(days=2 * days // 3),
            frozenset(day for day in played if _near_festival(day)),
            frozenset(day for day in played if not calendar.is_workday(day)),
        )


def arrivals(plan: SimulationPlan, year: Year, zone: ZoneInfo, households: int, seed: int) -> Iterator[Written]:
    """Everything that residents write, in the order of time."""
    number = 0
    for offset in range(year.days):
        day = year.first + timedelta(days=offset)
        dice = Random(f"{seed}:arrivals:{day}")
        moments = sorted(_moment(plan, dice, day, zone) for _ in range(_how_many(plan, year, day, households, dice)))
        weights = [_weight(request, year, day) for request in plan.requests]
        for moment in moments:
            number += 1
            request = dice.choices(plan.requests, weights)[0]
            yield Written(moment, dice.randrange(households), number, request)


def _how_many(plan: SimulationPlan, year: Year, day: date, households: int, dice: Random) -> int:
    """A Poisson number, as a normal one where it is large enough not to matter."""
    mean = plan.arrivals.per_household * households
    if day == year.storm:
        mean *= plan.arrivals.storm
    elif day in year.festival:
        mean *= plan.arrivals.festival
    elif day in year.days_off:
        mean *= plan.arrivals.day_off
    return max(0, round(dice.gauss(mean, math.sqrt(mean))))


def _moment(plan: SimulationPlan, dice: Random, day: date, zone: ZoneInfo) -> datetime:
    hour = dice.choices(range(24), plan.arrivals.hours)[0]
    return datetime.combine(day, time(hour, dice.randrange(60), dice.randrange(60)), zone)


def _weight(request: RequestPart, year: Year, day: date) -> float:
    if day == year.storm:
        return request.weight * request.storm
    return request.weight * (request.festival if day in year.festival else 1)


def _near_festival(day: date) -> bool:
    def is_festival(one: date) -> bool:
        try:
            return bool(get_holiday_detail(one) == (True, _FESTIVAL))
        except NotImplementedError:  # the library ends with the last year that was published
            return False

    return any(is_festival(day + timedelta(days=offset)) for offset in (0, _NEAR_FESTIVAL.days))
