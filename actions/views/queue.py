"""Rows of the desk's lists: tickets by the time that is left, and residents who wait for a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from actions.access import Permission, StaffIdentity, require
from actions.tables import (
    Author,
    Contact,
    Conversation,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Department,
    Direction,
    Message,
    Resident,
    Severity,
    Staff,
    Ticket,
    TurnOwner,
)
from actions.transitions import RUNNING
from actions.views.shown import HeldRow, QueueRow

_ROWS = 300
_HELD = 50


def alarms(session: Session, staff: StaffIdentity, now: datetime) -> tuple[QueueRow, ...]:
    """The open alarms, unacknowledged ones first (domain.md B5)."""
    require(staff, Permission.ALARM_ACKNOWLEDGE)
    where = [*not_about(staff), Ticket.status.in_(RUNNING), Ticket.severity == Severity.ALARM]
    return ticket_rows(session, where, now)


def not_about(staff: StaffIdentity) -> list[ColumnElement[bool]]:
    """The community's tickets but those in which the member is complained about (domain.md A12)."""
    return [
        Ticket.community_id == staff.community_id,
        or_(Ticket.about_staff_id.is_(None), Ticket.about_staff_id != staff.staff_id),
    ]


_RUNNING = (
    Deadline.community_id == Ticket.community_id,
    Deadline.ticket_id == Ticket.id,
    Deadline.state == DeadlineState.RUNNING,
)
# The earliest running deadline of the outer query's ticket, and whether it is an alarm that nobody has taken.
earliest_due = select(func.min(Deadline.due_at)).where(*_RUNNING).correlate(Ticket).scalar_subquery()
untaken_alarm = and_(
    Ticket.severity == Severity.ALARM,
    exists().where(*_RUNNING, Deadline.kind == DeadlineKind.ACKNOWLEDGE).correlate(Ticket),
)


def ticket_rows(
    session: Session, where: Sequence[ColumnElement[bool]], now: datetime, *, limit: int = _ROWS, offset: int = 0
) -> tuple[QueueRow, ...]:
    """Tickets as rows of a queue: unacknowledged alarms, other alarms, then by the earliest running deadline.

    The order is found on few columns, and only the rows of the page are read whole: a ticket carries its rules.
    """
    found = (
        select(
            Ticket.community_id,
            Ticket.id,
            earliest_due.label("due_at"),
            case((untaken_alarm, 1), else_=0).label("untaken"),
            case((Ticket.severity == Severity.ALARM, 0), else_=1).label("rank"),
        )
        .where(*where)
        .subquery()
    ).c
    page = session.execute(
        select(found.community_id, found.id, found.due_at, found.untaken)
        .order_by(found.untaken.desc(), found.rank, found.due_at.is_(None), found.due_at, found.id)
        .limit(limit)
        .offset(offset)
    ).all()
    whole = _whole(session, page[0].community_id, [row.id for row in page]) if page else {}
    kinds = _first_kinds(session, [ticket for ticket, _department, _assignee in whole.values()])
    return tuple(
        _row(whole[key][0], whole[key][1:], (due, kinds.get(key)), bool(taken), now)
        for _community, key, due, taken in page
    )


def _whole(
    session: Session, community_id: int, ticket_ids: Sequence[int]
) -> dict[int, tuple[Ticket, str | None, str | None]]:
    """Tickets by id, each with the names of its department and of who is in charge."""
    rows = session.execute(
        select(Ticket, Department.name, Staff.name)
        .outerjoin(
            Department,
            and_(Department.community_id == Ticket.community_id, Department.id == Ticket.department_id),
        )
        .outerjoin(Staff, and_(Staff.community_id == Ticket.community_id, Staff.id == Ticket.assignee_id))
        .where(Ticket.community_id == community_id, Ticket.id.in_(ticket_ids))
    )
    return {ticket.id: (ticket, department, assignee) for ticket, department, assignee in rows}


