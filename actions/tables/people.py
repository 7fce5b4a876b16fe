"""Residents, the homes they are bound to, and the channel addresses from which they write."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Tenant, community_reference, named, reference


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
    """A one-time code that binds the contact who types it to a resident; only its hash is kept."""

    __tablename__ = "binding_codes"
    __table_args__ = (
        community_reference(),
        reference("residents", "resident_id"),
        UniqueConstraint("community_id", "code_hash"),
    )

    resident_id: Mapped[int]
    code_hash: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Contact(Tenant, Base):
    """One address on one channel from which somebody writes; `resident_id` is set once it is bound."""

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
    created_at: Mapped[datetime]
