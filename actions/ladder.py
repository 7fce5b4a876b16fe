"""Escalation ladders: who is told, and when, while something is due (domain.md C9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from actions.rulefile import Section
from actions.tables import DeadlineKind, Role
from words.content import ContentFiles

SOURCE = "rules/ladder.yml"
ASSIGNEE = "assignee"
RESIDENT = "resident"
# These have a moment at which the desk is late; the others only make sure that somebody looks.
_NEED_BREACH = frozenset(
    {
        DeadlineKind.REPLY,
        DeadlineKind.PROMISE,
        DeadlineKind.FIRST_CONTACT,
        DeadlineKind.ACKNOWLEDGE,
        DeadlineKind.ON_SITE,
        DeadlineKind.COMPLETION,
        "renewed",
        "last",
    }
)
_LEAST_WARNING = timedelta(minutes=20)
_EARLIEST_WORD = 0.75
_LEAST_EVERY = timedelta(minutes=1)
# Ladders of promises that the desk makes by itself when it gives a late resident a new time.
_OF_NEW_TIMES = ("renewed", "last")


class Act(StrEnum):
    """What a step does.

    `BREACH` also records that the due moment has passed, `TELL` gives the resident a new time, `RESUME` ends a pause.
    """

    REMIND = "remind"
    ESCALATE = "escalate"
    ALARM = "alarm"
    TELL = "tell"
    RESUME = "resume"
    BREACH = "breach"


class Mark(StrEnum):
    """From where a step's moment is measured."""

    AFTER = "after"
    BEFORE = "before"
    PAST = "past"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of a running deadline: its moment is fixed. See `Step` for the rest."""

    at: datetime
    to: tuple[str, ...]
    act: Act
    then: str = ""
    every: timedelta = timedelta(0)

    def frozen(self) -> dict[str, Any]:
        """The step as stored with its deadline."""
        stored = {"at": self.at.isoformat(), "to": list(self.to), "act": self.act.value}
        stored |= {"then": self.then} if self.then else {}
        return stored | ({"every": int(self.every.total_seconds())} if self.every else {})

    @classmethod
    def thaw(cls, stored: Any) -> "Planned":
        """Read a stored step. Raises KeyError, TypeError or ValueError when it is damaged."""
        at = datetime.fromisoformat(stored["at"])
        every = timedelta(seconds=stored.get("every", 0))
        return cls(at, tuple(stored["to"]), Act(stored["act"]), stored.get("then", ""), every)

    def later(self, by: timedelta) -> "Planned":
        """The same step, so much later."""
        return replace(self, at=self.at + by)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a rule: its moment follows from the start and the due moment.

    `to` holds role names, `assignee`, or for a `TELL` the resident; `then` names the ladder of the new time. A last
    step with `every` comes again after each such time until the clock ends.
    """

    mark: Mark
    amount: Fraction
    to: tuple[str, ...]
    act: Act
    then: str = ""
    every: timedelta = timedelta(0)

    def moment(self, start: datetime, due: datetime) -> datetime:
        """When the step falls: never before the start, and not after the due moment unless it is measured past it.

        Of a short time no warning comes so late that nobody could act on it, and no word so early that it is silly.
        """
        length = timedelta(seconds=float(self.amount))
        match self.mark:
            case Mark.PAST:
                return due + length
            case Mark.AFTER:
                moment = start + length
            case Mark.BEFORE:
                moment = due - length
                if self.act is Act.TELL:
                    moment = max(moment, start + (due - start) * _EARLIEST_WORD)
            case Mark.SHARE:
                moment = min(start + (due - start) * float(self.amount), due - _LEAST_WARNING)
        return min(max(moment, start), due)

    def frozen(self) -> list[Any]:
        """The step as stored with its ticket."""
        stored: list[Any] = [self.mark.value, str(self.amount), list(self.to), self.act.value]
        if self.every:
            return [*stored, self.then, int(self.every.total_seconds())]
        return [*stored, self.then] if self.then else stored

    @classmethod
    def thaw(cls, stored: Sequence[Any]) -> "Step":
        """Read a stored step. Raises TypeError or ValueError when it is damaged."""
        mark, amount, to, act, *more = stored
        then = more[0] if more else ""
        every = timedelta(seconds=more[1] if more[1:] else 0)
        return cls(Mark(mark), Fraction(amount), tuple(to), Act(act), then, every)


def plan(steps: Iterable[Step], start: datetime, due: datetime) -> tuple[Planned, ...]:
    """The steps with their moments, in the order in which they fall; at the same moment the breach comes last."""
    planned = [Planned(step.moment(start, due), step.to, step.act, step.then, step.every) for step in steps]
    return tuple(sorted(planned, key=lambda step: (step.at, step.act is Act.BREACH and step.at >= due)))


