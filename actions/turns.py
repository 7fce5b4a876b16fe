"""From stored messages to turns: what is not understood yet, what is ready to be answered, and what was taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.errors import ConflictError
from actions.tables import Contact, Conversation, Direction, Message, TurnOwner


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """How long the desk waits for more before it answers.

    `usual` after an everyday message, `complaint` while a complaint is poured out, and never longer than `longest`
    after the first unanswered message.
    """

    usual: timedelta
    complaint: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Unread:
    """A stored message that has not been understood yet."""

    community_id: int
    message_id: int
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """An understood message that waits to be answered."""

    message_id: int
    seq: int
    text: str
    sent_at: datetime
    stored_at: datetime
    pressed: bool
    photos: int
    understanding: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """A conversation that was claimed for one turn; the claim lasts as long as the transaction.

    `messages` is empty when the conversation was woken by time alone.
    """

    community_id: int
    conversation_id: int
    contact_id: int
    channel: str
    owner: TurnOwner
    version: int
    number: int
    state: Mapping[str, Any]
    messages: tuple[Pending, ...]
    more_waiting: bool


def unread(session: Session, limit: int) -> tuple[Unread, ...]:
    """Messages that have been stored but not understood, oldest first."""
    rows = session.execute(
        select(Message.community_id, Message.id, Message.text, Message.sent_at)
        .where(Message.needs_understanding)
        .order_by(Message.id)
        .limit(limit)
    )
    return tuple(Unread(*row) for row in rows)


def record_understanding(
    session: Session,
    unread_message: Unread,
    understanding: Mapping[str, Any],
    model_version: str,
    quiet: QuietTimes,
    now: datetime,
) -> bool:
    """Store what was understood and set when the conversation may be answered; False when somebody else did."""
    key = (Message.community_id == unread_message.community_id, Message.id == unread_message.message_id)
    changed = session.execute(
        update(Message)
        .where(*key, Message.needs_understanding)
        .values(needs_understanding=False, understanding=dict(understanding), model_version=model_version)
        .returning(Message.conversation_id, Message.pressed)
    ).one_or_none()
    if changed is None:
        return False
    conversation_id, pressed = changed
    conversation = session.execute(
        select(Conversation)
        .where(Conversation.community_id == unread_message.community_id, Conversation.id == conversation_id)
        .with_for_update()
    ).scalar_one()
    conversation.pending_since = conversation.pending_since or now
    if pressed or understanding.get("emergency"):
        conversation.ready_at = now
    else:
        pouring = understanding.get("intent") == "complaint" or bool(conversation.state.get("pouring"))
        wait = quiet.complaint if pouring else quiet.usual
        ready = min(now + wait, conversation.pending_since + quiet.longest)
        # What is already due (an emergency a second ago) is not put off by what follows.
        due = conversation.ready_at is not None and conversation.ready_at <= now
        conversation.ready_at = conversation.ready_at if due else ready
    return True


def next_moment(session: Session) -> datetime | None:
    """When the next conversation is to be looked at, or None when nothing waits."""
    moments = [
        session.execute(select(column).where(column.is_not(None)).order_by(column).limit(1)).scalar_one_or_none()
        for column in (Conversation.ready_at, Conversation.wake_at)
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def claim_turn(session: Session, now: datetime) -> Turn | None:
    """Claim the conversation that has been ready longest, with the understood prefix of its pending messages."""
    conversation = _claim(session, Conversation.ready_at, now) or _claim(session, Conversation.wake_at, now)
    if conversation is None:
        return None
    messages, more = _pending(session, conversation)
    channel = session.execute(
        select(Contact.channel).where(
            Contact.community_id == conversation.community_id, Contact.id == conversation.contact_id
        )
    ).scalar_one()
    return Turn(
        conversation.community_id,
        conversation.id,
        conversation.contact_id,
        channel,
        conversation.owner,
        conversation.version,
        conversation.turn_count + 1,
        conversation.state,
        messages,
        more,
    )


def _claim(session: Session, column: Any, now: datetime) -> Conversation | None:
    return session.execute(
        select(Conversation).where(column <= now).order_by(column).limit(1).with_for_update(skip_locked=True)
    ).scalar_one_or_none()


def _pending(session: Session, conversation: Conversation) -> tuple[tuple[Pending, ...], bool]:
    rows = (
        session.execute(
            select(Message)
            .where(
                Message.community_id == conversation.community_id,
                Message.conversation_id == conversation.id,
                Message.seq > conversation.taken_seq,
                Message.direction == Direction.IN,
            )
            .order_by(Message.seq)
        )
        .scalars()
        .all()
    )
    understood: list[Pending] = []
    for row in rows:
        if row.needs_understanding:
            break
        understood.append(
            Pending(
                row.id, row.seq, row.text, row.sent_at, row.stored_at, row.pressed, row.photos, row.understanding or {}
            )
        )
    return tuple(understood), len(understood) < len(rows)


def finish_turn(
    session: Session, turn: Turn, *, state: Mapping[str, Any], wake_at: datetime | None, owner: TurnOwner, now: datetime
) -> None:
    """Mark the messages as taken and store the new state; in the transaction that claimed the turn."""
    taken = [message.message_id for message in turn.messages]
    if taken:
        session.execute(
            update(Message)
            .where(Message.community_id == turn.community_id, Message.id.in_(taken))
            .values(turn=turn.number)
        )
    values: dict[str, Any] = {
        "state": dict(state),
        "wake_at": wake_at,
        "owner": owner,
        "turn_count": turn.number,
        "version": turn.version + 1,
        "ready_at": None,
        "pending_since": None,
    }
    if turn.messages:
        values["taken_seq"] = turn.messages[-1].seq
    if turn.more_waiting:
        # The rest is taken as soon as it is understood; until then somebody must look again.
        values |= {"pending_since": now, "ready_at": now + timedelta(milliseconds=200)}
    changed = session.execute(
        update(Conversation)
        .where(
            Conversation.community_id == turn.community_id,
            Conversation.id == turn.conversation_id,
            Conversation.version == turn.version,
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise ConflictError("the conversation changed while its turn was being answered")
