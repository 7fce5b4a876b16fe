"""When the desk is staffed, which days are worked, and what counts as night (domain.md A10, C7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import chinese_calendar

from actions.night import Night
from actions.rulefile import Section
from words.content import ContentFiles
from words.errors import ContentError

__all__ = ["HOURS", "Calendar", "Night", "Season"]

HOURS = "rules/desk_hours.yml"
_SEARCHED_DAYS = 400
_SATURDAY = 5
_LEAP_YEAR = 2024
# How far ahead the exceptions of the calendar are frozen with a ticket.
_FROZEN_DAYS = 120

Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Season:
    """A part of the year with its desk hours; `start` and `until` are (month, day), both included."""

    name: str
    start: tuple[int, int]
    until: tuple[int, int]
    hours: tuple[Span, ...]

    def holds(self, day: date) -> bool:
        """Whether the day belongs to the season, which may run over New Year."""
        mark = (day.month, day.day)
        if self.start <= self.until:
            return self.start <= mark <= self.until
        return mark >= self.start or mark <= self.until


@dataclass(frozen=True, slots=True)
class Calendar:
    """The desk hours of a community by season and day."""

    timezone: ZoneInfo
    night: Night
    seasons: tuple[Season, ...]
    days_off_hours: tuple[Span, ...]
    years: frozenset[int]
    days_off: frozenset[date]
    workdays: frozenset[date]

    @classmethod
    def read(cls, files: ContentFiles, timezone: str) -> "Calendar":
        """Read rules/desk_hours.yml and calendar/*.yml for a community's IANA time zone.

        Raises ContentError with file and line for a wrong hour, a day that no season covers, or an unknown zone.
        """
        section = Section.read(files, HOURS)
        section.only("seasons", "days_off", "night")
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ContentError(HOURS, None, f"the time zone {timezone!r} is not known; write Asia/Shanghai") from error
        overrides = [Section.read(files, name) for name in files.below("calendar")]
        for one in overrides:
            one.only("years", "days_off", "workdays")
        return cls(
            zone,
            _read_night(section.section("night"), zone),
            _read_seasons(section),
            tuple(_span(section, "days_off", text) for text in section.texts("days_off")),
            frozenset().union(*(_years(one) for one in overrides)),
            frozenset().union(*(one.days("days_off") for one in overrides)),
            frozenset().union(*(one.days("workdays") for one in overrides)),
        )

    def unknown_year(self, day: date) -> bool:
        """Whether nobody has said which days of this year are holidays; weekdays are taken as working days then."""
        return day.year not in self.years and not _in_library(day)

    def unknown_years(self, now: datetime, *, ahead: timedelta = timedelta(days=45)) -> tuple[int, ...]:
        """The years in reach whose holidays nobody has said; managers are told of them (domain.md A10)."""
        days = (now.astimezone(self.timezone).date(), (now + ahead).astimezone(self.timezone).date())
        return tuple(sorted({day.year for day in days if self.unknown_year(day)}))

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked: overrides first, then the published calendar with 调休, then weekdays."""
        if day in self.workdays:
            return True
        if day in self.days_off:
            return False
        if _in_library(day):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < _SATURDAY

    def hours_on(self, day: date) -> tuple[Span, ...]:
        """The desk hours of a day as local times, empty when the desk is closed."""
        if not self.is_workday(day):
            return self.days_off_hours
        return next(season.hours for season in self.seasons if season.holds(day))

    def hours_text(self, day: date) -> str:
        """The desk hours of a day as residents read them, `8:00–12:00、14:30–17:30`; empty when the desk is closed."""
        return "、".join(f"{_clock(start)}–{_clock(end)}" for start, end in self.hours_on(day))

    def is_open(self, moment: datetime) -> bool:
        """Whether the front desk is staffed; otherwise the monitoring centre covers (domain.md A10)."""
        local = moment.astimezone(self.timezone)
        return any(start <= local.time() < end for start, end in self.hours_on(local.date()))

    def next_opening(self, moment: datetime) -> datetime:
        """The earliest moment from `moment` on at which the desk is open: the moment itself when it is open now.

        Raises LookupError when no opening lies within 400 days.
        """
        if self.is_open(moment):
            return moment
        first = moment.astimezone(self.timezone).date()
        for offset in range(_SEARCHED_DAYS):
            day = first + timedelta(days=offset)
            for start, _end in self.hours_on(day):
                opening = datetime.combine(day, start, self.timezone).astimezone(UTC)
                if opening > moment:
                    return opening
        raise LookupError(f"the desk never opens within {_SEARCHED_DAYS} days after {moment:%Y-%m-%d}")

    def after_open_time(self, start: datetime, length: timedelta) -> datetime:
        """The moment at which the desk has been open for `length` since `start`.

        Raises LookupError when the desk is not open that long within 400 days.
        """
        left = length
        for opening, closing in self._openings(start):
            opened = max(opening, start)
            if closing - opened >= left:
                return opened + left
            left -= max(closing - opened, timedelta(0))
        raise LookupError(f"the desk is not open for {length} within {_SEARCHED_DAYS} days after {start:%Y-%m-%d}")

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """For how long the desk is open between two moments."""
        total = timedelta(0)
        for opening, closing in self._openings(start):
            if opening >= end:
                break
            total += max(min(closing, end) - max(opening, start), timedelta(0))
        return total

    def frozen(self, first: datetime) -> dict[str, Any]:
        """The calendar as stored with a ticket, with the exceptions of the months after `first`; plain JSON."""
        exceptions = _exceptions(self, first.astimezone(self.timezone).date())
        return {
            "seasons": [
                [season.name, *season.start, *season.until, [_stored(span) for span in season.hours]]
                for season in self.seasons
            ],
            "days_off_hours": [_stored(span) for span in self.days_off_hours],
            **exceptions,
        }

    @classmethod
    def thaw(cls, stored: Mapping[str, Any], night: Night) -> "Calendar":
        """Read a stored calendar. Raises KeyError, TypeError or ValueError when it is damaged."""
        return cls(
            timezone=night.timezone,
            night=night,
            seasons=tuple(
                Season(name, (month, day), (last_month, last_day), tuple(_thawed(span) for span in hours))
                for name, month, day, last_month, last_day, hours in stored["seasons"]
            ),
            days_off_hours=tuple(_thawed(span) for span in stored["days_off_hours"]),
            years=frozenset(),
            days_off=frozenset(date.fromisoformat(day) for day in stored["days_off"]),
            workdays=frozenset(date.fromisoformat(day) for day in stored["workdays"]),
        )

    def _openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The hours of the desk, the first ones those that end after `start`."""
        first = start.astimezone(self.timezone).date()
        for day in (first + timedelta(days=offset) for offset in range(_SEARCHED_DAYS)):
            for opens, closes in self.hours_on(day):
                closing = datetime.combine(day, closes, self.timezone).astimezone(UTC)
                if closing > start:
                    yield datetime.combine(day, opens, self.timezone).astimezone(UTC), closing


@lru_cache(maxsize=32)
def _exceptions(calendar: Calendar, first: date) -> Mapping[str, list[str]]:
    """The days of the months after `first` that are worked or free against their weekday; each ticket asks for them."""
    found: dict[str, list[str]] = {"days_off": [], "workdays": []}
    for one in (first + timedelta(days=offset) for offset in range(_FROZEN_DAYS)):
        usual, works = one.weekday() < _SATURDAY, calendar.is_workday(one)
        if works != usual:
            found["workdays" if works else "days_off"].append(one.isoformat())
    return found


def _stored(span: Span) -> list[str]:
    return [span[0].isoformat(), span[1].isoformat()]


def _thawed(stored: list[str]) -> Span:
    start, end = stored
    return time.fromisoformat(start), time.fromisoformat(end)


def _in_library(day: date) -> bool:
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:  # the library ends with the last year that was published when it was made
        return False
    return True


def _read_night(section: Section, zone: ZoneInfo) -> Night:
    section.only("from", "until", "evening", "morning")
    night = Night(zone, *(_time(section, key, section.text(key)) for key in ("from", "until", "evening", "morning")))
    if not night.end <= night.morning < night.evening <= night.start:
        raise section.fail(
            "from", "the order of a day is until, morning, evening, from; write 8:00, 9:30, 20:00, 22:00"
        )
    return night


def _read_seasons(section: Section) -> tuple[Season, ...]:
    seasons = tuple(_read_season(item) for item in section.items("seasons"))
    for offset in range(366):
        day = date(_LEAP_YEAR, 1, 1) + timedelta(days=offset)
        if (holding := sum(season.holds(day) for season in seasons)) != 1:
            raise section.fail("seasons", f"{day:%m-%d} lies in {holding} seasons; each day needs exactly one")
    return seasons


def _read_season(item: Section) -> Season:
    item.only("name", "from", "until", "hours")
    hours = tuple(_span(item, "hours", text) for text in item.texts("hours"))
    if not hours:
        raise item.fail("hours", 'is missing; write ["8:00-17:00"]')
    return Season(item.text("name"), _month_day(item, "from"), _month_day(item, "until"), hours)


def _years(section: Section) -> frozenset[int]:
    for year in section.values("years"):
        if not isinstance(year, int):
            raise section.fail("years", f"{year!r} is not a year; write 2027")
    return frozenset(section.values("years"))


def _span(section: Section, key: str, text: str) -> Span:
    start, _, end = text.replace("–", "-").partition("-")
    span = (_time(section, key, start), _time(section, key, end))
    if span[0] >= span[1]:
        raise section.fail(key, f"{text!r} ends before it starts")
    return span


def _time(section: Section, key: str, text: str) -> time:
    try:
        return time.fromisoformat(text.strip().zfill(5))
    except ValueError as error:
        raise section.fail(key, f"{text!r} is not a time of day; write 8:00 or 17:30") from error


def _month_day(section: Section, key: str) -> tuple[int, int]:
    text = section.text(key)
    try:
        day = date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError as error:
        raise section.fail(key, f"{text!r} is not a day of the year; write 06-01") from error
    return (day.month, day.day)


def _clock(moment: time) -> str:
    return f"{moment.hour}:{moment.minute:02}"
