"""Finds the knowledge entry that answers a question, or says honestly that it is not sure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from nlu.knowledge_index import Index, Terms
from words.content import ContentFiles, line_of
from words.errors import ContentError

FOLDER = "knowledge"
_KEYS = frozenset(
    {"id", "audience", "questions", "answer", "source", "category", "keywords", "valid_from", "valid_until"}
)
_FEWEST_QUESTIONS = 3
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
# Found on the questions of the entries, each asked with itself left out, and on messages that no entry answers: above
# both, nine answers in ten were right although the question was new, and one foreign message in 150 was answered.
_CONFIDENT = 0.4
_LEAD = 0.12


class Audience(StrEnum):
    """Who may read an entry."""

    RESIDENT = "resident"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer with the questions it answers; `answer` may hold `{{ placeholders }}` of the community."""

    id: str
    audience: Audience
    questions: tuple[str, ...]
    answer: str
    source: str
    category: str | None
    keywords: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None

    def valid(self, today: date) -> bool:
        """Whether the entry holds on a day; both bounds are included."""
        return (self.valid_from is None or self.valid_from <= today) and (
            self.valid_until is None or today <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found, how well it fits (0 to 1), and whether it may be given as the answer."""

    entry: Entry
    score: float
    confident: bool


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All entries, indexed for each audience; entries for staff are not in the residents' index at all."""

    entries: tuple[Entry, ...]
    indexes: Mapping[Audience, Index]

    @classmethod
    def read(cls, files: ContentFiles) -> "Knowledge":
        """Read `data/knowledge/*.yml`; raises ContentError naming file and line of a bad entry (domain.md B1)."""
        entries: list[Entry] = []
        for name in files.below(FOLDER):
            root = files.read(name)
            if not isinstance(root, CommentedSeq):
                raise ContentError(name, 1, "should hold a list of entries")
            for index, body in enumerate(root):
                entry = _entry(name, line_of(root, index), body)
                if any(entry.id == other.id for other in entries):
                    raise ContentError(name, line_of(root, index), f"the id “{entry.id}” is already taken")
                entries.append(entry)
        terms = Terms.read(files)
        return cls(
            tuple(entries),
            {
                Audience.RESIDENT: _index([e for e in entries if e.audience is Audience.RESIDENT], terms),
                Audience.STAFF: _index(entries, terms),
            },
        )

    def search(self, text: str, *, audience: Audience, today: date, limit: int = 3) -> tuple[Hit, ...]:
        """The entries that fit a question best, the best first; only the first can be confident (domain.md B1)."""
        by_id = {entry.id: entry for entry in self.entries}
        scored = sorted(
            (
                (score, by_id[name])
                for name, score in self.indexes[audience].scores(text).items()
                if by_id[name].valid(today)
            ),
            key=lambda pair: (-pair[0], pair[1].id),
        )
        runner_up = scored[1][0] if len(scored) > 1 else 0.0
        return tuple(
            Hit(entry, round(score, 4), rank == 0 and score >= _CONFIDENT and score - runner_up >= _LEAD)
            for rank, (score, entry) in enumerate(scored[:limit])
            if score > 0
        )


def _index(entries: list[Entry], terms: Terms) -> Index:
    return Index.build(
        {entry.id: (*entry.questions, *entry.keywords) for entry in entries},
        {entry.id: _PLACEHOLDER.sub("", entry.answer) for entry in entries},
        terms,
    )


def _entry(source: str, line: int | None, body: Any) -> Entry:
    if not isinstance(body, CommentedMap):
        raise ContentError(source, line, "an entry should be a mapping with id, audience, questions, answer, source")
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise ContentError(
            source, line_of(body, unknown), f"unknown key “{unknown}”; known are {', '.join(sorted(_KEYS))}"
        )
    for key in ("id", "answer", "source"):
        if not isinstance(body.get(key), str) or not body[key].strip():
            raise ContentError(source, line_of(body, key) or line, f"an entry needs a text `{key}`")
    if body.get("audience") not in set(Audience):
        raise ContentError(source, line_of(body, "audience") or line, "`audience` should be resident or staff")
    questions = _texts(source, body, "questions", line)
    if len(questions) < _FEWEST_QUESTIONS:
        problem = f"an entry needs at least {_FEWEST_QUESTIONS} ways to ask"
        raise ContentError(source, line_of(body, "questions") or line, problem)
    return Entry(
        id=body["id"],
        audience=Audience(body["audience"]),
        questions=questions,
        answer=body["answer"].strip(),
        source=body["source"].strip(),
        category=str(body["category"]) if body.get("category") else None,
        keywords=_texts(source, body, "keywords", line),
        valid_from=_day(source, body, "valid_from"),
        valid_until=_day(source, body, "valid_until"),
    )


def _texts(source: str, body: CommentedMap, key: str, line: int | None) -> tuple[str, ...]:
    listed = body.get(key) or ()
    if isinstance(listed, str) or not all(str(text).strip() for text in listed):
        raise ContentError(source, line_of(body, key) or line, f"`{key}` should be a list of texts, none empty")
    return tuple(str(text) for text in listed)


def _day(source: str, body: CommentedMap, key: str) -> date | None:
    if body.get(key) is None:
        return None
    try:
        return date.fromisoformat(str(body[key]))
    except ValueError as error:
        raise ContentError(source, line_of(body, key), f"`{key}` should be a date such as 2026-12-31") from error
