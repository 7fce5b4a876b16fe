"""Work that waits (挂起): for a reason, until a moment, counted; what the resident is owed never waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.names import PauseReason
from actions.owed import STOPPED, Clock, frozen_calendar, frozen_rules
from actions.roster import roles_of
from actions.tables import ActorKind, Deadline, DeadlineKind, DeadlineState, Role, Staff, Ticket, TicketEvent
from actions.tickets import TicketCard, card
from actions.transitions import Verb, lock_ticket, next_status, record, refuse_accused, staff_id_of

LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER})
_PAUSED, _RESUMED = "ticket:paused", "ticket:resumed"


@dataclass(frozen=True, slots=True)
class PauseShown:
    """One pause of a ticket: why, from when, until when it was meant to last, and when it ended."""

    reason: PauseReason
    note: str
    by: str
    began_at: datetime
    until: datetime
    ended_at: datetime | None


def pause(  # noqa: PLR0913 - one keyword for each detail of the pause
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: PauseReason,
    note: str,
    until: datetime,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Let the clocks of the work stand still until a moment; the resident's own clocks go on.

    Raises TransitionError while an answer is owed or the ticket is paused already, FieldError without a note or for a
    moment that is past or beyond the longest pause, NotAllowedError when the ticket was paused as often as the rules
    allow and the member is neither supervisor nor manager; ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.PAUSE)
    staff_id = staff_id_of(actor, Verb.PAUSE)
    refuse_accused(ticket, staff_id, Verb.PAUSE)
    if ticket.paused_until is not None:
        raise TransitionError(f"{ticket.number} is paused already; resume it first")
    if ticket.awaiting_reply_since is not None:
        raise TransitionError(f"the resident of {ticket.number} waits for an answer; reply first, then pause")
    limits = frozen_rules(ticket)[0].limits
    if not note.strip():
        raise FieldError("note", "is missing; say what is waited for")
    if not now < until <= now + limits.longest_pause:
        raise FieldError("until", f"should lie ahead, and within {limits.longest_pause.days} days")
    if ticket.pause_count >= limits.pauses and roles_of(session, community_id, staff_id).isdisjoint(LEADERS):
        raise NotAllowedError(f"{ticket.number} was paused {ticket.pause_count} times; ask a supervisor")
    for deadline in clocks.running(session, ticket, STOPPED):
        # What is late already stays late, and what a person has promised the resident is kept or put off in words. An
        # authority does not wait for parts (domain.md C11).
        outside = deadline.kind is DeadlineKind.COMPLETION and ticket.outside_due_at is not None
        if deadline.due_at > now and not deadline.words and not outside:
            deadline.state, deadline.paused_at, deadline.next_check_at = DeadlineState.PAUSED, now, None
    clocks.start(session, ticket, Clock(DeadlineKind.PAUSE, now, until, words=reason.value), now)
    ticket.paused_until, ticket.pause_count = until, ticket.pause_count + 1
    detail = {"pause": reason.value, "until": until.isoformat()}
    record(session, ticket, actor, _PAUSED, reason=note.strip(), detail=detail, now=now)
    return card(session, community_id, ticket_id, now)


def resume(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """End a pause before its time; the clocks of the work go on where they stood.

    Raises TransitionError for a ticket that is not paused, NotAllowedError for the member complained about.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.RESUME)
    if actor.kind is ActorKind.STAFF:
        refuse_accused(ticket, actor.id, Verb.RESUME)
    if ticket.paused_until is None:
        raise TransitionError(f"{ticket.number} is not paused")
    go_on(session, ticket, actor, reason=reason, now=now)
    return card(session, community_id, ticket_id, now)


def go_on(session: Session, ticket: Ticket, actor: Actor, *, reason: str = "", now: datetime) -> None:
    """End the pause of a locked ticket, if there is one: what stood still is due so much later."""
    if ticket.paused_until is None:
        return
    pauses = clocks.running(session, ticket, (DeadlineKind.PAUSE,))
    began_at = pauses[-1].started_at if pauses else now
    clocks.end(session, ticket, (DeadlineKind.PAUSE,), now=now)
    for deadline in clocks.running(session, ticket, STOPPED, states=(DeadlineState.PAUSED,)):
        by = _stood_still(ticket, deadline, now)
        deadline.state, deadline.ended_at = DeadlineState.REPLACED, now
        clocks.carry(session, deadline, ticket, by=by, now=now)
    seconds = max(int((now - began_at).total_seconds()), 0)
    ticket.paused_until, ticket.paused_seconds = None, ticket.paused_seconds + seconds
    record(session, ticket, actor, _RESUMED, reason=reason, detail={"seconds": seconds}, now=now)


def answered_by_resident(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    """A pause that waits for the resident is over when the resident writes."""
    waiting = clocks.running(session, ticket, (DeadlineKind.PAUSE,)) if ticket.paused_until is not None else ()
    if actor.kind is ActorKind.RESIDENT and any(one.words == PauseReason.RESIDENT for one in waiting):
        go_on(session, ticket, actor, now=now)


def pauses_of(session: Session, community_id: int, ticket_id: int) -> tuple[PauseShown, ...]:
    """Every pause of a ticket, in order: they are shown, so that none can be abused quietly."""
    rows = session.execute(
        select(TicketEvent.kind, TicketEvent.at, TicketEvent.reason, TicketEvent.detail, Staff.name)
        .outerjoin(Staff, (Staff.community_id == TicketEvent.community_id) & (Staff.id == TicketEvent.actor_id))
        .where(
            TicketEvent.community_id == community_id,
            TicketEvent.ticket_id == ticket_id,
            TicketEvent.kind.in_((_PAUSED, _RESUMED)),
        )
        .order_by(TicketEvent.id)
    )
    shown: list[PauseShown] = []
    for kind, at, reason, detail, name in rows:
        if kind == _PAUSED:
            until = datetime.fromisoformat(detail["until"])
            shown.append(PauseShown(PauseReason(detail["pause"]), reason, name or "", at, until, None))
        elif shown:
            last = shown.pop()
            shown.append(PauseShown(last.reason, last.note, last.by, last.began_at, last.until, at))
    return tuple(shown)


def _stood_still(ticket: Ticket, deadline: Deadline, now: datetime) -> timedelta:
    """By how much a paused clock is due later: a clock of desk hours counts those alone."""
    paused_at = deadline.paused_at or now
    rules, night = frozen_rules(ticket)
    calendar = frozen_calendar(ticket, night)
    if calendar is None or deadline.kind not in rules.desk_hours:
        return max(now - paused_at, timedelta(0))
    left = calendar.open_time(paused_at, deadline.due_at)
    return max(calendar.after_open_time(now, left) - deadline.due_at, timedelta(0))
