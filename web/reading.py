"""Reads what staff paste or type: where it is, who wrote, and what it is about."""

import re
from dataclasses import dataclass
from datetime import datetime

from nlu.entities.address import find_addresses
from nlu.entities.phone import find_phones
from nlu.entities.span import mask
from nlu.normalise import fold
from nlu.types import Engine, EntityType, Intent

_LONGEST = 2_000
_SUMMARY = 120
# The line above a message that is copied from a group: a name and a time, or a name and a colon.
_SENDER = re.compile(r"^[^\n:：]{1,20}?(?:\s+\d{1,2}[:：]\d{2}(?:[:：]\d{2})?[ \t]*$|[:：][ \t]*)", re.MULTILINE)
_OPENS = frozenset({Intent.INQUIRY, Intent.REPAIR, Intent.COMPLAINT, Intent.FEE, Intent.SUGGESTION, Intent.PRAISE})


@dataclass(frozen=True, slots=True)
class Pasted:
    """A pasted message as a ticket would be filled; empty where nothing was found."""

    summary: str
    place: str
    phone: str
    matter: str
    severity: str
    reference: str = ""


def address_in(text: str) -> tuple[str, str | None, str] | None:
    """The home that a text names, as building, unit and room; None when it names none wholly."""
    folded = fold(text[:_LONGEST])
    parts = {span.type: span.value for span in reversed(find_addresses(folded, folded))}
    building, room = parts.get(EntityType.BUILDING), parts.get(EntityType.ROOM)
    return (building, parts.get(EntityType.UNIT), room) if building and room else None


def read_pasted(text: str, engine: Engine | None, now: datetime) -> Pasted:
    """What a message of a residents' group says; `now` is local. Without an engine the matter is left to the reader."""
    # Browsers send the lines of a form with both signs at their ends.
    said = _SENDER.sub("", text[:_LONGEST].replace("\r\n", "\n")).strip()
    folded = fold(said)
    phones = find_phones(folded)
    spans = sorted(find_addresses(folded, mask(folded, phones)), key=lambda span: span.start)
    place = "".join(dict.fromkeys(span.value for span in spans))
    matter, severity = "", ""
    if engine is not None and said:
        read = engine.understand(said, now=now)
        if read.intent in _OPENS and not read.unsure:
            matter = ".".join(part for part in (read.intent.value, read.category) if part)
        severity = "alarm" if read.emergency else ""
    summary = " ".join(said.split())[:_SUMMARY]
    return Pasted(summary, place, phones[0].value if phones else "", matter, severity)