def thaw_plan(stored: Iterable[Any]) -> tuple[Planned, ...]:
    """The steps of a running deadline as stored; errors as in `Planned.thaw`."""
    return tuple(Planned.thaw(one) for one in stored)


def step_at(steps: Sequence[Planned], stage: int) -> Planned | None:
    """The step after `stage` taken ones; a last one that repeats comes for ever, others end with the ladder."""
    if stage < len(steps):
        return steps[stage]
    if not steps or not steps[-1].every:
        return None
    return steps[-1].later((stage - len(steps) + 1) * steps[-1].every)


def stage_after(steps: Sequence[Planned], stage: int, now: datetime) -> int:
    """How many steps count as taken once that one is: of repetitions that were slept through only the last is made."""
    following = stage + 1
    if stage + 1 < len(steps) or not steps[-1].every:
        return following
    missed = (now - steps[-1].at) // steps[-1].every
    return max(following, len(steps) + missed)


def read_ladders(files: ContentFiles) -> dict[str, tuple[Step, ...]]:
    """The ladder of each kind of deadline, and those of new times.

    Raises ContentError for a missing ladder, a wrong step or a missing breach.
    """
    whole = Section.read(files, SOURCE)
    names = (*(kind.value for kind in DeadlineKind), *_OF_NEW_TIMES)
    whole.only(*names)
    return {name: _read_ladder(whole, name) for name in names}


def _read_ladder(whole: Section, kind: str) -> tuple[Step, ...]:
    steps = tuple(_read_step(item) for item in whole.items(kind))
    if not steps:
        raise whole.fail(kind, "has no steps; somebody must be told")
    breaches = [step for step in steps if step.act is Act.BREACH]
    if any(step.mark is not Mark.BEFORE or step.amount for step in breaches):
        raise whole.fail(kind, "a breach stands at the due moment; write “before: 0min”")
    if len(breaches) != (kind in _NEED_BREACH):
        raise whole.fail(kind, "needs one breach" if kind in _NEED_BREACH else "cannot be breached; use escalate")
    if any(step.act is Act.RESUME for step in steps) != (kind == DeadlineKind.PAUSE):
        raise whole.fail(kind, "resumes nothing; only a pause does, and has to")
    if any(step.every for step in steps[:-1]):
        raise whole.fail(kind, "repeats a step before its last; only the last comes again")
    if kind == DeadlineKind.ACKNOWLEDGE and not (steps[-1].every and steps[-1].act is Act.ALARM):
        raise whole.fail(kind, "must ring on until somebody comes; give its last step every: 5min")
    return steps


def _read_step(item: Section) -> Step:
    item.only(*Mark, "to", "act", "then", "every")
    marks = [mark for mark in Mark if mark in item.node]
    if len(marks) != 1:
        raise item.fail(next(iter(item.node), "step"), f"say once when the step falls: {', '.join(Mark)}")
    mark = marks[0]
    amount = _share(item) if mark is Mark.SHARE else Fraction(item.duration(mark).total_seconds())
    to, act = item.texts("to"), item.choice("act", Act)
    if act is Act.TELL:
        if to != (RESIDENT,):
            raise item.fail("to", f"a new time is told to the {RESIDENT} alone")
        then = item.text("then")
        if then not in _OF_NEW_TIMES:
            raise item.fail("then", f"{then!r} is not one of {', '.join(_OF_NEW_TIMES)}")
        return Step(mark, amount, to, act, then)
    for one in to:
        if one != ASSIGNEE and one not in {role.value for role in Role}:
            raise item.fail("to", f"{one!r} is neither {ASSIGNEE} nor one of {', '.join(Role)}")
    if not to:
        raise item.fail("to", "is missing; a step that tells nobody is silent")
    return Step(mark, amount, to, act, every=_every(item, mark, act))


def _every(item: Section, mark: Mark, act: Act) -> timedelta:
    """After how long a step comes again; nothing where it does not say so."""
    if "every" not in item.node:
        return timedelta(0)
    every = item.duration("every")
    if mark is not Mark.PAST or act not in {Act.ALARM, Act.ESCALATE} or every < _LEAST_EVERY:
        raise item.fail("every", "repeats an alarm or escalation past the due moment, a minute apart at least")
    return every


def _share(item: Section) -> Fraction:
    try:
        share = Fraction(item.text(Mark.SHARE))
    except (ValueError, ZeroDivisionError) as error:
        raise item.fail(Mark.SHARE, "is not a fraction; write 2/3") from error
    if not 0 <= share <= 1:
        raise item.fail(Mark.SHARE, "lies outside the time; write a fraction between 0 and 1")
    return share
