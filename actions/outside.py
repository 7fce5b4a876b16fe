"""Complaints that came through an authority: its number, and the earlier of its limit and ours (domain.md C11)."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.cards import TicketCard, card
from actions.errors import FieldError
from actions.major import MajorReason
from actions.owed import Clock
from actions.raising import make_major
from actions.tables import ActorKind, DeadlineKind, DeadlineState, Severity, Ticket
from actions.transitions import Verb, lock_ticket, next_status, record, refuse_accused

OUTSIDE = "ticket:outside"
_NUMBER = re.compile(r"(?=.*\d)[\w（）()〔〕\[\]#/.-]{4,40}")
_BOUND = (*sorted(clocks.ANSWERS), DeadlineKind.COMPLETION)


def note_outside(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reference: str,
    limit_at: datetime | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record the number that an authority gave a matter, and by when it must be done; both make it a major matter.

    Whatever was due later is due by the limit; without a limit our own times hold, those of a major matter. Raises
    FieldError for what is no number or a limit that is past, NotAllowedError for the member complained about,
    TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.UPDATE)
    refuse_accused(ticket, actor.id if actor.kind is ActorKind.STAFF else None, Verb.UPDATE)
    number = check_reference(reference, limit_at, now)
    earlier = [limit for limit in (ticket.outside_due_at, limit_at) if limit is not None]
    detail = {"reference": number, "limit": None if limit_at is None else limit_at.isoformat()}
    if (ticket.reference, ticket.outside_due_at) == (number, min(earlier, default=None)):
        return card(session, community_id, ticket_id, now)
    ticket.reference, ticket.outside_due_at = number, min(earlier, default=None)
    record(session, ticket, actor, OUTSIDE, detail=detail, now=now)
    if ticket.severity is Severity.NORMAL:
        make_major(session, ticket, reason=MajorReason.OUTSIDE.value, now=now)
    if ticket.outside_due_at is not None:
        _bring_forward(session, ticket, ticket.outside_due_at, now)
    return card(session, community_id, ticket_id, now)


def check_reference(reference: str, limit_at: datetime | None, now: datetime) -> str:
    """The number of an authority without the spaces around it. Raises FieldError for what is none, or a past limit."""
    number = reference.strip()
    if _NUMBER.fullmatch(number) is None:
        raise FieldError("reference", "is no number of an authority; copy it as it was given")
    if limit_at is not None and limit_at <= now:
        raise FieldError("limit_at", "lies in the past; write the authority's limit")
    return number


def _bring_forward(session: Session, ticket: Ticket, limit_at: datetime, now: datetime) -> None:
    """Nothing is due after the limit, and something always is due by it: the matter itself."""
    for deadline in clocks.running(session, ticket, _BOUND, states=(DeadlineState.RUNNING, DeadlineState.PAUSED)):
        if deadline.due_at <= limit_at:
            continue
        deadline.state, deadline.ended_at, deadline.next_check_at = DeadlineState.REPLACED, now, None
        # What stood still in a pause is due by the limit all the same, and stands still no more.
        clocks.start(session, ticket, Clock(deadline.kind, deadline.started_at, limit_at, words=deadline.words), now)
    if not clocks.running(session, ticket, (DeadlineKind.COMPLETION,)):
        clocks.start(session, ticket, Clock(DeadlineKind.COMPLETION, now, limit_at), now)
    if ticket.reply_due_at is not None:
        ticket.reply_due_at = min(ticket.reply_due_at, limit_at)


def number_of(session: Session, community_id: int, ticket_id: int) -> str:
    """The authority's number of a ticket, empty where it has none."""
    found = session.execute(
        select(Ticket.reference).where(Ticket.community_id == community_id, Ticket.id == ticket_id)
    ).scalar_one_or_none()
    return found or ""
