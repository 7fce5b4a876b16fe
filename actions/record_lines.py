"""The record of looks and changes, as managers read it (domain.md C6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, allows, require
from actions.masking import mask_name
from actions.tables import ActorKind, AuditEntry, Message, Resident, Ticket
from actions.views.timeline import staff_names

RECORDS = 100
"""How many lines of the record a page has."""


@dataclass(frozen=True, slots=True)
class RecordLine:
    """Who did or saw what, and why; `about` names what it concerns as far as the reader may know, `to` its page."""

    id: int
    at: datetime
    actor: ActorKind
    actor_name: str
    action: str
    about: str
    to: str
    reason: str
    detail: Mapping[str, Any]


def record_lines(
    session: Session,
    staff: StaffIdentity,
    *,
    action: str = "",
    staff_id: int | None = None,
    before_id: int | None = None,
) -> tuple[tuple[RecordLine, ...], int | None]:
    """The record, newest first, and where its next page begins. Raises NotAllowedError without the permission.

    `action` is a subject such as `logs` or a whole action such as `etiquette:overruled`.
    """
    require(staff, Permission.AUDIT_SEE)
    query = select(AuditEntry).where(AuditEntry.community_id == staff.community_id)
    if ":" in action:
        query = query.where(AuditEntry.action == action)
    elif action:
        query = query.where(AuditEntry.action.startswith(f"{action}:", autoescape=True))
    if staff_id is not None:
        query = query.where(AuditEntry.actor == ActorKind.STAFF, AuditEntry.actor_id == staff_id)
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    rows = session.execute(query.order_by(AuditEntry.id.desc()).limit(RECORDS + 1)).scalars().all()
    page = rows[:RECORDS]
    return _lines(session, staff, page), page[-1].id if len(rows) > RECORDS else None


def _lines(session: Session, staff: StaffIdentity, rows: Sequence[AuditEntry]) -> tuple[RecordLine, ...]:
    actors = {row.actor_id for row in rows if row.actor is ActorKind.STAFF}
    names = staff_names(session, staff.community_id, actors | _ids(rows, "staff"))
    known = {("staff", key): (name, "") for key, name in names.items()}
    known |= _tickets(session, staff, _ids(rows, "ticket"))
    known |= _residents(session, staff, _ids(rows, "resident"))
    known |= _messages(session, staff, _ids(rows, "message"))
    if allows(staff, Permission.CONVERSATION_SEE):
        known |= {("conversation", key): ("", f"/staff/conversations/{key}") for key in _ids(rows, "conversation")}
    return tuple(
        RecordLine(
            row.id,
            row.at,
            row.actor,
            names.get(row.actor_id, "") if row.actor is ActorKind.STAFF and row.actor_id is not None else "",
            row.action,
            *known.get((row.subject, row.subject_id or 0), ("", "")),
            row.reason,
            row.detail,
        )
        for row in rows
    )


_Known = dict[tuple[str, int], tuple[str, str]]


def _ids(rows: Sequence[AuditEntry], subject: str) -> set[int]:
    return {row.subject_id for row in rows if row.subject == subject and row.subject_id is not None}


def _tickets(session: Session, staff: StaffIdentity, ids: set[int]) -> _Known:
    """The numbers of the tickets, but for complaints about the reader (domain.md A12)."""
    linked = allows(staff, Permission.TICKET_SEE)
    found = session.execute(
        select(Ticket.id, Ticket.number).where(
            Ticket.community_id == staff.community_id,
            Ticket.id.in_(ids),
            or_(Ticket.about_staff_id.is_(None), Ticket.about_staff_id != staff.staff_id),
        )
    )
    return {("ticket", key): (number, f"/staff/tickets/{key}" if linked else "") for key, number in found}


def _residents(session: Session, staff: StaffIdentity, ids: set[int]) -> _Known:
    found = session.execute(
        select(Resident.id, Resident.name).where(Resident.community_id == staff.community_id, Resident.id.in_(ids))
    )
    return {("resident", key): (mask_name(name, staff), "") for key, name in found}


def _messages(session: Session, staff: StaffIdentity, ids: set[int]) -> _Known:
    """The words of the messages, for who may read conversations at all, and none that complains about the reader."""
    if not allows(staff, Permission.CONVERSATION_SEE):
        return {}
    about_them = select(Ticket.conversation_id).where(
        Ticket.community_id == staff.community_id,
        Ticket.about_staff_id == staff.staff_id,
        Ticket.conversation_id.is_not(None),
    )
    found = session.execute(
        select(Message.id, Message.conversation_id, Message.text).where(
            Message.community_id == staff.community_id,
            Message.id.in_(ids),
            Message.conversation_id.not_in(about_them),
        )
    )
    return {("message", key): (text, f"/staff/conversations/{talk}") for key, talk, text in found}
