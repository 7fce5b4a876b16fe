"""How the desk stands, in numbers, for whoever monitors it; no names and no words of anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.names import AlertKind
from actions.tables import Alert, Deadline, DeadlineKind, DeadlineState, Message, OutboxRow, OutboxState, Ticket
from actions.transitions import RUNNING

_NOT_THERE = (OutboxState.PENDING, OutboxState.CLAIMED, OutboxState.HELD, OutboxState.GIVEN_UP)
_COUNTED_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Gauges:
    """The numbers of all communities together; times in seconds.

    `oldest_unanswered` is how long the resident who has waited longest waits, `watch_late` how late the most overdue
    step of any deadline is: above a few seconds nobody keeps the clock.
    """

    open_tickets: Mapping[str, int]
    unanswered: int
    overdue: int
    oldest_unanswered: float
    watch_late: float
    deferred: int
    alarms: int
    unseen_alerts: int
    outbox: Mapping[str, int]
    not_understood: int


def gauges(session: Session, now: datetime) -> Gauges:
    """Count everything that a monitor should know."""
    owed = (Ticket.status.in_(RUNNING), Ticket.awaiting_reply_since.is_not(None))
    oldest = session.execute(select(func.min(Ticket.awaiting_reply_since)).where(*owed)).scalar_one_or_none()
    next_check = session.execute(
        select(Deadline.next_check_at)
        .where(Deadline.next_check_at.is_not(None))
        .order_by(Deadline.next_check_at)
        .limit(1)
    ).scalar_one_or_none()
    by_status = select(Ticket.status, func.count()).where(Ticket.status.in_(RUNNING)).group_by(Ticket.status)
    by_state = (
        select(OutboxRow.state, func.count())
        .where(OutboxRow.state.in_(_NOT_THERE), OutboxRow.created_at > now - _COUNTED_BACK)
        .group_by(OutboxRow.state)
    )
    running = (Deadline.state == DeadlineState.RUNNING,)
    unseen = (Alert.seen_at.is_(None), Alert.created_at > now - _COUNTED_BACK, Alert.kind != AlertKind.ALARM.value)
    return Gauges(
        open_tickets={status.value: count for status, count in session.execute(by_status)},
        unanswered=_count(session, *owed),
        overdue=_count(session, *owed, Ticket.reply_due_at < now),
        oldest_unanswered=_seconds(oldest, now),
        watch_late=_seconds(next_check, now),
        deferred=_count(session, *running, Deadline.deferrals > 0),
        alarms=_count(session, *running, Deadline.kind == DeadlineKind.ACKNOWLEDGE),
        unseen_alerts=_count(session, *unseen),
        outbox={state.value: count for state, count in session.execute(by_state)},
        not_understood=_count(session, Message.needs_understanding),
    )


def _count(session: Session, *where: object) -> int:
    return session.execute(select(func.count()).where(*where)).scalar_one()  # type: ignore[arg-type]


def _seconds(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max((now - moment).total_seconds(), 0.0)
