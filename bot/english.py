"""English in the dialogue: how times, names and places are told, and what English words mean to the desk."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nlu.types import Intent, Request, Understanding

_SURE = 0.8


@dataclass(frozen=True, slots=True)
class Reading:
    """What words of English mean: a kind of danger, or an intent with or without its category."""

    says: re.Pattern[str]
    unless: re.Pattern[str] | None
    danger: str | None
    intent: Intent
    category: str | None

    def fits(self, text: str) -> bool:
        """Whether a message says this."""
        return self.says.search(text) is not None and not (self.unless and self.unless.search(text))


@dataclass(frozen=True, slots=True)
class English:
    """The English forms of the phrases, and the readings, the weightiest first."""

    times: Mapping[str, str]
    phone_tail: str
    visit: str
    any_visit: str
    join: str
    where: str
    separator: str
    names: Mapping[str, str]
    places: tuple[tuple[str, str], ...]
    readings: tuple[Reading, ...]

    @classmethod
    def read(cls, data: Any) -> "English":
        """Read the section. Raises KeyError, TypeError or ValueError for what is missing or of the wrong kind."""
        return cls(
            times={str(name): str(text) for name, text in data["times"].items()},
            phone_tail=str(data["phone_tail"]),
            visit=str(data["visit"]),
            any_visit=str(data["any_visit"]),
            join=str(data["join"]),
            where=str(data["where"]),
            separator=str(data["separator"]),
            names={str(name): str(text) for name, text in data["names"].items()},
            places=tuple((str(pattern), str(told)) for pattern, told in data["places"]),
            readings=tuple(map(_reading, data["reads"])),
        )

    def understood(self, understanding: Understanding, text: str) -> Understanding:
        """A better reading of an English message: danger always counts, the rest where the engine is not sure."""
        said = " ".join(text.lower().split())
        found = next((reading for reading in self.readings if reading.fits(said)), None)
        if understanding.emergency is not None and (
            found is None or found.danger is not None or understanding.confidence >= _SURE
        ):
            # The engine learnt from Chinese: its guess makes no danger of what is plainly a lamp that is out.
            return understanding
        if found is None:
            # The engine learnt from Chinese; an English sentence that it is not quite sure of may be anything.
            return replace(understanding, unsure=understanding.unsure or understanding.confidence < _SURE)
        if found.danger is None and not understanding.unsure and understanding.confidence >= _SURE:
            return understanding
        request = Request(found.intent, found.category, text, 0, len(text), 1.0)
        return replace(
            understanding,
            intent=found.intent,
            category=found.category,
            emergency=found.danger,
            confidence=1.0,
            unsure=False,
            requests=(request,),
        )


def _reading(data: Any) -> Reading:
    danger = data.get("danger")
    return Reading(
        says=re.compile(str(data["says"])),
        unless=re.compile(str(data["unless"])) if "unless" in data else None,
        danger=danger,
        intent=Intent.EMERGENCY if danger else Intent(str(data["intent"])),
        category=danger or data.get("category"),
    )
