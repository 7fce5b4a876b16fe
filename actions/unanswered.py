"""Requests in conversations that a person holds: the bot is silent there, and the clock must run all the same (C1)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, select
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


def anything_waiting(session: Session, now: datetime) -> bool:
    """Whether `start_clock` would find something; a look that writes nothing."""
    return session.execute(_waiting(now)).first() is not None


def start_clock(session: Session, policy: Policy, calendar: Calendar, now: datetime) -> bool:
    """Start the clock of one request that a resident wrote to a person, and that nobody has answered; False when none.

    It runs on the conversation's newest open ticket, or on a new one for a person where there is none.
    """
    found = session.execute(_waiting(now)).first()
    if found is None:
        return False
    community_id, conversation_id = found.community_id, found.conversation_id
    lock_conversation(session, community_id, conversation_id)
    message = session.execute(
        _waiting(now).where(Message.community_id == community_id, Message.conversation_id == conversation_id)
    ).first()
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


def _waiting(now: datetime) -> Any:
    """The earliest request to a holder without an answer and without a clock."""
    said = aliased(Message)
    of_conversation = and_(
        Ticket.community_id == Message.community_id, Ticket.conversation_id == Message.conversation_id
    )
    clock_runs = exists().where(
        of_conversation,
        Deadline.community_id == Ticket.community_id,
        Deadline.ticket_id == Ticket.id,
        Deadline.state == DeadlineState.RUNNING,
        Deadline.kind.in_(sorted(clocks.ANSWERS)),
    )
    answered_on_ticket = exists().where(
        of_conversation,
        TicketEvent.community_id == Ticket.community_id,
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.kind.in_(_ANSWERED),
        TicketEvent.at >= Message.stored_at,
    )
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
            Conversation.held_since.is_not(None),
            Message.direction == Direction.IN,
            Message.seq > spoken_since,
            Message.stored_at >= Conversation.held_since,
            Message.stored_at <= now - GRACE,
            Message.needs_understanding.is_(False),
            Message.understanding["intent"].as_string().not_in(_NO_REQUEST),
            ~clock_runs,
            ~answered_on_ticket,
        )
        .order_by(Message.id)
        .limit(1)
    )
