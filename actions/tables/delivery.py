"""What is to be sent to residents, what staff are told, and the feed of changes that pages follow."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference


class OutboxState(StrEnum):
    """What became of a message on its way out.

    `ambiguous`: it may have reached the channel more than once, or, while a next attempt is set, once already; `held`:
    it waits for a person, because a second copy would do harm.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    AMBIGUOUS = "ambiguous"
    HELD = "held"
    GIVEN_UP = "given_up"


class OutboxRow(Tenant, Base):
    """One message to deliver; it is claimed for a while, sent, and then recorded, in this order.

    What goes to many at once (`bulk`) waits behind every reply. A message too long for its channel goes out in pieces:
    `piece` is how many of them have been sent.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        community_reference(),
        reference("messages", "message_id"),
        reference("contacts", "contact_id"),
        Index(
            "ix_outbox_next",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_outbox_lane",
            "community_id",
            "channel",
            "bulk",
            "next_attempt_at",
            "id",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_outbox_contact",
            "community_id",
            "contact_id",
            "id",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(None, "community_id", "message_id"),
    )

    message_id: Mapped[int]
    contact_id: Mapped[int]
    channel: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="reply")
    bulk: Mapped[bool] = mapped_column(default=False)
    piece: Mapped[int] = mapped_column(default=0)
    state: Mapped[OutboxState] = mapped_column(named(OutboxState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    external_id: Mapped[str | None]
    last_error: Mapped[str | None]


class SendPace(Base):
    """How fast a channel of a community may send, shared by all processes.

    `recent` holds the moments of the last messages, as many as count for the limit, in seconds since 1970. Nothing goes
    out until `paused_until`; until `told_until` the channel has asked to spare one contact. `poller` is the process
    that fetches what arrives, until `poller_until`.
    """

    __tablename__ = "send_paces"
    __table_args__ = (community_reference(),)

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(primary_key=True)
    recent: Mapped[list[Any]] = mapped_column(Json, default=list)
    paused_until: Mapped[datetime | None]
    told_until: Mapped[datetime | None]
    told_contact_id: Mapped[int | None]
    poller: Mapped[str | None]
    poller_until: Mapped[datetime | None]


class LinkKey(Base):
    """The key with which a community signs the links of its QR codes; printed sheets live as long as it does."""

    __tablename__ = "link_keys"
    __table_args__ = (community_reference(),)

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    created_at: Mapped[datetime]


class Alert(Tenant, Base):
    """A word to a staff member about a ticket: a reminder, an escalation or an alarm; seen and acknowledged apart.

    Alerts of one `bundle_id` are shown together. One that nobody has seen by `pass_on_at` goes to the next person, of
    whom `passed_from_id` tells on whose alert theirs follows; `due_at` is the moment that it warns of.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        community_reference(),
        reference("tickets", "ticket_id"),
        reference("staff", "staff_id"),
        Index(None, "community_id", "staff_id", "id"),
        Index(None, "community_id", "ticket_id"),
        Index(
            "ix_alerts_pass_on",
            "pass_on_at",
            sqlite_where=text("pass_on_at IS NOT NULL"),
            postgresql_where=text("pass_on_at IS NOT NULL"),
        ),
    )

    ticket_id: Mapped[int]
    staff_id: Mapped[int | None]
    role: Mapped[str]
    kind: Mapped[str]
    bundle_id: Mapped[int | None]
    due_at: Mapped[datetime | None]
    pass_on_at: Mapped[datetime | None]
    passed_from_id: Mapped[int | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]


class LiveEvent(Base):
    """One line of the feed that pages follow.

    The cursor of a reader is `(transaction, position)`: on SQLite positions commit in order and `transaction` is 0; on
    PostgreSQL it is the transaction's id, and a reader stays below the oldest one still running.
    """

    __tablename__ = "live_events"
    # AUTOINCREMENT: a position is never given twice, even after the newest rows were purged.
    __table_args__ = (Index(None, "transaction", "position"), {"sqlite_autoincrement": True})

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    transaction: Mapped[int] = mapped_column(default=0)
    community_id: Mapped[int]
    kind: Mapped[str]
    conversation_id: Mapped[int | None]
    ticket_id: Mapped[int | None]
    at: Mapped[datetime]
