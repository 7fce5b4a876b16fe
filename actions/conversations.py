"""What the desk says, and whose turn it is to say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_conversation
from actions.errors import ConflictError
from actions.ids import new_id
from actions.live import emit
from actions.tables import (
    Author,
    Contact,
    Conversation,
    Direction,
    Message,
    OutboxRow,
    OutboxState,
    Staff,
    TurnOwner,
)

# On these channels the reader fetches messages from the store: stored is delivered.
FETCHED_CHANNELS = frozenset({"web"})


@dataclass(frozen=True, slots=True)
class Words:
    """One message of the desk, ready to be shown."""

    text: str
    author: Author = Author.BOT
    staff_id: int | None = None
    reply_id: str | None = None
    buttons: tuple[Mapping[str, str], ...] = ()
    decision: Mapping[str, Any] | None = None
    purpose: str = "reply"


def say(session: Session, community_id: int, conversation_id: int, words: Words, now: datetime) -> int:
    """Write a message of the desk and, unless its channel fetches, the row that has it delivered."""
    conversation, channel = session.execute(
        select(Conversation, Contact.channel)
        .join(Contact, (Contact.community_id == Conversation.community_id) & (Contact.id == Conversation.contact_id))
        .where(Conversation.community_id == community_id, Conversation.id == conversation_id)
        .with_for_update(of=Conversation)
    ).one()
    conversation.last_seq += 1
    message_id = new_id(session, now)
    _insert_message(session, conversation, message_id, Direction.OUT, words, now)
    if channel not in FETCHED_CHANNELS:
        session.execute(
            insert(OutboxRow),
            {
                "community_id": community_id,
                "id": new_id(session, now),
                "message_id": message_id,
                "contact_id": conversation.contact_id,
                "channel": channel,
                "purpose": words.purpose,
                "state": OutboxState.PENDING,
                "next_attempt_at": now,
                "created_at": now,
            },
        )
    emit(session, community_id, "message:out", conversation_id=conversation_id, now=now)
    return message_id


def write_note(session: Session, staff: StaffIdentity, conversation_id: int, text: str, now: datetime) -> int:
    """An internal note in the timeline; the resident never sees it."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
    conversation = _lock(session, staff.community_id, conversation_id)
    conversation.last_seq += 1
    message_id = new_id(session, now)
    words = Words(text, author=Author.STAFF, staff_id=staff.staff_id)
    _insert_message(session, conversation, message_id, Direction.NOTE, words, now)
    emit(session, staff.community_id, "message:note", conversation_id=conversation_id, now=now)
    return message_id


def _insert_message(
    session: Session, conversation: Conversation, message_id: int, direction: Direction, words: Words, now: datetime
) -> None:
    session.execute(
        insert(Message),
        {
            "community_id": conversation.community_id,
            "id": message_id,
            "conversation_id": conversation.id,
            "seq": conversation.last_seq,
            "direction": direction,
            "author": words.author,
            "staff_id": words.staff_id,
            "text": words.text,
            "sent_at": now,
            "stored_at": now,
            "reply_id": words.reply_id,
            "buttons": [dict(button) for button in words.buttons] or None,
            "decision": dict(words.decision) if words.decision else None,
        },
    )


def take_over(session: Session, staff: StaffIdentity, conversation_id: int, *, version: int, now: datetime) -> int:
    """Give the turn to a person; the bot is silent from this commit on. Returns the new version.

    Raises ConflictError naming who was first, or when the conversation changed since `version`.
    """
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    conversation = _lock(session, staff.community_id, conversation_id)
    if conversation.owner is TurnOwner.STAFF and conversation.staff_id != staff.staff_id:
        name = session.execute(
            select(Staff.name).where(Staff.community_id == staff.community_id, Staff.id == conversation.staff_id)
        ).scalar_one()
        raise ConflictError("the conversation is held by somebody else", current=name)
    if conversation.version != version:
        raise ConflictError("the conversation changed", current=str(conversation.version))
    conversation.owner = TurnOwner.STAFF
    conversation.staff_id = staff.staff_id
    conversation.version += 1
    emit(session, staff.community_id, "conversation:taken_over", conversation_id=conversation_id, now=now)
    return conversation.version


def hand_back(session: Session, staff: StaffIdentity, conversation_id: int, *, now: datetime) -> int:
    """Give the turn back to the bot, which starts clean: nothing half-asked is left over. Returns the new version."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    conversation = _lock(session, staff.community_id, conversation_id)
    conversation.owner = TurnOwner.BOT
    conversation.staff_id = None
    conversation.version += 1
    keep = ("greeted_on", "last_variants")
    conversation.state = {name: value for name, value in conversation.state.items() if name in keep}
    conversation.wake_at = None
    emit(session, staff.community_id, "conversation:handed_back", conversation_id=conversation_id, now=now)
    return conversation.version


def _lock(session: Session, community_id: int, conversation_id: int) -> Conversation:
    return session.execute(
        select(Conversation)
        .where(Conversation.community_id == community_id, Conversation.id == conversation_id)
        .with_for_update()
    ).scalar_one()
