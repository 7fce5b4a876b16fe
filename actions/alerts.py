"""Words to staff members about tickets: raised by the desk, shown together, told only when they were seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.orm import Session

from actions.deadlines import work_starts_at
from actions.errors import NotFoundError
from actions.ids import new_id
from actions.ladder import ASSIGNEE
from actions.live import emit
from actions.names import AlertKind
from actions.night import Night
from actions.roster import Told, is_active, recipients
from actions.tables import Alert, Role, Severity, Ticket
from actions.ticket_policy import Telling
from actions.transitions import RUNNING, record_clock

TOLD = "alert:told"
# Whoever has not seen an alert gets at most this share of the time that is left before it goes to the next person.
_SHARE_OF_LEFT = 3


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
    bundle_id: int


@dataclass(frozen=True, slots=True)
class AlertBundle:
    """Alerts of one kind that came shortly after each other: one line to their reader, however many they are."""

    kind: AlertKind
    first_at: datetime
    alerts: tuple[AlertCard, ...]

    @property
    def tickets(self) -> tuple[AlertCard, ...]:
        """One alert of each ticket, since it may have been warned of more than once."""
        return tuple({alert.ticket_id: alert for alert in reversed(self.alerts)}.values())[::-1]


def raise_alerts(
    session: Session,
    ticket: Ticket,
    to: Sequence[str],
    kind: AlertKind,
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> tuple[Told, ...]:
    """Raise an alert for whoever is on duty in each of the roles (or the ticket's `assignee`); for whom.

    Nobody gets two for the same step, and the member whom the complaint is about gets none. Where the community has
    nobody to tell, an alert without a member is written, which the audit reports. `due_at` is what it warns of.
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
    elif due_at is not None and now < due_at < now + _rules_of(ticket)[0].tight:
        centre = recipients(session, ticket.community_id, Role.MONITORING, now, without=accused | reached)
        told += [centre] if centre.staff_ids and centre.role == Role.MONITORING else []
    write_alerts(session, ticket, told, kind, now, due_at=due_at)
    return tuple(told)


def write_alerts(
    session: Session,
    ticket: Ticket,
    told: Sequence[Told],
    kind: AlertKind,
    now: datetime,
    *,
    due_at: datetime | None = None,
    passed_from_id: int | None = None,
) -> None:
    """Write the alerts to people already found, each in the bundle of those of its kind that they got just before."""
    telling, night = _rules_of(ticket)
    wait = telling.pass_on.get(kind)
    pass_on_at = None if wait is None else pass_on_moment(ticket.severity, wait, night, now, due_at)
    people = [staff_id for one in told for staff_id in one.staff_ids]
    bundles = _bundles_of(session, ticket.community_id, people, kind, now - telling.within)
    rows = []
    for one in told:
        for staff_id in one.staff_ids or (None,):
            alert_id = new_id(session, now)
            rows.append(
                {
                    "community_id": ticket.community_id,
                    "id": alert_id,
                    "ticket_id": ticket.id,
                    "staff_id": staff_id,
                    "role": one.role,
                    "kind": kind.value,
                    "bundle_id": bundles.get(staff_id, alert_id),
                    "due_at": due_at,
                    "pass_on_at": pass_on_at,
                    "passed_from_id": passed_from_id,
                    "created_at": now,
                }
            )
    session.execute(insert(Alert), rows)
    emit(session, ticket.community_id, "alert:raised", ticket_id=ticket.id, now=now)


def pass_on_moment(
    severity: Severity, wait: timedelta, night: Night, now: datetime, due_at: datetime | None
) -> datetime:
    """When an alert that nobody has seen goes to the next person: not in the night, and in time for what is due."""
    started_at = work_starts_at(now, severity, night)
    if due_at is not None and due_at > now:
        started_at = min(started_at, due_at)
        wait = min(wait, max((due_at - started_at) / _SHARE_OF_LEFT, timedelta(minutes=1)))
    return started_at + wait


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
            # Whoever turned out to be the one complained about reads no more of it (domain.md A12).
            or_(Ticket.about_staff_id.is_(None), Ticket.about_staff_id != staff_id),
        )
        .order_by(Alert.id.desc())
        .limit(limit)
    )
    return tuple(
        AlertCard(
            alert.id, alert.ticket_id, number, summary, severity, AlertKind(alert.kind), alert.role,
            alert.created_at, alert.seen_at, alert.bundle_id or alert.id,
        )
        for alert, number, summary, severity in rows
    )  # fmt: skip


def bundles(session: Session, community_id: int, staff_id: int, *, limit: int = 100) -> tuple[AlertBundle, ...]:
    """The same, those that belong together in one: nobody reads twenty lines because of one bad hour."""
    cards = sorted(open_alerts(session, community_id, staff_id, limit=limit), key=lambda one: (-one.bundle_id, -one.id))
    grouped = (tuple(alerts) for _, alerts in groupby(cards, key=lambda one: one.bundle_id))
    return tuple(AlertBundle(alerts[0].kind, alerts[-1].created_at, alerts) for alerts in grouped)


