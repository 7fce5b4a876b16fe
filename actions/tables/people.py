"""Residents, the homes they are bound to, and the channel addresses from which they write."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference


class BindingRole(StrEnum):
    """In what capacity a resident belongs to a home."""

    OWNER = "owner"
    TENANT = "tenant"
    FAMILY = "family"
    AGENT = "agent"


class Resident(Tenant, Base):
    """A person of the estate (业主/租户); `title` is 先生 or 女士, or None when it is not known (never guessed)."""

    __tablename__ = "residents"
    __table_args__ = (community_reference(), Index(None, "community_id", "phone"))

    name: Mapped[str]
    title: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Binding(Tenant, Base):
    """A resident's tie to a home; it ended when `until` is set."""

    __tablename__ = "bindings"
    __table_args__ = (
        community_reference(),
        reference("residents", "resident_id"),
        reference("rooms", "room_id"),
        Index(None, "community_id", "resident_id"),
        Index(None, "community_id", "room_id"),
    )

    resident_id: Mapped[int]
    room_id: Mapped[int]
    role: Mapped[BindingRole] = mapped_column(named(BindingRole))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class BindingCode(Tenant, Base):
    """A one-time code (绑定码) that binds whoever types it to a home in one role; only its hash is kept.

    It opens nothing any more once it was used or revoked, or has expired.
    """

    __tablename__ = "binding_codes"
    __table_args__ = (
        community_reference(),
        reference("residents", "resident_id"),
        reference("rooms", "room_id"),
        reference("staff", "issued_by"),
        reference("contacts", "used_by"),
        UniqueConstraint("community_id", "code_hash"),
        Index(None, "community_id", "room_id"),
    )

    resident_id: Mapped[int]
    room_id: Mapped[int]
    role: Mapped[BindingRole] = mapped_column(named(BindingRole))
    code_hash: Mapped[str]
    issued_by: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None]
    revoked_at: Mapped[datetime | None]


class RequestState(StrEnum):
    """What became of a request to be bound."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


class BindingRequest(Tenant, Base):
    """A wish to be bound to a home, made in chat by somebody without a code; a member of staff decides.

    Name, phone and role are what the contact says of themselves; `room_id` is None where the place is no home of the
    estate. The clock of the answer runs on the ticket.
    """

    __tablename__ = "binding_requests"
    __table_args__ = (
        community_reference(),
        reference("contacts", "contact_id"),
        reference("tickets", "ticket_id"),
        reference("rooms", "room_id"),
        reference("staff", "decided_by"),
        Index(None, "community_id", "state"),
        Index(None, "community_id", "contact_id"),
    )

    contact_id: Mapped[int]
    ticket_id: Mapped[int]
    room_id: Mapped[int | None]
    place: Mapped[str]
    role: Mapped[BindingRole | None] = mapped_column(named(BindingRole))
    name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str | None]
    state: Mapped[RequestState] = mapped_column(named(RequestState), default=RequestState.WAITING)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")


class Contact(Tenant, Base):
    """One address on one channel from which somebody writes; `resident_id` is set once it is bound.

    `told_place` is the place of the QR code by which they came; `send_after` when the channel takes the next message.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        community_reference(),
        reference("residents", "resident_id"),
        UniqueConstraint("community_id", "channel", "address"),
    )

    channel: Mapped[str]
    address: Mapped[str]
    resident_id: Mapped[int | None]
    display_name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str | None]
    reachable: Mapped[bool] = mapped_column(default=True)
    privacy_told_at: Mapped[datetime | None]
    told_place: Mapped[dict[str, Any] | None] = mapped_column(Json)
    send_after: Mapped[datetime | None]
    created_at: Mapped[datetime]
