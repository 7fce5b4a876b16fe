"""What a ticket owes and by when: the clocks that its frozen rules ask for, before they are rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from actions.calendar import Calendar
from actions.deadlines import due_within, work_starts_at
from actions.night import Night
from actions.policy import TicketPolicy
from actions.tables import DeadlineKind, Severity, Ticket

# The clocks of the work: only these stand still in a pause; nothing stops the clock of an answer (domain.md C7).
STOPPED = (DeadlineKind.ON_SITE, DeadlineKind.COMPLETION)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that is about to be started; `words` is what a person promised, `ladder` another than its kind's."""

    kind: DeadlineKind
    started_at: datetime
    due_at: datetime
    words: str = ""
    ladder: str = ""


def frozen_rules(ticket: Ticket) -> tuple[TicketPolicy, Night]:
    """The rules that held when the ticket was opened; KeyError, TypeError or ValueError when they are damaged."""
    return TicketPolicy.thaw(ticket.policy), Night.thaw(ticket.policy["night"])


def frozen_calendar(ticket: Ticket, night: Night) -> Calendar | None:
    """The calendar that was frozen onto the ticket; None where its rules count nothing in desk hours."""
    stored = ticket.policy.get("calendar")
    return None if stored is None else Calendar.thaw(stored, night)


def owe_answer(
    ticket: Ticket, policy: TicketPolicy, night: Night, received_at: datetime, *, limit_at: datetime | None = None
) -> list[Clock]:
    """Note on the ticket since when an answer is owed; its clocks: first contact if major, and the reply.

    `limit_at` brings the answer forward, as the limit of an authority does: the earliest holds (domain.md C11).
    """
    clocks: list[Clock] = []
    if policy.first_contact is not None:
        clocks.append(Clock(DeadlineKind.FIRST_CONTACT, received_at, received_at + policy.first_contact))
    if policy.reply is not None:
        due_at = due_within(received_at, policy.reply, night, severity=ticket.severity)
        # A limit that was over when the request came brings nothing forward: a reopened matter has a clean clock.
        limits = [limit for limit in (limit_at, ticket.outside_due_at) if limit is not None and limit > received_at]
        due_at = min(due_at, *limits) if limits else due_at
        clocks.append(Clock(DeadlineKind.REPLY, received_at, due_at))
        ticket.awaiting_reply_since, ticket.reply_due_at = received_at, due_at
    return clocks


def owe_work(ticket: Ticket, policy: TicketPolicy, night: Night, kind: DeadlineKind, now: datetime) -> list[Clock]:
    """The clock until the ticket is dispatched or accepted, or none when its rules ask for none."""
    allowed = policy.times.get(kind)
    if allowed is None:
        return []
    started_at = work_starts_at(now, ticket.severity, night)
    return [Clock(kind, started_at, started_at + allowed)]


def owe_matter(
    ticket: Ticket,
    policy: TicketPolicy,
    night: Night,
    calendar: Calendar | None,
    kinds: Collection[DeadlineKind],
    started_at: datetime,
) -> list[Clock]:
    """The clocks of the matter itself: to be there, to be done, to call back; a wished visit is not asked for sooner.

    `calendar` counts those that run in desk hours; it is needed only where the rules have such. The others run in
    natural hours, but for an everyday matter nobody is sent, and nobody is called, in the night. The limit of an
    authority is one for the whole matter, also where the rules have none (domain.md C11).
    """
    limit_at = ticket.outside_due_at if ticket.outside_due_at and ticket.outside_due_at > started_at else None
    clocks = []
    for kind in kinds:
        allowed = policy.times.get(kind)
        if allowed is None:
            if kind is DeadlineKind.COMPLETION and limit_at is not None:
                clocks.append(Clock(kind, started_at, limit_at))
            continue
        begins_at = started_at
        if kind in policy.desk_hours and calendar is not None:
            due_at = calendar.after_open_time(started_at, allowed)
        else:
            begins_at = work_starts_at(started_at, ticket.severity, night)
            due_at = begins_at + allowed
            if ticket.severity is Severity.NORMAL and night.holds(due_at):
                due_at = night.next_morning(due_at)
        if kind is DeadlineKind.ON_SITE and (wished := ticket.visit_until or ticket.visit_from) is not None:
            due_at = max(due_at, wished)
        if kind is DeadlineKind.COMPLETION and limit_at is not None:
            begins_at, due_at = min(begins_at, limit_at), min(due_at, limit_at)
        clocks.append(Clock(kind, begins_at, due_at))
    return clocks
