"""Who sees to a ticket: assigned, accepted, an alarm acknowledged, the matter made more serious (domain.md C3, C10)."""

from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy.orm import Session

from actions import clocks
from actions.access import PERMISSIONS, Permission
from actions.actors import Actor
from actions.alerts import acknowledge_all, raise_alerts
from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.ladder import ASSIGNEE
from actions.names import AlertKind
from actions.policy import Policy
from actions.raising import raise_to
from actions.roster import is_active, roles_of
from actions.tables import ActorKind, DeadlineKind, Severity, Ticket
from actions.tickets import TicketCard, card, check_visit
from actions.transitions import Verb, acting_staff, lock_ticket, next_status, record, refuse_accused, staff_id_of

_RANK = list(Severity)


class TicketChanges(TypedDict, total=False):
    """What can be corrected on a ticket; what is not named stays as it is."""

    place: str
    summary: str
    phone: str | None
    room_id: int | None
    resident_id: int | None
    visit_from: datetime | None
    visit_until: datetime | None
    about_staff_id: int | None


def assign(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    staff_id: int,
    reason: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Put a member in charge, and tell them; it is recorded who did it, when and why (domain.md C3).

    Raises FieldError for somebody who does not work here, NotAllowedError for the member complained about (C9), and
    TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    status = next_status(ticket.status, Verb.ASSIGN)
    refuse_accused(ticket, acting_staff(actor), Verb.ASSIGN)
    refuse_accused(ticket, staff_id, Verb.ASSIGN)
    if not is_active(session, community_id, staff_id):
        raise FieldError("staff_id", "is nobody who works here; choose a member of the staff list")
    _give(session, ticket, staff_id, actor, reason=reason, now=now)
    ticket.status = status
    clocks.end(session, ticket, (DeadlineKind.DISPATCH, DeadlineKind.ACCEPT), now=now)
    if actor.kind is ActorKind.STAFF and actor.id == staff_id:
        return _accepted(session, ticket, actor, now)
    clocks.start_work_clock(session, ticket, DeadlineKind.ACCEPT, now)
    raise_alerts(session, ticket, (ASSIGNEE,), AlertKind.REMINDER, now)
    return card(session, community_id, ticket_id, now)


def accept(
    session: Session, actor: Actor, community_id: int, ticket_id: int, *, version: int | None = None, now: datetime
) -> TicketCard:
    """Record that the member in charge has taken the work on; who accepts an open ticket is in charge of it.

    Raises NotAllowedError when somebody else is in charge, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.ACCEPT)
    staff_id = staff_id_of(actor, Verb.ACCEPT)
    refuse_accused(ticket, staff_id, Verb.ACCEPT)
    if ticket.assignee_id is None:
        _give(session, ticket, staff_id, actor, reason="", now=now)
    elif ticket.assignee_id != staff_id:
        raise NotAllowedError(f"{ticket.number} is assigned to somebody else; only they accept it")
    return _accepted(session, ticket, actor, now)


def take_on(session: Session, ticket: Ticket, actor: Actor, staff_id: int, now: datetime) -> None:
    """Whoever answers is in charge where nobody was; and whoever was in charge has accepted by answering."""
    if ticket.assignee_id is None:
        _give(session, ticket, staff_id, actor, reason="", now=now)
        clocks.end(session, ticket, (DeadlineKind.DISPATCH,), now=now)
    if ticket.assignee_id == staff_id and clocks.running(session, ticket, (DeadlineKind.ACCEPT,)):
        _accepted(session, ticket, actor, now)


def acknowledge_alarm(
    session: Session, actor: Actor, community_id: int, ticket_id: int, *, now: datetime
) -> TicketCard:
    """Record that a person has taken the alarm; only now may the resident be told so (domain.md A11). Once is enough.

    Raises NotAllowedError for a role that takes no alarms, TransitionError for a ticket that is no alarm.
    """
    ticket = lock_ticket(session, community_id, ticket_id)
    next_status(ticket.status, Verb.ACKNOWLEDGE)
    staff_id = staff_id_of(actor, Verb.ACKNOWLEDGE)
    if roles_of(session, community_id, staff_id).isdisjoint(PERMISSIONS[Permission.ALARM_ACKNOWLEDGE]):
        raise NotAllowedError(f"{Verb.ACKNOWLEDGE} is for those who take alarms")
    if ticket.severity is not Severity.ALARM:
        raise TransitionError(f"{ticket.number} is no alarm; there is nothing to acknowledge")
    if clocks.running(session, ticket, (DeadlineKind.ACKNOWLEDGE,)):
        clocks.end(session, ticket, (DeadlineKind.ACKNOWLEDGE,), now=now)
        record(session, ticket, actor, "alarm:acknowledged", now=now)
    acknowledge_all(session, ticket, staff_id, AlertKind.ALARM, now)
    return card(session, community_id, ticket_id, now)


def update_fields(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    version: int | None = None,
    now: datetime,
    **changes: Unpack[TicketChanges],
) -> TicketCard:
    """Correct what the ticket says; the event keeps what was there before. Nothing is written when nothing changes.

    Raises FieldError for an empty summary or a visit that ends before it begins, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.UPDATE)
    if not changes.get("summary", ticket.summary).strip():
        raise FieldError("summary", "is empty; say what it is about")
    check_visit(changes.get("visit_from", ticket.visit_from), changes.get("visit_until", ticket.visit_until))
    if changes.get("about_staff_id", ticket.about_staff_id) is not None:
        _take_from_accused(ticket, changes)
    before = {name: getattr(ticket, name) for name, value in changes.items() if getattr(ticket, name) != value}
    if before:
        for name in before:
            setattr(ticket, name, changes[name])  # type: ignore[literal-required]
        detail = {"before": {name: _plain(value) for name, value in before.items()}}
        record(session, ticket, actor, "ticket:updated", detail=detail, now=now)
    return card(session, community_id, ticket_id, now)


