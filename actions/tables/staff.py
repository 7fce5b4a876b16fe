"""Staff, what they may do and for which buildings, who is on duty, their sessions, and the audit record."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference
from actions.tables.tickets import ActorKind


class Role(StrEnum):
    """What a staff member is for the desk (domain.md, who is who)."""

    AGENT = "agent"
    TECHNICIAN = "technician"
    MONITORING = "monitoring"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    QUALITY = "quality"
    ADMINISTRATOR = "administrator"


class Department(Tenant, Base):
    """A team to which tickets are dispatched; `code` is the one used in the rules."""

    __tablename__ = "departments"
    __table_args__ = (community_reference(), UniqueConstraint("community_id", "code"))

    code: Mapped[str]
    name: Mapped[str]


class Staff(Tenant, Base):
    """A person who works at the desk or for it.

    `totp_secret` makes the codes of the second factor, which counts once `totp_since` is set; `totp_step` is the time
    step of the last code that was used, so that none is used twice.
    """

    __tablename__ = "staff"
    __table_args__ = (
        community_reference(),
        reference("departments", "department_id"),
        UniqueConstraint("community_id", "login"),
    )

    login: Mapped[str]
    name: Mapped[str]
    phone: Mapped[str | None]
    department_id: Mapped[int | None]
    password_hash: Mapped[str | None]
    must_change_password: Mapped[bool] = mapped_column(default=True)
    totp_secret: Mapped[str | None]
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class StaffRole(Tenant, Base):
    """One role of one staff member."""

    __tablename__ = "staff_roles"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "staff_id", "role"),
    )

    staff_id: Mapped[int]
    role: Mapped[Role] = mapped_column(named(Role))


class Area(Tenant, Base):
    """A building in a housekeeper's area of responsibility (责任区域)."""

    __tablename__ = "areas"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        reference("buildings", "building_id"),
        UniqueConstraint("community_id", "staff_id", "building_id"),
    )

    staff_id: Mapped[int]
    building_id: Mapped[int]


class RosterEntry(Tenant, Base):
    """A shift (值班): who is on duty in which role from when to when."""

    __tablename__ = "roster"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        Index(None, "community_id", "role", "starts_at"),
    )

    staff_id: Mapped[int]
    role: Mapped[Role] = mapped_column(named(Role))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class StaffSession(Tenant, Base):
    """A signed-in browser; only the hash of its token is kept, and it can be revoked."""

    __tablename__ = "sessions"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        UniqueConstraint("token_hash"),
        Index(None, "community_id", "staff_id"),
    )

    staff_id: Mapped[int]
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(default="")


class AuditEntry(Tenant, Base):
    """A look at or a change of something that must be accounted for (domain.md C6); never changed afterwards."""

    __tablename__ = "audit"
    __table_args__ = (community_reference(), Index(None, "community_id", "at"))

    at: Mapped[datetime]
    actor: Mapped[ActorKind] = mapped_column(named(ActorKind))
    actor_id: Mapped[int | None]
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
