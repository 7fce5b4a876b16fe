"""Who is complained about: passed over at every rung, and kept from the matter on every page (domain.md C9, A12)."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.cards import TicketCard, card
from actions.errors import FieldError
from actions.roster import is_active
from actions.tables import ActorKind, Alert, DeadlineKind, DeadlineState, Mention, Staff, Ticket
from actions.transitions import RUNNING, Verb, lock_ticket, next_status, record, refuse_accused

ABOUT = "ticket:about"
# A name of one sign stands in too many other words.
_SHORTEST_NAME = 2


def name_accused(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    staff_id: int | None,
    reason: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record which member a complaint is about, or that it is about none.

    The matter is taken from them if they were in charge, and what they had been told and not seen goes to the next
    person at once. Raises FieldError for somebody who does not work here, NotAllowedError for the member complained
    about, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.UPDATE)
    refuse_accused(ticket, actor.id if actor.kind is ActorKind.STAFF else None, Verb.UPDATE)
    if staff_id == ticket.about_staff_id:
        return card(session, community_id, ticket_id, now)
    if staff_id is not None and not is_active(session, community_id, staff_id):
        raise FieldError("about", "is nobody who works here; choose a member of the staff list")
    before, ticket.about_staff_id = ticket.about_staff_id, staff_id
    taken = staff_id is not None and ticket.assignee_id == staff_id
    detail = {
        "staff": None if staff_id is None else str(staff_id),
        "before": None if before is None else str(before),
        "taken": taken,
    }
    record(session, ticket, actor, ABOUT, reason=reason.strip(), detail=detail, now=now)
    if staff_id is not None:
        _pass_over(session, ticket, staff_id, now)
    if taken:
        _take_back(session, ticket, now)
    return card(session, community_id, ticket_id, now)


def named_in(session: Session, community_id: int, text: str) -> int | None:
    """The one active member whose name a text holds; None when it names none, or several."""
    members = session.execute(select(Staff.id, Staff.name).where(Staff.community_id == community_id, Staff.active))
    found = {row.id: row.name for row in members if len(row.name) >= _SHORTEST_NAME and row.name in text}
    # Of names that hold one another the longer one was meant.
    whole = [one for one, name in found.items() if not any(name in other != name for other in found.values())]
    return whole[0] if len(whole) == 1 else None


def _pass_over(session: Session, ticket: Ticket, staff_id: int, now: datetime) -> None:
    """What the member has been told of the matter and not seen is for others now."""
    theirs = (Alert.community_id == ticket.community_id, Alert.ticket_id == ticket.id, Alert.staff_id == staff_id)
    session.execute(
        update(Alert)
        .where(*theirs, Alert.seen_at.is_(None), Alert.pass_on_at.is_not(None))
        .values(pass_on_at=now)
        .execution_options(synchronize_session=False)
    )
    here = [Mention.ticket_id == ticket.id]
    if ticket.conversation_id is not None:
        here.append(Mention.conversation_id == ticket.conversation_id)
    session.execute(
        update(Mention)
        .where(Mention.community_id == ticket.community_id, Mention.staff_id == staff_id, Mention.seen_at.is_(None))
        .where(or_(*here))
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )


def _take_back(session: Session, ticket: Ticket, now: datetime) -> None:
    """Nobody is in charge until somebody else is put there; what the resident is owed runs on."""
    ticket.assignee_id = None
    if ticket.status not in RUNNING:
        return
    ticket.status = next_status(ticket.status, Verb.RETURN)
    clocks.end(session, ticket, (DeadlineKind.ACCEPT,), state=DeadlineState.CANCELLED, now=now)
    clocks.start_work_clock(session, ticket, DeadlineKind.DISPATCH, now)
