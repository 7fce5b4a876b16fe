"""The rules of the desk, read from data/rules and frozen onto each ticket when it opens (domain.md C)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from actions.errors import FieldError
from actions.ladder import Step, read_ladders
from actions.major import MajorReason, MajorRules
from actions.names import Names, Responsible
from actions.ratings import Ratings
from actions.replies import ReplyRules
from actions.rulefile import Section
from actions.tables import DeadlineKind, Severity, TicketStatus
from words.content import ContentFiles

SOURCE = "rules/tickets.yml"
# The ceiling of the source (domain.md C1, C7); no data can lift it.
CEILING = timedelta(hours=24)
_RANK = list(Severity)
_NONE = "none"
_RULE_KEYS = ("department", "responsible", "paid", "severity", "reply", "dispatch", "accept")


@dataclass(frozen=True, slots=True)
class TicketPolicy:
    """What holds for one ticket. `times` says how long each clock runs; a clock that is not in it does not run.

    `department` is a code, `paid` whether the resident pays for the work, `longest_promise` how far ahead a promise may
    lie, `default_promise` when the next word is due if a reply names no moment, `holds` how often anybody may put the
    ticket off, `late_word` within what time a person answers when the reply is late.
    """

    kind: str
    category: str | None
    severity: Severity
    prefix: str
    department: str
    responsible: Responsible
    paid: bool
    times: Mapping[DeadlineKind, timedelta]
    ladders: Mapping[DeadlineKind, tuple[Step, ...]]
    longest_promise: timedelta
    default_promise: timedelta
    late_word: timedelta
    holds: int

    @property
    def reply(self) -> timedelta | None:
        """How long the desk has to reply, at most 24 hours; None when the kind awaits no reply."""
        return self.times.get(DeadlineKind.REPLY)

    @property
    def first_contact(self) -> timedelta | None:
        """How long until a person has contacted the resident; only for major matters."""
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
            "ladders": {kind.value: [step.frozen() for step in steps] for kind, steps in self.ladders.items()},
            "longest_promise": _seconds(self.longest_promise),
            "default_promise": _seconds(self.default_promise),
            "late_word": _seconds(self.late_word),
            "holds": self.holds,
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
            ladders={
                DeadlineKind(kind): tuple(Step.thaw(step) for step in steps)
                for kind, steps in stored["ladders"].items()
            },
            longest_promise=timedelta(seconds=stored["longest_promise"]),
            default_promise=timedelta(seconds=stored["default_promise"]),
            late_word=timedelta(seconds=stored["late_word"]),
            holds=stored["holds"],
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """What the data say about one kind or one category of it."""

    department: str
    responsible: Responsible
    paid: bool
    severity: Severity
    times: Mapping[DeadlineKind, timedelta]


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules; `rules` holds kinds (`repair`) and categories (`repair.outage`), `prefixes` begin ticket numbers."""

    rules: Mapping[str, Rule]
    prefixes: Mapping[str, str]
    severity_times: Mapping[DeadlineKind, timedelta]
    ladders: Mapping[DeadlineKind, tuple[Step, ...]]
    longest_promise: timedelta
    default_promise: timedelta
    late_word: timedelta
    holds: int
    names: Names
    major: MajorRules
    replies: ReplyRules
    ratings: Ratings

    @classmethod
    def read(cls, files: ContentFiles) -> "Policy":
        """Read data/rules. Raises ContentError with file and line, above all for a reply later than 24 hours."""
        whole = Section.read(files, SOURCE)
        whole.only("defaults", "major", "alarm", "promise", "late_word", "kinds")
        names = Names.read(files)
        defaults = whole.section("defaults")
        defaults.only(*_RULE_KEYS)
        rules, prefixes = _read_kinds(whole.section("kinds"), _read_rule(defaults, None, names), names)
        promise = whole.section("promise")
        promise.only("longest", "default", "holds")
        return cls(
            rules=rules,
            prefixes=prefixes,
            severity_times={
                DeadlineKind.FIRST_CONTACT: _at_most_ceiling(whole.section("major"), "first_contact"),
                DeadlineKind.ACKNOWLEDGE: _at_most_ceiling(whole.section("alarm"), "acknowledge"),
            },
            ladders=read_ladders(files),
            longest_promise=promise.duration("longest"),
            default_promise=_at_most_ceiling(promise, "default"),
            late_word=_at_most_ceiling(whole, "late_word"),
            holds=promise.number("holds"),
            names=names,
            major=MajorRules.read(files),
            replies=ReplyRules.read(files),
            ratings=Ratings.read(files),
        )

    def for_ticket(self, kind: str, category: str | None, severity: Severity = Severity.NORMAL) -> TicketPolicy:
        """What holds for a ticket. A category without a rule of its own follows its kind.

        The rule may raise the severity and never lowers it. Raises FieldError for a kind that opens no tickets.
        """
        if kind not in self.prefixes:
            raise FieldError("kind", f"{kind!r} opens no tickets; use one of {', '.join(self.prefixes)}")
        rule = self.rules.get(f"{kind}.{category}") or self.rules[kind]
        severity = max(severity, rule.severity, key=_RANK.index)
        times = dict(rule.times)
        if severity is Severity.MAJOR:
            times[DeadlineKind.FIRST_CONTACT] = self.severity_times[DeadlineKind.FIRST_CONTACT]
        if severity is Severity.ALARM:
            times[DeadlineKind.ACKNOWLEDGE] = self.severity_times[DeadlineKind.ACKNOWLEDGE]
        return TicketPolicy(
            kind=kind,
            category=category,
            severity=severity,
            prefix=self.prefixes[kind],
            department=rule.department,
            responsible=rule.responsible,
            paid=rule.paid,
            times=times,
            ladders=self.ladders,
            longest_promise=self.longest_promise,
            default_promise=self.default_promise,
            late_word=self.late_word,
            holds=self.holds,
        )

    def status_name(self, status: TicketStatus) -> str:
        """Where a ticket stands, as told to a resident."""
        return self.names.status(status)

    def category_name(self, kind: str, category: str | None) -> str:
        """What a ticket is about, as told to a resident."""
        return self.names.matter(kind, category)

    def major_reason(self, text: str) -> MajorReason | None:
        """Why the text makes a complaint a major one, or None (domain.md C10, C11)."""
        return self.major.reason(text)

    def stars(self, text: str) -> int:
        """The rating that the text gives, 1 to 5."""
        return self.ratings.stars(text)

    def says_not_fixed(self, text: str) -> bool:
        """Whether the text says that the matter was not put right (domain.md C5)."""
        return self.ratings.says_not_fixed(text)


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def _read_kinds(section: Section, defaults: Rule, names: Names) -> tuple[dict[str, Rule], dict[str, str]]:
    rules: dict[str, Rule] = {}
    prefixes: dict[str, str] = {}
    for kind, entry in section.sections():
        if kind not in names.labels:
            raise section.fail(kind, "is not an intent of labels.yml")
        entry.only("prefix", "categories", *_RULE_KEYS)
        prefix = entry.text("prefix")
        if not (prefix.isascii() and prefix.isupper()) or prefix in prefixes.values():
            raise entry.fail("prefix", f"{prefix!r} is not capital letters of its own; no two kinds share a prefix")
        prefixes[kind] = prefix
        rules[kind] = _read_rule(entry, defaults, names)
        for category, detail in entry.section("categories").sections():
            if f"{kind}.{category}" not in names.labels:
                raise entry.section("categories").fail(category, f"is not a category of {kind} in labels.yml")
            detail.only(*_RULE_KEYS)
            rules[f"{kind}.{category}"] = _read_rule(detail, rules[kind], names)
    return rules, prefixes


