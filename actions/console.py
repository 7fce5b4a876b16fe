"""What a staff member does at the console: each change together with the words that the resident is told of it.

Each runs whole in one transaction or not at all. A conversation is locked before its ticket, as in the bot's turns, so
that the two never wait for each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from actions import clocks, conversations, handling
from actions.access import Permission, StaffIdentity, access_conversation, access_ticket, allows
from actions.actors import Actor
from actions.errors import FieldError
from actions.mentions import call, called_in
from actions.policy import Policy
from actions.promising import Promised
from actions.saying import Seen, Spoken, speak
from actions.tables import DeadlineKind, Ticket, TicketStatus
from actions.tickets import TicketCard, card
from actions.transitions import lock_ticket

__all__ = [
    "Answer",
    "PuttingOff",
    "Seen",
    "Spoken",
    "Tell",
    "accept",
    "acknowledge",
    "assign",
    "hold",
    "note",
    "note_in_talk",
    "reopen",
    "reply",
    "resolve",
    "talk",
]

Tell = Callable[[Session, Ticket, str, Mapping[str, Any], datetime], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to a ticket: the words, the member's word that they conclude it, and the moment that they name.

    `promises` are those that were read from the words and that the member confirmed.
    """

    spoken: Spoken
    concludes: bool = False
    promised_at: datetime | None = None
    promises: tuple[Promised, ...] = ()


@dataclass(frozen=True, slots=True)
class PuttingOff:
    """A word that puts a ticket off: what is said, why, until when, and whom the resident can reach (domain.md C2)."""

    spoken: Spoken
    reason: str
    promised_at: datetime
    contact: str


def reply(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    answer: Answer,
    *,
    seen: Seen,
    policy: Policy,
    now: datetime,
) -> TicketCard:
    """Answer the resident of a ticket; `replied` on the card tells whether it counted (domain.md C8).

    Raises ConflictError when the ticket or the conversation went on since the page was read.
    """
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    said = speak(session, staff, ticket.conversation_id, answer.spoken, seen, now)
    if said.again:
        return card(session, staff.community_id, ticket_id, now)
    return handling.reply(
        session,
        Actor.staff(staff.staff_id),
        staff.community_id,
        ticket_id,
        text=answer.spoken.text,
        policy=policy,
        concludes=answer.concludes,
        promised_at=answer.promised_at,
        promises=answer.promises,
        message_id=said.message_id,
        version=seen.ticket,
        now=now,
    )


def talk(
    session: Session, staff: StaffIdentity, conversation_id: int, spoken: Spoken, *, seen: Seen, now: datetime
) -> int:
    """Say something in a conversation, whatever its tickets; the id of the message."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    said = speak(session, staff, conversation_id, spoken, seen, now)
    if said.message_id is None:
        raise FieldError("text", "is empty; write what the resident is told")
    return said.message_id


def hold(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    putting_off: PuttingOff,
    *,
    seen: Seen,
    now: datetime,
) -> TicketCard:
    """Tell the resident why it takes longer, until when, and whom to reach (domain.md C2)."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    said = speak(session, staff, ticket.conversation_id, putting_off.spoken, seen, now)
    if said.again:
        return card(session, staff.community_id, ticket_id, now)
    return handling.hold(
        session,
        Actor.staff(staff.staff_id),
        staff.community_id,
        ticket_id,
        reason=putting_off.reason,
        promised_at=putting_off.promised_at,
        contact=putting_off.contact,
        message_id=said.message_id,
        version=seen.ticket,
        now=now,
    )


