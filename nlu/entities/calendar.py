"""Arithmetic on days, weeks, months and festivals: the spans of time that the time reader speaks of."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from ruamel.yaml.comments import CommentedMap

from nlu.entities.numerals import small_number
from nlu.lexicon import FOLDER, mapping
from words.content import ContentFiles, line_of
from words.errors import ContentError

_MONTHS = 12
_FIRST_YEAR, _LAST_YEAR = 1, 9998
_NAME = f"{FOLDER}/festivals.yml"


@dataclass(frozen=True, slots=True)
class Days:
    """A run of whole days, the last one excluded."""

    first: date
    end: date

    @classmethod
    def of(cls, first: date, count: int = 1) -> "Days":
        """`count` days from `first` on; a run that leaves the calendar is cut at its end."""
        return cls(first, shifted(first, count))

    def at(self, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """The first and the last moment as local times."""
        midnight = datetime.min.time()
        return (
            datetime.combine(self.first, midnight, tzinfo=zone),
            datetime.combine(self.end, midnight, tzinfo=zone),
        )


def shifted(day: date, days: int) -> date:
    """A day so many days later, kept inside the calendar's years."""
    ordinal = min(max(day.toordinal() + days, date(2, 1, 1).toordinal()), date(9998, 12, 30).toordinal())
    return date.fromordinal(ordinal)


def month(year: int, number: int) -> Days:
    """A month; numbers outside 1–12 run on into the neighbouring years."""
    year, index = year + (number - 1) // _MONTHS, (number - 1) % _MONTHS + 1
    year = min(max(year, _FIRST_YEAR + 1), _LAST_YEAR - 1)
    return Days.of(date(year, index, 1), calendar.monthrange(year, index)[1])


def year(number: int) -> Days:
    """A calendar year."""
    number = min(max(number, _FIRST_YEAR + 1), _LAST_YEAR - 1)
    return Days(date(number, 1, 1), date(number + 1, 1, 1))


def tenth(days: Days, word: str) -> Days:
    """The beginning, middle or end of a month (初/上旬, 中/中旬, 底/末/下旬) or of a year."""
    length = (days.end - days.first).days
    if length > 31:  # noqa: PLR2004  年初 is January and February, 年底 November and December.
        span = {"初": (1, 2), "中": (6, 2)}.get(word[0], (11, 2))
        return Days(month(days.first.year, span[0]).first, month(days.first.year, sum(span)).first)
    if word[0] in "初上":
        return Days.of(days.first, 10)
    if word[0] == "中":
        return Days.of(shifted(days.first, 10), 10)
    return Days(shifted(days.first, 20), days.end)


def season(number: int, name: str) -> Days:
    """A season, quarter, half-year or school term of a year; winter runs over its end."""
    quarters = {"一": 1, "二": 4, "三": 7, "四": 10, "1": 1, "2": 4, "3": 7, "4": 10}
    first, months = {
        "春": (3, 3), "夏": (6, 3), "秋": (9, 3), "冬": (12, 3), "雨": (5, 5), "上": (1, 6), "下": (7, 6),
    }.get(name[0], (quarters.get(name[0], 1), 3))  # fmt: skip
    return Days(month(number, first).first, month(number, first + months).first)


@dataclass(frozen=True, slots=True)
class Festivals:
    """When the festivals fall, by which people name times."""

    dates: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    yearly: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, files: ContentFiles) -> "Festivals":
        """Read `festivals.yml`; raises ContentError when an entry names no day."""
        listed = mapping(files, _NAME).get("festivals") or CommentedMap()
        dates: dict[str, tuple[date, ...]] = {}
        yearly: dict[str, tuple[int, int]] = {}
        lengths: dict[str, int] = {}
        for name, body in listed.items():
            told = listed.get(body.get("same"), body)
            try:
                if "day" in told:
                    yearly[name] = (int(str(told["day"])[:2]), int(str(told["day"])[3:]))
                else:
                    dates[name] = tuple(date.fromisoformat(str(day)) for day in told["dates"])
                lengths[name] = int(told.get("days", 1))
            except (KeyError, ValueError) as error:
                problem = f"the festival “{name}” needs a `day` (MM-DD) or `dates`"
                raise ContentError(_NAME, line_of(listed, name), problem) from error
        return cls(dates, yearly, lengths)

    def days(self, written: str, number: int) -> Days | None:
        """The days of a festival in a year, or None when its date is not known."""
        name = next((n for n in sorted(self.lengths, key=len, reverse=True) if written.startswith(n)), None)
        if name is None or not _FIRST_YEAR < number < _LAST_YEAR:
            return None
        if name in self.yearly:
            return Days.of(date(number, *self.yearly[name]), self.lengths[name])
        found = next((day for day in self.dates[name] if day.year == number), None)
        return None if found is None else Days.of(found, self.lengths[name])

    def lunar(self, written: str, number: int) -> Days | None:
        """A day of the first or the last lunar month (初八, 腊月二十八), counted from 春节; None when not known."""
        new_year = self.days("春节", number)
        count = small_number(written.lstrip("大年腊正月初"))
        if new_year is None or count is None:
            return None
        offset = count - 30 if written.startswith("腊") else count - 1
        return Days.of(shifted(new_year.first, offset))


def clamp_day(number: int, month_number: int, day: int) -> date | None:
    """A date, or None when that month has no such day."""
    inside = 1 <= month_number <= _MONTHS and 1 <= day <= calendar.monthrange(number, month_number)[1]
    return date(number, month_number, day) if inside else None
