"""What holds for one ticket: the rules as they are frozen onto it when it opens (domain.md C)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from actions.ladder import Step
from actions.names import AlertKind
from actions.tables import DeadlineKind, Responsible, Severity

# The ceiling of the source (domain.md C1, C7); no data can lift it.
CEILING = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a person may put things off.

    `longest_promise` is how far ahead a promise may lie, `default_promise` when the next word is due if a reply names
    no moment, `late_word` within what time a person answers when the reply is late, `holds` how often anybody may put
    the ticket off; `pauses` pauses of at most `longest_pause` each need nobody's consent. `major_contact` is how long
    until the first contact when the matter becomes a major one.
    """

    longest_promise: timedelta
    default_promise: timedelta
    late_word: timedelta
    holds: int
    longest_pause: timedelta
    pauses: int
    major_contact: timedelta

    def frozen(self) -> dict[str, int]:
        """The limits as stored with a ticket; times in seconds."""
        return {
            "longest_promise": _seconds(self.longest_promise),
            "default_promise": _seconds(self.default_promise),
            "late_word": _seconds(self.late_word),
            "holds": self.holds,
            "longest_pause": _seconds(self.longest_pause),
            "pauses": self.pauses,
            "major_contact": _seconds(self.major_contact),
        }

    @classmethod
    def thaw(cls, stored: Mapping[str, int]) -> "Limits":
        """Read stored limits. Raises KeyError or TypeError when they are damaged."""
        return cls(
            longest_promise=timedelta(seconds=stored["longest_promise"]),
            default_promise=timedelta(seconds=stored["default_promise"]),
            late_word=timedelta(seconds=stored["late_word"]),
            holds=stored["holds"],
            longest_pause=timedelta(seconds=stored["longest_pause"]),
            pauses=stored["pauses"],
            major_contact=timedelta(seconds=stored["major_contact"]),
        )


@dataclass(frozen=True, slots=True)
class Telling:
    """How staff are told: what nobody has seen after `pass_on` goes to the next person, alerts `within` are one.

    Where less than `tight` is left until something is due, the monitoring centre is told at once as well.
    """

    pass_on: Mapping[AlertKind, timedelta]
    within: timedelta
    tight: timedelta

    def frozen(self) -> dict[str, Any]:
        """The rule as stored with a ticket; times in seconds."""
        waits = {kind.value: _seconds(time) for kind, time in self.pass_on.items()}
        return {"pass_on": waits, "within": _seconds(self.within), "tight": _seconds(self.tight)}

    @classmethod
    def thaw(cls, stored: Mapping[str, Any]) -> "Telling":
        """Read a stored rule. Raises KeyError, TypeError or ValueError when it is damaged."""
        waits = {AlertKind(kind): timedelta(seconds=time) for kind, time in stored["pass_on"].items()}
        return cls(waits, timedelta(seconds=stored["within"]), timedelta(seconds=stored["tight"]))


@dataclass(frozen=True, slots=True)
class TicketPolicy:
    """What holds for one ticket.

    `times` says how long each clock runs; a clock that is not in it does not run, and one of `desk_hours` runs only
    while the desk is open. `department` is a code, `paid` whether the resident pays for the work.
    """

    kind: str
    category: str | None
    severity: Severity
    prefix: str
    department: str
    responsible: Responsible
    paid: bool
    times: Mapping[DeadlineKind, timedelta]
    desk_hours: frozenset[DeadlineKind]
    ladders: Mapping[str, tuple[Step, ...]]
    limits: Limits
    telling: Telling

    @property
    def reply(self) -> timedelta | None:
        """How long the desk has to reply, at most 24 hours; None when the kind awaits no reply."""
        return self.times.get(DeadlineKind.REPLY)

    @property
    def first_contact(self) -> timedelta | None:
        """How long until a person has contacted the resident; for major matters, and where a rule says so."""
        return self.times.get(DeadlineKind.FIRST_CONTACT)

    @property
    def ladder(self) -> tuple[Step, ...]:
        """The ladder of the reply."""
        return self.ladders[DeadlineKind.REPLY]

    def frozen(self) -> dict[str, Any]:
        """The policy as stored with a ticket; plain JSON."""
        return {
            "kind": self.kind,
            "category": self.category,
            "severity": self.severity.value,
            "prefix": self.prefix,
            "department": self.department,
            "responsible": self.responsible.value,
            "paid": self.paid,
            "times": {kind.value: _seconds(time) for kind, time in self.times.items()},
            "desk_hours": sorted(self.desk_hours),
            "ladders": {name: [step.frozen() for step in steps] for name, steps in self.ladders.items()},
            "limits": self.limits.frozen(),
            "telling": self.telling.frozen(),
        }

    @classmethod
    def thaw(cls, stored: Mapping[str, Any]) -> "TicketPolicy":
        """Read a stored policy. Raises KeyError, TypeError or ValueError when it is damaged."""
        return cls(
            kind=stored["kind"],
            category=stored["category"],
            severity=Severity(stored["severity"]),
            prefix=stored["prefix"],
            department=stored["department"],
            responsible=Responsible(stored["responsible"]),
            paid=stored["paid"],
            times={DeadlineKind(kind): timedelta(seconds=time) for kind, time in stored["times"].items()},
            desk_hours=frozenset(DeadlineKind(kind) for kind in stored["desk_hours"]),
            ladders={name: tuple(Step.thaw(step) for step in steps) for name, steps in stored["ladders"].items()},
            limits=Limits.thaw(stored["limits"]),
            telling=Telling.thaw(stored["telling"]),
        )


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())
