"""Understands stored messages outside of any transaction and stores what was understood."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from actions import turns
from actions.store import Session, Store
from actions.turns import QuietTimes
from actions.unread import Unread, unread
from bot.plain import without_markup
from nlu.rasa import at_hand
from nlu.types import Engine, Entity, EntityType, Intent, Request, Understanding, as_json

_BATCH = 64
# What is read by another process takes its time, and a message that presses should not wait for all before it.
_BATCH_ELSEWHERE = 8


async def understand_some(store: Store, engine: Engine, zone: ZoneInfo, quiet: QuietTimes, now: datetime) -> int:
    """Understand the oldest messages that are not yet; returns how many there were.

    Nothing is claimed: understanding changes nothing, and when two processes read the same message the second finds
    it done. Times such as 明早 are meant in `zone`.
    """
    elsewhere = at_hand(engine) is not engine
    waiting = await store.read(lambda session: unread(session, _BATCH_ELSEWHERE if elsewhere else _BATCH))
    if not waiting:
        return 0

    def read() -> list[tuple[Unread, Understanding]]:
        return [
            (message, engine.understand(without_markup(message.text), now=message.sent_at.astimezone(zone)))
            for message in waiting
        ]

    # While another process is asked, the pages and the other loops go on.
    understood = await asyncio.to_thread(read) if elsewhere else read()
    # The version that read it: an engine may have another in its place by the time this is stored.
    forms = [(message, stored_form(reading), reading.model_version) for message, reading in understood]

    def record(session: Session) -> None:
        for message, form, version in forms:
            turns.record_understanding(session, message, form, version, quiet, now)

    await store.write(record)
    return len(waiting)


def stored_form(understanding: Understanding) -> dict[str, Any]:
    """The form kept on the message row: the public contract with the confidences and the deciding words."""
    form = dict(as_json(understanding))
    del form["text"]
    form["requests"] = [
        {
            "intent": request.intent.value,
            "category": request.category,
            "start": request.start,
            "end": request.end,
            "confidence": round(request.confidence, 4),
        }
        for request in understanding.requests
    ]
    form["trace"] = [[word, round(weight, 3)] for word, weight in understanding.trace]
    if understanding.fallback:
        # People look at what was read so and may label it: actions/reviewing.py.
        form["fallback"] = True
    return form


def from_stored(text: str, form: Mapping[str, Any], model_version: str = "") -> Understanding:
    """Read the stored form of one message back."""
    return Understanding(
        text=text,
        intent=Intent(form["intent"]),
        confidence=form["confidence"],
        unsure=form["unsure"],
        category=form["category"],
        emergency=form["emergency"],
        requests=tuple(
            Request(
                Intent(request["intent"]),
                request["category"],
                text[request["start"] : request["end"]],
                request["start"],
                request["end"],
                request["confidence"],
            )
            for request in form["requests"]
        ),
        entities=tuple(
            Entity(EntityType(e["type"]), e["text"], e["start"], e["end"], e["value"]) for e in form["entities"]
        ),
        model_version=model_version,
        trace=tuple((word, weight) for word, weight in form.get("trace", ())),
        fallback=bool(form.get("fallback")),
    )
