"""Finds anchored points and periods of time and gives them as ISO intervals in the zone of `now`."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from nlu.entities.calendar import Days, Festivals
from nlu.entities.numerals import small_number
from nlu.entities.span import Span
from nlu.entities.time_date import Tense, closes, resolve_date
from nlu.entities.time_grammar import ANCHOR, RANGE, TIME, denied, habitual
from nlu.entities.time_words import EVENING_DAY, FUTURE, MORNING_DAY, PARTS, PAST
from nlu.types import EntityType

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)
# A part of the day alone (晚上) is an appointment only next to words of visiting.
_VISIT = re.compile(
    r"在家|家里?有人|有空|方便|上门|过来|过去|师傅来|来[修看弄人接拿取查换装]|来一?[趟下]|再来|可以来|能来|来吧|约|都有人|都在|去交|改|换|不是|说的是|不要"
)
# Daytime in a clause of the past (早上打过电话) is this morning; nights are told of as habits.
_DAYTIME = frozenset({"早上", "上午", "中午", "下午"})
_BREAK = re.compile(r"[,，。!！?？;；\n]")
_CLOCK_EDGES = frozenset({"多", "来钟", "整"})
# An answer such as “下午三点后吧” holds little besides the time.
_ANSWER_REST = 6
_AFTERNOON_UNTIL = 6
_NOON, _CLOSING, _NIGHT = 12, 18, 22


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one time expression says before it is fitted to now."""

    start: datetime
    end: datetime
    step: timedelta | None  # By how much it may be moved when it would lie in the past; None: never.
    exact: bool  # Whether a clock or a part of the day was named.


def find_times(folded: str, masked: str, now: datetime, festivals: Festivals) -> list[Span]:
    """All anchored times of the masked text; durations (三天了), repetitions (每天) and 现在/刚才 are none.

    A time that does not say which day (周三, 下午三点) is the next one, unless its clause tells of the past.
    """
    spans: list[Span] = []
    position = 0
    while (anchor := ANCHOR.search(masked, position)) is not None:
        position = anchor.start() + 1
        match = TIME.match(masked, anchor.start())
        if match is None or not _says_time(match) or denied(folded, match):
            continue
        last = _range_end(masked, match)
        end = _end(match if last is None else last)
        clause = _Clause.around(folded, match.start(), end)
        if not _anchored(match, clause):
            continue
        reading = _read(match, now, clause.tense, festivals)
        joined = None if reading is None or last is None else _joined(reading, last, match, now, festivals)
        if reading is None:
            continue
        if joined is None:
            end = _end(match)
        start, finish = _fitted(joined or reading, now, clause.tense, dated=match["date"] is not None)
        spans.append(Span(EntityType.TIME, match.start(), end, f"{_iso(start)}/{_iso(finish)}"))
        position = end
    return spans


@dataclass(frozen=True, slots=True)
class _Clause:
    """The words around a time, which tell whether it lies behind or ahead."""

    before: str
    after: str
    alone: bool
    tense: Tense

    @classmethod
    def around(cls, folded: str, start: int, end: int) -> "_Clause":
        before = _BREAK.split(folded[max(0, start - 14) : start])[-1]
        after = _BREAK.split(folded[end : end + 16])[0]
        alone = len(folded) - (end - start) <= _ANSWER_REST
        return cls(before, after, alone, _tense(before, after))


def _range_end(masked: str, match: re.Match[str]) -> re.Match[str] | None:
    joint = RANGE.match(masked, match.end())
    last = None if joint is None else TIME.match(masked, joint.end())
    return last if last is not None and _says_time(last) else None


def _end(match: re.Match[str]) -> int:
    """Where the expression ends as people mark it: 开始 stays outside, 多 belongs to a clock only."""
    end = match.end()
    if match["edge"] and (match["edge"] in {"开始", "起"} or (match["edge"] in _CLOCK_EDGES and not match["clock"])):
        end = match.start("edge")
    return match.start() + len(match[0][: end - match.start()].rstrip(" 的,，"))


