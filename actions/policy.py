"""The rules of the desk, read from data/rules and frozen onto each ticket when it opens (domain.md C)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from actions.errors import FieldError
from actions.ladder import Step, read_ladders
from actions.major import MajorReason, MajorRules
from actions.names import AlertKind, Names
from actions.ratings import Ratings
from actions.replies import ReplyRules
from actions.rulefile import Section
from actions.tables import DeadlineKind, Responsible, Severity
from actions.ticket_policy import CEILING, Limits, Telling, TicketPolicy
from words.content import ContentFiles

__all__ = ["CEILING", "SOURCE", "Limits", "Policy", "Rule", "Telling", "TicketPolicy"]

SOURCE = "rules/tickets.yml"
_RANK = list(Severity)
_NONE = "none"
# The clocks that a rule may set; only the work itself may be counted in desk hours, never what the resident hears.
_ANSWERED = (DeadlineKind.REPLY, DeadlineKind.FIRST_CONTACT, DeadlineKind.CALL_BACK)
_WORKED = (DeadlineKind.DISPATCH, DeadlineKind.ACCEPT, DeadlineKind.ON_SITE, DeadlineKind.COMPLETION)
_LONG = frozenset({DeadlineKind.ON_SITE, DeadlineKind.COMPLETION, DeadlineKind.CALL_BACK})
_RULE_KEYS = ("department", "responsible", "paid", "severity", *_ANSWERED, *_WORKED)


@dataclass(frozen=True, slots=True)
class Rule:
    """What the data say about one kind or one category of it; a clock of `desk_hours` runs while the desk is open."""

    department: str
    responsible: Responsible
    paid: bool
    severity: Severity
    times: Mapping[DeadlineKind, timedelta]
    desk_hours: frozenset[DeadlineKind]


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules; `rules` holds kinds (`repair`) and categories (`repair.outage`), `prefixes` begin ticket numbers."""

    rules: Mapping[str, Rule]
    prefixes: Mapping[str, str]
    severity_times: Mapping[DeadlineKind, timedelta]
    ladders: Mapping[str, tuple[Step, ...]]
    limits: Limits
    telling: Telling
    names: Names
    major: MajorRules
    replies: ReplyRules
    ratings: Ratings

    @classmethod
    def read(cls, files: ContentFiles) -> "Policy":
        """Read data/rules. Raises ContentError with file and line, above all for a reply later than 24 hours."""
        whole = Section.read(files, SOURCE)
        whole.only("defaults", "major", "alarm", "promise", "pause", "alerts", "late_word", "kinds")
        names = Names.read(files)
        defaults = whole.section("defaults")
        defaults.only(*_RULE_KEYS)
        rules, prefixes = _read_kinds(whole.section("kinds"), _read_rule(defaults, None, names), names)
        limits = _read_limits(whole)
        return cls(
            rules=rules,
            prefixes=prefixes,
            severity_times={
                DeadlineKind.FIRST_CONTACT: limits.major_contact,
                DeadlineKind.ACKNOWLEDGE: _at_most_ceiling(whole.section("alarm"), "acknowledge"),
            },
            ladders=read_ladders(files),
            limits=limits,
            telling=_read_telling(whole.section("alerts")),
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
            desk_hours=rule.desk_hours,
            ladders=self.ladders,
            limits=self.limits,
            telling=self.telling,
        )

    def major_reason(self, text: str) -> MajorReason | None:
        """Why the text makes a complaint a major one, or None (domain.md C10, C11)."""
        return self.major.reason(text)

    def stars(self, text: str) -> int:
        """The rating that the text gives, 1 to 5."""
        return self.ratings.stars(text)

    def says_not_fixed(self, text: str) -> bool:
        """Whether the text says that the matter was not put right (domain.md C5)."""
        return self.ratings.says_not_fixed(text)


def _read_limits(whole: Section) -> Limits:
    promise, pause = whole.section("promise"), whole.section("pause")
    promise.only("longest", "default", "holds")
    pause.only("longest", "times")
    return Limits(
        longest_promise=promise.duration("longest"),
        default_promise=_at_most_ceiling(promise, "default"),
        late_word=_at_most_ceiling(whole, "late_word"),
        holds=promise.number("holds"),
        longest_pause=pause.duration("longest"),
        pauses=pause.number("times"),
        major_contact=_at_most_ceiling(whole.section("major"), "first_contact"),
    )


def _read_telling(section: Section) -> Telling:
    """An alarm has no time of its own: its ladder goes to the next person until somebody acknowledges."""
    section.only("pass_on", "together", "tight")
    waits = section.section("pass_on")
    kinds = tuple(kind for kind in AlertKind if kind is not AlertKind.ALARM)
    waits.only(*kinds)
    waiting: dict[AlertKind, timedelta] = {kind: waits.duration(kind) for kind in kinds}
    return Telling(waiting, section.duration("together"), section.duration("tight"))


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
    desk_hours = set(above.desk_hours) if above else set()
    for kind in (*_ANSWERED, *_WORKED):
        if not says(kind):
            continue
        times.pop(kind, None)
        desk_hours.discard(kind)
        if section.node.get(kind) != _NONE:
            times[kind], desk = _time(section, kind)
            desk_hours |= {kind} if desk else set()
    return Rule(department, responsible, paid, severity, times, frozenset(desk_hours))


def _time(section: Section, kind: DeadlineKind) -> tuple[timedelta, bool]:
    """How long a clock runs, and whether only while the desk is open: `8h desk`."""
    if kind not in _LONG:
        return _at_most_ceiling(section, kind), False
    time, desk = section.working_time(kind)
    if desk and kind not in _WORKED:
        raise section.fail(kind, "is counted in natural hours; holidays do not stop what a resident is told")
    if not time:
        raise section.fail(kind, "is no time at all")
    return time, desk


def _at_most_ceiling(section: Section, key: str) -> timedelta:
    time = section.duration(key)
    if time > CEILING:
        raise section.fail(key, "is above 24h, the ceiling for every answer (domain.md C1)")
    if not time:
        raise section.fail(key, "is no time at all")
    return time
