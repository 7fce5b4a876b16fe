"""Says which days a date expression means: 周三, 上个月, 8号, 去年冬天, 国庆."""

import re
from datetime import date, timedelta
from enum import StrEnum

from nlu.entities.calendar import Days, Festivals, clamp_day, month, season, shifted, tenth, year
from nlu.entities.numerals import digit_string, small_number

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
# An untensed “12月” means the coming one only when it is this near, in days.
_SOON = 31
_YEAR_WORDS = {"大前年": -3, "前年": -2, "去年": -1, "旧年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_DAY_WORDS = {
    "大前": -3, "前": -2, "昨": -1, "寻": -1, "琴": -1, "尋": -1, "yes": -1, "今": 0, "tod": 0, "ton": 0, "this": 0,
    "明": 1, "听": 1, "聽": 1, "tom": 1, "大后": 3, "后": 2,
}  # fmt: skip
_WEEKDAYS = {
    name: index for index, names in enumerate(("一1", "二2", "三3", "四4", "五5", "六6末", "日天")) for name in names
}

Resolved = tuple[Days, timedelta | None]


class Tense(StrEnum):
    """Where in time the clause around an expression points."""

    PAST = "past"
    OPEN = "open"
    FUTURE = "future"


def resolve_date(match: re.Match[str], today: date, tense: Tense, festivals: Festivals) -> Resolved | None:
    """The days that are meant, and by how much they may be moved when over (None: never); None when impossible."""
    if match["iso"]:
        y, m, d = (int(piece) for piece in re.findall("[0-9]+", match["iso"])[:3])
        day = clamp_day(y, m, d)
        return None if day is None else (Days.of(day), None)
    if match["relday"]:
        return _named_day(match["relday"], today, match["part"] is not None or match["clock"] is not None)
    if match["week"] or match["weekday"]:
        return _week(match, today, tense)
    if match["dayonly"]:
        return _day_of_month(small_number(match["dayonly"]), today, tense)
    return _longer(match, today, tense, festivals)


def _longer(match: re.Match[str], today: date, tense: Tense, festivals: Festivals) -> Resolved | None:
    if match["month"]:
        return _month(match, today, tense)
    if match["monthword"]:
        moved = _moved(match["monthword"])
        days = month(today.year, today.month + moved)
        if match["mday"]:
            day = clamp_day(days.first.year, days.first.month, small_number(match["mday"]) or 0)
            return None if day is None else (Days.of(day), None)
        return (tenth(days, match["mtenth"]) if match["mtenth"] else days), None
    if match["loosetenth"]:
        whole = year(today.year) if match["loosetenth"][0] in "年岁" else month(today.year, today.month)
        return tenth(whole, match["loosetenth"][1]), None
    if match["festival"] or match["lunar"]:
        return _festival(match, today, tense, festivals)
    if match["part_of_year"]:
        return _part_of_year(match["part_of_year"], today, tense), None
    if match["yearonly"]:
        days = year(year_number(match["yearonly"], today))
        return (tenth(days, match["ytenth"]) if match["ytenth"] else days), None
    return None


def closes(match: re.Match[str]) -> bool:
    """Whether 月底 or 年末 is meant, before which is until it is over."""
    return any((match[name] or "")[-1:] in {"底", "末"} for name in ("loosetenth", "mtenth", "tenth", "ytenth"))


def year_number(written: str, today: date) -> int:
    """The number of a year: 去年, 2023年, 23年, 二零二五年; this year when it is none of these."""
    for word, moved in _YEAR_WORDS.items():
        if written.startswith(word):
            return today.year + moved
    digits = digit_string(written.rstrip("年的 ")) or ""
    if len(digits) == 2:  # noqa: PLR2004  “23年” is 2023.
        return 2000 + int(digits)
    return int(digits) if len(digits) == 4 else today.year  # noqa: PLR2004


def _named_day(written: str, today: date, timed: bool) -> Resolved:
    if written.startswith(("明后", "今明")):
        return Days.of(shifted(today, int(written[0] == "明")), 2), None
    moved = next(offset for word, offset in _DAY_WORDS.items() if written.startswith(word))
    # “今天下午三点” for a visit is never in the past, so today may move on when a clock is named.
    movable = _DAY if moved == 0 and (timed or not written.endswith(("天", "日"))) else None
    return Days.of(shifted(today, moved)), movable


def _moved(word: str) -> int:
    return {"上上": -2, "下下": 2}.get(word[:2], {"上": -1, "下": 1}.get(word[0], 0))


