"""What a messenger's door must know before it stores what came in: buttons pressed, whose turn it is, keys of links."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions.intake import Inbound
from actions.statements import dialect_of, table
from actions.tables import Contact, Conversation, Direction, LinkKey, Message, OutboxRow, TurnOwner

# The two engines have the same words for it, but SQLAlchemy has a class for each.
_ENGINES: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Button:
    """A button that was pressed: what it says, and whether the conversation has gone on since it was offered.

    It has once the resident said something after it, or other buttons were offered.
    """

    says: str
    gone_on: bool


def pressed_button(
    session: Session, community_id: int, channel: str, address: str, where: tuple[int, int]
) -> Button | None:
    """The button at a place of one of the desk's messages to this address; None when there is none."""
    message_id, place = where
    message = session.execute(
        select(Message.conversation_id, Message.seq, Message.buttons, Message.reply_id)
        .join(
            Conversation,
            (Conversation.community_id == Message.community_id) & (Conversation.id == Message.conversation_id),
        )
        .join(Contact, (Contact.community_id == Conversation.community_id) & (Contact.id == Conversation.contact_id))
        .where(
            Message.community_id == community_id,
            Message.id == message_id,
            Message.direction == Direction.OUT,
            Contact.channel == channel,
            Contact.address == address,
        )
    ).one_or_none()
    if message is None or not message.buttons or place >= len(message.buttons):
        return None
    button = message.buttons[place]
    if not button.get("says"):
        return None
    later = session.execute(
        select(Message.direction, Message.buttons).where(
            Message.community_id == community_id,
            Message.conversation_id == message.conversation_id,
            Message.seq > message.seq,
            Message.direction != Direction.NOTE,
        )
    ).all()
    gone_on = any(direction is Direction.IN or buttons for direction, buttons in later)
    return Button(str(button["says"]), gone_on)


def is_stored(session: Session, inbound: Inbound) -> bool:
    """Whether a message is stored already."""
    found = select(Message.id).where(
        Message.community_id == inbound.community_id, Message.idempotency_key == inbound.idempotency_key
    )
    return session.execute(found).scalar() is not None


def bot_answers(session: Session, community_id: int, conversation_id: int) -> bool:
    """Whether it is the bot that answers a conversation at present."""
    found = select(Conversation.owner).where(
        Conversation.community_id == community_id, Conversation.id == conversation_id
    )
    return session.execute(found).scalar_one() is TurnOwner.BOT


def has_unsent(session: Session, community_id: int, contact_id: int) -> bool:
    """Whether something still waits to be sent to a contact."""
    waiting = select(OutboxRow.id).where(
        OutboxRow.community_id == community_id,
        OutboxRow.contact_id == contact_id,
        OutboxRow.next_attempt_at.is_not(None),
    )
    return session.execute(waiting.limit(1)).scalar() is not None


def link_key(session: Session, community_id: int) -> str | None:
    """The key that signs a community's links, or None while it has none."""
    return session.execute(select(LinkKey.key).where(LinkKey.community_id == community_id)).scalar()


def make_link_key(session: Session, community_id: int, now: datetime) -> str:
    """The key that signs a community's links, made now when it has none; printed links live as long as it does."""
    found = link_key(session, community_id)
    if found is not None:
        return found
    into = _ENGINES[dialect_of(session)]
    row = {"community_id": community_id, "key": secrets.token_hex(16), "created_at": now}
    session.execute(into(table(LinkKey)).on_conflict_do_nothing(), row)
    return session.execute(select(LinkKey.key).where(LinkKey.community_id == community_id)).scalar_one()
