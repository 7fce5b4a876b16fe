"""Reads what staff promise residents: “明天上午给您答复” is a word by noon; proposed to its sender, who confirms it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from ruamel.yaml.comments import CommentedMap

from nlu.entities.calendar import Festivals
from nlu.entities.numerals import small_number
from nlu.entities.reader import EntityReader
from nlu.entities.time_words import PARTS
from nlu.lexicon import FOLDER, mapping
from nlu.normalise import fold
from nlu.types import EntityType
from words.content import ContentFiles, line_of
from words.errors import ContentError

_FILE = f"{FOLDER}/promises.yml"
_SENTENCE = re.compile(r"[。！？!?；;\n]")
_CLAUSE = re.compile(r"[，,。！？!?；;\n]")
_CLOCK = re.compile(r"\d{1,2}[:：]\d{2}|[\d一二两三四五六七八九十]{1,3}点")
_OPEN_END = re.compile(r"后$|以后|之后|[到至~～—-]")
_BARE_HOUR = re.compile(
    r"(?<![\d:：.])(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})(?:点钟?|[:：](?=\d{2}))(?P<minute>半|\d{2})?(?:分)?"
    r"(?:左右|之前|以前|前|整)?(?![\d:：])"
)
_LAST_HOUR, _LAST_MINUTE = 23, 59
_WITHIN = re.compile(
    r"(?P<before>不超过|不会超过|最多|顶多|再?过|这|未来|接下来)?(?P<count>\d{1,3}|半|[一二两三四五六七八九十]{1,3})(?P<half>个半)?个?"
    r"(?P<unit>分钟|小时|钟头|工作日|天|周|星期|礼拜)(?P<after>之内|以内|内|之后|以后|后|(?:左右)?(?=就?(?:能|会|可以)?(?:赶?到|过来|修好)))?"
)
# “两三天”, “一两个小时”: the later of the two holds.
_EITHER = re.compile(r"[一二两三四五六七八九](?=[二两三四五六七八九]$)")
_TODAY = re.compile(r"(?:今天|今日)(?:之内|以内|内|下班前)?")
# Longest first: the words for a part of the day hold one another.
_PART = re.compile(
    "|".join(
        sorted((f"{word}(?:午|上|晚)?" for words, _, _ in PARTS for word in words if len(word) > 1), key=len)[::-1]
    )
    + "|上午|下午|傍晚|晚上|早上"
)
_THIS_DAY = re.compile(r"今[天日晚早]")
_BEFORE = re.compile(r"(?:之|以)?前$")
# A festival alone may be read as the last one; looked at from later, it is the next.
_LOOKED_AHEAD = (timedelta(0), timedelta(days=120), timedelta(days=300))
_ENDING = re.compile(r"[月年]?[底末]$")
_UNITS = {"分钟": timedelta(minutes=1), "小时": timedelta(hours=1), "钟头": timedelta(hours=1)}
_DAYS = {"天": 1, "工作日": 1, "周": 7, "星期": 7, "礼拜": 7}
_LOOKED_ON = 30
_MIDNIGHT = time(0)


class Kind(StrEnum):
    """What is promised: a word, to be there, or to be done."""

    ANSWER = "answer"
    VISIT = "visit"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A promise as it was read: `start` and `end` are code points of the text, `due_at` is when it has to be kept."""

    kind: Kind
    text: str
    start: int
    end: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Time:
    start: int
    end: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class PromiseReader:
    """The words of `data/lexicon/promises.yml`; pure, and safe to call from any thread."""

    cues: tuple[tuple[Kind, re.Pattern[str]], ...]
    nothing_promised: re.Pattern[str]
    around_time: re.Pattern[str]
    day_ends: time
    entities: EntityReader = field(default_factory=EntityReader)

    @classmethod
    def read(cls, files: ContentFiles) -> "PromiseReader":
        """Read the file. Raises ContentError for a missing list, a wrong expression or a wrong hour."""
        data = mapping(files, _FILE)
        try:
            day_ends = time.fromisoformat(str(data.get("day_ends")))
        except ValueError as error:
            raise ContentError(_FILE, line_of(data, "day_ends"), 'day_ends: write an hour such as "18:00"') from error
        cues = tuple((kind, _pattern(data, kind)) for kind in Kind)
        nothing, around = _pattern(data, "nothing_promised"), _pattern(data, "around_time")
        return cls(cues, nothing, around, day_ends, EntityReader(festivals=Festivals.read(files)))

    def find(self, text: str, *, now: datetime) -> tuple[Proposal, ...]:
        """Every promise of a text that lies ahead of `now` (aware, local), in the order of the text; never raises."""
        folded = fold(text)
        times = self._times(folded, now)
        found = []
        for place, moment in enumerate(times):
            before = times[place - 1].end if place else 0
            after = times[place + 1].start if place + 1 < len(times) else len(folded)
            cue = self._cue(folded, moment, before, after)
            if cue is None or moment.due_at <= now or self._promises_nothing(folded, moment, cue[2]):
                continue
            kind, start, end = cue
            first, last = min(moment.start, start), max(moment.end, end)
            found.append(Proposal(kind, text[first:last], first, last, moment.due_at))
        return tuple(found)

    def _cue(self, folded: str, moment: _Time, before: int, after: int) -> tuple[Kind, int, int] | None:
        """The words that say what is promised: behind the time as a rule, otherwise before it in the same clause."""
        behind = _SENTENCE.split(folded[moment.end : min(after, moment.end + _LOOKED_ON)])[0]
        if (found := self._first(behind)) is not None:
            kind, start, end = found
            return kind, moment.end + start, moment.end + end
        clause = _CLAUSE.split(folded[before : moment.start])[-1]
        if (found := self._first(clause)) is not None:
            kind, start, end = found
            return kind, moment.start - len(clause) + start, moment.start - len(clause) + end
        # “两个小时内”, “最迟国庆后”: nothing but a time is a word by then.
        rest = clause + _CLAUSE.split(folded[moment.end : after])[0]
        return None if self.around_time.sub("", rest).strip() else (Kind.ANSWER, moment.start, moment.end)

    def _first(self, words: str) -> tuple[Kind, int, int] | None:
        hits = [(hit.start(), -hit.end(), kind) for kind, cue in self.cues if (hit := cue.search(words)) is not None]
        if not hits:
            return None
        start, end, kind = min(hits)
        return kind, start, -end

    def _promises_nothing(self, folded: str, moment: _Time, end: int) -> bool:
        """Whether the clauses around ask, wish, or tell the resident what to do."""
        start = max((hit.end() for hit in _SENTENCE.finditer(folded, 0, moment.start)), default=0)
        clause = max((hit.end() for hit in _CLAUSE.finditer(folded, start, moment.start)), default=start)
        close = _SENTENCE.search(folded, end)
        until = len(folded) if close is None else close.end()
        return self.nothing_promised.search(folded[clause:until].strip("。！!；;\n")) is not None

    def _times(self, folded: str, now: datetime) -> list[_Time]:
        """The moments that are named, none overlapping: dates and hours, lengths of time, parts of today."""
        found: list[_Time] = []
        readings = (self._within, self._dated, _bare_hours, self._parts)
        for moment in (one for reading in readings for one in reading(folded, now)):
            if not any(moment.start < other.end and other.start < moment.end for other in found):
                found.append(moment)
        return sorted(found, key=lambda one: one.start)

    def _dated(self, folded: str, now: datetime) -> Iterator[_Time]:
        for entity in self.entities.read(folded, now):
            if entity.type is not EntityType.TIME:
                continue
            first, _, last = entity.value.partition("/")
            start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
            exact = _CLOCK.search(entity.text) and not _OPEN_END.search(entity.text) and "前" not in entity.text
            due_at = start if exact else self._day_end(end)
            period = _BEFORE.sub("", entity.text)
            if period != entity.text and (due_at <= now or _ENDING.search(period)):
                due_at = self._before(period, now) or due_at
            if _THIS_DAY.match(entity.text) and due_at.date() != now.date():
                due_at = start.replace(year=now.year, month=now.month, day=now.day)  # over: today does not move
            yield _Time(entity.start, entity.end, due_at)

    def _before(self, period: str, now: datetime) -> datetime | None:
        """“元旦前” is before the next one; “月底前” is by the end of it, not by its beginning."""
        for ahead in _LOOKED_AHEAD:
            for one in self.entities.read(period, now + ahead):
                first, _, last = one.value.partition("/")
                if one.type is EntityType.TIME:
                    due_at = self._day_end(datetime.fromisoformat(last if _ENDING.search(period) else first))
                    if due_at > now:
                        return due_at
        return None

    def _within(self, folded: str, now: datetime) -> Iterator[_Time]:
        for hit in _WITHIN.finditer(folded):
            if hit["before"] is None and hit["after"] is None:
                continue
            count = 0.5 if hit["count"] == "半" else small_number(_EITHER.sub("", hit["count"]))
            if count is None:
                continue
            count += 0.5 if hit["half"] else 0
            if (unit := _UNITS.get(hit["unit"])) is not None:
                yield _Time(hit.start(), hit.end(), (now + count * unit).replace(second=0, microsecond=0))
            else:
                day = (now + timedelta(days=count * _DAYS[hit["unit"]])).date()
                yield _Time(hit.start(), hit.end(), datetime.combine(day, self.day_ends, now.tzinfo))

    def _parts(self, folded: str, now: datetime) -> Iterator[_Time]:
        """“下午给您答复”, “今天内”: today, or tomorrow when that part of the day is over."""
        for hit in _PART.finditer(folded):
            hours = next((last for words, _, last in PARTS if hit[0].startswith(words)), None)
            if hours is None:
                continue
            due_at = datetime.combine(now.date(), _MIDNIGHT, now.tzinfo) + timedelta(hours=hours)
            yield _Time(hit.start(), hit.end(), due_at if due_at > now else due_at + timedelta(days=1))
        for hit in _TODAY.finditer(folded):
            yield _Time(hit.start(), hit.end(), datetime.combine(now.date(), self.day_ends, now.tzinfo))

    def _day_end(self, end: datetime) -> datetime:
        """A promise for a day is kept when the desk closes on it, not at midnight."""
        if end.time() != _MIDNIGHT:
            return end
        return datetime.combine(end.date() - timedelta(days=1), self.day_ends, end.tzinfo)


def _bare_hours(folded: str, now: datetime) -> Iterator[_Time]:
    """“10点前”: the next time that a clock shows it."""
    for hit in _BARE_HOUR.finditer(folded):
        hour = small_number(hit["hour"])
        minute = 30 if hit["minute"] == "半" else int(hit["minute"] or 0)
        if hour is None or hour > _LAST_HOUR or minute > _LAST_MINUTE:
            continue
        today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        later = [today, today + timedelta(hours=12), today + timedelta(days=1)]
        yield _Time(hit.start(), hit.end(), next(one for one in later if one > now))


def _pattern(data: CommentedMap, key: str) -> re.Pattern[str]:
    listed = data.get(key)
    if not isinstance(listed, list) or not listed:
        raise ContentError(_FILE, line_of(data, key), f"{key}: is missing; list the words")
    try:
        return re.compile("|".join(f"(?:{one})" for one in listed))
    except re.error as error:
        raise ContentError(_FILE, line_of(data, key), f"{key}: is not a regular expression: {error}") from error
