"""Stores what arrives: once, in order, before anything else happens to it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions.ids import new_id
from actions.live import emit
from actions.search_index import put_in
from actions.statements import dialect_of, table
from actions.tables import Attachment, Author, Contact, Conversation, Direction, Message, MessageKind, TurnOwner

MAX_TEXT = 20_000
_LONGEST_ID = 200

_CONTACT, _CONVERSATION, _MESSAGE = table(Contact), table(Conversation), table(Message)
_OF_ADDRESS = and_(
    _CONTACT.c.community_id == bindparam("this_community"),
    _CONTACT.c.channel == bindparam("this_channel"),
    _CONTACT.c.address == bindparam("this_address"),
)
_FIND_CONTACT = select(_CONTACT.c.id).where(_OF_ADDRESS)
# The lock on the conversation orders its messages.
_FIND = (
    select(_CONVERSATION.c.id, _CONTACT.c.id, _CONVERSATION.c.last_seq)
    .join(
        _CONTACT,
        and_(_CONTACT.c.community_id == _CONVERSATION.c.community_id, _CONTACT.c.id == _CONVERSATION.c.contact_id),
    )
    .where(_OF_ADDRESS)
    .with_for_update(of=_CONVERSATION)
)
_FIND_STORED = select(_MESSAGE.c.id).where(
    _MESSAGE.c.community_id == bindparam("this_community"), _MESSAGE.c.idempotency_key == bindparam("this_key")
)
_FIND_EDITED = (
    select(_MESSAGE.c.id, _MESSAGE.c.edit_of, _MESSAGE.c.text)
    .where(
        _MESSAGE.c.community_id == bindparam("this_community"),
        _MESSAGE.c.conversation_id == bindparam("this_conversation"),
        _MESSAGE.c.direction == Direction.IN,
        _MESSAGE.c.ref == bindparam("this_ref"),
    )
    .order_by(_MESSAGE.c.seq.desc())
    .limit(1)
)
_NOTE_MESSAGE = (
    update(_CONVERSATION)
    .where(
        _CONVERSATION.c.community_id == bindparam("this_community"),
        _CONVERSATION.c.id == bindparam("this_conversation"),
    )
    .values(last_seq=bindparam("last_seq"), last_inbound_at=bindparam("last_inbound_at"))
)
# The two engines have the same words for it, but SQLAlchemy has a class for each.
_ENGINES: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_INSERT_CONTACT = {name: into(_CONTACT).on_conflict_do_nothing() for name, into in _ENGINES.items()}
_INSERT_CONVERSATION = {name: into(_CONVERSATION).on_conflict_do_nothing() for name, into in _ENGINES.items()}
# The database compares idempotency keys, so that no message is looked for that is not there.
_INSERT_MESSAGE = {
    name: into(_MESSAGE)
    .on_conflict_do_nothing(index_elements=[_MESSAGE.c.community_id, _MESSAGE.c.idempotency_key])
    .returning(_MESSAGE.c.id)
    for name, into in _ENGINES.items()
}
_INSERT_ATTACHMENT = insert(table(Attachment))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose bytes are already stored under the hash of its content; `size` in bytes.

    With `remote`, the channel's own number of the file, the bytes are still to be fetched and the hash is empty.
    """

    kind: str
    sha256: str
    content_type: str
    size: int
    name: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a door hands it over.

    `external_id` is the channel's own id of the message; together with channel and address it is the idempotency key.
    `pressed` is true when the text comes from a button, so that nothing more is waited for. `ref` is the channel's
    number of the message, `edits` that of the message of which this is a new version; see `Message` for `quote` and
    `origin`.
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
    kind: MessageKind = MessageKind.TEXT
    ref: str = ""
    edits: str = ""
    quote: str = ""
    origin: str = ""

    @property
    def idempotency_key(self) -> str:
        """The key under which this message is stored at most once; a channel's very long id counts by its hash."""
        external = self.external_id
        if len(external) > _LONGEST_ID:
            external = hashlib.sha256(external.encode(errors="replace")).hexdigest()
        return storable(f"{self.channel}:{self.address}:{external}")


def storable(text: str) -> str:
    """The text with a replacement character for what no database takes: null characters and halves of surrogate pairs.

    Nobody types either, but JSON can carry both; a message must not be lost over them.
    """
    return text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True)
class Received:
    """Where a message was stored; `duplicate` when it had been stored before."""

    message_id: int
    conversation_id: int
    contact_id: int
    duplicate: bool


