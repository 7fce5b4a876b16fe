"""Communities and the buildings, units and rooms in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Tenant, community_reference, reference


class Community(Base):
    """An estate (小区/项目): the tenant to which all other rows belong.

    `facts` holds what replies may state about it: phone numbers, prices, desk hours as text.
    """

    __tablename__ = "communities"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Building(Tenant, Base):
    """A building (栋/座) under its normal name, such as `3栋`."""

    __tablename__ = "buildings"
    __table_args__ = (community_reference(), UniqueConstraint("community_id", "name"))

    name: Mapped[str]


class Unit(Tenant, Base):
    """An entrance of a building (单元), such as `2单元`."""

    __tablename__ = "units"
    __table_args__ = (
        community_reference(),
        reference("buildings", "building_id"),
        UniqueConstraint("community_id", "building_id", "name"),
    )

    building_id: Mapped[int]
    name: Mapped[str]


class Room(Tenant, Base):
    """A home (室); `unit_id` is None in buildings with a single entrance."""

    __tablename__ = "rooms"
    __table_args__ = (
        community_reference(),
        reference("buildings", "building_id"),
        reference("units", "unit_id"),
        UniqueConstraint("community_id", "building_id", "unit_id", "name"),
    )

    building_id: Mapped[int]
    unit_id: Mapped[int | None]
    name: Mapped[str]
