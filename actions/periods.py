"""The period of a bill, however a sheet or a resident writes it: a month, a quarter, a year, or several months."""

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_YEAR = r"(?P<year>20\d{2})\s*年?度?"
_MONTH = re.compile(r"(?P<year>20\d{2})\s*[-/.年]?\s*(?P<month>1[0-2]|0?[1-9])\s*(?:月份?)?")
_MONTHS = re.compile(
    r"(?P<year>20\d{2})\s*[-/.年]\s*(?P<month>1[0-2]|0?[1-9])\s*(?:月份?)?\s*[-—–~～至到]\s*"
    r"(?:(?P<last_year>20\d{2})\s*[-/.年]\s*)?(?P<last>1[0-2]|0?[1-9])\s*(?:月份?)?"
)
_QUARTER = re.compile(rf"{_YEAR}\s*[-/]?\s*(?:[qQ]\s*|第?)(?P<quarter>[1-4一二三四])(?:季度?)?")
_WHOLE_YEAR = re.compile(rf"{_YEAR}(?:全年)?")
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4}
_SIGNS_OF_QUARTER = ("季", "q", "Q", "第")
_DECEMBER = 12
_NAMES = {
    "month": "{0.year}年{0.month}月",
    "quarter": "{0.year}年第{1}季度",
    "year": "{0.year}年",
    "months": "{0.year}年{0.month}月至{1.month}月",
    "years": "{0.year}年{0.month}月至{1.year}年{1.month}月",
}


@dataclass(frozen=True, slots=True)
class Period:
    """The first and the last day of a period, and its one written form."""

    label: str
    first: date
    last: date

    def overlaps(self, first: date, last: date) -> bool:
        """Whether a stretch of days, both ends counted, has a day in common with the period."""
        return self.first <= last and first <= self.last


def period_of(written: object) -> Period | None:
    """The period that a cell or a word names, or None when it names none."""
    if isinstance(written, date):
        return _months(written.year, written.month, written.year, written.month)
    text = unicodedata.normalize("NFKC", str(written)).strip()
    if found := _MONTHS.fullmatch(text):
        year = int(found["year"])
        return _months(year, int(found["month"]), int(found["last_year"] or year), int(found["last"]))
    if (found := _MONTH.fullmatch(text)) and not _is_quarter(text):
        return _months(int(found["year"]), int(found["month"]), int(found["year"]), int(found["month"]))
    if found := _QUARTER.fullmatch(text):
        quarter = _QUARTERS.get(found["quarter"]) or int(found["quarter"])
        return _quarter(int(found["year"]), quarter)
    if found := _WHOLE_YEAR.fullmatch(text):
        year = int(found["year"])
        first = date(year, 1, 1)
        return Period(_NAMES["year"].format(first), first, date(year, _DECEMBER, 31))
    return None


def _is_quarter(text: str) -> bool:
    return any(sign in text for sign in _SIGNS_OF_QUARTER)


def _months(year: int, month: int, last_year: int, last_month: int) -> Period | None:
    first = date(year, month, 1)
    last = date(last_year, last_month, monthrange(last_year, last_month)[1])
    if last < first:
        return None
    name = "month" if first.month == last.month and year == last_year else "months" if year == last_year else "years"
    return Period(_NAMES[name].format(first, last), first, last)


def _quarter(year: int, quarter: int) -> Period:
    first = date(year, 3 * quarter - 2, 1)
    last = date(year, 3 * quarter, monthrange(year, 3 * quarter)[1])
    return Period(_NAMES["quarter"].format(first, quarter), first, last)
