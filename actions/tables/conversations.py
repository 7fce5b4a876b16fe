"""Conversations, their messages and the files that came with them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference


class TurnOwner(StrEnum):
    """Whose turn it is to answer: the bot, a person, or a person who has not yet come (nobody)."""

    BOT = "bot"
    STAFF = "staff"
    NOBODY = "nobody"


class Direction(StrEnum):
    """Which way a message went; a note stays inside the desk."""

    IN = "in"
    OUT = "out"
    NOTE = "note"


class Author(StrEnum):
    """Who wrote a message."""

    RESIDENT = "resident"
    BOT = "bot"
    STAFF = "staff"


class MessageKind(StrEnum):
    """What a message is besides its words; photos come with any of them.

    `command` is a word of a messenger's menu such as /help, `forward` somebody else's words passed on, `other` what the
    desk cannot take (a poll, a game).
    """

    TEXT = "text"
    COMMAND = "command"
    VOICE = "voice"
    FILE = "file"
    LOCATION = "location"
    CONTACT = "contact"
    STICKER = "sticker"
    FORWARD = "forward"
    OTHER = "other"


class Conversation(Tenant, Base):
    """All that one contact and the desk say to each other.

    `version` grows with every change of owner or state; whoever writes checks it first. `ready_at` says when a worker
    may take the pending messages as one turn, `wake_at` when an unfinished form is to be closed by itself. Inbound
    messages up to `taken_seq` have been taken into a turn. `held_since` is when the present holder took it over.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        community_reference(),
        reference("contacts", "contact_id"),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "contact_id"),
        Index(
            "ix_conversations_ready",
            "ready_at",
            sqlite_where=text("ready_at IS NOT NULL"),
            postgresql_where=text("ready_at IS NOT NULL"),
        ),
        Index(
            "ix_conversations_wake",
            "wake_at",
            sqlite_where=text("wake_at IS NOT NULL"),
            postgresql_where=text("wake_at IS NOT NULL"),
        ),
        Index(
            "ix_conversations_held",
            "held_since",
            sqlite_where=text("held_since IS NOT NULL"),
            postgresql_where=text("held_since IS NOT NULL"),
        ),
    )

    contact_id: Mapped[int]
    owner: Mapped[TurnOwner] = mapped_column(named(TurnOwner), default=TurnOwner.BOT)
    staff_id: Mapped[int | None]
    held_since: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]]
    last_seq: Mapped[int] = mapped_column(default=0)
    taken_seq: Mapped[int] = mapped_column(default=0)
    turn_count: Mapped[int] = mapped_column(default=0)
    pending_since: Mapped[datetime | None]
    last_inbound_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    wake_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]


class Message(Tenant, Base):
    """One message, in the order of `seq` inside its conversation.

    An inbound message is stored once under its idempotency key, understood later (`understanding`, `model_version`)
    and taken into exactly one turn (`turn`). `pressed` says that the text came from a button. `decision` says why the
    bot answered as it did. `ref` is the channel's own number of the message, by which later ones quote or edit it
    (`edit_of`); `quote` is what it answers to, `origin` whose words it passes on or where it was said.
    """

    __tablename__ = "messages"
    __table_args__ = (
        community_reference(),
        reference("conversations", "conversation_id"),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "idempotency_key"),
        UniqueConstraint("community_id", "conversation_id", "seq"),
        Index(
            "ix_messages_unread",
            "community_id",
            "conversation_id",
            "id",
            # SQLite takes such an index only where the query has the very same words.
            sqlite_where=text("needs_understanding = 1"),
            postgresql_where=text("needs_understanding"),
        ),
        Index(
            "ix_messages_notices",
            "community_id",
            "stored_at",
            sqlite_where=text("reply_id = 'notice.explains'"),
            postgresql_where=text("reply_id = 'notice.explains'"),
        ),
    )

    conversation_id: Mapped[int]
    seq: Mapped[int]
    direction: Mapped[Direction] = mapped_column(named(Direction))
    author: Mapped[Author] = mapped_column(named(Author))
    staff_id: Mapped[int | None]
    text: Mapped[str]
    kind: Mapped[MessageKind] = mapped_column(named(MessageKind), default=MessageKind.TEXT)
    quote: Mapped[str] = mapped_column(default="")
    origin: Mapped[str] = mapped_column(default="")
    ref: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    sent_at: Mapped[datetime]
    stored_at: Mapped[datetime]
    pressed: Mapped[bool] = mapped_column(default=False)
    photos: Mapped[int] = mapped_column(default=0)
    needs_understanding: Mapped[bool] = mapped_column(default=False)
    understanding: Mapped[dict[str, Any] | None] = mapped_column(Json)
    model_version: Mapped[str | None]
    turn: Mapped[int | None]
    reply_id: Mapped[str | None]
    buttons: Mapped[list[Any] | None] = mapped_column(Json)
    decision: Mapped[dict[str, Any] | None] = mapped_column(Json)
    edit_of: Mapped[int | None]


class Attachment(Tenant, Base):
    """A file that came with a message; the bytes lie under `DESK_HOME/uploads` in a file named by their hash.

    While a messenger still holds the bytes, `remote` is its number of the file, `fetch_at` when to fetch them next and
    the hash is empty; `fetch_at` is None once they are here or have been given up.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        community_reference(),
        reference("messages", "message_id"),
        reference("tickets", "ticket_id"),
        Index(None, "community_id", "message_id"),
        Index(
            "ix_attachments_fetch",
            "fetch_at",
            sqlite_where=text("fetch_at IS NOT NULL"),
            postgresql_where=text("fetch_at IS NOT NULL"),
        ),
    )

    message_id: Mapped[int]
    ticket_id: Mapped[int | None]
    kind: Mapped[str]
    remote: Mapped[str | None]
    fetch_at: Mapped[datetime | None]
    fetch_attempts: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    name: Mapped[str] = mapped_column(default="")
