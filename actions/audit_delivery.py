"""Proves deliveries: no notice is stuck or lost without a reason, and nobody is said to have been told who was not."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from actions.alerts import TOLD
from actions.audit_scope import Scope
from actions.conversations import FETCHED_CHANNELS
from actions.findings import GRACE, LOOKED_BACK, Finding, FindingKind
from actions.names import AlertKind
from actions.passing_on import NOBODY_LEFT
from actions.tables import Alert, Contact, Conversation, OutboxRow, OutboxState, Ticket, TicketEvent
from actions.transitions import RUNNING

_WORDED = "deadline:worded"
_WAITING = (OutboxState.PENDING, OutboxState.CLAIMED)
_ENDED_BADLY = (OutboxState.GIVEN_UP, OutboxState.HELD)


def audit_delivery(session: Session, scope: Scope) -> Iterator[Finding]:
    """Everything about delivery that is not as it must be, in all communities."""
    for check in (_stuck, _without_reason, _unseen, _claims, _worded):
        yield from check(session, scope)


def _stuck(session: Session, scope: Scope) -> Iterator[Finding]:
    """Messages whose next attempt is long past, and which do not wait behind another one to the same contact."""
    earlier = aliased(OutboxRow)
    behind = (
        select(earlier.id)
        .where(
            earlier.community_id == OutboxRow.community_id,
            earlier.contact_id == OutboxRow.contact_id,
            earlier.next_attempt_at.is_not(None),
            earlier.id < OutboxRow.id,
        )
        .exists()
    )
    late = and_(OutboxRow.next_attempt_at.is_not(None), OutboxRow.next_attempt_at < scope.now - GRACE)
    stranded = and_(scope.recent(OutboxRow), OutboxRow.next_attempt_at.is_(None), OutboxRow.state.in_(_WAITING))
    tried = or_(OutboxRow.state.in_(_WAITING), OutboxRow.state == OutboxState.AMBIGUOUS)
    found = [
        tuple(row)
        for why in (late, stranded)
        for row in session.execute(select(OutboxRow.id, OutboxRow.state).where(why, tried, ~behind))
    ]
    for row_id, state in sorted(found):
        yield Finding(FindingKind.OUTBOX_STUCK, None, f"outbox row {row_id} is {state} and nobody takes it")


def _without_reason(session: Session, scope: Scope) -> Iterator[Finding]:
    """Messages that were given up or held back, of which nobody can say why."""
    rows = session.execute(
        select(OutboxRow.id, OutboxRow.state)
        .where(
            scope.recent(OutboxRow),
            OutboxRow.state.in_(_ENDED_BADLY),
            OutboxRow.created_at > scope.now - LOOKED_BACK,
            or_(OutboxRow.last_error.is_(None), OutboxRow.last_error == ""),
        )
        .order_by(OutboxRow.id)
    )
    for row_id, state in rows:
        yield Finding(FindingKind.NOT_DELIVERED, None, f"outbox row {row_id} is {state} and no reason is recorded")


def _unseen(session: Session, scope: Scope) -> Iterator[Finding]:
    """Alerts on open tickets that nobody of their chain has seen, and that go to nobody else any more for no reason.

    That everybody was tried is a reason, and on record. An alarm is left out: its ladder rings until somebody comes.
    """
    other = aliased(Alert)
    root = _root(Alert)
    seen_or_waiting = (
        select(other.id)
        .where(
            other.community_id == Alert.community_id,
            other.ticket_id == Alert.ticket_id,
            or_(_root(other) == root, other.created_at >= Alert.created_at),
            or_(other.seen_at.is_not(None), other.pass_on_at > scope.now - GRACE),
        )
        .exists()
    )
    everybody_tried = (
        select(TicketEvent.id)
        .where(
            TicketEvent.community_id == Alert.community_id,
            TicketEvent.ticket_id == Alert.ticket_id,
            TicketEvent.kind == NOBODY_LEFT,
            TicketEvent.at >= Alert.created_at,
        )
        .exists()
    )
    rows = session.execute(
        select(Alert.ticket_id, Alert.id, Alert.kind)
        .join(Ticket, and_(Ticket.community_id == Alert.community_id, Ticket.id == Alert.ticket_id))
        .where(
            scope.recent(Alert),
            Alert.seen_at.is_(None),
            Alert.acknowledged_at.is_(None),
            Alert.kind != AlertKind.ALARM.value,
            Alert.created_at.between(scope.now - LOOKED_BACK, scope.now - GRACE),
            Ticket.status.in_(RUNNING),
            ~seen_or_waiting,
            ~everybody_tried,
        )
        .order_by(Alert.id)
    )
    for ticket_id, alert_id, kind in rows:
        yield Finding(FindingKind.ALERT_NOT_PASSED_ON, ticket_id, f"alert {alert_id} ({kind}) was seen by nobody")


def _claims(session: Session, scope: Scope) -> Iterator[Finding]:
    """Events that say that somebody was told, without an alert that they have seen."""
    rows = session.execute(
        select(TicketEvent.ticket_id, TicketEvent.detail).where(
            scope.recent(TicketEvent), TicketEvent.kind == TOLD, TicketEvent.at > scope.now - LOOKED_BACK
        )
    ).all()
    claimed = {int(alert_id): ticket_id for ticket_id, detail in rows for alert_id in detail.get("alerts", ())}
    seen: set[int] = set()
    wanted = sorted(claimed)
    for start in range(0, len(wanted), 500):
        seen |= set(
            session.execute(
                select(Alert.id).where(
                    scope.here(Alert), Alert.id.in_(wanted[start : start + 500]), Alert.seen_at.is_not(None)
                )
            ).scalars()
        )
    for alert_id in wanted:
        if alert_id not in seen:
            message = f"somebody is said to have been told by alert {alert_id}, which nobody has seen"
            yield Finding(FindingKind.TOLD_WITHOUT_DELIVERY, claimed[alert_id], message)


def _worded(session: Session, scope: Scope) -> Iterator[Finding]:
    """New times given to residents whose message is not on its way, did not arrive, and has no reason for it."""
    rows = session.execute(
        select(TicketEvent.ticket_id, TicketEvent.detail, Contact.channel, TicketEvent.community_id)
        .join(Ticket, and_(Ticket.community_id == TicketEvent.community_id, Ticket.id == TicketEvent.ticket_id))
        .join(
            Conversation,
            and_(Conversation.community_id == Ticket.community_id, Conversation.id == Ticket.conversation_id),
        )
        .join(Contact, and_(Contact.community_id == Conversation.community_id, Contact.id == Conversation.contact_id))
        .where(
            scope.recent(TicketEvent),
            TicketEvent.kind == _WORDED,
            TicketEvent.at.between(scope.now - LOOKED_BACK, scope.now - GRACE),
        )
    )
    for ticket_id, detail, channel, community_id in rows:
        message_id = detail.get("message")
        if message_id is None or channel in FETCHED_CHANNELS:
            continue
        found = session.execute(
            select(OutboxRow.id)
            .where(OutboxRow.community_id == community_id, OutboxRow.message_id == int(message_id))
            .limit(1)
        ).scalar_one_or_none()
        if found is None:
            message = (
                f"the resident is said to have been given a new time by message {message_id}, which was never sent"
            )
            yield Finding(FindingKind.TOLD_WITHOUT_DELIVERY, ticket_id, message)


def _root(alert: type[Alert]) -> ColumnElement[int]:
    """The first alert of a chain of people to whom one was passed on."""
    return func.coalesce(alert.passed_from_id, alert.id)
