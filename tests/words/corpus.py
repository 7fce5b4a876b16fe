"""The corpora of staff replies, good and bad, each with the situation it was typed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from words.content import parse_yaml
from words.etiquette import Author, Mood, Situation

_HERE = Path(__file__).parent
_SHANGHAI = timezone(timedelta(hours=8))
_KEYS = {
    "text", "rules", "author", "first", "mood", "salutation", "hour", "phones", "at_fault", "closing", "breaking_in",
    "desk_open", "others", "supported",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One reply; `rules` are the rules that should speak, none for a good one."""

    text: str
    situation: Situation
    rules: frozenset[str]


def read_cases(name: str) -> list[Case]:
    return [_case({"text": node} if isinstance(node, str) else node) for node in _parsed(name)]


def tuned_half(cases: list[Case]) -> list[Case]:
    return cases[0::2]


def untouched_half(cases: list[Case]) -> list[Case]:
    """Written with the others before any rule was tuned, and never looked at while they were."""
    return cases[1::2]


def _parsed(name: str) -> list[Any]:
    return list(parse_yaml(name, (_HERE / name).read_text(encoding="utf-8")))


def _case(node: dict[str, Any]) -> Case:
    assert set(node) <= _KEYS, node
    return Case(str(node["text"]), situation_of(node), frozenset(map(str, node.get("rules", ()))))


def situation_of(node: dict[str, Any]) -> Situation:
    supported = node.get("supported")
    return Situation(
        author=Author(node.get("author", "staff")),
        first=bool(node.get("first")),
        mood=Mood(node.get("mood", "neutral")),
        salutation=node.get("salutation"),
        allowed_phones=tuple(node.get("phones", ())),
        local_now=datetime(2026, 11, 23, node["hour"], 10, tzinfo=_SHANGHAI) if "hour" in node else None,
        at_fault=bool(node.get("at_fault")),
        breaking_in=bool(node.get("breaking_in")),
        closing=bool(node.get("closing")),
        desk_open=node.get("desk_open"),
        others=tuple(node.get("others", ())),
        supported=None if supported is None else frozenset(supported),
    )