def _anchored(match: re.Match[str], clause: _Clause) -> bool:
    """Whether the expression means one point or period rather than a habit, a rule or a length."""
    if clause.alone:
        return True
    if match["ago"]:
        return match["agounit"] == "年" or ("后" in match["agoside"] and clause.tense is Tense.FUTURE)
    vague = match["date"] is None or match["weekday"] == "末" or (match["part_of_year"] or "")[:1] in set("春夏秋冬雨")
    if not vague or match["week"] is not None:
        return True
    if habitual(clause.before + clause.after):
        return False
    if (match["clock"] or match["edge"]) and not clause.before.strip() and not clause.after.strip():
        return True
    if match["clock"] is None and not (match["part"] in _DAYTIME and clause.tense is Tense.PAST):
        return bool(_VISIT.search(clause.before[-6:] + clause.after))
    return clause.tense is not Tense.OPEN


def _says_time(match: re.Match[str]) -> bool:
    return bool(match["date"] or match["part"] or match["clock"])


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _tense(before: str, after: str) -> Tense:
    """Whether the clause around a time tells of the past; an explicit wish for the future outweighs it."""
    if FUTURE.search(after) or (FUTURE.search(before) and not PAST.search(after)):
        return Tense.FUTURE
    return Tense.PAST if PAST.search(after) or PAST.search(before) else Tense.OPEN


def _read(match: re.Match[str], now: datetime, tense: Tense, festivals: Festivals) -> _Reading | None:
    if match["ago"]:
        return _relative(match, now)
    step: timedelta | None = _DAY
    days = Days.of(now.date())
    if match["date"]:
        resolved = resolve_date(match, now.date(), tense, festivals)
        if resolved is None:
            return None
        days, step = resolved
    part = match["part"] or _hidden_part(match["relday"])
    if not match["clock"]:
        if part is None:
            first_moment, end = days.at(now.tzinfo)
            begin = end if "前" in (match["edge"] or "") and closes(match) else first_moment
            return _edged(_Reading(begin, end, step, exact=False), match["edge"], None, now)
        first, last = _hours(part)
        midnight = _midnight(days.first, now)
        return _edged(
            _Reading(midnight + first * _HOUR, midnight + last * _HOUR, step, exact=True), match["edge"], last, now
        )
    start = _clock(match, part, days.first, now, tense)
    if start is None:
        return None
    until = None if part is None else _hours(part)[1]
    return _edged(_Reading(start, start + _HOUR, step, exact=True), match["edge"], until, now)


def _relative(match: re.Match[str], now: datetime) -> _Reading | None:
    """三天前, 半小时后, 两年前."""
    unit = match["agounit"]
    written = match["ago"][: match.start("agounit") - match.start("ago")]
    count = 0.5 if written == "半" else small_number(written)
    if count is None or match["agoside"] == "内":
        return None
    sign = -1 if "前" in match["agoside"] else 1
    if "小时" in unit or "钟头" in unit or "分" in unit:
        moment = now + sign * count * (_HOUR / 60 if "分" in unit else _HOUR)
        return _Reading(moment, moment + _HOUR, None, exact=False)
    length = {"年": 365, "天": 1}.get(unit, 30 if "月" in unit else 7)
    days = Days.of(date.fromordinal(max(400, now.toordinal() + int(sign * count * length))))
    return _Reading(*days.at(now.tzinfo), None, exact=False)


def _hidden_part(relday: str | None) -> str | None:
    """今晚 and 明早 hold a part of the day in the word for the day."""
    if relday is None:
        return None
    if EVENING_DAY.search(relday):
        return "夜里" if relday.endswith(("夜", "夜头")) else "晚"
    return "早" if MORNING_DAY.search(relday) and relday != "今朝" else None


def _hours(part: str) -> tuple[int, int]:
    return next((first, last) for words, first, last in PARTS if part.startswith(words))


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=now.tzinfo)


