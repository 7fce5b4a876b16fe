"""What staff keep at the console: views, drafts, snoozed tickets, who is looking at what, mentions, suggestions."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference


class SuggestionKind(StrEnum):
    """What a member proposes from a message: another label, or an answer for the knowledge base."""

    LABEL = "label"
    KNOWLEDGE = "knowledge"


class SuggestionState(StrEnum):
    """What became of a proposal."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class SavedView(Tenant, Base):
    """A view of the queue that a member has kept under a name; `query` is the address's query."""

    __tablename__ = "saved_views"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "staff_id", "name"),
    )

    staff_id: Mapped[int]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[datetime]


class Draft(Tenant, Base):
    """What a member has begun to write to a resident; `subject` is `tickets` or `conversations`."""

    __tablename__ = "drafts"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "staff_id", "subject", "subject_id"),
    )

    staff_id: Mapped[int]
    subject: Mapped[str]
    subject_id: Mapped[int]
    text: Mapped[str]
    updated_at: Mapped[datetime]


class Snooze(Tenant, Base):
    """A ticket put aside until a moment; its clocks go on, and it comes back at once when the resident writes."""

    __tablename__ = "snoozes"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        reference("tickets", "ticket_id"),
        UniqueConstraint("community_id", "ticket_id"),
    )

    ticket_id: Mapped[int]
    staff_id: Mapped[int]
    until: Mapped[datetime]
    at: Mapped[datetime]


class Presence(Tenant, Base):
    """A member who has a conversation open, and whether they are writing in it."""

    __tablename__ = "presence"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        reference("conversations", "conversation_id"),
        UniqueConstraint("community_id", "conversation_id", "staff_id"),
    )

    conversation_id: Mapped[int]
    staff_id: Mapped[int]
    seen_at: Mapped[datetime]
    writing_at: Mapped[datetime | None]


class Mention(Tenant, Base):
    """A note that calls a colleague by name; it is theirs to take note of."""

    __tablename__ = "mentions"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        reference("staff", "by_id"),
        reference("conversations", "conversation_id"),
        reference("tickets", "ticket_id"),
        Index(None, "community_id", "staff_id", "id"),
    )

    staff_id: Mapped[int]
    by_id: Mapped[int]
    conversation_id: Mapped[int | None]
    ticket_id: Mapped[int | None]
    text: Mapped[str]
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Suggestion(Tenant, Base):
    """A correction that a member proposes from a message, for somebody who edits content to decide on."""

    __tablename__ = "suggestions"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        reference("staff", "decided_by"),
        reference("messages", "message_id"),
        Index(None, "community_id", "state", "id"),
    )

    kind: Mapped[SuggestionKind] = mapped_column(named(SuggestionKind))
    state: Mapped[SuggestionState] = mapped_column(named(SuggestionState))
    message_id: Mapped[int]
    staff_id: Mapped[int]
    proposed: Mapped[dict[str, Any]] = mapped_column(Json)
    at: Mapped[datetime]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]


class Review(Tenant, Base):
    """A message that somebody has labelled for learning, or passed over (`label` is empty); none is offered twice."""

    __tablename__ = "reviews"
    __table_args__ = (
        community_reference(),
        reference("messages", "message_id"),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "message_id"),
    )

    message_id: Mapped[int]
    label: Mapped[str]
    staff_id: Mapped[int | None]
    at: Mapped[datetime]
