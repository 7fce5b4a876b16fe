"""The entries of the knowledge base as `data/knowledge/*.yml` holds them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from nlu.knowledge_terms import SYNONYMS
from words.content import ContentFiles, line_of
from words.errors import ContentError

FOLDER = "knowledge"
FOREIGN = "knowledge/foreign.yml"
_KEYS = frozenset(
    {"id", "audience", "questions", "answer", "source", "category", "keywords", "valid_from", "valid_until"}
)
_FEWEST_QUESTIONS = 3


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

    @property
    def title(self) -> str:
        """A few words for a button or a list: the first keyword, or the first question where there is none."""
        return (self.keywords or self.questions)[0]

    def valid(self, today: date) -> bool:
        """Whether the entry holds on a day; both bounds are included."""
        return (self.valid_from is None or self.valid_from <= today) and (
            self.valid_until is None or today <= self.valid_until
        )


def read_entries(files: ContentFiles) -> tuple[Entry, ...]:
    """Read `data/knowledge/*.yml`; raises ContentError naming file and line of a bad entry (domain.md B1)."""
    entries: dict[str, Entry] = {}
    for name in files.below(FOLDER):
        if name in {SYNONYMS, FOREIGN}:
            continue
        root = files.read(name)
        if not isinstance(root, CommentedSeq):
            raise ContentError(name, 1, "should hold a list of entries")
        for index, body in enumerate(root):
            entry = _entry(name, line_of(root, index), body)
            if entry.id in entries:
                raise ContentError(name, line_of(root, index), f"the id “{entry.id}” is already taken")
            entries[entry.id] = entry
    return tuple(entries.values())


def read_foreign(files: ContentFiles) -> tuple[str, ...]:
    """Questions that no entry answers, from which the ranker learns to find nothing; raises ContentError."""
    if FOREIGN not in files.texts:
        return ()
    root = files.read(FOREIGN)
    if not isinstance(root, CommentedMap) or not isinstance(root.get("foreign"), list):
        raise ContentError(FOREIGN, 1, "should hold a list of questions under `foreign`")
    return _texts(FOREIGN, root, "foreign", 1)


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
