"""Checks what a member is about to say to a resident (domain.md A): while they write, and again when they send it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from actions.console import Spoken
from actions.replies import counts_as_reply
from actions.standing import Standing
from actions.tables import Severity as TicketSeverity
from actions.views.shown import SpeakingTo
from web.deps import Deps
from words.etiquette import Finding, Situation
from words.mood import Mood
from words.rules import Author, Severity

_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings on a text; `blocked` when it may go out only with a reason on record."""

    findings: tuple[Finding, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules whose breach needs a reason."""
        return tuple(sorted({finding.rule for finding in self.findings if finding.severity is Severity.BLOCK}))

    @property
    def blocked(self) -> bool:
        """Whether a reason is needed."""
        return bool(self.rules)

    def spoken(self, text: str, reason: str, key: str = "") -> Spoken:
        """The text with what goes on record about it, and the page's own id of this sending."""
        return Spoken(text, self.rules, reason if self.blocked else "", key[:_LONGEST_KEY])


@dataclass(frozen=True, slots=True)
class Moment:
    """When and in what a member writes: how the matter stands, and whether the words conclude it."""

    local_now: datetime
    desk_open: bool
    standing: Standing
    closing: bool = False


def moment(deps: Deps, zone: ZoneInfo, standing: Standing, *, closing: bool = False) -> Moment:
    """The moment of writing, in the community's own time."""
    now = deps.clock()
    return Moment(now.astimezone(zone), deps.calendar.is_open(now), standing, closing)


def check(deps: Deps, text: str, mood: Mood, to: SpeakingTo, facts: Mapping[str, Any], at: Moment) -> Checked:
    """Check a text in its situation; the desk's own numbers and the resident's may be named in full."""
    standing = at.standing
    situation = Situation(
        author=Author.STAFF,
        first=False,
        mood=mood,
        salutation=to.salutation,
        allowed_phones=(*own_phones(facts), *to.phones),
        local_now=at.local_now,
        at_fault=standing.at_fault,
        breaking_in=standing.breaking_in,
        closing=at.closing,
        desk_open=at.desk_open,
        others=standing.others,
        # Whoever concludes a matter says by it that it is done, and that goes on record.
        supported=standing.supported | ({"resolved"} if at.closing else frozenset()),
    )
    return Checked(deps.etiquette.check(text, situation))


def mood_of(kind: str, severity: TicketSeverity) -> Mood:
    """The tone that a ticket asks for."""
    if severity is TicketSeverity.ALARM:
        return Mood.EMERGENCY
    return Mood.COMPLAINT if kind == "complaint" else Mood.NEUTRAL


def counts(deps: Deps, text: str, *, concludes: bool, promised: bool) -> bool:
    """Whether the text would stop the reply clock (domain.md C8)."""
    return counts_as_reply(text, deps.policy, concludes=concludes, promised=promised)


def own_phones(facts: Mapping[str, Any]) -> Sequence[str]:
    """The numbers of the desk itself, which may be named in full."""
    return [str(value) for name, value in facts.items() if name.startswith("phone_")]
