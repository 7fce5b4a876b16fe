"""The desk's queue: open tickets by the time that is left, and residents who wait for a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from actions.access import Permission, StaffIdentity, allows, only_technician, require
from actions.tables import (
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
from actions.views.shown import HeldRow, Queue, QueueRow

_ROWS = 300
_HELD = 50


def queue(session: Session, staff: StaffIdentity, now: datetime) -> Queue:
    """All open tickets that the member may see, alarms first and then by time left (domain.md C1, C9).

    A technician sees their own. Raises NotAllowedError for a role that has no part in tickets.
    """
    require(staff, Permission.TICKET_SEE)
    where = [*_not_about(staff), Ticket.status.in_(RUNNING)]
    if only_technician(staff):
        where.append(Ticket.assignee_id == staff.staff_id)
    rows = ticket_rows(session, where, now)
    return Queue(
        rows=rows,
        held=_held(session, staff) if allows(staff, Permission.CONVERSATION_SEE) else (),
        overdue=sum(1 for row in rows if row.seconds_left is not None and row.seconds_left < 0),
        unassigned=sum(1 for row in rows if row.assignee_id is None),
        mine=sum(1 for row in rows if row.assignee_id == staff.staff_id),
        alarms=sum(1 for row in rows if row.unacknowledged),
    )


def alarms(session: Session, staff: StaffIdentity, now: datetime) -> tuple[QueueRow, ...]:
    """The open alarms, unacknowledged ones first (domain.md B5)."""
    require(staff, Permission.ALARM_ACKNOWLEDGE)
    where = [*_not_about(staff), Ticket.status.in_(RUNNING), Ticket.severity == Severity.ALARM]
    return ticket_rows(session, where, now)


def _not_about(staff: StaffIdentity) -> list[ColumnElement[bool]]:
    """The community's tickets but those in which the member is complained about (domain.md A12)."""
    return [
        Ticket.community_id == staff.community_id,
        or_(Ticket.about_staff_id.is_(None), Ticket.about_staff_id != staff.staff_id),
    ]


def ticket_rows(session: Session, where: Sequence[ColumnElement[bool]], now: datetime) -> tuple[QueueRow, ...]:
    """Tickets as rows of a queue: unacknowledged alarms, other alarms, then by the earliest running deadline."""
    due = (
        select(
            Deadline.community_id,
            Deadline.ticket_id,
            func.min(Deadline.due_at).label("due_at"),
            func.max(case((Deadline.kind == DeadlineKind.ACKNOWLEDGE, 1), else_=0)).label("unacknowledged"),
        )
        .where(Deadline.state == DeadlineState.RUNNING)
        .group_by(Deadline.community_id, Deadline.ticket_id)
        .subquery()
    )
    rows = session.execute(
        select(Ticket, Department.name, Staff.name, due.c.due_at, due.c.unacknowledged)
        .outerjoin(
            Department,
            and_(Department.community_id == Ticket.community_id, Department.id == Ticket.department_id),
        )
        .outerjoin(Staff, and_(Staff.community_id == Ticket.community_id, Staff.id == Ticket.assignee_id))
        .outerjoin(due, and_(due.c.community_id == Ticket.community_id, due.c.ticket_id == Ticket.id))
        .where(*where)
        .order_by(
            func.coalesce(due.c.unacknowledged, 0).desc(),
            case((Ticket.severity == Severity.ALARM, 0), else_=1),
            due.c.due_at.is_(None),
            due.c.due_at,
            Ticket.id,
        )
        .limit(_ROWS)
    ).all()
    kinds = _first_kinds(session, [row[0] for row in rows])
    return tuple(
        _row(ticket, (department, assignee), (due_at, kinds.get(ticket.id)), bool(unacknowledged), now)
        for ticket, department, assignee, due_at, unacknowledged in rows
    )


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
    )


def _held(session: Session, staff: StaffIdentity) -> tuple[HeldRow, ...]:
    """Conversations that the bot does not answer, and whose last word is the resident's."""
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
            last.direction == Direction.IN,
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
