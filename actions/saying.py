"""A member's words to a resident: said once, at the state that the member has seen, breaches of rules on record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions import conversations
from actions.access import StaffIdentity
from actions.conversations import Words, lock_conversation
from actions.errors import ConflictError
from actions.tables import Author, Conversation, Direction, Message, TurnOwner
from actions.views.tickets import record
from actions.views.timeline import staff_names


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
    `key` is the page's own id of this sending: the same key is never sent twice.
    """

    text: str
    despite: tuple[str, ...] = ()
    reason: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The message that was written, None where there is no conversation; `again` when it had been sent before."""

    message_id: int | None
    again: bool = False


def speak(
    session: Session, staff: StaffIdentity, conversation_id: int | None, spoken: Spoken, seen: Seen, now: datetime
) -> Said:
    """Say it, if there is a conversation and it stands as the member has seen it.

    Raises ConflictError when another member holds the conversation, or it went on since the page was read.
    """
    if conversation_id is None or not spoken.text.strip():
        return Said(None)
    conversation = lock_conversation(session, staff.community_id, conversation_id)
    key = f"staff:{staff.staff_id}:{spoken.key}" if spoken.key else None
    if key is not None and (before := _sent_before(session, staff.community_id, key)) is not None:
        return Said(before, again=True)
    if conversation.owner is TurnOwner.STAFF and conversation.staff_id not in {None, staff.staff_id}:
        names = staff_names(session, staff.community_id, {conversation.staff_id})
        raise ConflictError("the conversation is held by somebody else", current=next(iter(names.values()), ""))
    if seen.conversation is not None and conversation.version != seen.conversation:
        raise ConflictError("the conversation changed since the page was read")
    if seen.seq is not None and _heard_since(session, conversation, seen.seq):
        raise ConflictError("the resident has written since the page was read")
    words = Words(spoken.text.strip(), Author.STAFF, staff.staff_id, reply_id="ticket.reply", idempotency_key=key)
    message_id = conversations.say(session, staff.community_id, conversation_id, words, now)
    if spoken.despite:
        detail = {"rules": list(spoken.despite)}
        record(
            session, staff, "etiquette:overruled", "message", message_id, reason=spoken.reason, detail=detail, now=now
        )
    return Said(message_id)


def _sent_before(session: Session, community_id: int, key: str) -> int | None:
    query = select(Message.id).where(Message.community_id == community_id, Message.idempotency_key == key)
    return session.execute(query).scalar_one_or_none()


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
