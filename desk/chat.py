"""The terminal door: talk to the desk with no server, on a throwaway database."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TextIO

from actions.intake import storable
from actions.tickets import TicketCard
from desk.stage import Exchange, Reply, Stage

_MOST_PHOTOS = 20
_LONGEST_WAIT = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class LineError(Exception):
    """A line of input cannot be used; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `desk chat --json`: something said, time that passes, or both (the time passes afterwards)."""

    text: str | None
    resident: str
    pressed: bool
    photos: int
    wait: timedelta


def read_line(raw: str) -> Line:
    """Read a line: plain text, or an object with `text` and optionally `resident`, `pressed`, `photos`, `wait`.

    `wait` is a number with a unit, such as `10s`, `15m`, `24h` or `2d`. Raises LineError.
    """
    stripped = raw.rstrip("\r\n")
    if not stripped.lstrip().startswith("{"):
        return Line(stripped, "resident", pressed=False, photos=0, wait=timedelta(seconds=10))
    try:
        data = json.loads(stripped)
    except json.JSONDecodeError as error:
        raise LineError(f"is not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise LineError(f"is not JSON that can be read: {error}") from error
    unknown = sorted(set(data) - {"text", "resident", "pressed", "photos", "wait"})
    if unknown:
        raise LineError(f"unknown key {unknown[0]!r}; known are text, resident, pressed, photos, wait")
    text = data.get("text")
    if text is not None and not isinstance(text, str):
        raise LineError("text: should be a text")
    resident, pressed, photos = data.get("resident", "resident"), data.get("pressed", False), data.get("photos", 0)
    if not isinstance(resident, str) or not resident:
        raise LineError("resident: should be a text")
    if not isinstance(pressed, bool):
        raise LineError("pressed: should be true or false")
    if not isinstance(photos, int) or not 0 <= photos <= _MOST_PHOTOS:
        raise LineError(f"photos: should be a whole number from 0 to {_MOST_PHOTOS}")
    return Line(text, storable(resident), pressed=pressed, photos=photos, wait=_duration(data.get("wait", "10s")))


def _duration(value: object) -> timedelta:
    text = str(value)
    unit = _UNITS.get(text[-1:])
    try:
        duration = timedelta(**{unit: float(text[:-1])}) if unit else timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise LineError(f"wait: {text!r} should be a number with s, m, h or d") from error
    if not timedelta(0) <= duration <= _LONGEST_WAIT:
        raise LineError(f"wait: {text!r} should lie between 0 and {_LONGEST_WAIT.days} days")
    return duration


async def run_json(stage: Stage, lines: Iterator[str], out: TextIO) -> int:
    """Answer every line with exactly one line; returns how many lines could not be used."""
    wrong = 0
    for number, raw in enumerate(lines, start=1):
        try:
            line = read_line(raw)
        except LineError as error:
            wrong += 1
            out.write(json.dumps({"line": number, "error": str(error)}, ensure_ascii=False) + "\n")
            continue
        if line.text is not None:
            await stage.write(line.text, address=line.resident, pressed=line.pressed, photos=line.photos)
        await stage.settle(line.wait)
        found = await stage.exchange(line.resident)
        out.write(json.dumps(as_line(found, stage.now, line.text), ensure_ascii=False) + "\n")
        out.flush()
    return wrong


def as_line(found: Exchange, now: datetime, text: str | None) -> dict[str, Any]:
    """One line of output: what was said, understood and replied, and the tickets as they stand."""
    return {
        "text": text,
        "now": now.isoformat(),
        "understood": [dict(understood) for understood in found.understood],
        "replies": [_reply(reply) for reply in found.replies],
        "tickets": [_ticket(card) for card in found.tickets],
    }


def _reply(reply: Reply) -> dict[str, Any]:
    return {"id": reply.reply_id, "text": reply.text, "buttons": [dict(button) for button in reply.buttons]}


def _ticket(card: TicketCard) -> dict[str, Any]:
    def moment(value: datetime | None) -> str | None:
        return None if value is None else value.isoformat()

    return {
        "id": str(card.id),
        "number": card.number,
        "kind": card.kind,
        "category": card.category,
        "severity": card.severity.value,
        "status": card.status.value,
        "summary": card.summary,
        "place": card.place,
        "department": card.department_name,
        "opened_at": moment(card.opened_at),
        "reply_due_at": moment(card.reply_due_at),
        "first_contact_due_at": moment(card.first_contact_due_at),
        "promise_due_at": moment(card.promise_due_at),
        "overdue": card.overdue,
    }


async def run_terminal(stage: Stage) -> None:
    """Talk until the end of input; each line is one message, an empty line lets ten minutes pass."""
    for raw in sys.stdin:
        text = raw.rstrip("\n")
        if text:
            await stage.write(text)
            await stage.settle()
        else:
            await stage.settle(timedelta(minutes=10))
        for reply in (await stage.exchange()).replies:
            buttons = " ".join(f"[{button['label']}]" for button in reply.buttons)
            print(f"  < {reply.text} {buttons}".rstrip())
        print("> ", end="", flush=True)
