"""The queue as a member looks at it: views with their counts, filters, one page of rows (domain.md C1, C4, C9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, allows, only_technician, require
from actions.tables import (
    Area,
    Building,
    Conversation,
    Department,
    Room,
    Snooze,
    Ticket,
    TicketEvent,
    TicketStatus,
)
from actions.transitions import RUNNING
from actions.views.queue import earliest_due, held, not_about, ticket_rows, untaken_alarm
from actions.views.shown import Queue

PAGE = 100
"""How many tickets a page of the queue shows."""


class View(StrEnum):
    """A way to look at the open tickets."""

    ALL = "all"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    WAITING = "waiting"
    COMPLAINTS = "complaints"
    BUILDINGS = "buildings"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What narrows the queue besides its view; the empty value of each narrows nothing. `page` counts from 1.

    `matters` are the kinds (`repair`) and categories (`repair.outage`) whose names, shown in the rows, hold the words.
    """

    view: View = View.ALL
    kind: str = ""
    severity: str = ""
    department_id: int | None = None
    building: str = ""
    words: str = ""
    page: int = 1
    matters: tuple[str, ...] = ()


def queue(session: Session, staff: StaffIdentity, now: datetime, chosen: QueueFilter | None = None) -> Queue:
    """The open tickets that the member may see, alarms first and then by time left.

    A technician sees their own. Raises NotAllowedError for a role that has no part in tickets.
    """
    require(staff, Permission.TICKET_SEE)
    chosen = chosen or QueueFilter()
    visible = [*not_about(staff), Ticket.status.in_(RUNNING)]
    if only_technician(staff):
        visible.append(Ticket.assignee_id == staff.staff_id)
    where = [*visible, *_narrowed(chosen)]
    views = _views(staff, _own_buildings(session, staff), now)
    counts = _counts(session, where, views)
    rows = ticket_rows(session, [*where, views[chosen.view]], now, limit=PAGE, offset=(max(chosen.page, 1) - 1) * PAGE)
    return Queue(
        rows=rows,
        total=counts[chosen.view],
        held=held(session, staff) if allows(staff, Permission.CONVERSATION_SEE) else (),
        counts=counts,
        alarms=_untaken_alarms(session, visible),
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of the queue offer."""

    departments: tuple[tuple[int, str], ...]
    buildings: tuple[str, ...]


def choices(session: Session, staff: StaffIdentity) -> Choices:
    """The departments and buildings of the member's community."""
    departments = session.execute(
        select(Department.id, Department.name)
        .where(Department.community_id == staff.community_id)
        .order_by(Department.name)
    )
    names = session.execute(select(Building.name).where(Building.community_id == staff.community_id)).scalars()
    return Choices(tuple((row[0], row[1]) for row in departments), tuple(sorted(names, key=_by_number)))


def _by_number(name: str) -> tuple[int, str]:
    digits = "".join(sign for sign in name if sign.isdigit())
    return int(digits or 0), name


def _counts(
    session: Session, where: Sequence[ColumnElement[bool]], views: Mapping[View, ColumnElement[bool]]
) -> Mapping[str, int]:
    """How many tickets each view has, in one look at the open tickets."""
    row = session.execute(
        select(*(func.count().filter(condition).label(name) for name, condition in views.items()))
        .select_from(Ticket)
        .where(*where)
    ).one()
    return dict(row._mapping)  # noqa: SLF001 - the library's public name for it


def _untaken_alarms(session: Session, visible: Sequence[ColumnElement[bool]]) -> int:
    """How many alarms nobody has taken, whatever the page is narrowed to."""
    return session.execute(select(func.count()).select_from(Ticket).where(*visible, untaken_alarm)).scalar_one()


def _views(
    staff: StaffIdentity, own_buildings: Sequence[tuple[int, str]], now: datetime
) -> Mapping[View, ColumnElement[bool]]:
    aside = _snoozed(now)
    here = ~aside
    escalated = exists().where(
        TicketEvent.community_id == Ticket.community_id,
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.kind == "deadline:escalated",
    )
    # Nothing is owed by us: it was answered, or the resident agreed to a time.
    answered = and_(
        Ticket.awaiting_reply_since.is_(None),
        or_(Ticket.first_replied_at.is_not(None), Ticket.status == TicketStatus.WAITING),
    )
    return {
        View.ALL: here,
        View.MINE: and_(here, Ticket.assignee_id == staff.staff_id),
        View.UNASSIGNED: and_(here, Ticket.assignee_id.is_(None)),
        View.OVERDUE: func.coalesce(earliest_due < now, False),
        View.ESCALATED: and_(here, escalated),
        View.WAITING: and_(here, answered),
        View.COMPLAINTS: and_(here, Ticket.kind == "complaint"),
        View.BUILDINGS: and_(here, _in_buildings(own_buildings)),
        View.SNOOZED: aside,
    }


def _snoozed(now: datetime) -> ColumnElement[bool]:
    """Put aside, unless its time has come, something on it is overdue, or the resident has written since."""
    wrote = exists().where(
        Conversation.community_id == Ticket.community_id,
        Conversation.id == Ticket.conversation_id,
        Conversation.last_inbound_at > Snooze.at,
    )
    put_aside = exists().where(
        Snooze.community_id == Ticket.community_id, Snooze.ticket_id == Ticket.id, Snooze.until > now, ~wrote
    )
    return and_(put_aside, func.coalesce(earliest_due >= now, True))


def _in_buildings(buildings: Sequence[tuple[int, str]]) -> ColumnElement[bool]:
    """In the rooms of some buildings, or at a place whose description begins with one of them."""
    rooms = exists().where(
        Room.community_id == Ticket.community_id,
        Room.id == Ticket.room_id,
        Room.building_id.in_([building_id for building_id, _name in buildings]),
    )
    return or_(rooms, *(Ticket.place.startswith(name, autoescape=True) for _id, name in buildings))


def _own_buildings(session: Session, staff: StaffIdentity) -> Sequence[tuple[int, str]]:
    rows = session.execute(
        select(Building.id, Building.name)
        .join(Area, and_(Area.community_id == Building.community_id, Area.building_id == Building.id))
        .where(Area.community_id == staff.community_id, Area.staff_id == staff.staff_id)
    )
    return [(row[0], row[1]) for row in rows]


def _narrowed(chosen: QueueFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if chosen.kind:
        where.append(Ticket.kind == chosen.kind)
    if chosen.severity:
        where.append(Ticket.severity == chosen.severity)
    if chosen.department_id is not None:
        where.append(Ticket.department_id == chosen.department_id)
    if chosen.building:
        building = exists().where(
            Room.community_id == Ticket.community_id,
            Room.id == Ticket.room_id,
            Building.community_id == Room.community_id,
            Building.id == Room.building_id,
            Building.name == chosen.building,
        )
        where.append(or_(building, Ticket.place.startswith(chosen.building, autoescape=True)))
    if chosen.words:
        columns = (Ticket.summary, Ticket.number, Ticket.place)
        written = (column.icontains(chosen.words, autoescape=True) for column in columns)
        where.append(or_(*written, *(_about(label) for label in chosen.matters)))
    return where


def _about(label: str) -> ColumnElement[bool]:
    kind, _, category = label.partition(".")
    return and_(Ticket.kind == kind, Ticket.category == category) if category else Ticket.kind == kind
