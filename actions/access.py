"""Who may do what: one table, deny by default, and the only functions that hand a row to a staff member."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.errors import NotAllowedError, NotFoundError
from actions.tables import Conversation, Message, Role, Ticket
from actions.tables.base import Tenant

Row = TypeVar("Row", bound=Tenant)


class Permission(StrEnum):
    """One kind of look or change; what is not in the table below is allowed to nobody."""

    TICKET_SEE = "ticket:see"
    TICKET_REPLY = "ticket:reply"
    TICKET_ASSIGN = "ticket:assign"
    TICKET_RESOLVE = "ticket:resolve"
    CONVERSATION_SEE = "conversation:see"
    CONVERSATION_TAKE_OVER = "conversation:take_over"
    ALARM_ACKNOWLEDGE = "alarm:acknowledge"
    PHONE_REVEAL = "phone:reveal"
    BILL_SEE = "bill:see"
    BILL_IMPORT = "bill:import"
    PAYMENT_CONFIRM = "payment:confirm"
    BINDING_MANAGE = "binding:manage"
    BOARD_SEE = "board:see"
    LOG_SEE = "log:see"
    AUDIT_SEE = "audit:see"
    STAFF_MANAGE = "staff:manage"
    CONTENT_EDIT = "content:edit"
    ROSTER_MANAGE = "roster:manage"


_DESK = frozenset({Role.AGENT, Role.SUPERVISOR, Role.MANAGER})
_LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER})

PERMISSIONS: Mapping[Permission, frozenset[Role]] = {
    Permission.TICKET_SEE: _DESK | {Role.TECHNICIAN, Role.MONITORING, Role.QUALITY},
    Permission.TICKET_REPLY: _DESK | {Role.TECHNICIAN, Role.MONITORING},
    Permission.TICKET_ASSIGN: _DESK | {Role.MONITORING},
    Permission.TICKET_RESOLVE: _DESK | {Role.TECHNICIAN},
    Permission.CONVERSATION_SEE: _DESK | {Role.MONITORING, Role.QUALITY},
    Permission.CONVERSATION_TAKE_OVER: _DESK | {Role.MONITORING},
    Permission.ALARM_ACKNOWLEDGE: _DESK | {Role.MONITORING},
    Permission.PHONE_REVEAL: _DESK | {Role.TECHNICIAN, Role.MONITORING},
    Permission.BILL_SEE: _DESK,
    Permission.BILL_IMPORT: _LEADERS,
    Permission.PAYMENT_CONFIRM: _DESK,
    Permission.BINDING_MANAGE: _DESK,
    Permission.BOARD_SEE: _LEADERS,
    Permission.LOG_SEE: _LEADERS | {Role.QUALITY},
    Permission.AUDIT_SEE: frozenset({Role.MANAGER, Role.QUALITY, Role.ADMINISTRATOR}),
    Permission.STAFF_MANAGE: frozenset({Role.ADMINISTRATOR}),
    Permission.CONTENT_EDIT: _LEADERS | {Role.ADMINISTRATOR},
    Permission.ROSTER_MANAGE: _LEADERS | {Role.ADMINISTRATOR},
}


@dataclass(frozen=True, slots=True)
class StaffIdentity:
    """A signed-in staff member, as every page and verb gets to know them."""

    community_id: int
    staff_id: int
    name: str
    roles: frozenset[Role]
    must_change_password: bool = False


def allows(staff: StaffIdentity, permission: Permission) -> bool:
    """Whether any of the member's roles carries the permission."""
    return not staff.roles.isdisjoint(PERMISSIONS.get(permission, frozenset()))


def require(staff: StaffIdentity, permission: Permission) -> None:
    """Raise NotAllowedError unless the member has the permission."""
    if not allows(staff, permission):
        raise NotAllowedError(f"{permission} is not allowed to {', '.join(sorted(staff.roles)) or 'nobody'}")


def only_technician(staff: StaffIdentity, permission: Permission = Permission.TICKET_SEE) -> bool:
    """Whether the permission covers only the work that was given to the member.

    A second role widens the view only where it carries the permission itself.
    """
    return staff.roles & PERMISSIONS.get(permission, frozenset()) == {Role.TECHNICIAN}


def access_ticket(session: Session, staff: StaffIdentity, ticket_id: int, permission: Permission) -> Ticket:
    """A ticket of the member's own community. A technician gets only those assigned to them.

    A complaint is hidden from the member complained about (domain.md A12).
    Raises NotAllowedError, or NotFoundError for rows whose existence the member may not learn of.
    """
    require(staff, permission)
    ticket = _own(session, Ticket, staff, ticket_id)
    if only_technician(staff, permission) and ticket.assignee_id != staff.staff_id:
        raise NotFoundError(f"ticket {ticket_id} is not there")
    if ticket.about_staff_id == staff.staff_id:
        raise NotFoundError(f"ticket {ticket_id} is not there")
    return ticket


def access_conversation(
    session: Session, staff: StaffIdentity, conversation_id: int, permission: Permission
) -> Conversation:
    """A conversation of the member's own community; errors as in `access_ticket`.

    Whatever the permission, the member must be one who may see conversations.
    """
    require(staff, Permission.CONVERSATION_SEE)
    require(staff, permission)
    conversation = _own(session, Conversation, staff, conversation_id)
    _refuse_accused(session, staff, conversation_id)
    return conversation


def access_message(session: Session, staff: StaffIdentity, message_id: int) -> Message:
    """A message that the member may read because its conversation may be seen; errors as in `access_ticket`."""
    require(staff, Permission.CONVERSATION_SEE)
    message = _own(session, Message, staff, message_id)
    _refuse_accused(session, staff, message.conversation_id)
    return message


def _refuse_accused(session: Session, staff: StaffIdentity, conversation_id: int) -> None:
    """A conversation in which somebody complains about this member is hidden from them (domain.md A12)."""
    about_them = select(Ticket.id).where(
        Ticket.community_id == staff.community_id,
        Ticket.conversation_id == conversation_id,
        Ticket.about_staff_id == staff.staff_id,
    )
    if session.execute(about_them.limit(1)).first() is not None:
        raise NotFoundError(f"conversation {conversation_id} is not there")


def _own(session: Session, table: type[Row], staff: StaffIdentity, row_id: int) -> Row:
    found = session.execute(
        select(table).where(table.community_id == staff.community_id, table.id == row_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError(f"{table.__name__} {row_id} is not there")
    return found
