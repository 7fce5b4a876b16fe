"""What the desk says, and whose turn it is to say it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_conversation
from actions.errors import ConflictError
from actions.ids import new_id
from actions.live import emit
from actions.search_index import put_in
from actions.statements import table
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

# What goes to many at once: it waits behind every reply.
BULK_PURPOSES = frozenset({"broadcast"})

_CONVERSATION, _CONTACT = table(Conversation), table(Contact)
# Counting up locks the row, and tells in the same step where the new messages belong.
_TAKE_SEQS = (
    update(_CONVERSATION)
    .where(
        _CONVERSATION.c.community_id == bindparam("this_community"),
        _CONVERSATION.c.id == bindparam("this_conversation"),
    )
    .values(last_seq=_CONVERSATION.c.last_seq + bindparam("taken"))
    .returning(
        _CONVERSATION.c.last_seq,
        _CONVERSATION.c.contact_id,
        # After RETURNING, SQLite is given names without their tables: a name that both have would be the contact's own.
        select(_CONTACT.c.channel)
        .where(_CONTACT.c.community_id == bindparam("this_community"), _CONTACT.c.id == _CONVERSATION.c.contact_id)
        .correlate(_CONVERSATION)
        .scalar_subquery(),
    )
)
_INSERT_MESSAGE = insert(table(Message))
_INSERT_OUTBOX = insert(table(OutboxRow))


@dataclass(frozen=True, slots=True)
class Words:
    """One message of the desk, ready to be shown; `quotes` are the resident's own words in it."""

    text: str
    author: Author = Author.BOT
    staff_id: int | None = None
    reply_id: str | None = None
    buttons: tuple[Mapping[str, str], ...] = ()
    decision: Mapping[str, Any] | None = None
    purpose: str = "reply"
    quotes: tuple[str, ...] = ()
    idempotency_key: str | None = None


def say(session: Session, community_id: int, conversation_id: int, words: Words, now: datetime) -> int:
    """Write a message of the desk and, unless its channel fetches, the row that has it delivered."""
    return say_all(session, community_id, conversation_id, (words,), now)[0]


def say_all(
    session: Session, community_id: int, conversation_id: int, words: Sequence[Words], now: datetime
) -> tuple[int, ...]:
    """Write all that a turn says, in its order, as `say` does one by one; the ids of the messages."""
    if not words:
        return ()
    first_seq, contact_id, channel = _take_seqs(session, community_id, conversation_id, len(words))
    place = {"community_id": community_id, "conversation_id": conversation_id, "direction": Direction.OUT}
    ids = tuple(new_id(session, now) for _ in words)
    session.execute(
        _INSERT_MESSAGE,
        [
            {**place, "id": message_id, "seq": seq, **_message(one, now)}
            for seq, (message_id, one) in enumerate(zip(ids, words, strict=True), first_seq)
        ],
    )
    put_in(session, community_id, ((message_id, one.text) for message_id, one in zip(ids, words, strict=True)))
    if channel not in FETCHED_CHANNELS:
        reader = {"community_id": community_id, "contact_id": contact_id, "channel": channel}
        session.execute(
            _INSERT_OUTBOX,
            [
                {**reader, "id": new_id(session, now), "message_id": message_id, **_delivery(one, now)}
                for message_id, one in zip(ids, words, strict=True)
            ],
        )
    emit(session, community_id, "message:out", conversation_id=conversation_id, times=len(words), now=now)
    return ids


