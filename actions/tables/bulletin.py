"""Announcements, bills, and content edited in the browser."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, reference


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


class Bill(Tenant, Base):
    """What a home owes for one fee and one period; amounts in fen."""

    __tablename__ = "bills"
    __table_args__ = (
        community_reference(),
        reference("rooms", "room_id"),
        UniqueConstraint("community_id", "room_id", "fee_type", "period"),
    )

    room_id: Mapped[int]
    fee_type: Mapped[str]
    period: Mapped[str]
    amount: Mapped[int]
    paid: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date] = mapped_column(Date)


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
