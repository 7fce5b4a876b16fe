"""Announcements, bills, and content edited in the browser."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference
from actions.tables.people import BindingRole


class Notice(Tenant, Base):
    """An announcement (公告).

    `explains` lists the labels (`repair.outage`) that it explains, `buildings` the building names it concerns (empty
    for the whole community); a resident who reports such a matter is told of the notice first (domain.md D7).
    """

    __tablename__ = "notices"
    __table_args__ = (community_reference(), Index(None, "community_id", "ends_at"))

    title: Mapped[str]
    body: Mapped[str]
    explains: Mapped[list[Any]] = mapped_column(Json)
    buildings: Mapped[list[Any]] = mapped_column(Json)
    published_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class FeeKind(StrEnum):
    """What a bill is for (domain.md B4): property, parking, a special service, or what a meter counted."""

    PROPERTY = "property"
    PARKING = "parking"
    SERVICE = "service"
    METERED = "metered"
    OTHER = "other"


class Bill(Tenant, Base):
    """What a home owes for one fee and one period; amounts in fen.

    `payer` is in what role one pays it, which decides who may see it; `detail` holds readings or a note.
    """

    __tablename__ = "bills"
    __table_args__ = (
        community_reference(),
        reference("rooms", "room_id"),
        UniqueConstraint("community_id", "room_id", "fee_type", "period"),
    )

    room_id: Mapped[int]
    fee_type: Mapped[str]
    kind: Mapped[FeeKind] = mapped_column(named(FeeKind), default=FeeKind.PROPERTY)
    period: Mapped[str]
    amount: Mapped[int]
    paid: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date] = mapped_column(Date)
    payer: Mapped[BindingRole] = mapped_column(named(BindingRole), default=BindingRole.OWNER)
    detail: Mapped[str] = mapped_column(default="")


class DunningStop(Tenant, Base):
    """A dispute or a told payment because of which a home is not reminded of its bills while the ticket is running."""

    __tablename__ = "dunning_stops"
    __table_args__ = (
        community_reference(),
        reference("rooms", "room_id"),
        reference("tickets", "ticket_id"),
        UniqueConstraint("community_id", "room_id", "ticket_id"),
    )

    room_id: Mapped[int]
    ticket_id: Mapped[int]
    since: Mapped[datetime]


class ContentOverride(Tenant, Base):
    """A content file as edited in the browser; it replaces the file of the same path below `data/`."""

    __tablename__ = "content_overrides"
    __table_args__ = (
        community_reference(),
        reference("staff", "staff_id"),
        UniqueConstraint("community_id", "path", "revision"),
    )

    path: Mapped[str]
    revision: Mapped[int]
    text: Mapped[str]
    staff_id: Mapped[int | None]
    at: Mapped[datetime]
