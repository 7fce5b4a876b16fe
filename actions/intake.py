"""Stores what arrives: once, in order, before anything else happens to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions.ids import new_id
from actions.live import emit
from actions.tables import Attachment, Author, Contact, Conversation, Direction, Message, TurnOwner

MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose bytes are already stored under the hash of its content; `size` in bytes."""

    kind: str
    sha256: str
    content_type: str
    size: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a door hands it over.

    `external_id` is the channel's own id of the message; together with channel and address it is the idempotency key.
    `pressed` is true when the text comes from a button, so that nothing more is waited for.
    """

    community_id: int
    channel: str
    address: str
    external_id: str
    text: str
    sent_at: datetime
    attachments: tuple[Upload, ...] = ()
    display_name: str = ""
    pressed: bool = False

    @property
    def idempotency_key(self) -> str:
        """The key under which this message is stored at most once."""
        return f"{self.channel}:{self.address}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Received:
    """Where a message was stored; `duplicate` when it had been stored before."""

    message_id: int
    conversation_id: int
    contact_id: int
    duplicate: bool


def receive(session: Session, inbound: Inbound, now: datetime) -> Received:
    """Store a message under its idempotency key and mark it for understanding (domain.md C6).

    A text beyond `MAX_TEXT` characters is cut there and ends with an ellipsis; doors refuse such texts or tell of it.
    """
    found = _find(session, inbound) or _create(session, inbound, now)
    conversation_id, contact_id, last_seq = found
    if (known := _stored(session, inbound)) is not None:
        return Received(known, conversation_id, contact_id, duplicate=True)
    message_id = _insert(session, inbound, conversation_id, last_seq + 1, now)
    session.execute(
        update(Conversation)
        .where(Conversation.community_id == inbound.community_id, Conversation.id == conversation_id)
        .values(last_seq=last_seq + 1, last_inbound_at=now)
    )
    emit(session, inbound.community_id, "message:in", conversation_id=conversation_id, now=now)
    return Received(message_id, conversation_id, contact_id, duplicate=False)


def _find(session: Session, inbound: Inbound) -> tuple[int, int, int] | None:
    # The lock on the conversation orders its messages and makes the duplicate check below safe.
    row = session.execute(
        select(Conversation.id, Contact.id, Conversation.last_seq)
        .join(Contact, (Contact.community_id == Conversation.community_id) & (Contact.id == Conversation.contact_id))
        .where(
            Contact.community_id == inbound.community_id,
            Contact.channel == inbound.channel,
            Contact.address == inbound.address,
        )
        .with_for_update(of=Conversation)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _create(session: Session, inbound: Inbound, now: datetime) -> tuple[int, int, int]:
    """The first message of an address; two at once must end in one contact and one conversation."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    contact = {
        "community_id": inbound.community_id,
        "id": new_id(session, now),
        "channel": inbound.channel,
        "address": inbound.address,
        "display_name": inbound.display_name,
        "created_at": now,
    }
    session.execute(dialect.insert(Contact).values(contact).on_conflict_do_nothing())
    contact_id = session.execute(
        select(Contact.id).where(
            Contact.community_id == inbound.community_id,
            Contact.channel == inbound.channel,
            Contact.address == inbound.address,
        )
    ).scalar_one()
    conversation = {
        "community_id": inbound.community_id,
        "id": new_id(session, now),
        "contact_id": contact_id,
        "owner": TurnOwner.BOT,
        "state": {},
        "opened_at": now,
    }
    session.execute(dialect.insert(Conversation).values(conversation).on_conflict_do_nothing())
    found = _find(session, inbound)
    if found is None:
        raise LookupError(f"the conversation of {inbound.channel} was not created")
    return found


def _stored(session: Session, inbound: Inbound) -> int | None:
    return session.execute(
        select(Message.id).where(
            Message.community_id == inbound.community_id, Message.idempotency_key == inbound.idempotency_key
        )
    ).scalar_one_or_none()


def _insert(session: Session, inbound: Inbound, conversation_id: int, seq: int, now: datetime) -> int:
    message_id = new_id(session, now)
    text = inbound.text if len(inbound.text) <= MAX_TEXT else inbound.text[: MAX_TEXT - 1] + "…"
    session.execute(
        insert(Message),
        {
            "community_id": inbound.community_id,
            "id": message_id,
            "conversation_id": conversation_id,
            "seq": seq,
            "direction": Direction.IN,
            "author": Author.RESIDENT,
            # PostgreSQL has no room for a null character in a text; nothing a person types contains one.
            "text": text.replace("\0", "�"),
            "idempotency_key": inbound.idempotency_key,
            "sent_at": inbound.sent_at,
            "stored_at": now,
            "pressed": inbound.pressed,
            "photos": len(inbound.attachments),
            "needs_understanding": True,
        },
    )
    for upload in inbound.attachments:
        session.execute(
            insert(Attachment),
            {
                "community_id": inbound.community_id,
                "id": new_id(session, now),
                "message_id": message_id,
                "kind": upload.kind,
                "sha256": upload.sha256,
                "content_type": upload.content_type,
                "size": upload.size,
                "name": upload.name.replace("\0", ""),
            },
        )
    return message_id
