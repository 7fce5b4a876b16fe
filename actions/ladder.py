"""Escalation ladders: who is told, and when, while something is due (domain.md C9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from actions.rulefile import Section
from actions.tables import DeadlineKind, Role
from words.content import ContentFiles

SOURCE = "rules/ladder.yml"
ASSIGNEE = "assignee"
# These have a moment at which the desk is late; the others only make sure that somebody looks.
_NEED_BREACH = frozenset(
    {DeadlineKind.REPLY, DeadlineKind.PROMISE, DeadlineKind.FIRST_CONTACT, DeadlineKind.ACKNOWLEDGE}
)


class Act(StrEnum):
    """What a step does; `BREACH` also records that the due moment has passed."""

    REMIND = "remind"
    ESCALATE = "escalate"
    ALARM = "alarm"
    BREACH = "breach"


class Mark(StrEnum):
    """From where a step's moment is measured."""

    AFTER = "after"
    BEFORE = "before"
    PAST = "past"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of a running deadline: its moment is fixed."""

    at: datetime
    to: tuple[str, ...]
    act: Act

    def frozen(self) -> dict[str, Any]:
        """The step as stored with its deadline."""
        return {"at": self.at.isoformat(), "to": list(self.to), "act": self.act.value}

    @classmethod
    def thaw(cls, stored: Any) -> "Planned":
        """Read a stored step. Raises KeyError, TypeError or ValueError when it is damaged."""
        return cls(datetime.fromisoformat(stored["at"]), tuple(stored["to"]), Act(stored["act"]))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a rule: its moment follows from the start and the due moment. `to` holds role names or `assignee`."""

    mark: Mark
    amount: Fraction
    to: tuple[str, ...]
    act: Act

    def moment(self, start: datetime, due: datetime) -> datetime:
        """When the step falls: never before the start, and not after the due moment unless it is measured past it."""
        length = timedelta(seconds=float(self.amount))
        match self.mark:
            case Mark.PAST:
                return due + length
            case Mark.AFTER:
                moment = start + length
            case Mark.BEFORE:
                moment = due - length
            case Mark.SHARE:
                moment = start + (due - start) * float(self.amount)
        return min(max(moment, start), due)

    def frozen(self) -> list[Any]:
        """The step as stored with its ticket."""
        return [self.mark.value, str(self.amount), list(self.to), self.act.value]

    @classmethod
    def thaw(cls, stored: Sequence[Any]) -> "Step":
        """Read a stored step. Raises TypeError or ValueError when it is damaged."""
        mark, amount, to, act = stored
        return cls(Mark(mark), Fraction(amount), tuple(to), Act(act))


def plan(steps: Iterable[Step], start: datetime, due: datetime) -> tuple[Planned, ...]:
    """The steps with their moments, in the order in which they fall; at the same moment the breach comes last."""
    planned = [Planned(step.moment(start, due), step.to, step.act) for step in steps]
    return tuple(sorted(planned, key=lambda step: (step.at, step.act is Act.BREACH and step.at >= due)))


def thaw_plan(stored: Iterable[Any]) -> tuple[Planned, ...]:
    """The steps of a running deadline as stored; errors as in `Planned.thaw`."""
    return tuple(Planned.thaw(one) for one in stored)


def read_ladders(files: ContentFiles) -> dict[DeadlineKind, tuple[Step, ...]]:
    """The ladder of each kind of deadline.

    Raises ContentError for a missing ladder, a wrong step or a missing breach.
    """
    whole = Section.read(files, SOURCE)
    whole.only(*DeadlineKind)
    return {kind: _read_ladder(whole, kind) for kind in DeadlineKind}


def _read_ladder(whole: Section, kind: DeadlineKind) -> tuple[Step, ...]:
    steps = tuple(_read_step(item) for item in whole.items(kind))
    if not steps:
        raise whole.fail(kind, "has no steps; somebody must be told")
    breaches = [step for step in steps if step.act is Act.BREACH]
    if any(step.mark is not Mark.BEFORE or step.amount for step in breaches):
        raise whole.fail(kind, "a breach stands at the due moment; write “before: 0min”")
    if len(breaches) != (kind in _NEED_BREACH):
        raise whole.fail(kind, "needs one breach" if kind in _NEED_BREACH else "cannot be breached; use escalate")
    return steps


def _read_step(item: Section) -> Step:
    item.only(*Mark, "to", "act")
    marks = [mark for mark in Mark if mark in item.node]
    if len(marks) != 1:
        raise item.fail(next(iter(item.node), "step"), f"say once when the step falls: {', '.join(Mark)}")
    mark = marks[0]
    amount = _share(item) if mark is Mark.SHARE else Fraction(item.duration(mark).total_seconds())
    to = item.texts("to")
    for one in to:
        if one != ASSIGNEE and one not in {role.value for role in Role}:
            raise item.fail("to", f"{one!r} is neither {ASSIGNEE} nor one of {', '.join(Role)}")
    if not to:
        raise item.fail("to", "is missing; a step that tells nobody is silent")
    return Step(mark, amount, to, item.choice("act", Act))


def _share(item: Section) -> Fraction:
    try:
        share = Fraction(item.text(Mark.SHARE))
    except (ValueError, ZeroDivisionError) as error:
        raise item.fail(Mark.SHARE, "is not a fraction; write 2/3") from error
    if not 0 <= share <= 1:
        raise item.fail(Mark.SHARE, "lies outside the time; write a fraction between 0 and 1")
    return share
