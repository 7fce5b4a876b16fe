"""Who answers for what is broken, recorded on its ticket; the developer's goes to the manager (domain.md B19)."""

from datetime import datetime

from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.alerts import raise_alerts
from actions.cards import TicketCard, card
from actions.errors import FieldError
from actions.names import AlertKind
from actions.tables import ActorKind, Responsible, Role, Ticket
from actions.transitions import Verb, lock_ticket, next_status, record, refuse_accused

RESPONSIBLE = "ticket:responsible"


def set_responsible(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    responsible: Responsible,
    reason: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record who answers for the matter and how that is known; the manager is told of a developer's matter.

    Raises FieldError when a member gives no reason, NotAllowedError for the member complained about, TransitionError or
    ConflictError. The same again changes nothing.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.UPDATE)
    refuse_accused(ticket, actor.id if actor.kind is ActorKind.STAFF else None, Verb.UPDATE)
    if ticket.responsible is responsible:
        return card(session, community_id, ticket_id, now)
    if actor.kind is ActorKind.STAFF and not reason.strip():
        raise FieldError("reason", "is missing; say how it is known who answers for it")
    note_responsible(session, ticket, actor, responsible, reason=reason.strip(), now=now)
    return card(session, community_id, ticket_id, now)


def note_responsible(
    session: Session, ticket: Ticket, actor: Actor, responsible: Responsible, *, reason: str = "", now: datetime
) -> None:
    """The same for a locked ticket, or one that is just being opened."""
    detail = {"responsible": responsible.value, "before": ticket.responsible.value}
    ticket.responsible = responsible
    record(session, ticket, actor, RESPONSIBLE, reason=reason, detail=detail, now=now)
    if responsible is Responsible.DEVELOPER:
        raise_alerts(session, ticket, (Role.MANAGER,), AlertKind.ESCALATION, now)
