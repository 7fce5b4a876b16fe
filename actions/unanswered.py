"""Requests in conversations that a person holds: the bot is silent there, and the clock must run all the same (C1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from actions import clocks
from actions.actors import SYSTEM
from actions.calendar import Calendar
from actions.conversations import lock_conversation
from actions.policy import Policy
from actions.tables import (
    Author,
    Conversation,
    Deadline,
    DeadlineState,
    Direction,
    Message,
    Severity,
    Ticket,
    TicketEvent,
)
from actions.tickets import NewTicket, open_ticket
from actions.transitions import RUNNING, lock_ticket, record_clock

# In a live exchange the person gets this long before a message has a clock; it counts from the beginning.
GRACE = timedelta(minutes=2)
# These ask for nothing: “谢谢” starts no clock.
_NO_REQUEST = ("thanks", "bye", "greet", "affirm", "deny", "chitchat", "rate")
_ANSWERED = ("ticket:replied", "ticket:held", "ticket:resolved", "ticket:cancelled")
_LONGEST_SUMMARY = 120
_HELD = select(Conversation.community_id, Conversation.id).where(Conversation.held_since.is_not(None))


def anything_waiting(session: Session, now: datetime) -> bool:
    """Whether `start_clock` would find something; a look that writes nothing."""
    return _first(session, now, _held(session)) is not None


def start_clock(session: Session, policy: Policy, calendar: Calendar, now: datetime) -> bool:
    """Start the clock of one request that a resident wrote to a person, and that nobody has answered; False when none.

    It runs on the conversation's newest open ticket, or on a new one for a person where there is none.
    """
    found = _first(session, now, _held(session))
    if found is None:
        return False
    community_id, conversation_id = found.community_id, found.conversation_id
    lock_conversation(session, community_id, conversation_id)
    message = _first(session, now, {community_id: [conversation_id]})
    if message is None:
        return True  # somebody was faster; the next one is looked at
    ticket_id = session.execute(
        select(Ticket.id)
        .where(
            Ticket.community_id == community_id,
            Ticket.conversation_id == conversation_id,
            Ticket.status.in_(RUNNING),
        )
        .order_by(Ticket.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if ticket_id is None:
        _open(session, message, policy, calendar, now)
    else:
        ticket = lock_ticket(session, community_id, ticket_id)
        record_clock(session, ticket, "ticket:asked", {"message": str(message.id)}, now)
        clocks.start_answer_clocks(session, ticket, min(message.stored_at, now), now=now)
    return True


def _open(session: Session, message: Row[Any], policy: Policy, calendar: Calendar, now: datetime) -> None:
    new = NewTicket(
        community_id=message.community_id,
        kind="human",
        category=None,
        severity=Severity.NORMAL,
        summary=message.text.strip()[:_LONGEST_SUMMARY] or "…",
        received_at=message.stored_at,
        conversation_id=message.conversation_id,
    )
    open_ticket(session, SYSTEM, new, policy, calendar, now)


def _held(session: Session) -> dict[int, list[int]]:
    """The conversations that persons hold, by community; few, and mostly none."""
    held: dict[int, list[int]] = {}
    for community_id, conversation_id in session.execute(_HELD):
        held.setdefault(community_id, []).append(conversation_id)
    return held


def _first(session: Session, now: datetime, held: Mapping[int, Sequence[int]]) -> Row[Any] | None:
    """The earliest request to a holder without an answer and without a clock.

    It is looked for in each held conversation, behind the holder's last word: whoever sorts all messages to find it
    reads everything that was ever written.
    """
    found = [
        row
        for community_id, conversation_ids in held.items()
        for row in session.execute(_waiting(now, community_id, conversation_ids))
    ]
    return min(found, key=lambda row: row.id, default=None)


def _waiting(now: datetime, community_id: int, conversation_ids: Sequence[int]) -> Any:
    """The requests of some held conversations without an answer and without a clock."""
    said = aliased(Message)
    of_conversation = and_(
        Ticket.community_id == Message.community_id, Ticket.conversation_id == Message.conversation_id
    )
    clock = exists().where(
        Deadline.community_id == Ticket.community_id,
        Deadline.ticket_id == Ticket.id,
        Deadline.state == DeadlineState.RUNNING,
        Deadline.kind.in_(sorted(clocks.ANSWERS)),
    )
    answer = exists().where(
        TicketEvent.community_id == Ticket.community_id,
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.kind.in_(_ANSWERED),
        TicketEvent.at >= Message.stored_at,
    )
    # One inside the other, so that only the events and clocks of these tickets are read.
    ticket = select(Ticket.id).where(of_conversation, or_(clock.correlate(Ticket), answer.correlate(Ticket, Message)))
    spoken_since = (
        select(func.coalesce(func.max(said.seq), 0))
        .where(
            said.community_id == Conversation.community_id,
            said.conversation_id == Conversation.id,
            said.direction == Direction.OUT,
            said.author == Author.STAFF,
        )
        .correlate(Conversation)
        .scalar_subquery()
    )
    return (
        select(Message.community_id, Message.conversation_id, Message.id, Message.text, Message.stored_at)
        .join(
            Conversation,
            and_(Conversation.community_id == Message.community_id, Conversation.id == Message.conversation_id),
        )
        .where(
            Conversation.community_id == community_id,
            Conversation.id.in_(conversation_ids),
            Message.direction == Direction.IN,
            Message.seq > spoken_since,
            Message.stored_at >= Conversation.held_since,
            Message.stored_at <= now - GRACE,
            Message.needs_understanding.is_(False),
            Message.understanding["intent"].as_string().not_in(_NO_REQUEST),
            ~ticket.correlate(Message).exists(),
        )
    )
