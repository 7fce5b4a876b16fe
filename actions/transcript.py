"""What was said in one conversation, message by message, for the terminal, for tests and for the record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.tables import Author, Contact, Conversation, Direction, Message, Resident


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a transcript."""

    seq: int
    direction: Direction
    author: Author
    text: str
    at: datetime
    understanding: dict[str, Any] | None
    reply_id: str | None
    buttons: tuple[dict[str, str], ...]
    decision: dict[str, Any] | None
    turn: int | None
    idempotency_key: str | None


def conversation_of(session: Session, community_id: int, channel: str, address: str) -> int | None:
    """The conversation of an address, or None when it never wrote."""
    return session.execute(
        select(Conversation.id)
        .join(Contact, (Contact.community_id == Conversation.community_id) & (Contact.id == Conversation.contact_id))
        .where(Contact.community_id == community_id, Contact.channel == channel, Contact.address == address)
    ).scalar_one_or_none()


def said_since(session: Session, community_id: int, conversation_id: int, seq: int = 0) -> tuple[Said, ...]:
    """Everything said after a place in the conversation, in order."""
    rows = session.execute(
        select(Message)
        .where(Message.community_id == community_id, Message.conversation_id == conversation_id, Message.seq > seq)
        .order_by(Message.seq)
    ).scalars()
    return tuple(
        Said(
            row.seq,
            row.direction,
            row.author,
            row.text,
            row.sent_at,
            row.understanding,
            row.reply_id,
            tuple(row.buttons or ()),
            row.decision,
            row.turn,
            row.idempotency_key,
        )
        for row in rows
    )


def find_resident(session: Session, community_id: int, who: str) -> int | None:
    """The one resident of that name, phone number or id; None when there is none or more than one."""
    by_id = int(who) if who.isdecimal() and len(who) < len(str(2**63)) else -1
    found = (
        session.execute(
            select(Resident.id)
            .where(
                Resident.community_id == community_id,
                (Resident.name == who) | (Resident.phone == who) | (Resident.id == by_id),
            )
            .limit(2)
        )
        .scalars()
        .all()
    )
    return found[0] if len(found) == 1 else None