def receive(session: Session, inbound: Inbound, now: datetime) -> Received:
    """Store a message under its idempotency key and mark it for understanding (domain.md C6).

    A text beyond `MAX_TEXT` characters is cut there and ends with an ellipsis (`was_cut`), which the answer says. A new
    version of a message is stored beside it; one in which nothing changed counts as a duplicate.
    """
    conversation_id, contact_id, last_seq = _find(session, inbound) or _create(session, inbound, now)
    edit_of, unchanged = _edited(session, inbound, conversation_id) if inbound.edits else (None, False)
    if unchanged and edit_of is not None:
        return Received(edit_of, conversation_id, contact_id, duplicate=True)
    message_id = _insert(session, inbound, conversation_id, last_seq + 1, edit_of, now)
    if message_id is None:
        return Received(_stored(session, inbound), conversation_id, contact_id, duplicate=True)
    key = {"this_community": inbound.community_id, "this_conversation": conversation_id}
    session.execute(_NOTE_MESSAGE, {**key, "last_seq": last_seq + 1, "last_inbound_at": now})
    emit(session, inbound.community_id, "message:in", conversation_id=conversation_id, now=now)
    return Received(message_id, conversation_id, contact_id, duplicate=False)


def was_cut(text: str) -> bool:
    """Whether a stored text had been longer than there is room for."""
    return len(text) == MAX_TEXT and text.endswith("…")


def reach(session: Session, community_id: int, channel: str, address: str, now: datetime) -> tuple[int, int]:
    """The conversation and the contact of an address, made now when it never wrote."""
    blank = Inbound(community_id, channel, address, "", "", now)
    conversation_id, contact_id, _ = _find(session, blank) or _create(session, blank, now)
    return conversation_id, contact_id


def _find(session: Session, inbound: Inbound) -> tuple[int, int, int] | None:
    row = session.execute(_FIND, _address(inbound)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _address(inbound: Inbound) -> dict[str, object]:
    return {
        "this_community": inbound.community_id,
        "this_channel": inbound.channel,
        "this_address": inbound.address,
    }


def _create(session: Session, inbound: Inbound, now: datetime) -> tuple[int, int, int]:
    """The first message of an address; two at once must end in one contact and one conversation."""
    dialect = dialect_of(session)
    contact = {
        "community_id": inbound.community_id,
        "id": new_id(session, now),
        "channel": inbound.channel,
        "address": inbound.address,
        "display_name": storable(inbound.display_name),
        "created_at": now,
    }
    session.execute(_INSERT_CONTACT[dialect], contact)
    contact_id = session.execute(_FIND_CONTACT, _address(inbound)).scalar_one()
    conversation = {
        "community_id": inbound.community_id,
        "id": new_id(session, now),
        "contact_id": contact_id,
        "owner": TurnOwner.BOT,
        "state": {},
        "opened_at": now,
    }
    session.execute(_INSERT_CONVERSATION[dialect], conversation)
    found = _find(session, inbound)
    if found is None:
        raise LookupError(f"the conversation of {inbound.channel} was not created")
    return found


def _stored(session: Session, inbound: Inbound) -> int:
    key = {"this_community": inbound.community_id, "this_key": inbound.idempotency_key}
    stored: int = session.execute(_FIND_STORED, key).scalar_one()
    return stored


def _edited(session: Session, inbound: Inbound, conversation_id: int) -> tuple[int | None, bool]:
    """The first version of the message that is edited, and whether its last version says the same already."""
    key = {"this_community": inbound.community_id, "this_conversation": conversation_id, "this_ref": inbound.edits}
    row = session.execute(_FIND_EDITED, key).one_or_none()
    return (None, False) if row is None else (row.edit_of or row.id, row.text == _room_for(inbound.text))


def _room_for(text: str) -> str:
    text = storable(text)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _insert(
    session: Session, inbound: Inbound, conversation_id: int, seq: int, edit_of: int | None, now: datetime
) -> int | None:
    """The id of the new message; None when its idempotency key is known already."""
    text = _room_for(inbound.text)
    message_id: int | None = session.execute(
        _INSERT_MESSAGE[dialect_of(session)],
        {
            "community_id": inbound.community_id,
            "id": new_id(session, now),
            "conversation_id": conversation_id,
            "seq": seq,
            "direction": Direction.IN,
            "author": Author.RESIDENT,
            "text": text,
            "kind": inbound.kind,
            "quote": storable(inbound.quote)[:MAX_TEXT],
            "origin": storable(inbound.origin),
            "ref": inbound.ref or None,
            "edit_of": edit_of,
            "idempotency_key": inbound.idempotency_key,
            "sent_at": inbound.sent_at,
            "stored_at": now,
            "pressed": inbound.pressed,
            "photos": sum(upload.kind == "photo" for upload in inbound.attachments),
            "needs_understanding": True,
        },
    ).scalar_one_or_none()
    if message_id is not None:
        put_in(session, inbound.community_id, ((message_id, text),))
    if message_id is not None and inbound.attachments:
        session.execute(
            _INSERT_ATTACHMENT, [_attachment(session, inbound, message_id, one, now) for one in inbound.attachments]
        )
    return message_id


def _attachment(
    session: Session, inbound: Inbound, message_id: int, upload: Upload, now: datetime
) -> dict[str, object]:
    return {
        "community_id": inbound.community_id,
        "id": new_id(session, now),
        "message_id": message_id,
        "kind": upload.kind,
        "sha256": upload.sha256,
        "content_type": upload.content_type,
        "size": upload.size,
        "name": storable(upload.name),
        "remote": upload.remote or None,
        "fetch_at": now if upload.remote else None,
    }
