"""Words to staff members about tickets: raised by the desk, shown until they are acknowledged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, insert, select, update
from sqlalchemy.orm import Session

from actions.errors import NotFoundError
from actions.ids import new_id
from actions.ladder import ASSIGNEE
from actions.live import emit
from actions.names import AlertKind
from actions.roster import Told, is_active, recipients
from actions.tables import Alert, Role, Severity, Ticket
from actions.transitions import RUNNING


@dataclass(frozen=True, slots=True)
class AlertCard:
    """An alert as its reader sees it."""

    id: int
    ticket_id: int
    number: str
    summary: str
    severity: Severity
    kind: AlertKind
    role: str
    created_at: datetime
    seen_at: datetime | None


def raise_alerts(
    session: Session, ticket: Ticket, to: Sequence[str], kind: AlertKind, now: datetime
) -> tuple[Told, ...]:
    """Tell whoever is on duty in each of the roles (or the ticket's `assignee`); who was told.

    Nobody is told twice of the same step, and never the member whom the complaint is about. Where the community has
    nobody to tell, an alert without a member is written, which the audit reports.
    """
    accused = frozenset() if ticket.about_staff_id is None else frozenset({ticket.about_staff_id})
    told: list[Told] = []
    reached: set[int] = set()
    for name in to:
        meant = _meant(session, ticket, name, accused, now)
        fresh = tuple(staff_id for staff_id in meant.staff_ids if staff_id not in reached)
        reached.update(fresh)
        if fresh:
            told.append(Told(meant.role, fresh))
    if not told:
        told.append(Told(Role.ADMINISTRATOR, ()))
    session.execute(insert(Alert), [_row(session, ticket, one, staff_id, kind, now) for one, staff_id in _each(told)])
    emit(session, ticket.community_id, "alert:raised", ticket_id=ticket.id, now=now)
    return tuple(told)


def open_alerts(session: Session, community_id: int, staff_id: int, *, limit: int = 100) -> tuple[AlertCard, ...]:
    """What a member has not acknowledged yet, on tickets that are still open; newest first."""
    rows = session.execute(
        select(Alert, Ticket.number, Ticket.summary, Ticket.severity)
        .join(Ticket, and_(Ticket.community_id == Alert.community_id, Ticket.id == Alert.ticket_id))
        .where(
            Alert.community_id == community_id,
            Alert.staff_id == staff_id,
            Alert.acknowledged_at.is_(None),
            Ticket.status.in_(RUNNING),
        )
        .order_by(Alert.id.desc())
        .limit(limit)
    )
    return tuple(
        AlertCard(
            alert.id, alert.ticket_id, number, summary, severity, AlertKind(alert.kind), alert.role,
            alert.created_at, alert.seen_at,
        )
        for alert, number, summary, severity in rows
    )  # fmt: skip


def mark_seen(session: Session, community_id: int, staff_id: int, alert_ids: Collection[int], now: datetime) -> None:
    """Record that a member's own alerts have been shown; seen before stays as it was."""
    if alert_ids:
        session.execute(
            update(Alert)
            .where(
                Alert.community_id == community_id,
                Alert.staff_id == staff_id,
                Alert.id.in_(alert_ids),
                Alert.seen_at.is_(None),
            )
            .values(seen_at=now)
        )


def acknowledge(session: Session, community_id: int, staff_id: int, alert_id: int, now: datetime) -> None:
    """Record that a member has taken note; once is enough.

    Raises NotFoundError for an alert that is not theirs. An alarm itself is acknowledged on its ticket.
    """
    own = (Alert.community_id == community_id, Alert.staff_id == staff_id, Alert.id == alert_id)
    found = session.execute(select(Alert.ticket_id).where(*own)).scalar_one_or_none()
    if found is None:
        raise NotFoundError(f"alert {alert_id} is not there")
    session.execute(update(Alert).where(*own, Alert.acknowledged_at.is_(None)).values(acknowledged_at=now, seen_at=now))
    emit(session, community_id, "alert:acknowledged", ticket_id=found, now=now)


def acknowledge_all(session: Session, ticket: Ticket, staff_id: int, kind: AlertKind, now: datetime) -> None:
    """Record that a member has taken note of everything of one kind on a ticket."""
    session.execute(
        update(Alert)
        .where(
            Alert.community_id == ticket.community_id,
            Alert.ticket_id == ticket.id,
            Alert.staff_id == staff_id,
            Alert.kind == kind,
            Alert.acknowledged_at.is_(None),
        )
        .values(acknowledged_at=now, seen_at=now)
    )


def _meant(session: Session, ticket: Ticket, name: str, accused: frozenset[int], now: datetime) -> Told:
    if name != ASSIGNEE:
        return recipients(session, ticket.community_id, Role(name), now, without=accused)
    assignee = ticket.assignee_id
    if assignee is not None and assignee not in accused and is_active(session, ticket.community_id, assignee):
        return Told(ASSIGNEE, (assignee,))
    # Nobody is in charge yet, so the reminder goes to the desk.
    return recipients(session, ticket.community_id, Role.AGENT, now, without=accused)


def _each(told: Sequence[Told]) -> list[tuple[Told, int | None]]:
    return [(one, staff_id) for one in told for staff_id in (one.staff_ids or (None,))]


def _row(
    session: Session, ticket: Ticket, told: Told, staff_id: int | None, kind: AlertKind, now: datetime
) -> dict[str, object]:
    return {
        "community_id": ticket.community_id,
        "id": new_id(session, now),
        "ticket_id": ticket.id,
        "staff_id": staff_id,
        "role": told.role,
        "kind": kind.value,
        "created_at": now,
    }
