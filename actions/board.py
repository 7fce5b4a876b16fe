"""The day at a glance, for those who lead: what is open, about to be late, and what was late and why (domain.md C4).

Every figure is a condition on tickets, so that the tickets behind it are found by the same words that counted them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.clocks import EVENT_KINDS
from actions.ids import lowest_id
from actions.ladder import Act
from actions.tables import Deadline, DeadlineKind, DeadlineState, Severity, Staff, Ticket, TicketEvent
from actions.transitions import RUNNING
from actions.views.queue import earliest_due, not_about, ticket_rows, untaken_alarm
from actions.views.shown import QueueRow

SOON = timedelta(hours=2)
"""What falls due within this time is about to be late."""

_ROWS = 100
_SOON_ROWS = 12
_BREACHES = 30
_BREACHED = EVENT_KINDS[Act.BREACH]


class Figure(StrEnum):
    """A number of the board."""

    OPEN = "open"
    UNASSIGNED = "unassigned"
    SOON = "soon"
    OVERDUE = "overdue"
    BREACHED = "breached"
    ALARMS = "alarms"
    UNTAKEN = "untaken"
    WAITING = "waiting"
    AGE_HOUR = "age_hour"
    AGE_HALF_SHIFT = "age_half_shift"
    AGE_DAY = "age_day"
    AGE_THREE_DAYS = "age_three_days"
    AGE_OLDER = "age_older"


# How old open tickets are, each from the end of the one before.
_AGES: Mapping[Figure, timedelta | None] = {
    Figure.AGE_HOUR: timedelta(hours=1),
    Figure.AGE_HALF_SHIFT: timedelta(hours=4),
    Figure.AGE_DAY: timedelta(hours=24),
    Figure.AGE_THREE_DAYS: timedelta(days=3),
    Figure.AGE_OLDER: None,
}
AGES = tuple(_AGES)


class Cause(StrEnum):
    """Why a deadline was missed, as far as the record tells."""

    NOT_ASSIGNED = "not_assigned"
    NOT_ACCEPTED = "not_accepted"
    ALARM_NOT_TAKEN = "alarm_not_taken"
    PROMISE_NOT_KEPT = "promise_not_kept"
    NOT_ANSWERED = "not_answered"
    NOT_THERE = "not_there"
    NOT_DONE = "not_done"
    NOT_CALLED_BACK = "not_called_back"


_CAUSES: Mapping[DeadlineKind, Cause] = {
    DeadlineKind.ACKNOWLEDGE: Cause.ALARM_NOT_TAKEN,
    DeadlineKind.PROMISE: Cause.PROMISE_NOT_KEPT,
    DeadlineKind.ON_SITE: Cause.NOT_THERE,
    DeadlineKind.COMPLETION: Cause.NOT_DONE,
    DeadlineKind.CALL_BACK: Cause.NOT_CALLED_BACK,
    DeadlineKind.DISPATCH: Cause.NOT_ASSIGNED,
    DeadlineKind.ACCEPT: Cause.NOT_ACCEPTED,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A deadline that was missed; `assignee` is who is in charge of the ticket now."""

    ticket_id: int
    number: str
    summary: str
    kind: DeadlineKind
    due_at: datetime
    breached_at: datetime
    assignee: str | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class Board:
    """The figures, what is about to be late, what was late since the day began, and who has waited longest."""

    counts: Mapping[str, int]
    soon: tuple[QueueRow, ...]
    breaches: tuple[Breach, ...]
    oldest: QueueRow | None
    oldest_since: datetime | None


def board(session: Session, staff: StaffIdentity, now: datetime, day_began: datetime) -> Board:
    """The board of the member's community. Raises NotAllowedError for who does not lead."""
    require(staff, Permission.BOARD_SEE)
    own = not_about(staff)
    figures = _figures(staff, now, day_began)
    running = {name: condition for name, condition in figures.items() if name is not Figure.BREACHED}
    row = session.execute(
        select(*(func.count().filter(condition).label(name) for name, condition in running.items()))
        .select_from(Ticket)
        .where(*own, Ticket.status.in_(RUNNING))
    ).one()
    late = session.execute(select(func.count()).select_from(Ticket).where(*own, figures[Figure.BREACHED])).scalar_one()
    waits = select(Ticket.id, Ticket.awaiting_reply_since).where(*own, figures[Figure.WAITING])
    oldest = session.execute(waits.order_by(Ticket.awaiting_reply_since).limit(1)).one_or_none()
    return Board(
        counts={**row._mapping, Figure.BREACHED: late},  # noqa: SLF001 - the library's public name for it
        soon=ticket_rows(session, [*own, figures[Figure.SOON]], now, limit=_SOON_ROWS),
        breaches=_breaches(session, staff, own, day_began),
        oldest=ticket_rows(session, [*own, Ticket.id == oldest.id], now)[0] if oldest else None,
        oldest_since=oldest.awaiting_reply_since if oldest else None,
    )


