"""What has come about since a place: new tickets and new alerts, for whoever plays or replays the desk."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.names import AlertKind
from actions.tables import Alert, Community, Severity, Ticket, TicketStatus


@dataclass(frozen=True, slots=True)
class NewTicketRow:
    """A ticket that was opened."""

    id: int
    number: str
    kind: str
    category: str | None
    severity: Severity
    opened_at: datetime
    conversation_id: int | None


@dataclass(frozen=True, slots=True)
class NewAlertRow:
    """An alert that was raised; `staff_id` is None where the community has nobody, `due_at` what it warns of."""

    id: int
    ticket_id: int
    staff_id: int | None
    kind: AlertKind
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a ticket stands for whoever is about to do something with it."""

    id: int
    number: str
    kind: str
    category: str | None
    status: TicketStatus
    severity: Severity
    version: int
    assignee_id: int | None
    about_staff_id: int | None
    awaiting: bool
    conversation_id: int | None
    pause_count: int


def any_community(session: Session) -> bool:
    """Whether the database holds anybody's community."""
    return session.execute(select(Community.id).limit(1)).scalar_one_or_none() is not None


def opened_since(session: Session, community_id: int, ticket_id: int) -> tuple[NewTicketRow, ...]:
    """The tickets that were opened after one, in order."""
    rows = session.execute(
        select(
            Ticket.id, Ticket.number, Ticket.kind, Ticket.category, Ticket.severity, Ticket.opened_at,
            Ticket.conversation_id,
        )
        .where(Ticket.community_id == community_id, Ticket.id > ticket_id)
        .order_by(Ticket.id)
    )  # fmt: skip
    return tuple(NewTicketRow(*row) for row in rows)


def alerts_since(session: Session, community_id: int, alert_id: int) -> tuple[NewAlertRow, ...]:
    """The alerts that were raised after one, in order."""
    rows = session.execute(
        select(Alert.id, Alert.ticket_id, Alert.staff_id, Alert.kind, Alert.created_at, Alert.due_at)
        .where(Alert.community_id == community_id, Alert.id > alert_id)
        .order_by(Alert.id)
    )
    return tuple(NewAlertRow(row[0], row[1], row[2], AlertKind(row[3]), row[4], row[5]) for row in rows)


def unseen_by(session: Session, community_id: int, staff_id: int) -> tuple[NewAlertRow, ...]:
    """What a member would find on the screen: their alerts that they have not seen, in order."""
    rows = session.execute(
        select(Alert.id, Alert.ticket_id, Alert.staff_id, Alert.kind, Alert.created_at, Alert.due_at)
        .where(
            Alert.community_id == community_id,
            Alert.staff_id == staff_id,
            Alert.seen_at.is_(None),
            Alert.acknowledged_at.is_(None),
        )
        .order_by(Alert.id)
    )
    return tuple(NewAlertRow(row[0], row[1], row[2], AlertKind(row[3]), row[4], row[5]) for row in rows)


def standing(session: Session, community_id: int, ticket_id: int) -> Standing:
    """How a ticket stands. Raises NoResultFound when there is none."""
    row = session.execute(
        select(Ticket).where(Ticket.community_id == community_id, Ticket.id == ticket_id)
    ).scalar_one()
    return Standing(
        row.id, row.number, row.kind, row.category, row.status, row.severity, row.version, row.assignee_id,
        row.about_staff_id, row.awaiting_reply_since is not None, row.conversation_id, row.pause_count,
    )  # fmt: skip