def write_note(session: Session, staff: StaffIdentity, conversation_id: int, text: str, now: datetime) -> int:
    """An internal note in the timeline; the resident never sees it."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
    return _note(session, staff.community_id, conversation_id, Words(text, Author.STAFF, staff.staff_id), now)


def mark(
    session: Session,
    community_id: int,
    conversation_id: int,
    what: str,
    now: datetime,
    *,
    staff_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """A mark in the timeline that the turn changed hands, for staff only; without a member the desk did it itself."""
    words = Words("", Author.STAFF, staff_id, reply_id=f"marker.{what}", decision=detail)
    return _note(session, community_id, conversation_id, words, now)


def _note(session: Session, community_id: int, conversation_id: int, words: Words, now: datetime) -> int:
    seq, _contact_id, _channel = _take_seqs(session, community_id, conversation_id, 1)
    message_id = new_id(session, now)
    place = {"community_id": community_id, "conversation_id": conversation_id, "direction": Direction.NOTE}
    session.execute(_INSERT_MESSAGE, {**place, "id": message_id, "seq": seq, **_message(words, now)})
    put_in(session, community_id, ((message_id, words.text),))
    emit(session, community_id, "message:note", conversation_id=conversation_id, now=now)
    return message_id


def _take_seqs(session: Session, community_id: int, conversation_id: int, count: int) -> tuple[int, int, str]:
    """The first of the next `count` places in a conversation, with its contact and channel.

    The conversation stays locked until the transaction ends, so nobody else gets these places.
    """
    key = {"this_community": community_id, "this_conversation": conversation_id}
    last_seq, contact_id, channel = session.execute(_TAKE_SEQS, {**key, "taken": count}).one()
    return last_seq - count + 1, contact_id, channel


def _message(words: Words, now: datetime) -> dict[str, object]:
    return {
        "author": words.author,
        "staff_id": words.staff_id,
        "text": words.text,
        "sent_at": now,
        "stored_at": now,
        "reply_id": words.reply_id,
        "buttons": [dict(button) for button in words.buttons] or None,
        "decision": dict(words.decision) if words.decision else None,
        "idempotency_key": words.idempotency_key,
    }


def _delivery(words: Words, now: datetime) -> dict[str, object]:
    return {
        "purpose": words.purpose,
        "bulk": words.purpose in BULK_PURPOSES,
        "state": OutboxState.PENDING,
        "next_attempt_at": now,
        "created_at": now,
    }


def take_over(session: Session, staff: StaffIdentity, conversation_id: int, *, version: int, now: datetime) -> int:
    """Give the turn to a person; the bot is silent from this commit on. Returns the new version.

    Raises ConflictError naming who was first, or when the conversation changed since `version`.
    """
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    conversation = lock_conversation(session, staff.community_id, conversation_id)
    if conversation.owner is TurnOwner.STAFF and conversation.staff_id != staff.staff_id:
        name = session.execute(
            select(Staff.name).where(Staff.community_id == staff.community_id, Staff.id == conversation.staff_id)
        ).scalar_one()
        raise ConflictError("the conversation is held by somebody else", current=name)
    if conversation.version != version:
        raise ConflictError("the conversation changed", current=str(conversation.version))
    conversation.owner = TurnOwner.STAFF
    conversation.staff_id = staff.staff_id
    conversation.held_since = now
    conversation.version += 1
    session.flush()
    mark(session, staff.community_id, conversation_id, "taken_over", now, staff_id=staff.staff_id)
    emit(session, staff.community_id, "conversation:taken_over", conversation_id=conversation_id, now=now)
    return conversation.version


def hand_back(session: Session, staff: StaffIdentity, conversation_id: int, *, now: datetime) -> int:
    """Give the turn back to the bot, which starts clean: nothing half-asked is left over. Returns the new version."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    conversation = lock_conversation(session, staff.community_id, conversation_id)
    give_to_bot(session, conversation, "handed_back", now, staff_id=staff.staff_id)
    return conversation.version


def give_to_bot(
    session: Session, conversation: Conversation, why: str, now: datetime, *, staff_id: int | None = None
) -> None:
    """Let the bot answer a locked conversation again, from a clean start, with a mark in the timeline."""
    conversation.owner = TurnOwner.BOT
    conversation.staff_id = None
    conversation.held_since = None
    conversation.version += 1
    keep = ("last_talk_at", "last_variants", "notices_told")
    conversation.state = {name: value for name, value in conversation.state.items() if name in keep}
    conversation.wake_at = None
    session.flush()
    mark(session, conversation.community_id, conversation.id, why, now, staff_id=staff_id)
    emit(session, conversation.community_id, "conversation:handed_back", conversation_id=conversation.id, now=now)


def lock_conversation(session: Session, community_id: int, conversation_id: int) -> Conversation:
    """A conversation, locked until the transaction ends; whoever may see it has been checked by the caller."""
    # A row that this session has read before the lock would otherwise keep the values of that first look.
    return session.execute(
        select(Conversation)
        .where(Conversation.community_id == community_id, Conversation.id == conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
