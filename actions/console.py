"""What a staff member does at the console: each change together with the words that the resident is told of it.

Each runs whole in one transaction or not at all. A conversation is locked before its ticket, as in the bot's turns, so
that the two never wait for each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions import clocks, conversations, handling
from actions.access import Permission, StaffIdentity, access_conversation, access_ticket, allows
from actions.actors import Actor
from actions.conversations import Words
from actions.errors import ConflictError, FieldError
from actions.policy import Policy
from actions.tables import Author, Conversation, DeadlineKind, Direction, Message, Ticket, TicketStatus, TurnOwner
from actions.tickets import TicketCard
from actions.transitions import lock_ticket
from actions.views.tickets import record
from actions.views.timeline import staff_names

Tell = Callable[[Session, Ticket, str, Mapping[str, Any], datetime], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the member's page showed when they began: versions and the place of the last message. None is unchecked."""

    ticket: int | None = None
    conversation: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words of a member to a resident.

    `despite` holds the etiquette rules that the text breaks, `reason` why it is sent all the same; both go on record.
    """

    text: str
    despite: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to a ticket: the words, the member's word that they conclude it, and the moment that they name."""

    spoken: Spoken
    concludes: bool = False
    promised_at: datetime | None = None


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
    message_id = _speak(session, staff, ticket.conversation_id, answer.spoken, seen, now)
    return handling.reply(
        session,
        Actor.staff(staff.staff_id),
        staff.community_id,
        ticket_id,
        text=answer.spoken.text,
        policy=policy,
        concludes=answer.concludes,
        promised_at=answer.promised_at,
        message_id=message_id,
        version=seen.ticket,
        now=now,
    )


def talk(
    session: Session, staff: StaffIdentity, conversation_id: int, spoken: Spoken, *, seen: Seen, now: datetime
) -> int:
    """Say something in a conversation, whatever its tickets; the id of the message."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    message_id = _speak(session, staff, conversation_id, spoken, seen, now)
    if message_id is None:
        raise FieldError("text", "is empty; write what the resident is told")
    return message_id


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
    message_id = _speak(session, staff, ticket.conversation_id, putting_off.spoken, seen, now)
    return handling.hold(
        session,
        Actor.staff(staff.staff_id),
        staff.community_id,
        ticket_id,
        reason=putting_off.reason,
        promised_at=putting_off.promised_at,
        contact=putting_off.contact,
        message_id=message_id,
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
    message_id = _speak(session, staff, ticket.conversation_id, spoken, seen, now)
    card = handling.resolve(
        session,
        Actor.staff(staff.staff_id),
        staff.community_id,
        ticket_id,
        text=spoken.text,
        policy=policy,
        message_id=message_id,
        version=seen.ticket,
        now=now,
    )
    tell(session, ticket, "ticket.resolved", {"ticket": ticket.number}, now)
    return card


def reopen(
    session: Session, staff: StaffIdentity, ticket_id: int, *, reason: str, seen: Seen, tell: Tell, now: datetime
) -> TicketCard:
    """Open a ticket again, with a word of apology to the resident (domain.md A4, C5)."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_RESOLVE)
    if not reason.strip():
        raise FieldError("reason", "is missing; say what was not put right")
    ticket = lock_ticket(session, staff.community_id, ticket_id, version=seen.ticket)
    actor = Actor.staff(staff.staff_id)
    card = handling.reopen(
        session, actor, staff.community_id, ticket_id, reason=reason.strip(), received_at=now, now=now
    )
    if card.reply_due_at is not None:
        tell(session, ticket, "ticket.reopened", {"ticket": ticket.number, "due": card.reply_due_at}, now)
    return card


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
    card = handling.assign(
        session,
        actor,
        staff.community_id,
        ticket_id,
        staff_id=staff_id,
        reason=reason,
        version=seen.ticket,
        now=now,
    )
    if card.status is TicketStatus.ACCEPTED and before is not TicketStatus.ACCEPTED:
        _tell_accepted(session, ticket, card, tell, now)
    return card


