"""What pages need to know of the estate and its staff: the community itself, and to whom work can be given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, allows, only_technician, require
from actions.live import Change
from actions.tables import Community, Department, RosterEntry, Staff, StaffRole, Ticket
from actions.transitions import RUNNING
from actions.views.shown import Assignee


@dataclass(frozen=True, slots=True)
class EstateCard:
    """An estate as its pages show it; `facts` are its phone numbers, prices and hours."""

    id: int
    code: str
    name: str
    timezone: str
    facts: Mapping[str, Any]


def estate(session: Session, code: str | None) -> EstateCard | None:
    """The estate of a code, or without one the estate that was set up first; None when there is none."""
    query = select(Community).order_by(Community.id).limit(1)
    if code is not None:
        query = query.where(Community.code == code)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else EstateCard(row.id, row.code, row.name, row.timezone, dict(row.facts))


def estate_by_id(session: Session, community_id: int) -> EstateCard:
    """The estate to which a signed-in member belongs."""
    row = session.execute(select(Community).where(Community.id == community_id)).scalar_one()
    return EstateCard(row.id, row.code, row.name, row.timezone, dict(row.facts))


def assignees(session: Session, staff: StaffIdentity, now: datetime) -> tuple[Assignee, ...]:
    """The members to whom a ticket can be given, those on duty first, by department."""
    require(staff, Permission.TICKET_ASSIGN)
    on_duty = set(
        session.execute(
            select(RosterEntry.staff_id).where(
                RosterEntry.community_id == staff.community_id,
                RosterEntry.starts_at <= now,
                RosterEntry.ends_at > now,
            )
        ).scalars()
    )
    roles: dict[int, tuple[Any, ...]] = {}
    for staff_id, role in session.execute(
        select(StaffRole.staff_id, StaffRole.role)
        .where(StaffRole.community_id == staff.community_id)
        .order_by(StaffRole.role)
    ):
        roles[staff_id] = (*roles.get(staff_id, ()), role)
    rows = session.execute(
        select(Staff.id, Staff.name, Department.name)
        .outerjoin(
            Department, and_(Department.community_id == Staff.community_id, Department.id == Staff.department_id)
        )
        .where(Staff.community_id == staff.community_id, Staff.active)
        .order_by(Department.name, Staff.name)
    )
    load = dict(
        session.execute(
            select(Ticket.assignee_id, func.count())
            .where(Ticket.community_id == staff.community_id, Ticket.status.in_(RUNNING))
            .group_by(Ticket.assignee_id)
        ).all()
    )
    everyone = [
        Assignee(staff_id, name, department, roles.get(staff_id, ()), staff_id in on_duty, load.get(staff_id, 0))
        for staff_id, name, department in rows
    ]
    return tuple(sorted(everyone, key=lambda member: not member.on_duty))


def visible(session: Session, staff: StaffIdentity, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes of which a member may learn: their own community's, and as far as their role reaches."""
    own = [change for change in changes if change.community_id == staff.community_id]
    tickets = _tickets_of(session, staff, {change.ticket_id for change in own} - {None})
    talks = _conversations_of(session, staff, {_talk_of(change) for change in own} - {None})
    return tuple(
        change
        for change in own
        if (change.ticket_id in tickets if change.ticket_id is not None else _talk_of(change) in talks)
    )


def _talk_of(change: Change) -> int | None:
    """The conversation that a change is about; who is present is told without it, to reach no resident's page."""
    kind, _, conversation_id = change.kind.partition(":")
    return int(conversation_id) if kind == "presence" else change.conversation_id


def alive(session: Session) -> bool:
    """Whether the database answers."""
    return bool(session.execute(select(1)).scalar_one())


def _tickets_of(session: Session, staff: StaffIdentity, ticket_ids: set[int | None]) -> set[int]:
    if not ticket_ids or not allows(staff, Permission.TICKET_SEE):
        return set()
    query = select(Ticket.id).where(
        Ticket.community_id == staff.community_id,
        Ticket.id.in_(ticket_ids),
        or_(Ticket.about_staff_id.is_(None), Ticket.about_staff_id != staff.staff_id),
    )
    if only_technician(staff):
        query = query.where(Ticket.assignee_id == staff.staff_id)
    return set(session.execute(query).scalars())


def _conversations_of(session: Session, staff: StaffIdentity, conversation_ids: set[int | None]) -> set[int | None]:
    if not conversation_ids or not allows(staff, Permission.CONVERSATION_SEE):
        return set()
    about_them = session.execute(
        select(Ticket.conversation_id).where(
            Ticket.community_id == staff.community_id,
            Ticket.conversation_id.in_(conversation_ids),
            Ticket.about_staff_id == staff.staff_id,
        )
    ).scalars()
    return conversation_ids - set(about_them)