def mark_seen(session: Session, community_id: int, staff_id: int, alert_ids: Collection[int], now: datetime) -> None:
    """Record that a member's own alerts have been shown to them: only now were they told (domain.md A11).

    An alarm is told when it is acknowledged. Seen before stays as it was.
    """
    if not alert_ids:
        return
    seen = session.execute(
        update(Alert)
        .where(
            Alert.community_id == community_id,
            Alert.staff_id == staff_id,
            Alert.id.in_(alert_ids),
            Alert.seen_at.is_(None),
        )
        .values(seen_at=now, pass_on_at=None)
        .returning(Alert.id, Alert.ticket_id, Alert.kind)
        .execution_options(synchronize_session=False)
    ).all()
    _record_told(session, community_id, staff_id, [row for row in seen if row.kind != AlertKind.ALARM], now)


def acknowledge(session: Session, community_id: int, staff_id: int, alert_id: int, now: datetime) -> None:
    """Record that a member has taken note; once is enough.

    Raises NotFoundError for an alert that is not theirs. An alarm itself is acknowledged on its ticket.
    """
    own = (Alert.community_id == community_id, Alert.staff_id == staff_id, Alert.id == alert_id)
    found = session.execute(select(Alert.ticket_id, Alert.kind).where(*own)).one_or_none()
    if found is None:
        raise NotFoundError(f"alert {alert_id} is not there")
    mark_seen(session, community_id, staff_id, [alert_id], now)
    session.execute(update(Alert).where(*own, Alert.acknowledged_at.is_(None)).values(acknowledged_at=now))
    emit(session, community_id, "alert:acknowledged", ticket_id=found.ticket_id, now=now)


def acknowledge_all(session: Session, ticket: Ticket, staff_id: int, kind: AlertKind, now: datetime) -> None:
    """Record that a member has taken note of everything of one kind on a ticket; of an alarm they are told by that."""
    taken = session.execute(
        update(Alert)
        .where(
            Alert.community_id == ticket.community_id,
            Alert.ticket_id == ticket.id,
            Alert.staff_id == staff_id,
            Alert.kind == kind,
            Alert.acknowledged_at.is_(None),
        )
        .values(acknowledged_at=now, seen_at=now, pass_on_at=None)
        .returning(Alert.id, Alert.ticket_id, Alert.kind)
        .execution_options(synchronize_session=False)
    ).all()
    _record_told(session, ticket.community_id, staff_id, taken, now)


def _record_told(
    session: Session, community_id: int, staff_id: int, seen: Sequence[tuple[int, int, str]], now: datetime
) -> None:
    """Write that somebody was told, on each ticket: who, and by which alerts."""
    by_ticket: dict[int, list[int]] = {}
    for alert_id, ticket_id, _kind in sorted(seen):
        by_ticket.setdefault(ticket_id, []).append(alert_id)
    for ticket_id, alert_ids in by_ticket.items():
        ticket = session.execute(
            select(Ticket).where(Ticket.community_id == community_id, Ticket.id == ticket_id)
        ).scalar_one()
        detail = {"staff": str(staff_id), "alerts": [str(alert_id) for alert_id in alert_ids]}
        record_clock(session, ticket, TOLD, detail, now)


def _rules_of(ticket: Ticket) -> tuple[Telling, Night]:
    return Telling.thaw(ticket.policy["telling"]), Night.thaw(ticket.policy["night"])


def _meant(session: Session, ticket: Ticket, name: str, accused: frozenset[int], now: datetime) -> Told:
    if name != ASSIGNEE:
        return recipients(session, ticket.community_id, Role(name), now, without=accused)
    assignee = ticket.assignee_id
    if assignee is not None and assignee not in accused and is_active(session, ticket.community_id, assignee):
        return Told(ASSIGNEE, (assignee,))
    # Nobody is in charge yet, so the reminder goes to the desk.
    return recipients(session, ticket.community_id, Role.AGENT, now, without=accused)


def _bundles_of(
    session: Session, community_id: int, staff_ids: Collection[int], kind: AlertKind, since: datetime
) -> dict[int | None, int]:
    """For each person the bundle to which an alert of this kind belongs now: that of their last one since a moment."""
    found: dict[int | None, int] = {}
    for staff_id in staff_ids:
        last = session.execute(
            select(Alert.bundle_id, Alert.created_at, Alert.acknowledged_at)
            .where(Alert.community_id == community_id, Alert.staff_id == staff_id, Alert.kind == kind.value)
            .order_by(Alert.id.desc())
            .limit(1)
        ).one_or_none()
        if last is not None and last.bundle_id and last.created_at > since and last.acknowledged_at is None:
            found[staff_id] = last.bundle_id
    return found