def _first_kinds(session: Session, tickets: Sequence[Ticket]) -> dict[int, DeadlineKind]:
    """Which running deadline of each ticket falls first."""
    if not tickets:
        return {}
    found = session.execute(
        select(Deadline.ticket_id, Deadline.kind)
        .where(
            Deadline.community_id == tickets[0].community_id,
            Deadline.ticket_id.in_([ticket.id for ticket in tickets]),
            Deadline.state == DeadlineState.RUNNING,
        )
        .order_by(Deadline.due_at.desc(), Deadline.id.desc())
    )
    return dict(found.all())


def _row(
    ticket: Ticket,
    given_to: tuple[str | None, str | None],
    due: tuple[datetime | None, DeadlineKind | None],
    unacknowledged: bool,
    now: datetime,
) -> QueueRow:
    (department, assignee), (due_at, due_kind) = given_to, due
    return QueueRow(
        id=ticket.id,
        number=ticket.number,
        kind=ticket.kind,
        category=ticket.category,
        severity=ticket.severity,
        status=ticket.status,
        summary=ticket.summary,
        place=ticket.place,
        department=department,
        assignee_id=ticket.assignee_id,
        assignee=assignee,
        opened_at=ticket.opened_at,
        due_at=due_at,
        due_kind=due_kind,
        seconds_left=None if due_at is None else int((due_at - now).total_seconds()),
        unacknowledged=unacknowledged,
        awaiting_reply=ticket.awaiting_reply_since is not None,
        breached=ticket.breached,
        version=ticket.version,
        reopened=ticket.reopened_count,
    )


def held(session: Session, staff: StaffIdentity) -> tuple[HeldRow, ...]:
    """Conversations in which a resident waits for a person: theirs is the last word, or the bot's while nobody came."""
    last = aliased(Message)
    holder = aliased(Staff)
    rows = session.execute(
        select(Conversation, last.text, last.sent_at, holder.name, Resident.name, Contact.display_name)
        .select_from(Conversation)
        .join(
            last,
            and_(
                last.community_id == Conversation.community_id,
                last.conversation_id == Conversation.id,
                last.seq == _last_spoken(),
            ),
        )
        .join(Contact, and_(Contact.community_id == Conversation.community_id, Contact.id == Conversation.contact_id))
        .outerjoin(Resident, and_(Resident.community_id == Contact.community_id, Resident.id == Contact.resident_id))
        .outerjoin(holder, and_(holder.community_id == Conversation.community_id, holder.id == Conversation.staff_id))
        .where(
            Conversation.community_id == staff.community_id,
            Conversation.owner != TurnOwner.BOT,
            or_(
                last.direction == Direction.IN,
                # The bot has said that somebody comes, and nobody has.
                and_(Conversation.owner == TurnOwner.NOBODY, last.author == Author.BOT),
            ),
            ~select(Ticket.id)
            .where(
                Ticket.community_id == Conversation.community_id,
                Ticket.conversation_id == Conversation.id,
                Ticket.about_staff_id == staff.staff_id,
            )
            .correlate(Conversation)
            .exists(),
        )
        .order_by(last.sent_at)
        .limit(_HELD)
    ).all()
    tickets = _open_ticket_of(session, staff.community_id, [row[0].id for row in rows])
    return tuple(
        HeldRow(row.id, row.owner, name, resident or display, text, sent_at, tickets.get(row.id))
        for row, text, sent_at, name, resident, display in rows
    )


def _last_spoken() -> Any:
    """The place of the last message that was spoken, not noted, in the outer query's conversation."""
    spoken = aliased(Message)
    return (
        select(func.max(spoken.seq))
        .where(
            spoken.community_id == Conversation.community_id,
            spoken.conversation_id == Conversation.id,
            spoken.direction != Direction.NOTE,
        )
        .correlate(Conversation)
        .scalar_subquery()
    )


def _open_ticket_of(session: Session, community_id: int, conversation_ids: Sequence[int]) -> dict[int | None, int]:
    if not conversation_ids:
        return {}
    rows = session.execute(
        select(Ticket.conversation_id, Ticket.id)
        .where(
            Ticket.community_id == community_id,
            Ticket.conversation_id.in_(conversation_ids),
            Ticket.status.in_(RUNNING),
        )
        .order_by(Ticket.id)
    )
    return dict(rows.all())
