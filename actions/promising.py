"""What staff promise residents: a word, to be there, or to be done; each is a deadline of its own (domain.md C2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.deadlines import check_promise, due_within
from actions.errors import FieldError, NotAllowedError
from actions.names import PromiseKind
from actions.owed import Clock, frozen_rules
from actions.roster import roles_of
from actions.tables import DeadlineKind, DeadlineState, Role, Severity, Ticket
from actions.ticket_policy import Limits
from actions.tickets import TicketCard, card
from actions.transitions import RUNNING, Verb, lock_ticket, next_status, record, refuse_accused, staff_id_of

__all__ = ["PromiseKind", "Promised", "agree_hold", "check_promises", "count_put_off", "keep_promises", "promise"]

_LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER})
_KINDS = {
    PromiseKind.ANSWER: DeadlineKind.PROMISE,
    PromiseKind.VISIT: DeadlineKind.ON_SITE,
    PromiseKind.DONE: DeadlineKind.COMPLETION,
}


@dataclass(frozen=True, slots=True)
class Promised:
    """One promise as its sender confirmed it; `words` are what the resident reads of it."""

    kind: PromiseKind
    due_at: datetime
    words: str = ""


def promise(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    promised: Sequence[Promised],
    message_id: int | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record what a member promised without answering, in plain talk or by telephone; no reply clock is stopped.

    Raises FieldError for a moment that cannot be promised, NotAllowedError for all but staff, for the member complained
    about and for a visit or a completion put off too often, TransitionError for a ticket that is done, ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.PROMISE)
    staff_id = staff_id_of(actor, Verb.PROMISE)
    refuse_accused(ticket, staff_id, Verb.PROMISE)
    if not promised:
        raise FieldError("promised_at", "is missing; name what is promised, and for when")
    limits = frozen_rules(ticket)[0].limits
    check_promises(ticket, promised, limits, now)
    if any(puts_off(session, ticket, one) for one in promised if one.kind is not PromiseKind.ANSWER):
        count_put_off(session, ticket, staff_id, limits)
    keep_promises(session, ticket, promised, now)
    record(session, ticket, actor, "ticket:promised", detail=told_of(promised), message_id=message_id, now=now)
    return card(session, community_id, ticket_id, now)


def agree_hold(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: str,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """A supervisor or manager agrees that a ticket may be put off once more, and says why (domain.md C2).

    Raises NotAllowedError for anybody else, FieldError without a reason, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.AGREE)
    staff_id = staff_id_of(actor, Verb.AGREE)
    refuse_accused(ticket, staff_id, Verb.AGREE)
    if roles_of(session, community_id, staff_id).isdisjoint(_LEADERS):
        raise NotAllowedError(f"{Verb.AGREE} is for supervisors and managers")
    if not reason.strip():
        raise FieldError("reason", "is missing; say why it may take longer")
    ticket.holds_agreed += 1
    record(session, ticket, actor, "ticket:hold_agreed", reason=reason.strip(), now=now)
    return card(session, community_id, ticket_id, now)


def check_promises(ticket: Ticket, promised: Sequence[Promised], limits: Limits, now: datetime) -> None:
    """Raise FieldError for a moment that is past, too far ahead, or beyond an authority's limit (domain.md C11)."""
    for one in promised:
        check_promise(one.due_at, limits.longest_promise, now)
        if ticket.outside_due_at is not None and one.due_at > ticket.outside_due_at:
            raise FieldError("promised_at", f"lies beyond the limit of {ticket.reference}; name an earlier time")


def count_put_off(session: Session, ticket: Ticket, staff_id: int, limits: Limits) -> None:
    """Count one more time that the resident is asked to wait longer.

    Raises NotAllowedError when that was done as often as the rules and a supervisor allow; supervisors and managers
    may always.
    """
    allowed = limits.holds + ticket.holds_agreed
    if ticket.hold_count >= allowed and roles_of(session, ticket.community_id, staff_id).isdisjoint(_LEADERS):
        raise NotAllowedError(f"{ticket.number} was put off {ticket.hold_count} times; ask a supervisor")
    ticket.hold_count += 1


def puts_off(session: Session, ticket: Ticket, promised: Promised) -> bool:
    """Whether a promise moves one of its kind to a later time; the daily word on a major matter is none (C10).

    To be there and to be done are put off where a person had promised them: the clock of a rule is nobody's word.
    """
    kind = _KINDS[promised.kind]
    if kind is DeadlineKind.PROMISE and ticket.severity is not Severity.NORMAL:
        return False
    given = clocks.running(session, ticket, (kind,))
    return any(one.due_at < promised.due_at for one in given if one.words or kind is DeadlineKind.PROMISE)


def keep_promises(session: Session, ticket: Ticket, promised: Sequence[Promised], now: datetime) -> None:
    """Start the clock of each promise; to be there or to be done takes the place of the clock that the rules set."""
    for one in promised:
        kind = _KINDS[one.kind]
        if kind is not DeadlineKind.PROMISE:
            clocks.end(session, ticket, (kind,), state=DeadlineState.REPLACED, now=now)
        clocks.start(session, ticket, Clock(kind, now, one.due_at, words=one.words.strip() or one.kind.value), now)


def promise_next_word(session: Session, ticket: Ticket, promised_at: datetime | None, now: datetime) -> None:
    """Start the clock of the next word; without a moment named, the rules name it."""
    if ticket.status not in RUNNING:
        return
    rules, night = frozen_rules(ticket)
    due_at = promised_at or due_within(now, rules.limits.default_promise, night)
    clocks.start(session, ticket, Clock(DeadlineKind.PROMISE, now, due_at), now)


def owes_daily_word(ticket: Ticket, answers: Sequence[Promised], limits: Limits, now: datetime) -> bool:
    """Whether a major matter, of which residents hear every day, was promised no word so soon (domain.md C10)."""
    soon = now + limits.default_promise
    return ticket.severity is Severity.MAJOR and not any(one.due_at <= soon for one in answers)


def told_of(promised: Sequence[Promised]) -> dict[str, object]:
    """Promises as they stand in the record."""
    return {
        "promises": [{"kind": one.kind.value, "due": one.due_at.isoformat(), "words": one.words} for one in promised]
    }