def _read_rule(section: Section, above: Rule | None, names: Names) -> Rule:
    """One rule; what it does not say is as in the rule above it."""

    def says(key: str) -> bool:
        return above is None or key in section.node

    department = section.text("department") if says("department") or above is None else above.department
    if department not in names.departments:
        raise section.fail("department", f"{department!r} has no name in rules/names.yml")
    responsible = (
        section.choice("responsible", Responsible) if says("responsible") or above is None else above.responsible
    )
    paid = section.flag("paid") if says("paid") or above is None else above.paid
    severity = section.choice("severity", Severity) if says("severity") or above is None else above.severity
    times = dict(above.times) if above else {}
    for kind in (DeadlineKind.REPLY, DeadlineKind.DISPATCH, DeadlineKind.ACCEPT):
        if not says(kind):
            continue
        times.pop(kind, None)
        if section.node.get(kind) != _NONE:
            times[kind] = _at_most_ceiling(section, kind)
    return Rule(department, responsible, paid, severity, times)


def _at_most_ceiling(section: Section, key: str) -> timedelta:
    time = section.duration(key)
    if time > CEILING:
        raise section.fail(key, "is above 24h, the ceiling for every answer (domain.md C1)")
    if not time:
        raise section.fail(key, "is no time at all")
    return time
