"""What the pages of the logs show and ask for: filters from addresses, cut and marked texts, masked lines."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actions.masking import mask_numbers
from actions.search import FoundMessage, LogFilter, LogPage
from actions.search_words import LONGEST_QUERY, pieces
from actions.tables import TicketStatus
from actions.views.shown import ShownConversation, ShownEvent, ShownMessage
from web.ids import number
from web.subject import Line, lines

CHANNELS = ("web", "telegram")

_SHOWN = 160
_BEFORE = 40
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, in pieces, each with whether it is what was sought."""

    message: FoundMessage
    pieces: tuple[tuple[str, bool], ...]


def by_talk(found: LogPage, words: str, own: Collection[str]) -> list[list[Hit]]:
    """The messages by conversation, in the order of the newest; `own` are the desk's numbers, which stay readable."""
    talks: dict[int, list[Hit]] = {}
    for message in found.messages:
        marked = cut(pieces(mask_numbers(message.text, own), words))
        talks.setdefault(message.conversation_id, []).append(Hit(message, marked))
    return list(talks.values())


def masked_lines(talk: ShownConversation, own: Collection[str]) -> list[Line]:
    """Messages and events in one order, personal numbers hidden."""
    return [
        Line(
            line.at,
            masked_message(line.message, own) if line.message else None,
            replace(line.event, event=_masked_event(line.event.event, own)) if line.event else None,
        )
        for line in lines(talk)
    ]


def masked_message(message: ShownMessage, own: Collection[str]) -> ShownMessage:
    """A message with personal numbers hidden."""
    return replace(message, text=mask_numbers(message.text, own), quote=mask_numbers(message.quote, own))


def _masked_event(event: ShownEvent, own: Collection[str]) -> ShownEvent:
    return replace(event, reason=mask_numbers(event.reason, own), about=mask_numbers(event.about, own))


def cut(marked: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    """The beginning of a long text from shortly before what was sought."""
    shown = list(marked)
    at = next((index for index, (_text, hit) in enumerate(shown) if hit), None)
    if at:
        lead = "".join(text for text, _hit in shown[:at])
        shown = [("…" + lead[-_BEFORE:] if len(lead) > _BEFORE else lead, False), *shown[at:]]
    room, kept = _SHOWN, []
    for text, hit in shown:
        if room <= 0:
            break
        kept.append((text if len(text) <= room else text[:room] + "…", hit))
        room -= len(text)
    return tuple(kept)


def filter_of(query: Mapping[str, str], zone: ZoneInfo) -> LogFilter:
    """What an address asks for; what cannot be read narrows nothing. The last day is included."""
    until = _day(query.get("until", ""), zone)
    status = query.get("status", "")
    channel = query.get("channel", "")
    return LogFilter(
        words=_short(query, "q"),
        person=_short(query, "person"),
        room=_short(query, "room"),
        channel=channel if channel in CHANNELS else "",
        label=_short(query, "label"),
        matter=_short(query, "matter"),
        staff_id=number(query.get("staff", "")),
        status=status if status in set(TicketStatus) else "",
        breached=query.get("breached", "") == "1",
        since=_day(query.get("since", ""), zone),
        until=until + timedelta(days=1) if until else None,
        before_id=number(query.get("before", "")),
    )


def query_of(chosen: LogFilter, zone: ZoneInfo) -> dict[str, Any]:
    """The same as the fields of the form."""
    full = {
        "q": chosen.words,
        "person": chosen.person,
        "room": chosen.room,
        "channel": chosen.channel,
        "label": chosen.label,
        "matter": chosen.matter,
        "staff": chosen.staff_id,
        "status": chosen.status,
        "breached": "1" if chosen.breached else "",
        "since": chosen.since.astimezone(zone).date().isoformat() if chosen.since else "",
        "until": (chosen.until.astimezone(zone) - timedelta(days=1)).date().isoformat() if chosen.until else "",
    }
    return {name: value for name, value in full.items() if value}


def _short(query: Mapping[str, str], name: str) -> str:
    return query.get(name, "").strip()[:LONGEST_QUERY]


def _day(given: str, zone: ZoneInfo) -> datetime | None:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return datetime.combine(day, time(), zone) if day.year in _YEARS else None