def behind(
    session: Session, staff: StaffIdentity, figure: Figure, now: datetime, day_began: datetime
) -> tuple[QueueRow, ...]:
    """The tickets that a figure counts, the most urgent first; errors as in `board`."""
    require(staff, Permission.BOARD_SEE)
    return ticket_rows(session, [*not_about(staff), _figures(staff, now, day_began)[figure]], now, limit=_ROWS)


def _figures(staff: StaffIdentity, now: datetime, day_began: datetime) -> Mapping[Figure, ColumnElement[bool]]:
    running = Ticket.status.in_(RUNNING)
    # What is late already may have another deadline that can still be kept.
    falls_due = exists().where(
        Deadline.community_id == Ticket.community_id,
        Deadline.ticket_id == Ticket.id,
        Deadline.state == DeadlineState.RUNNING,
        Deadline.due_at.between(now, now + SOON),
    )
    figures: dict[Figure, ColumnElement[bool]] = {
        Figure.OPEN: running,
        Figure.UNASSIGNED: and_(running, Ticket.assignee_id.is_(None)),
        Figure.SOON: and_(running, falls_due),
        Figure.OVERDUE: and_(running, func.coalesce(earliest_due < now, False)),
        Figure.BREACHED: Ticket.id.in_(select(TicketEvent.ticket_id).where(*_late_since(staff, day_began))),
        Figure.ALARMS: and_(running, Ticket.severity == Severity.ALARM),
        Figure.UNTAKEN: and_(running, untaken_alarm),
        Figure.WAITING: and_(running, Ticket.awaiting_reply_since.is_not(None)),
    }
    younger = now + timedelta(days=1)
    for figure, age in _AGES.items():
        older = now - age if age else datetime.min.replace(tzinfo=now.tzinfo)
        figures[figure] = and_(running, Ticket.opened_at > older, Ticket.opened_at <= younger)
        younger = older
    return figures


def _late_since(staff: StaffIdentity, day_began: datetime) -> list[ColumnElement[bool]]:
    """The events of deadlines that passed since the day began; ids are ordered by time, so that no old one is read."""
    return [
        TicketEvent.community_id == staff.community_id,
        TicketEvent.id >= lowest_id(day_began),
        TicketEvent.kind == _BREACHED,
        TicketEvent.at >= day_began,
    ]


def _breaches(
    session: Session, staff: StaffIdentity, own: Sequence[ColumnElement[bool]], day_began: datetime
) -> tuple[Breach, ...]:
    events = session.execute(
        select(TicketEvent.at, TicketEvent.detail, Ticket.id, Ticket.number, Ticket.summary, Staff.name)
        .join(Ticket, and_(Ticket.community_id == TicketEvent.community_id, Ticket.id == TicketEvent.ticket_id))
        .outerjoin(Staff, and_(Staff.community_id == Ticket.community_id, Staff.id == Ticket.assignee_id))
        .where(*own, *_late_since(staff, day_began))
        .order_by(TicketEvent.id.desc())
        .limit(_BREACHES)
    ).all()
    wanted = [int(row.detail.get("deadline", 0)) for row in events]
    missed = {
        deadline.id: deadline
        for deadline in session.execute(
            select(Deadline).where(Deadline.community_id == staff.community_id, Deadline.id.in_(wanted))
        ).scalars()
    }
    handed = _handed(session, staff.community_id, {row.id for row in events})
    return tuple(
        Breach(
            row.id,
            row.number,
            row.summary,
            missed[key].kind,
            missed[key].due_at,
            row.at,
            row.name,
            _cause(missed[key], handed.get(row.id, [])),
        )
        for row, key in zip(events, wanted, strict=True)
        if key in missed
    )


def _handed(session: Session, community_id: int, ticket_ids: set[int]) -> Mapping[int, list[tuple[str, datetime]]]:
    """When tickets were given to somebody, and when they were taken on."""
    found: dict[int, list[tuple[str, datetime]]] = {}
    events = session.execute(
        select(TicketEvent.ticket_id, TicketEvent.kind, TicketEvent.at).where(
            TicketEvent.community_id == community_id,
            TicketEvent.ticket_id.in_(ticket_ids),
            TicketEvent.kind.in_(("ticket:assigned", "ticket:accepted")),
        )
    )
    for ticket_id, kind, at in events:
        found.setdefault(ticket_id, []).append((kind, at))
    return found


def _cause(deadline: Deadline, handed: Sequence[tuple[str, datetime]]) -> Cause:
    """What was missing when the deadline passed; an unanswered resident may have had nobody at all."""
    if cause := _CAUSES.get(deadline.kind):
        return cause
    done = {kind for kind, at in handed if at <= deadline.due_at}
    if not done:
        return Cause.NOT_ASSIGNED
    return Cause.NOT_ANSWERED if "ticket:accepted" in done else Cause.NOT_ACCEPTED
