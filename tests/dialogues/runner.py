"""Runs one written conversation against the real desk and checks what it says and does.

A file holds a list of conversations. Each has a `name`, while it does not go as written a `known_failure`,
optionally the bound `resident` who speaks and the moment `at` which it starts, and `steps`. A step does one thing
(`say`, `burst`, `press`, `photo`, `wait`, `staff`; `{code}` in words is the binding code issued last) and states what
must come of it: `replies` (the ids in order; a trailing `*` matches a prefix), `says` and `never_says` (words in the
replies), `tickets` (each a mapping of fields that one ticket must have), `count` (how many tickets in all), `owner`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from actions.tickets import TicketCard
from desk.stage import Exchange, Stage
from tests.dialogues import office, staff

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFAULT_START = "2026-11-23T10:00"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_STEP_KEYS = {
    "say", "burst", "press", "photo", "wait", "staff",
    "replies", "says", "never_says", "tickets", "count", "owner", "why",
}  # fmt: skip
_GREETED = "智能客服"
_NEW_CONVERSATION = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One written conversation."""

    name: str
    resident: str | None
    start: datetime
    steps: tuple[Mapping[str, Any], ...]
    source: str
    known_failure: str | None = None

    @property
    def begins(self) -> frozenset[int]:
        """The steps at which so much time has passed that a greeting is in its place again."""
        waits = enumerate(step.get("wait") for step in self.steps)
        return frozenset(number for number, wait in waits if wait and _duration(wait) >= _NEW_CONVERSATION)


def read_conversations(folder: Path) -> list[Conversation]:
    """All conversations of a folder, each checked for unknown keys."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for item in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
            for step in item["steps"]:
                unknown = set(step) - _STEP_KEYS
                assert not unknown, f"{path.name}: {item['name']}: unknown key {unknown}"
            start = datetime.fromisoformat(str(item.get("at", DEFAULT_START))).replace(tzinfo=SHANGHAI)
            steps, failure = tuple(item["steps"]), item.get("known_failure")
            found.append(Conversation(item["name"], item.get("resident"), start, steps, path.name, failure))
    return found


async def play(stage: Stage, conversation: Conversation) -> list[Exchange]:
    """Play a conversation; the first thing that is not as written fails with all that was said so far.

    Returns what each step brought.
    """
    stage.now = conversation.start
    if conversation.resident is not None:
        await stage.speak_as(conversation.resident, "resident")
    heard: list[str] = []
    exchanges: list[Exchange] = []
    introduced = 0
    for number, step in enumerate(conversation.steps, start=1):
        await _do(stage, step, heard)
        exchange = await stage.exchange()
        exchanges.append(exchange)
        heard += [f"  台（{reply.reply_id}）：{reply.text}" for reply in exchange.replies]
        problems = await _problems(stage, step, exchange)
        problems += [
            f"etiquette: {reply.text} {reply.decision['etiquette']}"
            for reply in exchange.replies
            if reply.decision and "etiquette" in reply.decision
        ]
        if "wait" in step and _duration(step["wait"]) >= _NEW_CONVERSATION:
            introduced = 0
        introduced += sum(_GREETED in reply.text for reply in exchange.replies)
        if introduced > 1:
            problems.append("the assistant introduced itself twice")
        understood = [f"{u.get('intent')}.{u.get('category')} {u.get('confidence')}" for u in exchange.understood]
        told = "\n".join(
            [f"step {number}: {dict(step)}", *problems, f"understood {understood}", *map(str, exchange.tickets), *heard]
        )
        assert not problems, told
    return exchanges


async def _do(stage: Stage, step: Mapping[str, Any], heard: list[str]) -> None:
    wait = _duration(step["wait"]) if "wait" in step else timedelta(seconds=10)
    if "burst" in step:
        for text in step["burst"]:
            await stage.write(text)
            stage.now += timedelta(seconds=1)
            await stage.desk.understand()
    elif "say" in step or "press" in step or "photo" in step:
        text = office.spoken(stage, step.get("press", step.get("say", "")))
        await stage.write(text, pressed="press" in step, photos=step.get("photo", 0))
    elif "staff" in step:
        await staff.act(stage, step["staff"])
    heard += [f"{key}：{step[key]}" for key in ("say", "burst", "press", "photo", "wait", "staff") if key in step]
    await stage.settle(wait)


async def _problems(stage: Stage, step: Mapping[str, Any], exchange: Exchange) -> list[str]:
    text = "\n".join(reply.text for reply in exchange.replies)
    problems = [f"should say {words!r}" for words in step.get("says", ()) if words not in text]
    problems += [f"should never say {words!r}" for words in step.get("never_says", ()) if words in text]
    if "replies" in step:
        # The greeting may stand alone or lead the first reply, as its length allows; a member's own words have no id.
        ids = [
            reply.reply_id for reply in exchange.replies if reply.reply_id and not reply.reply_id.startswith("open.")
        ]
        if not _match(step["replies"], ids):
            problems.append(f"replies should be {step['replies']}, are {ids}")
    for fields in step.get("tickets", ()):
        if not any(_fits(card, fields, stage) for card in exchange.tickets):
            problems.append(f"there should be a ticket with {dict(fields)}")
    if "count" in step and len(exchange.tickets) != step["count"]:
        problems.append(f"there should be {step['count']} tickets, are {len(exchange.tickets)}")
    if "owner" in step and (owner := await staff.owner(stage)) != step["owner"]:
        problems.append(f"the turn should belong to {step['owner']}, belongs to {owner}")
    return problems


def _match(expected: list[str], ids: list[str]) -> bool:
    return len(expected) == len(ids) and all(
        actual.startswith(wanted[:-1]) if wanted.endswith("*") else actual == wanted
        for wanted, actual in zip(expected, ids, strict=True)
    )


def _fits(card: TicketCard, fields: Mapping[str, Any], stage: Stage) -> bool:
    for name, wanted in fields.items():
        match name:
            case "due_within":
                due = card.reply_due_at
                if due is None or due - card.opened_at > _duration(wanted):
                    return False
            case "contact_within":
                due = card.first_contact_due_at
                if due is None or due - card.opened_at > _duration(wanted):
                    return False
            case "summary" | "place":
                if not re.search(wanted, getattr(card, name)):
                    return False
            case _:
                if getattr(card, name) != wanted:
                    return False
    return True


def _duration(value: object) -> timedelta:
    text = str(value)
    return timedelta(**{_UNITS[text[-1]]: float(text[:-1])})
