"""When things fall due: pure rules over moments, without a store and without a clock (domain.md C1, C2, C7)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from actions.calendar import Calendar, Night
from actions.errors import FieldError
from actions.ladder import Planned, step_at
from actions.policy import CEILING, TicketPolicy
from actions.tables import Severity

# Moving a due moment forward to the evening must leave this much time to answer.
LEAST = timedelta(minutes=30)


def due_within(
    received_at: datetime, allowed: timedelta, night: Night, *, severity: Severity = Severity.NORMAL
) -> datetime:
    """When an answer is due to what came in at `received_at`, when `allowed` is granted for it.

    The rule (domain.md C7), in natural hours, holidays included:

    1. It is due `allowed` after it was received, and never later than 24 hours after.
    2. What is not urgent and comes in during the night (22:00–8:00) is due by 9:30 of that morning at the latest.
    3. A due moment that lies in the night is moved forward, earlier, to 20:00 of the evening before it, if at least
       30 minutes are left until then.
    4. If they are not (it came in too late in the evening), it is due at 9:30 of the morning after the night; that is
       at most 14 hours after it was received. What is urgent keeps its moment in the night instead: it is never moved
       to a later one.
    """
    ceiling = received_at + CEILING
    due = min(received_at + allowed, ceiling)
    urgent = severity is not Severity.NORMAL
    if night.holds(received_at) and not urgent:
        due = min(due, night.next_morning(received_at))
    if not night.holds(due):
        return due
    evening = night.evening_before(due)
    if evening >= received_at + LEAST:
        return evening
    return due if urgent else min(night.next_morning(due), ceiling)


def reply_due_at(received_at: datetime, policy: TicketPolicy, calendar: Calendar) -> datetime | None:
    """When the reply to a request is due: see `due_within`; None for a kind that awaits no reply (praise)."""
    if policy.reply is None:
        return None
    return due_within(received_at, policy.reply, calendar.night, severity=policy.severity)


def work_starts_at(now: datetime, severity: Severity, night: Night) -> datetime:
    """From when dispatching and accepting are counted: at once, but for an everyday matter not during the night."""
    if severity is Severity.NORMAL and night.holds(now):
        return night.next_end(now)
    return now


def check_promise(promised_at: datetime, longest: timedelta, now: datetime) -> datetime:
    """The promised moment itself; it is a person's word and is not moved (domain.md C2).

    Raises FieldError when it is not in the future, or further ahead than the rules allow.
    """
    if promised_at <= now:
        raise FieldError("promised_at", "lies in the past; name a time to come")
    if promised_at > now + longest:
        raise FieldError("promised_at", f"lies more than {longest.days} days ahead; name an earlier time")
    return promised_at


def next_check_at(steps: Sequence[Planned], stage: int) -> datetime | None:
    """When the step after `stage` taken ones falls; None when the ladder has no further step."""
    step = step_at(steps, stage)
    return None if step is None else step.at
