"""Alerts that nobody has seen go to the next person: no step of a ladder may fall silent (domain.md C4, C9)."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.alerts import write_alerts
from actions.errors import ActionError
from actions.ladder import ASSIGNEE
from actions.names import AlertKind
from actions.roster import successors
from actions.tables import Alert, Role, Ticket
from actions.transitions import RUNNING, record_clock

PASSED_ON = "alert:passed_on"
NOBODY_LEFT = "alert:nobody_left"
_LOOKED_AT = 16


class StuckAlertError(ActionError):
    """An alert could not be passed on; `alert_id` is to be set aside, and the loop goes on."""

    def __init__(self, alert_id: int, error: Exception) -> None:
        super().__init__(f"alert {alert_id}: {type(error).__name__}: {error}")
        self.alert_id = alert_id


def pass_on_one(session: Session, now: datetime) -> bool:
    """Give the alert that waited longest to the next person on duty; False when none is due or others are at it.

    Raises StuckAlertError, to be answered by rolling back and calling `set_aside`.
    """
    claimed = _claim(session, now)
    if claimed is None:
        return False
    alert, ticket = claimed
    session.execute(
        update(Alert)
        .where(Alert.community_id == alert.community_id, Alert.id == alert.id)
        .values(pass_on_at=None)
        .execution_options(synchronize_session=False)
    )
    if alert.seen_at is None and alert.acknowledged_at is None and ticket.status in RUNNING:
        try:
            _pass_on(session, alert, ticket, now)
        except (KeyError, TypeError, ValueError) as error:
            raise StuckAlertError(alert.id, error) from error
    return True


def set_aside(session: Session, alert_id: int) -> None:
    """Leave an alert that cannot be passed on to the audit, which reports it as not delivered."""
    session.execute(update(Alert).where(Alert.id == alert_id).values(pass_on_at=None))


def next_moment(session: Session) -> datetime | None:
    """When the next alert is to be passed on, or None when none waits."""
    return session.execute(
        select(Alert.pass_on_at).where(Alert.pass_on_at.is_not(None)).order_by(Alert.pass_on_at).limit(1)
    ).scalar_one_or_none()


def _claim(session: Session, now: datetime) -> tuple[Alert, Ticket] | None:
    """The alert that waited longest and whose ticket nobody else holds; the ticket's lock covers its alerts."""
    candidates = session.execute(
        select(Alert.community_id, Alert.id, Alert.ticket_id)
        .where(Alert.pass_on_at <= now)
        .order_by(Alert.pass_on_at, Alert.id)
        .limit(_LOOKED_AT)
    ).all()
    for community_id, alert_id, ticket_id in candidates:
        ticket = session.execute(
            select(Ticket)
            .where(Ticket.community_id == community_id, Ticket.id == ticket_id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).scalar_one_or_none()
        if ticket is None:
            continue
        alert = session.execute(
            select(Alert)
            .where(Alert.community_id == community_id, Alert.id == alert_id, Alert.pass_on_at <= now)
            .execution_options(populate_existing=True)
        ).scalar_one_or_none()
        if alert is not None:
            return alert, ticket
    return None


def _pass_on(session: Session, alert: Alert, ticket: Ticket, now: datetime) -> None:
    root = alert.passed_from_id or alert.id
    rows = session.execute(
        select(
            Alert.id,
            Alert.staff_id,
            Alert.kind,
            Alert.role,
            Alert.created_at,
            Alert.due_at,
            Alert.seen_at,
            Alert.passed_from_id,
        ).where(Alert.community_id == alert.community_id, Alert.ticket_id == alert.ticket_id)
    ).all()
    # Of the same kind is not enough: who was told that work was given to them knows nothing of the answer that is due.
    alike = [
        row
        for row in rows
        if (row.kind, row.due_at) == (alert.kind, alert.due_at) and row.created_at >= alert.created_at
    ]
    if any(row.seen_at is not None and row.role == alert.role for row in alike):
        return  # a colleague on duty in the same role knows
    # Whoever still has an unseen alert on this ticket, or has seen this one, need not get another one.
    chain = [row for row in rows if root in {row.id, row.passed_from_id}]
    unseen = [row for row in rows if row.seen_at is None]
    before = {row.staff_id for row in (*alike, *chain, *unseen) if row.staff_id is not None}
    accused = set() if ticket.about_staff_id is None else {ticket.about_staff_id}
    first = next((row.role for row in rows if row.id == root), alert.role)
    role = Role.SUPERVISOR if first == ASSIGNEE else Role(first)
    told = successors(session, alert.community_id, role, now, without=before | accused)
    detail: dict[str, object] = {"alert": str(alert.id), "from": str(alert.staff_id or "")}
    if told is None:
        record_clock(session, ticket, NOBODY_LEFT, detail, now)
        return
    kind = AlertKind(alert.kind)
    write_alerts(session, ticket, [told], kind, now, due_at=alert.due_at, passed_from_id=root)
    record_clock(session, ticket, PASSED_ON, detail | {"to": [str(one) for one in told.staff_ids]}, now)
