"""Which change a ticket allows in which state, and the one way in which a change is recorded."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.errors import ConflictError, NotAllowedError, NotFoundError, TransitionError
from actions.ids import new_id
from actions.live import emit
from actions.statements import table
from actions.tables import ActorKind, Ticket, TicketEvent, TicketStatus

_LOCK = (
    select(Ticket)
    .where(Ticket.community_id == bindparam("this_community"), Ticket.id == bindparam("this_ticket"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_INSERT_EVENT = insert(table(TicketEvent))


class Verb(StrEnum):
    """What can be done to a ticket."""

    ASSIGN = "assign"
    ACCEPT = "accept"
    NOTE = "note"
    URGE = "urge"
    REPLY = "reply"
    HOLD = "hold"
    UPDATE = "update"
    RAISE = "raise"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RATE = "rate"
    CLOSE = "close"
    PROMISE = "promise"
    AGREE = "agree"
    PAUSE = "pause"
    RESUME = "resume"
    ARRIVE = "arrive"
    CALL_BACK = "call_back"
    MERGE = "merge"
    SPLIT = "split"
    LINK = "link"
    RETURN = "return"


_S, _V = TicketStatus, Verb
RUNNING = frozenset({_S.OPEN, _S.ASSIGNED, _S.ACCEPTED, _S.WAITING})
_STAYS = (
    _V.NOTE, _V.URGE, _V.UPDATE, _V.RAISE, _V.ACKNOWLEDGE, _V.PROMISE, _V.AGREE, _V.PAUSE, _V.RESUME, _V.ARRIVE,
    _V.SPLIT, _V.LINK,
)  # fmt: skip

TRANSITIONS: Mapping[tuple[TicketStatus, Verb], TicketStatus] = {
    **{(status, verb): status for status in RUNNING for verb in _STAYS},
    **{(status, _V.ASSIGN): _S.ASSIGNED for status in RUNNING},
    # Of a colleague who left nobody waits for an answer: the ticket is to be given out again.
    **{(status, _V.RETURN): _S.OPEN for status in RUNNING - {_S.OPEN}},
    **{(status, _V.HOLD): _S.WAITING for status in RUNNING},
    **{(status, _V.RESOLVE): _S.RESOLVED for status in RUNNING},
    **{(status, _V.CANCEL): _S.CANCELLED for status in RUNNING},
    # What is merged into another ticket is not a request of its own any more.
    **{(status, _V.MERGE): _S.CANCELLED for status in RUNNING},
    # Whoever answers a ticket of which nobody is in charge takes it on; one that is given to a colleague stays theirs.
    (_S.OPEN, _V.REPLY): _S.ACCEPTED,
    (_S.ASSIGNED, _V.REPLY): _S.ASSIGNED,
    (_S.ACCEPTED, _V.REPLY): _S.ACCEPTED,
    (_S.WAITING, _V.REPLY): _S.ACCEPTED,
    (_S.OPEN, _V.ACCEPT): _S.ACCEPTED,
    (_S.ASSIGNED, _V.ACCEPT): _S.ACCEPTED,
    (_S.WAITING, _V.ACCEPT): _S.WAITING,
    (_S.RESOLVED, _V.NOTE): _S.RESOLVED,
    (_S.RESOLVED, _V.REPLY): _S.RESOLVED,
    (_S.RESOLVED, _V.RATE): _S.RESOLVED,
    (_S.RESOLVED, _V.REOPEN): _S.OPEN,
    (_S.RESOLVED, _V.CLOSE): _S.CLOSED,
    (_S.RESOLVED, _V.CALL_BACK): _S.RESOLVED,
    (_S.RESOLVED, _V.LINK): _S.RESOLVED,
    (_S.CLOSED, _V.LINK): _S.CLOSED,
    (_S.CLOSED, _V.NOTE): _S.CLOSED,
    (_S.CLOSED, _V.RATE): _S.CLOSED,
    (_S.CLOSED, _V.REOPEN): _S.OPEN,
}


def allowed(status: TicketStatus) -> tuple[Verb, ...]:
    """What can be done to a ticket in this state."""
    return tuple(verb for verb in Verb if (status, verb) in TRANSITIONS)


def next_status(status: TicketStatus, verb: Verb) -> TicketStatus:
    """The state after a change. Raises TransitionError naming the state, the verb and what is allowed."""
    if (status, verb) not in TRANSITIONS:
        raise TransitionError(
            f"a ticket that is {status} does not allow {verb}; allowed: {', '.join(allowed(status)) or 'nothing'}"
        )
    return TRANSITIONS[status, verb]


def lock_ticket(session: Session, community_id: int, ticket_id: int, *, version: int | None = None) -> Ticket:
    """The ticket, locked until the transaction ends.

    Raises NotFoundError, or ConflictError when `version` is given and somebody has changed the ticket since.
    """
    key = {"this_community": community_id, "this_ticket": ticket_id}
    ticket: Ticket | None = session.execute(_LOCK, key).scalar_one_or_none()
    if ticket is None:
        raise NotFoundError(f"ticket {ticket_id} is not there")
    if version is not None and ticket.version != version:
        raise ConflictError(
            f"ticket {ticket.number} is at version {ticket.version}, not {version}", current=ticket.status.value
        )
    return ticket


def staff_id_of(actor: Actor, verb: Verb) -> int:
    """The staff member who acts. Raises NotAllowedError for anybody else."""
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise NotAllowedError(f"{verb} is for staff members")
    return actor.id


def acting_staff(actor: Actor) -> int | None:
    """The staff member who acts, or None when it is somebody else."""
    return actor.id if actor.kind is ActorKind.STAFF else None


def refuse_accused(ticket: Ticket, staff_id: int | None, verb: Verb) -> None:
    """Raise NotAllowedError when this is the member whom the complaint is about (domain.md C9)."""
    if staff_id is not None and staff_id == ticket.about_staff_id:
        raise NotAllowedError(f"{verb}: whoever is complained about does not handle or close {ticket.number}")


def record(
    session: Session,
    ticket: Ticket,
    actor: Actor,
    kind: str,
    *,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    message_id: int | None = None,
    now: datetime,
) -> None:
    """Write a change of a ticket: the event, the ticket's next version and a line of the live feed."""
    ticket.version += 1
    values = {"actor": actor.kind, "actor_id": actor.id, "reason": reason, "message_id": message_id}
    _write(session, ticket, kind, values | {"detail": dict(detail or {})}, now)


def record_clock(session: Session, ticket: Ticket, kind: str, detail: Mapping[str, Any], now: datetime) -> None:
    """Write what the desk noticed by itself.

    The version stays: a reminder must not make a conflict of the reply that somebody is just writing.
    """
    _write(session, ticket, kind, {"actor": ActorKind.SYSTEM, "detail": dict(detail)}, now)


def _write(session: Session, ticket: Ticket, kind: str, values: Mapping[str, Any], now: datetime) -> None:
    session.flush()  # the event refers to the ticket, which may not be stored yet
    event = {"community_id": ticket.community_id, "id": new_id(session, now), "ticket_id": ticket.id, "at": now}
    session.execute(_INSERT_EVENT, {**event, "kind": kind, **values})
    emit(session, ticket.community_id, kind, conversation_id=ticket.conversation_id, ticket_id=ticket.id, now=now)
