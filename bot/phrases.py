"""The phrases of `data/phrases.yml`: how times are told, and how a resident's words are tidied for reading back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actions.tables import BindingRole
from bot.announcements import Announcements
from bot.english import English
from bot.follow_ups import FollowUps
from bot.wishes import Wishes
from words.content import ContentFiles
from words.errors import ContentError
from words.language import Language, language_of

PHRASES_FILE = "phrases.yml"
_CLAUSE = re.compile(r"[，。！？!?,;；\n…~～]+|\s{1,}|\.{2,}")
# Between English words there is a space, and a full stop ends what they say.
_ENGLISH_CLAUSE = re.compile(r"[，。！？!?,;；\n…~～]+|\s{2,}|\.(?:\s|\Z)")
_EDGE = " ，,。.!！?？、~～…;；:：\n\t"
_PHONE_TAIL = 4
_LONGEST_NAME = 20


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of one content snapshot and the time zone in which times are told."""

    zone: ZoneInfo
    times: Mapping[str, str]
    phone_tail: str
    visit: str
    join: str
    separator: str
    home_words: tuple[str, ...]
    public_words: tuple[str, ...]
    inside_building: frozenset[str]
    supplies: tuple[str, ...]
    heads: tuple[str, ...]
    tails: tuple[str, ...]
    kept_tails: tuple[str, ...]
    empty_clauses: frozenset[str]
    nothing_more: frozenset[str]
    visit_hints: tuple[str, ...]
    any_time: tuple[str, ...]
    any_visit: str
    number_like: re.Pattern[str]
    corrections: tuple[str, ...]
    abuse: tuple[str, ...]
    not_this: tuple[str, ...]
    is_this: tuple[str, ...]
    skip: frozenset[str]
    list_join: str
    home_spots: tuple[str, ...]
    name_heads: tuple[str, ...]
    role_words: Mapping[BindingRole, tuple[str, ...]]
    plate_signs: tuple[str, ...]
    code_words: tuple[str, ...]
    common_signs: frozenset[str]
    bill: Mapping[str, str]
    held: Mapping[str, str]
    erased: str
    wishes: Wishes
    follow_ups: FollowUps
    announcements: Announcements
    stop: str
    where: str
    english: English
    names: Mapping[str, str] = field(default_factory=dict)
    places: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, files: ContentFiles, zone: ZoneInfo) -> "Phrases":
        """Read the file. Raises ContentError when a phrase is missing or of the wrong kind."""
        data: Any = files.read(PHRASES_FILE)
        try:
            return cls(
                zone=zone,
                times={str(name): str(text) for name, text in data["times"].items()},
                phone_tail=str(data["phone_tail"]),
                visit=str(data["visit"]),
                join=str(data["join"]),
                separator=str(data["separator"]),
                home_words=_texts(data["home_words"]),
                public_words=_texts(data["public_words"]),
                supplies=_texts(data["supplies"]),
                inside_building=frozenset(_texts(data["inside_building"])),
                heads=_longest_first(data["wrappers"]["head"]),
                tails=_longest_first(data["wrappers"]["tail"]),
                kept_tails=tuple(data["wrappers"]["tail_kept"]),
                empty_clauses=frozenset(_texts(data["empty_clauses"])),
                nothing_more=frozenset(_texts(data["nothing_more"])),
                visit_hints=_texts(data["visit_hints"]),
                corrections=_texts(data["corrections"]),
                abuse=_texts(data["abuse"]),
                not_this=_texts(data["not_this"]),
                is_this=_texts(data["is_this"]),
                any_time=_texts(data["any_time"]),
                any_visit=str(data["any_visit"]),
                number_like=re.compile(str(data["number_like"])),
                skip=frozenset(_texts(data["skip"])),
                list_join=str(data["list_join"]),
                home_spots=_texts(data["home_spots"]),
                name_heads=_longest_first(data["name_heads"]),
                role_words={BindingRole(str(role)): _texts(words) for role, words in data["role_words"].items()},
                plate_signs=tuple(str(data["plate_signs"])),
                code_words=_texts(data["code_words"]),
                common_signs=frozenset(str(data["common_signs"])),
                bill={str(name): str(text) for name, text in data["bill"].items()},
                held={str(name): str(text) for name, text in data["held"].items()},
                erased=str(data["erased"]),
                wishes=Wishes.read(PHRASES_FILE, data["wishes"]),
                follow_ups=FollowUps.read(PHRASES_FILE, data["follow_ups"]),
                announcements=Announcements.read(PHRASES_FILE, data["announcements"]),
                stop=str(data["stop"]),
                where=str(data["where"]),
                english=English.read(data["english"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ContentError(PHRASES_FILE, 1, f"lacks the phrase {error} or holds it in the wrong form") from error

    def spoken_in(self, language: Language) -> "Phrases":
        """The phrases as they are told in a language; how a resident is understood stays the same."""
        if language is Language.CHINESE:
            return self
        told = self.english
        return replace(
            self,
            times=told.times,
            phone_tail=told.phone_tail,
            visit=told.visit,
            any_visit=told.any_visit,
            join=told.join,
            where=told.where,
            separator=told.separator,
            names=told.names,
            places=told.places,
        )

    def name(self, name: str) -> str:
        """A name of the desk, such as that of a department or a state, as it is told."""
        return self.names.get(name, name)

    def located(self, label: str) -> str:
        """A place as it is told."""
        for pattern, told in self.places:
            if re.search(pattern, label):
                return re.sub(pattern, told, label, count=1)
        return label

    def day(self, moment: datetime, now: datetime) -> str:
        """The day of a moment as it is told today: 今天, 明天, or the date."""
        local, today = moment.astimezone(self.zone).date(), now.astimezone(self.zone).date()
        names = {-1: "yesterday", 0: "today", 1: "tomorrow", 2: "after_tomorrow"}
        if (name := names.get((local - today).days)) is not None:
            return self.times[name]
        return self.times["date"].format(month=local.month, day=local.day)

    def end_of_day(self, moment: datetime) -> datetime:
        """The first moment of the next day."""
        return datetime.combine(moment.astimezone(self.zone).date() + timedelta(days=1), time(0), self.zone)

    def date(self, moment: datetime) -> str:
        """The date of a moment, with its year."""
        local = moment.astimezone(self.zone)
        return self.times["long_date"].format(year=local.year, month=local.month, day=local.day)

    def moment(self, moment: datetime, now: datetime) -> str:
        """A moment, such as 今天18:00."""
        local = moment.astimezone(self.zone)
        return self.times["moment"].format(day=self.day(moment, now), hour=local.hour, minute=local.minute)

    def clock(self, moment: datetime) -> str:
        """The time of day alone, such as 22:40."""
        local = moment.astimezone(self.zone)
        return self.times["moment"].format(day="", hour=local.hour, minute=local.minute)

    def period(self, start: datetime, end: datetime, now: datetime) -> str:
        """A period as it is read back: a whole day, 今天15:00以后, or 今天15:00–18:00."""
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        midnight = time(0)
        until_night = last.time() in {midnight, time(23, 59), time(23, 59, 59)}
        if first.time() == midnight and until_night and last - first <= timedelta(days=1):
            return self.day(start, now)
        if until_night and last - first <= timedelta(days=1):
            return self.times["from"].format(start=self.moment(start, now))
        if first.date() == last.date():
            clock = self.times["moment"].format(day="", hour=last.hour, minute=last.minute)
            return self.times["between"].format(start=self.moment(start, now), end=clock)
        return self.times["between"].format(start=self.day(start, now), end=self.day(end, now))

    def tail(self, phone: str) -> str:
        """A phone number as it is read back: its last four digits."""
        return self.phone_tail.format(tail=phone[-_PHONE_TAIL:])

    def matter(self, text: str, *, longest: int) -> str:
        """What a message is about, without greetings, urging and pure anger; empty when nothing else is said."""
        between = _ENGLISH_CLAUSE if language_of(text) is Language.ENGLISH else _CLAUSE
        clauses = [self._strip(clause) for clause in between.split(_visible(text))]
        kept = [clause for clause in clauses if len(clause) > 1 and not self._says_nothing(clause)]
        matter = self.join.join(dict.fromkeys(kept))
        return matter if len(matter) <= longest else matter[: longest - 1] + "…"

    def same_supply(self, text: str, notice: str) -> bool:
        """Whether a notice is about the supply that a message misses; a message that names none fits any."""
        missed = [supply for supply in self.supplies if supply in text]
        return not missed or any(supply in notice for supply in missed)

    def is_inside_building(self, words: str) -> bool:
        """Whether a public place is a part of some building, so that it takes the building to find it."""
        return words in self.inside_building

    def corrects(self, text: str) -> bool:
        """Whether a message begins by saying that something was wrong."""
        return text.strip(_EDGE).startswith(self.corrections)

    def corrected(self, text: str, *, longest: int) -> str:
        """What a correction puts in the place of the matter; empty when it says only that something is wrong."""
        clauses = [clause.strip(_EDGE) for clause in _CLAUSE.split(text)]
        kept = [clause for clause in clauses if clause and not clause.startswith(self.not_this)]
        matter = self.matter(self.join.join(kept), longest=longest)
        return next((matter.removeprefix(word) for word in self.is_this if matter.startswith(word)), matter)

    def spots(self, text: str) -> frozenset[str]:
        """The parts of a home that a text names."""
        return frozenset(spot for spot in self.home_spots if spot in text)

    def name_in(self, text: str) -> str:
        """A name as it was given in answer, without what people say around it; empty when that is no name."""
        name = text.strip(_EDGE)
        head = next((head for head in self.name_heads if name.startswith(head)), "")
        name = name.removeprefix(head).strip(_EDGE)
        return name if 1 < len(name) <= _LONGEST_NAME and not any(sign.isdigit() for sign in name) else ""

    def role_in(self, text: str) -> BindingRole | None:
        """In what capacity somebody says to belong to a home: the first in the file that they name."""
        return next((role for role, words in self.role_words.items() if any(word in text for word in words)), None)

    def leaves_time_open(self, text: str, *, asked: bool) -> bool:
        """Whether somebody may come at any time; unasked, only a clause that speaks of a visit says so."""
        between = _ENGLISH_CLAUSE if language_of(text) is Language.ENGLISH else _CLAUSE
        return any(
            any(word in clause.lower() for word in self.any_time)
            and len(clause) <= _LONGEST_NAME
            and (asked or any(hint in clause for hint in self.visit_hints))
            for clause in between.split(text)
        )

    def says_home(self, text: str) -> bool:
        """Whether a message speaks of the writer's own home."""
        return any(word in text for word in self.home_words)

    def says_public(self, text: str) -> bool:
        """Whether a message speaks of a part of the estate that belongs to all."""
        return any(word in text for word in self.public_words)

    def _says_nothing(self, clause: str) -> bool:
        return clause in self.empty_clauses or any(word in clause for word in self.abuse)

    def _strip(self, clause: str) -> str:
        clause = clause.strip(_EDGE)
        while True:
            before = clause
            for head in self.heads:
                if clause.startswith(head):
                    clause = clause.removeprefix(head).strip(_EDGE)
                    break
            for tail in self.tails:
                if clause.endswith(tail) and not clause.endswith(self.kept_tails):
                    clause = clause.removesuffix(tail).strip(_EDGE)
                    break
            if clause == before:
                return clause


def _visible(text: str) -> str:
    """The text without what cannot be seen: control characters, marks of direction, replacement characters."""
    return "".join(char for char in text if char == "\n" or (char.isprintable() and char != "\ufffd"))


def bare(text: str) -> str:
    """A short answer without punctuation and spaces, for comparison with the phrases."""
    return re.sub(r"[\s\W_]+", "", text)


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _longest_first(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(sorted(_texts(values), key=len, reverse=True))
