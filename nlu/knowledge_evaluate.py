"""Measures the knowledge base on questions that it was never given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ruamel.yaml.comments import CommentedMap

from nlu.knowledge import Audience, Knowledge
from words.content import line_of, parse_yaml
from words.errors import ContentError

_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, who asks it on which day, and the entries that answer it; none where nothing does."""

    text: str
    audience: Audience
    day: date
    answered_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class KnowledgeFigures:
    """Shares of 1: how often the first entry is right, an answer sure, and surely wrong; all among the answerable.

    `invented` is the share of questions that nothing answers and that get a sure answer all the same.
    """

    answerable: int
    first: float
    sure: float
    wrong: float
    foreign: int
    invented: float

    def __str__(self) -> str:
        return (
            f"questions {self.answerable}  first entry right {self.first:.1%}  sure {self.sure:.1%}"
            f"  surely wrong {self.wrong:.1%}\n"
            f"foreign questions {self.foreign}  surely answered {self.invented:.1%}"
        )


def read_asked(path: Path, today: date) -> tuple[Asked, ...]:
    """Read a file of questions: by audience with `ask`, `find` and perhaps `on`, and plain ones under `nothing`.

    Raises ContentError naming the line of what is something else.
    """
    root = parse_yaml(str(path), path.read_text(encoding="utf-8"))
    if not isinstance(root, CommentedMap):
        raise ContentError(str(path), 1, "should hold questions under `resident`, `staff` and `nothing`")
    found: list[Asked] = []
    for name, listed in root.items():
        if name not in {*Audience, _NOTHING}:
            raise ContentError(str(path), line_of(root, name), "should be resident, staff or nothing")
        for index, item in enumerate(listed):
            asked = {"ask": item, "find": ()} if isinstance(item, str) else item
            if not isinstance(asked, dict) or "ask" not in asked or "find" not in asked:
                raise ContentError(str(path), line_of(listed, index), "a question needs `ask` and `find`")
            day = date.fromisoformat(str(asked["on"])) if "on" in asked else today
            audience = Audience.RESIDENT if name == _NOTHING else Audience(name)
            found.append(Asked(str(asked["ask"]), audience, day, frozenset(map(str, asked["find"]))))
    return tuple(found)


def evaluate_knowledge(knowledge: Knowledge, questions: Sequence[Asked]) -> KnowledgeFigures:
    """Ask everything and count."""
    first = sure = wrong = invented = 0
    for asked in questions:
        hits = knowledge.search(asked.text, audience=asked.audience, today=asked.day, limit=1)
        right = bool(hits) and hits[0].entry.id in asked.answered_by
        confident = bool(hits) and hits[0].confident
        if asked.answered_by:
            first, sure, wrong = first + right, sure + confident, wrong + (confident and not right)
        else:
            invented += confident
    answerable = sum(bool(asked.answered_by) for asked in questions)
    foreign = len(questions) - answerable
    return KnowledgeFigures(
        answerable,
        first / max(answerable, 1),
        sure / max(answerable, 1),
        wrong / max(answerable, 1),
        foreign,
        invented / max(foreign, 1),
    )
