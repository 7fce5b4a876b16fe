"""The manager's report of a simulation; every word of it lies in `data/simulation.yml`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actions.names import AlertKind, Names
from actions.proof import Overdue
from desk.simulate.plan import SimulationPlan
from desk.simulate.running import Outcome

_HOUR, _DAY = timedelta(hours=1), timedelta(hours=24)
_MOST_LISTED = 5
_PEOPLE_WORTH_A_WORD = 3


def report(plan: SimulationPlan, outcome: Outcome, names: Names, zone: ZoneInfo) -> str:
    """The report as text, paragraph by paragraph."""
    return "\n".join(_Report(plan, outcome, names, zone).lines()) + "\n"


class _Report:
    def __init__(self, plan: SimulationPlan, outcome: Outcome, names: Names, zone: ZoneInfo) -> None:
        self._plan = plan
        self._told: Mapping[str, Any] = plan.report
        self._outcome = outcome
        self._numbers = outcome.numbers
        self._names = names
        self._zone = zone

    def lines(self) -> Iterator[str]:
        wanted, year = self._outcome.wanted, self._outcome.year
        facts = {"community": self._plan.community.name, "days": wanted.days, "households": wanted.households}
        last = year.first + timedelta(days=wanted.days - 1)
        yield self._say("title", **facts)
        yield self._say("span", first=year.first, last=last, engine=self._outcome.engine, seed=wanted.seed)
        yield from self._verdict()
        yield from ("", self._say("heading_volume"), self._volume())
        yield from ("", self._say("heading_reply"), self._replies(), self._overdue())
        yield from ("", self._say("heading_ladder"), *self._ladder())
        yield from ("", self._say("heading_people"), *self._people())
        yield from ("", self._say("heading_abuse"), *self._abuse())

    def _verdict(self) -> Iterator[str]:
        overdue, silent, findings = self._outcome.overdue, self._outcome.silent, self._outcome.findings
        tickets = len(self._numbers.opened)
        if silent:
            yield self._say("verdict_bad", silent=len(silent))
            yield from map(self._unheard, silent[:_MOST_LISTED])
        else:
            yield self._say("verdict_good" if overdue else "verdict_none", tickets=tickets, overdue=len(overdue))
        if findings:
            kinds = Counter(finding.kind.value for finding in findings)
            yield self._say("audit_bad", findings=len(findings), list=self._listed(kinds))
        else:
            yield self._say("audit_good")

    def _unheard(self, one: Overdue) -> str:
        """Which ticket was late unknown to those in charge, and by which steps nobody heard of it."""
        steps = (
            self._say("seen_by_nobody" if step.taken else "not_taken", act=self._told["acts"][step.act.value])
            + f"{step.at.astimezone(self._zone):%m-%d %H:%M}"
            for step in one.silent
        )
        return self._say(
            "unheard",
            number=one.number,
            cause=self._told["causes"][one.kind.value],
            due=f"{one.due_at.astimezone(self._zone):%m-%d %H:%M}",
            assignee=one.assignee or self._say("none"),
            steps=str(self._told["list_separator"]).join(steps),
        )

    def _volume(self) -> str:
        year, counts = self._outcome.year, self._outcome.counts
        per_day = Counter(moment.astimezone(self._zone).date() for moment in self._numbers.opened)
        usual = [per_day[day] for day in per_day if day not in year.festival and day != year.storm]
        festival = [per_day[day] for day in year.festival]
        kinds = Counter({self._names.matter(kind, None): count for kind, count in self._numbers.by_kind.items()})
        return self._say(
            "volume",
            messages=counts.messages,
            tickets=len(self._numbers.opened),
            kinds=self._listed(kinds, len(kinds)),
            storm_day=year.storm,
            storm=per_day[year.storm],
            festival=_mean(festival),
            usual=_mean(usual),
            night=_share(counts.at_night, counts.messages),
        )

    def _replies(self) -> str:
        waits = self._numbers.waits
        within = sum(wait <= _DAY for wait in waits)
        return self._say(
            "reply",
            replied=len(waits),
            median=self._length(_quantile(waits, 0.5)),
            ninety=self._length(_quantile(waits, 0.9)),
            within=_share(within, len(waits)),
        )

    def _overdue(self) -> str:
        overdue = self._outcome.overdue
        if not overdue:
            return self._say("overdue_none")
        causes = Counter(self._told["causes"][one.kind.value] for one in overdue)
        late = len({one.ticket_id for one in overdue})
        share = _share(late, len(self._numbers.opened))
        return self._say("overdue", overdue=len(overdue), share=share, causes=self._listed(causes))

    def _ladder(self) -> Iterator[str]:
        told, numbers = self._numbers.told, self._numbers
        yield self._say(
            "ladder",
            reminders=told.get(AlertKind.REMINDER, 0),
            escalations=told.get(AlertKind.ESCALATION, 0),
            breaches=told.get(AlertKind.BREACH, 0),
            alarms=told.get(AlertKind.ALARM, 0),
            passed=numbers.passed_on,
        )
        yield self._say("told", worded=numbers.worded)
        yield self._say("bundles", most=numbers.most_bundled, alone=numbers.most_alone)

    def _people(self) -> Iterator[str]:
        late = Counter(one.assignee for one in self._outcome.overdue)
        for member in self._plan.staff:
            yield self._say(
                "people_head",
                name=member.name,
                role=self._names.role(member.role.value),
                answered=self._numbers.answered_by.get(member.name, 0),
                late=late[member.name],
                passed=self._numbers.passed_over.get(member.name, 0),
            )

    def _abuse(self) -> Iterator[str]:
        numbers = self._numbers
        yield self._say(
            "abuse",
            holds=numbers.holds,
            pauses=numbers.pauses,
            paused=round(numbers.paused_seconds / _HOUR.total_seconds()),
            reopened=numbers.reopened,
            redone=_share(numbers.reopened, numbers.resolved + numbers.reopened),
        )
        late = Counter(one.assignee for one in self._outcome.overdue if one.assignee)
        worst = [name for name, count in late.most_common(2) if count >= _PEOPLE_WORTH_A_WORD]
        separator = str(self._told["list_separator"])
        yield self._say("attention_people", names=separator.join(worst)) if worst else self._say("attention_none")

    def _say(self, script: str, **facts: object) -> str:
        return str(self._told[script]).format(**facts)

    def _listed(self, counts: Counter[str], most: int = _MOST_LISTED) -> str:
        parts = [self._say("count", name=name, count=count) for name, count in counts.most_common(most)]
        return str(self._told["list_separator"]).join(parts) or self._say("none")

    def _length(self, length: timedelta) -> str:
        if length < _HOUR:
            return self._say("minutes", n=round(length.total_seconds() / 60))
        return self._say("hours", n=round(length / _HOUR, 1))


def _quantile(values: Sequence[timedelta], share: float) -> timedelta:
    return values[min(int(len(values) * share), len(values) - 1)] if values else timedelta(0)


def _mean(values: Sequence[int]) -> int:
    return round(sum(values) / len(values)) if values else 0


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0%"


def per_day(moments: Sequence[datetime], zone: ZoneInfo) -> Counter[object]:
    """How many of the moments fall on each local day."""
    return Counter(moment.astimezone(zone).date() for moment in moments)