def _week(match: re.Match[str], today: date, tense: Tense) -> Resolved:
    monday = shifted(today, -today.weekday())
    weekday = match["weekday"]
    if match["week"]:
        monday = shifted(monday, 7 * _moved(match["week"]))
        if weekday is None:
            return Days.of(monday, 7), None
    index = _WEEKDAYS[weekday]
    length = 2 if weekday == "末" else 1
    first = shifted(monday, index)
    if match["week"]:
        return Days.of(first, length), None
    if tense is Tense.PAST:
        return Days.of(first if first <= today else shifted(first, -7), length), None
    return Days.of(first if shifted(first, length) > today else shifted(first, 7), length), _WEEK


def _day_of_month(day: int | None, today: date, tense: Tense) -> Resolved | None:
    if day is None:
        return None
    step = -1 if tense is Tense.PAST else 1
    for moved in range(0, 4 * step, step):
        days = month(today.year, today.month + moved)
        found = clamp_day(days.first.year, days.first.month, day)
        if found is not None and (found <= today if step < 0 else found >= today):
            return Days.of(found), None
    return None


def _month(match: re.Match[str], today: date, tense: Tense) -> Resolved | None:
    number = small_number(match["month"])
    if number is None or not 1 <= number <= 12:  # noqa: PLR2004
        return None
    if match["year"]:
        return _in_month(match, month(year_number(match["year"], today), number))
    candidates = [_in_month(match, month(today.year + moved, number)) for moved in (-1, 0, 1)]
    found = [resolved[0] for resolved in candidates if resolved is not None]
    return None if not found else (_nearest(found, today, tense), None)


def _in_month(match: re.Match[str], days: Days) -> Resolved | None:
    if match["day"]:
        day = clamp_day(days.first.year, days.first.month, small_number(match["day"]) or 0)
        return None if day is None else (Days.of(day), None)
    return (tenth(days, match["tenth"]) if match["tenth"] else days), None


def _nearest(found: list[Days], today: date, tense: Tense) -> Days:
    """The latest begun for the past, the next not over for the future; else the next if it comes soon."""
    begun = [days for days in found if days.first <= today]
    coming = [days for days in found if days.end > today]
    if tense is Tense.PAST and begun:
        return begun[-1]
    if tense is Tense.FUTURE and coming:
        return coming[0]
    soon = [days for days in coming if days.first <= shifted(today, _SOON)]
    return soon[0] if soon else begun[-1] if begun else found[0]


def _festival(match: re.Match[str], today: date, tense: Tense, festivals: Festivals) -> Resolved | None:
    if match["fyear"]:
        days = festivals.days(match["festival"], year_number(match["fyear"], today))
        return None if days is None else (_nth(days, match["nth"]), None)
    found = [
        _nth(days, match["nth"])
        for moved in (-1, 0, 1)
        if (
            days := festivals.days(match["festival"], today.year + moved)
            if match["festival"]
            else festivals.lunar(match["lunar"], today.year + moved)
        )
    ]
    # “春节前” and “国庆后第一天” are said of what is to come.
    ahead = tense is Tense.OPEN and (match["nth"] or "前" in (match["edge"] or ""))
    return (_nearest(found, today, Tense.FUTURE if ahead else tense), None) if found else None


def _nth(days: Days, written: str | None) -> Days:
    """One day of a festival or after it: 国庆后第一天, 假期最后一天."""
    if written is None:
        return days
    if written.endswith("最后一天"):
        return Days.of(shifted(days.end, -1))
    count = 1 if "头" in written else small_number(written[-2]) or 1
    return Days.of(shifted(days.end if "后" in written or "完" in written else days.first, count - 1))


def _part_of_year(written: str, today: date, tense: Tense) -> Days:
    prefix = re.match(r"(?:大前年|前年|去年|旧年|今年|明年|后年|本年|上年|[0-9二零〇一三四五六七八九]{4}年)", written)
    if prefix:
        return season(year_number(prefix[0], today), written[prefix.end() :].lstrip("度第"))
    if written.endswith("季度") and written[0] in "上这本下":
        quarter = (today.month - 1) // 3 + _moved(written)
        return Days(month(today.year, 3 * quarter + 1).first, month(today.year, 3 * quarter + 4).first)
    found = [season(today.year + moved, written.lstrip("第")) for moved in (-1, 0, 1)]
    return _nearest(found, today, Tense.PAST if tense is Tense.OPEN and written[0] == "上" else tense)