def resolve(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    spoken: Spoken,
    *,
    seen: Seen,
    policy: Policy,
    tell: Tell,
    now: datetime,
) -> TicketCard:
    """Close the matter with a conclusion that the resident is told, and ask how satisfied they are (domain.md C5)."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_RESOLVE)
    said = speak(session, staff, ticket.conversation_id, spoken, seen, now)
    if said.again:
        return card(session, staff.community_id, ticket_id, now)
    done = handling.resolve(
        session,
        Actor.staff(staff.staff_id),
        staff.community_id,
        ticket_id,
        text=spoken.text,
        policy=policy,
        message_id=said.message_id,
        version=seen.ticket,
        now=now,
    )
    tell(session, ticket, "ticket.resolved", {"ticket": ticket.number}, now)
    return done


def reopen(
    session: Session, staff: StaffIdentity, ticket_id: int, *, reason: str, seen: Seen, tell: Tell, now: datetime
) -> TicketCard:
    """Open a ticket again, with a word of apology to the resident (domain.md A4, C5)."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_RESOLVE)
    if not reason.strip():
        raise FieldError("reason", "is missing; say what was not put right")
    ticket = lock_ticket(session, staff.community_id, ticket_id, version=seen.ticket)
    actor = Actor.staff(staff.staff_id)
    done = handling.reopen(
        session, actor, staff.community_id, ticket_id, reason=reason.strip(), received_at=now, now=now
    )
    if done.reply_due_at is not None:
        tell(session, ticket, "ticket.reopened", {"ticket": ticket.number, "due": done.reply_due_at}, now)
    return done


def assign(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    staff_id: int,
    reason: str,
    seen: Seen,
    tell: Tell,
    now: datetime,
) -> TicketCard:
    """Put a member in charge (domain.md C3); who takes a ticket for themselves has accepted it."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_ASSIGN)
    before = ticket.status
    actor = Actor.staff(staff.staff_id)
    done = handling.assign(
        session,
        actor,
        staff.community_id,
        ticket_id,
        staff_id=staff_id,
        reason=reason,
        version=seen.ticket,
        now=now,
    )
    if done.status is TicketStatus.ACCEPTED and before is not TicketStatus.ACCEPTED:
        _tell_accepted(session, ticket, done, tell, now)
    return done


def accept(
    session: Session, staff: StaffIdentity, ticket_id: int, *, seen: Seen, tell: Tell, now: datetime
) -> TicketCard:
    """Take the work on; the resident is told that somebody has."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    done = handling.accept(session, actor, staff.community_id, ticket_id, version=seen.ticket, now=now)
    _tell_accepted(session, ticket, done, tell, now)
    return done


def acknowledge(session: Session, staff: StaffIdentity, ticket_id: int, *, tell: Tell, now: datetime) -> TicketCard:
    """Take an alarm; only the first time is the resident told that it was taken (domain.md A11)."""
    access_ticket(session, staff, ticket_id, Permission.ALARM_ACKNOWLEDGE)
    ticket = lock_ticket(session, staff.community_id, ticket_id)
    first = bool(clocks.running(session, ticket, (DeadlineKind.ACKNOWLEDGE,)))
    done = handling.acknowledge_alarm(session, Actor.staff(staff.staff_id), staff.community_id, ticket_id, now=now)
    if first:
        # To somebody in distress a person says that they are there, not that an alarm was taken.
        distress = ticket.category == "self_harm"
        script = "emergency.self_harm.acknowledged" if distress else "emergency.acknowledged"
        tell(session, ticket, script, {"ticket": ticket.number}, now)
    return done


def note(session: Session, staff: StaffIdentity, ticket_id: int, text: str, now: datetime) -> TicketCard:
    """Write something down for colleagues; the resident never sees it."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    if not text.strip():
        raise FieldError("text", "is empty; write what colleagues should know")
    message_id = None
    if ticket.conversation_id is not None and allows(staff, Permission.CONVERSATION_SEE):
        message_id = conversations.write_note(session, staff, ticket.conversation_id, text.strip(), now)
    called = called_in(session, staff.community_id, text)
    call(session, staff, called, text.strip(), conversation_id=None, ticket_id=ticket_id, now=now)
    actor = Actor.staff(staff.staff_id)
    return handling.note(
        session, actor, staff.community_id, ticket_id, text=text.strip(), message_id=message_id, now=now
    )


def note_in_talk(session: Session, staff: StaffIdentity, conversation_id: int, text: str, now: datetime) -> int:
    """The same in a conversation without a ticket; the id of the note."""
    if not text.strip():
        raise FieldError("text", "is empty; write what colleagues should know")
    message_id = conversations.write_note(session, staff, conversation_id, text.strip(), now)
    called = called_in(session, staff.community_id, text)
    call(session, staff, called, text.strip(), conversation_id=conversation_id, ticket_id=None, now=now)
    return message_id


def _tell_accepted(session: Session, ticket: Ticket, done: TicketCard, tell: Tell, now: datetime) -> None:
    tell(session, ticket, "ticket.accepted", {"ticket": done.number, "department": done.department_name}, now)