def _clock(match: re.Match[str], part: str | None, day: date, now: datetime, tense: Tense) -> datetime | None:
    if match["colon"]:
        hour, minute = (int(piece) for piece in re.split("[:：]", match["colon"]))
    else:
        told = small_number(match["hour"])
        if told is None:
            return None
        hour, minute = told, _minute(match["minute"])
    if hour > 24:  # noqa: PLR2004  There is no such hour.
        return None
    if part is not None:
        hour = _in_part(hour, part, match["relday"])
    elif hour <= _AFTERNOON_UNTIL and not match["colon"]:
        hour += _NOON  # Nobody is visited at three in the morning.
    elif hour < _NOON and not match["date"] and tense is not Tense.PAST:
        evening = _midnight(day, now) + (hour + _NOON) * _HOUR
        if _midnight(day, now) + hour * _HOUR < now < evening and hour >= _AFTERNOON_UNTIL:
            hour += _NOON
    return _midnight(day, now) + hour * _HOUR + timedelta(minutes=minute)


def _in_part(hour: int, part: str, relday: str | None) -> int:
    first, last = _hours(part)
    if hour >= _NOON + 1 or first <= hour < last:
        return hour
    if first >= _CLOSING and hour < _AFTERNOON_UNTIL:
        # 昨晚一点半 is already the next day; 半夜两点 without a day is the night now ending or beginning.
        return hour + 24 if relday is not None else hour
    return (
        hour + _NOON if first >= _NOON - 1 and hour < _NOON else (24 if hour == _NOON and first >= _CLOSING else hour)
    )


def _minute(written: str | None) -> int:
    if not written or written == "钟":
        return 0
    if written == "半":
        return 30
    if written.endswith("刻"):
        return 15 if written[0] == "一" else 45
    return min(small_number(written.rstrip("分").lstrip("零")) or 0, 59)


def _edged(reading: _Reading, edge: str | None, until: int | None, now: datetime) -> _Reading:
    """以后 reaches to the end of that part of the day, 以前 begins where the day does."""
    if edge is None or edge in {"左右", "前后", "多", "来钟", "整"}:
        return reading
    start = reading.start
    if not reading.exact:
        if "前" in edge:
            return _Reading(min(now.replace(microsecond=0), start - _DAY), start, None, exact=False)
        return _Reading(reading.end if "后" in edge else start, reading.end + 7 * _DAY, None, exact=False)
    midnight = _midnight(start.date(), now)
    if "前" in edge:
        first = midnight + 8 * _HOUR
        return _Reading(first if first < start else midnight, max(start, midnight + _HOUR), reading.step, exact=True)
    closing = until or (_CLOSING if start.hour < _CLOSING else _NIGHT)
    return _Reading(start, max(midnight + closing * _HOUR, start + _HOUR), reading.step, exact=True)


def _joined(
    reading: _Reading, last: re.Match[str], first: re.Match[str], now: datetime, festivals: Festivals
) -> _Reading | None:
    """The span of a range: 周一到周五, 上午9点到11点."""
    if last["date"]:
        end = _read(last, now, Tense.OPEN, festivals)
        if end is None:
            return None
        start, finish = reading.start, end.end
        while finish <= start and end.step is not None:
            finish += end.step
        if finish <= start:  # “1月到12月”: the first month was taken for next year's.
            start -= _YEAR
        return _Reading(start, finish, reading.step, reading.exact) if finish > start else None
    if not last["clock"]:
        if last["part"] is None or not reading.exact:
            return None
        finish = _midnight(reading.start.date(), now) + _hours(last["part"])[1] * _HOUR
    else:
        told = _clock(last, last["part"] or first["part"], reading.start.date(), now, Tense.PAST)
        if told is None:
            return None
        finish = told
    if finish <= reading.start:
        finish += _HOUR * _NOON if finish + _HOUR * _NOON > reading.start else _DAY
    return _Reading(reading.start, finish, reading.step, exact=True)


def _fitted(reading: _Reading, now: datetime, tense: Tense, *, dated: bool) -> tuple[datetime, datetime]:
    """A time that may move is never over already, unless its clause tells of the past."""
    start, end = reading.start, reading.end
    if tense is Tense.PAST:
        if not dated and reading.step == _DAY and reading.exact and start > now:
            start, end = start - _DAY, end - _DAY
        return start, end
    if reading.step is None:
        return start, end
    while end <= now:
        start, end = start + reading.step, end + reading.step
    if reading.exact and start < now:
        start = now.replace(second=0, microsecond=0)
    return start, end
