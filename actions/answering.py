"""What is said about a ticket: additions, urging, replies, and the word that puts it off (domain.md C2, C8)."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.alerts import raise_alerts
from actions.dispatching import take_on
from actions.errors import FieldError
from actions.ladder import ASSIGNEE
from actions.names import AlertKind, PromiseKind
from actions.owed import frozen_rules
from actions.pausing import answered_by_resident
from actions.policy import Policy
from actions.promising import (
    Promised,
    check_promises,
    count_put_off,
    keep_promises,
    owes_daily_word,
    promise_next_word,
    puts_off,
    told_of,
)
from actions.replies import Part, counts_as_reply
from actions.tables import ActorKind, DeadlineKind, DeadlineState, Ticket
from actions.tickets import TicketCard, card
from actions.transitions import RUNNING, Verb, lock_ticket, next_status, record, refuse_accused, staff_id_of

# A contact under which somebody can be reached: a telephone number, spaces and dashes aside.
_NUMBER = re.compile(r"\d(?:[\s-]?\d){4,}")
_LEAST_REASON = 2
_PUT_OFF = (DeadlineKind.REPLY, DeadlineKind.PROMISE)


class Medium(StrEnum):
    """How a reply reached the resident; a call or a visit counts once it is recorded (domain.md C8)."""

    CHAT = "chat"
    PHONE = "phone"
    VISIT = "visit"


def note(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    text: str,
    message_id: int | None = None,
    now: datetime,
) -> TicketCard:
    """Add words or photos to the matter: a resident's addition, or a member's internal note. No clock is touched.

    Raises TransitionError for a cancelled ticket.
    """
    ticket = lock_ticket(session, community_id, ticket_id)
    ticket.status = next_status(ticket.status, Verb.NOTE)
    kind = "ticket:noted" if actor.kind is ActorKind.STAFF else "ticket:added"
    record(session, ticket, actor, kind, detail={"text": text}, message_id=message_id, now=now)
    answered_by_resident(session, ticket, actor, now)
    return card(session, community_id, ticket_id, now)


def urge(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    text: str = "",
    message_id: int | None = None,
    received_at: datetime | None = None,
    now: datetime,
) -> TicketCard:
    """Record that the resident presses, and tell whoever is in charge.

    Pressing is a request that a person must answer (domain.md C1): where no answer is owed a clean clock starts at
    `received_at`; where one is, its due moment stays as it is. Raises TransitionError for a ticket that is done.
    """
    ticket = lock_ticket(session, community_id, ticket_id)
    ticket.status = next_status(ticket.status, Verb.URGE)
    if not clocks.running(session, ticket, _PUT_OFF):
        clocks.start_answer_clocks(session, ticket, min(received_at or now, now), now=now)
    record(session, ticket, actor, "ticket:urged", detail={"text": text}, message_id=message_id, now=now)
    answered_by_resident(session, ticket, actor, now)
    raise_alerts(session, ticket, (ASSIGNEE,), AlertKind.URGE, now)
    return card(session, community_id, ticket_id, now)


def reply(  # noqa: PLR0913 - one keyword for each detail of what was said
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    text: str,
    policy: Policy,
    concludes: bool = False,
    promised_at: datetime | None = None,
    promises: Sequence[Promised] = (),
    medium: Medium = Medium.CHAT,
    message_id: int | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record what a member has told the resident, and stop the clock if it counts as a reply (domain.md C8).

    A reply that is no conclusion, and every one on a major matter, is followed by a promise of the next word. What does
    not count (“收到”) stops nothing: see `replied`; a moment that it names (`promised_at`, `promises`) is a promise all
    the same. NotAllowedError for all but staff and for the member complained about, and where a later time is promised
    oftener than allowed; FieldError, TransitionError, ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    staff_id = _answering(ticket, actor, Verb.REPLY)
    promised = _promised(promised_at, promises)
    if not text.strip():
        raise FieldError("text", "is empty; write what the resident is told")
    check_promises(ticket, promised, policy.limits, now)
    answers = [one for one in promised if one.kind is PromiseKind.ANSWER]
    detail: dict[str, object] = {"text": text, "medium": medium.value}
    if counts_as_reply(text, policy, concludes=concludes, promised=bool(promised)):
        kind = "ticket:replied"
        concluded = not answers and (concludes or Part.CONCLUSION in policy.replies.parts_of(text))
        if any(puts_off(session, ticket, one) for one in promised):
            count_put_off(session, ticket, staff_id, policy.limits)
        take_on(session, ticket, actor, staff_id, now)
        detail |= {"concludes": concluded, "stopped": answer(session, ticket, now)}
        if medium is Medium.VISIT:
            clocks.end(session, ticket, (DeadlineKind.ON_SITE,), now=now)
        ticket.status = next_status(ticket.status, Verb.REPLY)
        next_word = not (concluded or promised) or owes_daily_word(ticket, answers, policy.limits, now)
    else:
        kind, next_word = "ticket:messaged", False
        detail["missing"] = sorted(policy.replies.missing(text))
    if ticket.status in RUNNING:
        keep_promises(session, ticket, promised, now)
    if next_word:
        promise_next_word(session, ticket, None, now)
    detail |= told_of(promised) if promised else {}
    record(session, ticket, actor, kind, detail=detail, message_id=message_id, now=now)
    return card(session, community_id, ticket_id, now)


def hold(  # noqa: PLR0913 - one keyword for each detail of what was said
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    reason: str,
    promised_at: datetime,
    contact: str,
    message_id: int | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Put a ticket off: the resident is told why, until when, and whom to reach; the promise is the new clock (C2).

    Raises FieldError when one of these is missing or says nothing (a contact without a telephone number), or when the
    time cannot be promised; NotAllowedError when it was put off as often as the rules and a supervisor allow and the
    member is neither supervisor nor manager; TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    status = next_status(ticket.status, Verb.HOLD)
    staff_id = _answering(ticket, actor, Verb.HOLD)
    if len(re.sub(r"[\W_]", "", reason)) < _LEAST_REASON:
        raise FieldError("reason", "is missing; the resident must be told why")
    if not _NUMBER.search(contact):
        raise FieldError("contact", "holds no telephone number; the resident must be told whom to reach")
    limits = frozen_rules(ticket)[0].limits
    promised = (Promised(PromiseKind.ANSWER, promised_at, reason.strip()),)
    check_promises(ticket, promised, limits, now)
    count_put_off(session, ticket, staff_id, limits)
    take_on(session, ticket, actor, staff_id, now)
    stopped = clocks.end(session, ticket, (DeadlineKind.FIRST_CONTACT,), now=now)
    stopped += clocks.end(session, ticket, _PUT_OFF, state=DeadlineState.REPLACED, now=now)
    keep_promises(session, ticket, promised, now)
    ticket.status = status
    if owes_daily_word(ticket, promised, limits, now):
        promise_next_word(session, ticket, None, now)
    if ticket.awaiting_reply_since is not None:
        ticket.reply_due_at = promised_at
    detail = {"promised_at": promised_at.isoformat(), "contact": contact, "stopped": stopped}
    record(session, ticket, actor, "ticket:held", reason=reason, detail=detail, message_id=message_id, now=now)
    return card(session, community_id, ticket_id, now)


def answer(session: Session, ticket: Ticket, now: datetime) -> tuple[str, ...]:
    """A person has answered: nothing is owed any more; every clock that waited for an answer ends, and is named."""
    stopped = clocks.end(session, ticket, clocks.ANSWERS, now=now)
    ticket.awaiting_reply_since = ticket.reply_due_at = None
    ticket.first_replied_at = ticket.first_replied_at or now
    return stopped


def _promised(promised_at: datetime | None, promises: Sequence[Promised]) -> tuple[Promised, ...]:
    named = () if promised_at is None else (Promised(PromiseKind.ANSWER, promised_at),)
    return (*named, *promises)


def _answering(ticket: Ticket, actor: Actor, verb: Verb) -> int:
    next_status(ticket.status, verb)
    staff_id = staff_id_of(actor, verb)
    refuse_accused(ticket, staff_id, verb)
    return staff_id
