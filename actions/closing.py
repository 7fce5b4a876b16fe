"""How a ticket ends: resolved, cancelled, reopened, rated, closed (domain.md C5, C9)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.answering import answer
from actions.dispatching import take_on
from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.major import MajorReason
from actions.owed import STOPPED, frozen_calendar, frozen_rules, owe_matter
from actions.pausing import go_on
from actions.policy import Policy
from actions.raising import make_major
from actions.ratings import STARS
from actions.tables import ActorKind, DeadlineKind, DeadlineState, Severity
from actions.tickets import TicketCard, card
from actions.transitions import Verb, acting_staff, lock_ticket, next_status, record, refuse_accused, staff_id_of

# A matter that comes back a second time was not put right three times: it is a major one (domain.md C10).
_REOPENED_TOO_OFTEN = 2


class CallBack(StrEnum):
    """What a call-back brought."""

    NOT_REACHED = "not_reached"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"


def resolve(  # noqa: PLR0913 - one keyword for each detail of what was said
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    text: str,
    policy: Policy,
    message_id: int | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record that the matter is done, with the conclusion that the resident is told; all clocks end.

    A change of state is no reply (domain.md C8), so while an answer is owed the text must be one. Raises FieldError
    when it is not, NotAllowedError for anybody but staff and for the member complained about, TransitionError for an
    alarm that nobody has acknowledged, or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    status = next_status(ticket.status, Verb.RESOLVE)
    staff_id = staff_id_of(actor, Verb.RESOLVE)
    refuse_accused(ticket, staff_id, Verb.RESOLVE)
    if not text.strip() or (ticket.awaiting_reply_since is not None and policy.replies.is_hollow(text)):
        raise FieldError("text", "does not say what was done; write the conclusion that the resident is told")
    if clocks.running(session, ticket, (DeadlineKind.ACKNOWLEDGE,)):
        raise TransitionError(f"{ticket.number} is an alarm that nobody has acknowledged; acknowledge it first")
    take_on(session, ticket, actor, staff_id, now)
    go_on(session, ticket, actor, now=now)
    stopped = answer(session, ticket, now) if ticket.awaiting_reply_since is not None else ()
    stopped += clocks.end(session, ticket, now=now)
    ticket.status, ticket.resolved_at = status, now
    detail = {"text": text, "stopped": stopped}
    record(session, ticket, actor, "ticket:resolved", detail=detail, message_id=message_id, now=now)
    rules, night = frozen_rules(ticket)
    owed = owe_matter(ticket, rules, night, None, (DeadlineKind.CALL_BACK,), now)
    clocks.start_all(session, ticket, rules, owed, now)
    return card(session, community_id, ticket_id, now)


def cancel(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: str,
    message_id: int | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Withdraw a ticket; all clocks end and nothing is owed.

    Raises NotAllowedError for an alarm, which only a member may call off, and for the member complained about;
    TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    status = next_status(ticket.status, Verb.CANCEL)
    refuse_accused(ticket, acting_staff(actor), Verb.CANCEL)
    if actor.kind is not ActorKind.STAFF and ticket.severity is Severity.ALARM:
        raise NotAllowedError(f"{ticket.number} is an alarm; a staff member makes sure and calls it off")
    go_on(session, ticket, actor, now=now)
    clocks.end(session, ticket, state=DeadlineState.CANCELLED, now=now)
    ticket.status = status
    ticket.awaiting_reply_since = ticket.reply_due_at = None
    record(session, ticket, actor, "ticket:cancelled", reason=reason, message_id=message_id, now=now)
    return card(session, community_id, ticket_id, now)


def reopen(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: str,
    received_at: datetime,
    message_id: int | None = None,
    now: datetime,
) -> TicketCard:
    """Open a ticket again that was not put right: a clean clock by the same rules, dispatched anew (domain.md C5).

    Raises TransitionError for a ticket that is not done, NotAllowedError for the member complained about.
    """
    ticket = lock_ticket(session, community_id, ticket_id)
    status = next_status(ticket.status, Verb.REOPEN)
    refuse_accused(ticket, acting_staff(actor), Verb.REOPEN)
    clocks.end(session, ticket, now=now)
    detail = {"before": None if ticket.assignee_id is None else str(ticket.assignee_id)}
    ticket.status, ticket.assignee_id = status, None
    ticket.resolved_at = ticket.closed_at = None
    ticket.reopened_count += 1
    ticket.hold_count = ticket.holds_agreed = 0
    record(session, ticket, actor, "ticket:reopened", reason=reason, detail=detail, message_id=message_id, now=now)
    clocks.start_answer_clocks(session, ticket, min(received_at, now), now=now)
    clocks.start_work_clock(session, ticket, DeadlineKind.DISPATCH, now)
    rules, night = frozen_rules(ticket)
    matter = owe_matter(ticket, rules, night, frozen_calendar(ticket, night), STOPPED, now)
    clocks.start_all(session, ticket, rules, matter, now)
    if ticket.reopened_count >= _REOPENED_TOO_OFTEN:
        make_major(session, ticket, reason=MajorReason.THIRD_TIME.value, now=now)
    return card(session, community_id, ticket_id, now)


def rate(session: Session, actor: Actor, community_id: int, ticket_id: int, *, stars: int, now: datetime) -> TicketCard:
    """Record how satisfied the resident is, 1 to 5; the last word counts. Reopening is a verb of its own.

    Raises FieldError for another number, TransitionError for a ticket that is not done.
    """
    ticket = lock_ticket(session, community_id, ticket_id)
    ticket.status = next_status(ticket.status, Verb.RATE)
    if stars not in STARS:
        raise FieldError("stars", f"{stars} is not a rating; give 1 to 5")
    ticket.rating = stars
    clocks.end(session, ticket, (DeadlineKind.CALL_BACK,), now=now)
    record(session, ticket, actor, "ticket:rated", detail={"stars": stars}, now=now)
    return card(session, community_id, ticket_id, now)


def call_back(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    outcome: CallBack,
    text: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record a call-back (回访); a resident who is not satisfied has the ticket reopened (domain.md C5).

    A call that reached nobody is recorded and ends no clock. Raises FieldError without what was said, NotAllowedError
    for residents and for the member complained about, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.CALL_BACK)
    staff_id = staff_id_of(actor, Verb.CALL_BACK)
    refuse_accused(ticket, staff_id, Verb.CALL_BACK)
    reached = outcome is not CallBack.NOT_REACHED
    if reached and not text.strip():
        raise FieldError("text", "is missing; write what the resident said")
    stopped = clocks.end(session, ticket, (DeadlineKind.CALL_BACK,), now=now) if reached else ()
    detail = {"outcome": outcome.value, "text": text.strip(), "stopped": stopped}
    record(session, ticket, actor, "ticket:called_back", detail=detail, now=now)
    if outcome is CallBack.DISSATISFIED:
        return reopen(session, actor, community_id, ticket_id, reason=text.strip(), received_at=now, now=now)
    return card(session, community_id, ticket_id, now)


def close(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: str = "",
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Close a resolved ticket after the call-back; it can still be reopened.

    Raises NotAllowedError for residents and for the member complained about, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    status = next_status(ticket.status, Verb.CLOSE)
    if actor.kind is ActorKind.RESIDENT:
        raise NotAllowedError(f"{Verb.CLOSE} is for staff members")
    refuse_accused(ticket, acting_staff(actor), Verb.CLOSE)
    clocks.end(session, ticket, now=now)
    ticket.status, ticket.closed_at = status, now
    record(session, ticket, actor, "ticket:closed", reason=reason, now=now)
    return card(session, community_id, ticket_id, now)