def raise_severity(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    severity: Severity,
    reason: str,
    policy: Policy,
    now: datetime,
) -> TicketCard:
    """Make a running matter more serious and start what hangs on it: first contact, or the alarm (domain.md C10).

    A matter never becomes less serious by this; the same or a lower severity changes nothing. Raises TransitionError.
    """
    ticket = lock_ticket(session, community_id, ticket_id)
    next_status(ticket.status, Verb.RAISE)
    if _RANK.index(severity) <= _RANK.index(ticket.severity):
        return card(session, community_id, ticket_id, now)
    rules = policy.for_ticket(ticket.kind, ticket.category, severity)
    raise_to(session, ticket, actor, severity, rules.times, reason=reason, now=now)
    return card(session, community_id, ticket_id, now)


def arrive(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    note: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record that a member is there (到场); whoever was in charge has accepted by that.

    Raises NotAllowedError for all but staff and for the member complained about, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.ARRIVE)
    staff_id = staff_id_of(actor, Verb.ARRIVE)
    refuse_accused(ticket, staff_id, Verb.ARRIVE)
    take_on(session, ticket, actor, staff_id, now)
    stopped = clocks.end(session, ticket, (DeadlineKind.ON_SITE,), now=now)
    record(session, ticket, actor, "ticket:arrived", reason=note.strip(), detail={"stopped": stopped}, now=now)
    return card(session, community_id, ticket_id, now)


def _give(session: Session, ticket: Ticket, staff_id: int, actor: Actor, *, reason: str, now: datetime) -> None:
    before = ticket.assignee_id
    ticket.assignee_id = staff_id
    detail = {"staff": str(staff_id), "before": None if before is None else str(before)}
    record(session, ticket, actor, "ticket:assigned", reason=reason, detail=detail, now=now)


def _accepted(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> TicketCard:
    ticket.status = next_status(ticket.status, Verb.ACCEPT)
    clocks.end(session, ticket, (DeadlineKind.DISPATCH, DeadlineKind.ACCEPT), now=now)
    record(session, ticket, actor, "ticket:accepted", now=now)
    return card(session, ticket.community_id, ticket.id, now)


def _take_from_accused(ticket: Ticket, changes: TicketChanges) -> None:
    if ticket.assignee_id is not None and changes.get("about_staff_id") == ticket.assignee_id:
        raise FieldError("about_staff_id", "is in charge of the ticket; assign it to somebody else first")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, int) else value
