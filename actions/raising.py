"""A matter becomes more serious: the rules frozen onto its ticket gain the clock that hangs on it (domain.md C10)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import SYSTEM, Actor
from actions.owed import Clock, frozen_rules
from actions.tables import DeadlineKind, Severity, Ticket
from actions.transitions import record


def raise_to(
    session: Session,
    ticket: Ticket,
    actor: Actor,
    severity: Severity,
    times: Mapping[DeadlineKind, timedelta],
    *,
    reason: str,
    now: datetime,
) -> None:
    """Raise a locked ticket; `times` holds the time of first contact, or for an alarm of its acknowledgement."""
    stored = dict(ticket.policy)
    stored["severity"] = severity.value
    stored["times"] = {kind.value: int(time.total_seconds()) for kind, time in times.items()} | stored["times"]
    ticket.policy, ticket.severity = stored, severity
    record(session, ticket, actor, "ticket:raised", reason=reason, detail={"severity": severity.value}, now=now)
    kind = DeadlineKind.ACKNOWLEDGE if severity is Severity.ALARM else DeadlineKind.FIRST_CONTACT
    clocks.start(session, ticket, Clock(kind, now, now + times[kind]), now)


def make_major(session: Session, ticket: Ticket, *, reason: str, now: datetime) -> None:
    """Make a running ticket of everyday severity a major one, by the rules frozen onto it."""
    if ticket.severity is Severity.NORMAL:
        times = {DeadlineKind.FIRST_CONTACT: frozen_rules(ticket)[0].limits.major_contact}
        raise_to(session, ticket, SYSTEM, Severity.MAJOR, times, reason=reason, now=now)