def accept(
    session: Session, staff: StaffIdentity, ticket_id: int, *, seen: Seen, tell: Tell, now: datetime
) -> TicketCard:
    """Take the work on; the resident is told that somebody has."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    card = handling.accept(session, actor, staff.community_id, ticket_id, version=seen.ticket, now=now)
    _tell_accepted(session, ticket, card, tell, now)
    return card


def acknowledge(session: Session, staff: StaffIdentity, ticket_id: int, *, tell: Tell, now: datetime) -> TicketCard:
    """Take an alarm; only the first time is the resident told that it was taken (domain.md A11)."""
    access_ticket(session, staff, ticket_id, Permission.ALARM_ACKNOWLEDGE)
    ticket = lock_ticket(session, staff.community_id, ticket_id)
    first = bool(clocks.running(session, ticket, (DeadlineKind.ACKNOWLEDGE,)))
    card = handling.acknowledge_alarm(session, Actor.staff(staff.staff_id), staff.community_id, ticket_id, now=now)
    if first:
        # To somebody in distress a person says that they are there, not that an alarm was taken.
        distress = ticket.category == "self_harm"
        script = "emergency.self_harm.acknowledged" if distress else "emergency.acknowledged"
        tell(session, ticket, script, {"ticket": ticket.number}, now)
    return card


def note(session: Session, staff: StaffIdentity, ticket_id: int, text: str, now: datetime) -> TicketCard:
    """Write something down for colleagues; the resident never sees it."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    if not text.strip():
        raise FieldError("text", "is empty; write what colleagues should know")
    message_id = None
    if ticket.conversation_id is not None and allows(staff, Permission.CONVERSATION_SEE):
        message_id = conversations.write_note(session, staff, ticket.conversation_id, text.strip(), now)
    actor = Actor.staff(staff.staff_id)
    return handling.note(
        session, actor, staff.community_id, ticket_id, text=text.strip(), message_id=message_id, now=now
    )


def _tell_accepted(session: Session, ticket: Ticket, card: TicketCard, tell: Tell, now: datetime) -> None:
    tell(session, ticket, "ticket.accepted", {"ticket": card.number, "department": card.department_name}, now)


def _speak(
    session: Session, staff: StaffIdentity, conversation_id: int | None, spoken: Spoken, seen: Seen, now: datetime
) -> int | None:
    """Say it, if there is a conversation and it stands as the member has seen it; the id of the message."""
    if conversation_id is None or not spoken.text.strip():
        return None
    conversation = session.execute(
        select(Conversation)
        .where(Conversation.community_id == staff.community_id, Conversation.id == conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    if conversation.owner is TurnOwner.STAFF and conversation.staff_id not in {None, staff.staff_id}:
        names = staff_names(session, staff.community_id, {conversation.staff_id})
        raise ConflictError("the conversation is held by somebody else", current=next(iter(names.values()), ""))
    if seen.conversation is not None and conversation.version != seen.conversation:
        raise ConflictError("the conversation changed since the page was read")
    if seen.seq is not None and _heard_since(session, conversation, seen.seq):
        raise ConflictError("the resident has written since the page was read")
    words = Words(spoken.text.strip(), author=Author.STAFF, staff_id=staff.staff_id, reply_id="ticket.reply")
    message_id = conversations.say(session, staff.community_id, conversation_id, words, now)
    if spoken.despite:
        detail = {"rules": list(spoken.despite)}
        record(
            session, staff, "etiquette:overruled", "message", message_id, reason=spoken.reason, detail=detail, now=now
        )
    return message_id


def _heard_since(session: Session, conversation: Conversation, seq: int) -> bool:
    count = session.execute(
        select(func.count()).where(
            Message.community_id == conversation.community_id,
            Message.conversation_id == conversation.id,
            Message.direction == Direction.IN,
            Message.seq > seq,
        )
    ).scalar_one()
    return bool(count)
