"""Measures the knowledge base on questions that it was never given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    return _counted(_answered(knowledge, asked) for asked in questions)


def evaluate_left_out(knowledge: Knowledge, today: date, parts: int) -> Mapping[Audience, KnowledgeFigures]:
    """Ask all ways to ask of the entries that hold, each of an index that was trained without it.

    Every entry is divided into so many `parts`, each of which is left out once and then asked; so is what is foreign.
    """
    found: dict[Audience, list[_Answer]] = {audience: [] for audience in Audience}
    for part in range(parts):
        taught, questions = _divided(knowledge, today, part, parts)
        for asked in questions:
            found[asked.audience].append(_answered(taught, asked))
    return {audience: _counted(answers) for audience, answers in found.items() if answers}


@dataclass(frozen=True, slots=True)
class _Answer:
    foreign: bool
    right: bool
    confident: bool


def _answered(knowledge: Knowledge, asked: Asked) -> _Answer:
    hits = knowledge.search(asked.text, audience=asked.audience, today=asked.day, limit=1)
    return _Answer(
        not asked.answered_by,
        bool(hits) and hits[0].entry.id in asked.answered_by,
        bool(hits) and hits[0].confident,
    )


def _counted(answers: Iterable[_Answer]) -> KnowledgeFigures:
    told = list(answers)
    ours, foreign = ([one for one in told if one.foreign is kind] for kind in (False, True))
    return KnowledgeFigures(
        len(ours),
        sum(one.right for one in ours) / max(len(ours), 1),
        sum(one.confident for one in ours) / max(len(ours), 1),
        sum(one.confident and not one.right for one in ours) / max(len(ours), 1),
        len(foreign),
        sum(one.confident for one in foreign) / max(len(foreign), 1),
    )


def _divided(knowledge: Knowledge, today: date, part: int, parts: int) -> tuple[Knowledge, list[Asked]]:
    recipe = knowledge.shelves[Audience.RESIDENT].recipe
    taught = [
        replace(one, questions=tuple(text for at, text in enumerate(one.questions) if at % parts != part))
        for one in knowledge.entries
    ]
    foreign = tuple(text for at, text in enumerate(knowledge.foreign) if at % parts != part)
    asked = [
        Asked(text, one.audience, today, frozenset({one.id}))
        for one in knowledge.entries
        for text in one.questions[part::parts]
        if one.valid(today)
    ]
    asked += [Asked(text, Audience.RESIDENT, today, frozenset()) for text in knowledge.foreign[part::parts]]
    return Knowledge.of(tuple(taught), foreign, recipe.terms, f"{recipe.version}-{part}-{parts}"), asked
