"""What is said about a ticket: additions, urging, replies, and the word that puts it off (domain.md C2, C8)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.alerts import raise_alerts
from actions.deadlines import check_promise, due_within
from actions.dispatching import take_on
from actions.errors import FieldError, NotAllowedError
from actions.ladder import ASSIGNEE
from actions.names import AlertKind
from actions.policy import Policy
from actions.replies import Part, counts_as_reply
from actions.roster import roles_of
from actions.tables import ActorKind, DeadlineKind, DeadlineState, Role, Severity, Ticket
from actions.tickets import TicketCard, card
from actions.transitions import RUNNING, Verb, lock_ticket, next_status, record, refuse_accused, staff_id_of

_LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER})
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
    medium: Medium = Medium.CHAT,
    message_id: int | None = None,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Record what a member has told the resident, and stop the clock if it counts as a reply (domain.md C8).

    A reply that is no conclusion, and every one on a major matter, is followed by a promise of the next word. What does
    not count (“收到”) stops nothing: see `replied`; a moment that it names (`promised_at`) is a promise all the same.
    NotAllowedError for all but staff and for the member complained about, FieldError, TransitionError, ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    staff_id = _answering(ticket, actor, Verb.REPLY)
    _check_words(text, promised_at, policy, now)
    detail: dict[str, object] = {"text": text, "medium": medium.value}
    if counts_as_reply(text, policy, concludes=concludes, promised=promised_at is not None):
        kind = "ticket:replied"
        concluded = promised_at is None and (concludes or Part.CONCLUSION in policy.replies.parts_of(text))
        detail["concludes"] = concluded
        take_on(session, ticket, actor, staff_id, now)
        answer(session, ticket, now)
        ticket.status = next_status(ticket.status, Verb.REPLY)
        promises = not concluded or ticket.severity is Severity.MAJOR
    else:
        kind, promises = "ticket:messaged", promised_at is not None
        detail["missing"] = sorted(policy.replies.missing(text))
    if promises and ticket.status in RUNNING:
        promise(session, ticket, promised_at, now)
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

    Raises FieldError when one of these is missing or the time cannot be promised, NotAllowedError when it was put off
    as often as the rules allow and the member is neither supervisor nor manager, TransitionError or ConflictError.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    status = next_status(ticket.status, Verb.HOLD)
    staff_id = _answering(ticket, actor, Verb.HOLD)
    for field, value in (("reason", reason), ("contact", contact)):
        if not value.strip():
            raise FieldError(field, "is missing; the resident must be told why and whom to reach")
    rules, _night = clocks.frozen_rules(ticket)
    check_promise(promised_at, rules.longest_promise, now)
    if ticket.hold_count >= rules.holds and roles_of(session, community_id, staff_id).isdisjoint(_LEADERS):
        raise NotAllowedError(f"{ticket.number} was put off {ticket.hold_count} times; ask a supervisor")
    take_on(session, ticket, actor, staff_id, now)
    clocks.end(session, ticket, (DeadlineKind.FIRST_CONTACT,), now=now)
    clocks.end(session, ticket, _PUT_OFF, state=DeadlineState.REPLACED, now=now)
    promise(session, ticket, promised_at, now)
    if ticket.awaiting_reply_since is not None:
        ticket.reply_due_at = promised_at
    ticket.status, ticket.hold_count = status, ticket.hold_count + 1
    detail = {"promised_at": promised_at.isoformat(), "contact": contact}
    record(session, ticket, actor, "ticket:held", reason=reason, detail=detail, message_id=message_id, now=now)
    return card(session, community_id, ticket_id, now)


def answer(session: Session, ticket: Ticket, now: datetime) -> None:
    """A person has answered: nothing is owed any more, and every clock that waited for an answer ends."""
    clocks.end(session, ticket, clocks.ANSWERS, now=now)
    ticket.awaiting_reply_since = ticket.reply_due_at = None
    ticket.first_replied_at = ticket.first_replied_at or now


def promise(session: Session, ticket: Ticket, promised_at: datetime | None, now: datetime) -> None:
    """Start the clock of the next word; without a moment named, the rules name it."""
    rules, night = clocks.frozen_rules(ticket)
    due_at = promised_at or due_within(now, rules.default_promise, night)
    clocks.start(session, ticket, DeadlineKind.PROMISE, started_at=now, due_at=due_at, now=now)


def _check_words(text: str, promised_at: datetime | None, policy: Policy, now: datetime) -> None:
    if not text.strip():
        raise FieldError("text", "is empty; write what the resident is told")
    if promised_at is not None:
        check_promise(promised_at, policy.longest_promise, now)


def _answering(ticket: Ticket, actor: Actor, verb: Verb) -> int:
    next_status(ticket.status, verb)
    staff_id = staff_id_of(actor, verb)
    refuse_accused(ticket, staff_id, verb)
    return staff_id
