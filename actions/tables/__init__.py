"""All tables; importing this package makes the metadata whole."""

from actions.tables.base import Base
from actions.tables.bulletin import Bill, ContentOverride, Notice
from actions.tables.conversations import Attachment, Author, Conversation, Direction, Message, TurnOwner
from actions.tables.delivery import Alert, LiveEvent, OutboxRow, OutboxState
from actions.tables.people import Binding, BindingCode, BindingRole, Contact, Resident
from actions.tables.places import Building, Community, Room, Unit
from actions.tables.staff import Area, AuditEntry, Department, Role, RosterEntry, Staff, StaffRole, StaffSession
from actions.tables.tickets import (
    ActorKind,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Severity,
    Ticket,
    TicketEvent,
    TicketNumber,
    TicketStatus,
)

__all__ = [
    "ActorKind",
    "Alert",
    "Area",
    "Attachment",
    "AuditEntry",
    "Author",
    "Base",
    "Bill",
    "Binding",
    "BindingCode",
    "BindingRole",
    "Building",
    "Community",
    "Contact",
    "ContentOverride",
    "Conversation",
    "Deadline",
    "DeadlineKind",
    "DeadlineState",
    "Department",
    "Direction",
    "LiveEvent",
    "Message",
    "Notice",
    "OutboxRow",
    "OutboxState",
    "Resident",
    "Role",
    "Room",
    "RosterEntry",
    "Severity",
    "Staff",
    "StaffRole",
    "StaffSession",
    "Ticket",
    "TicketEvent",
    "TicketNumber",
    "TicketStatus",
    "TurnOwner",
    "Unit",
]
