"""The base of all tables: types, the tenant key that leads every table, and composite references."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, ForeignKeyConstraint, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

Json = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, aware and in UTC; a naive value is a programming error and is refused.

    SQLite has no time zone type, so the value is stored there as naive UTC and gets its zone back when it is read.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite stores the bare time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"a naive datetime reached the database: {value!r}; pass an aware one")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware value in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The declarative base; constraint names are fixed so that migrations can name them on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_1_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        int: BigInteger,
        str: Text,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class Tenant:
    """Every row belongs to one community, whose id leads its key, so that data can be split by community."""

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


def named(kind: type[StrEnum]) -> Enum:
    """A closed set stored by its value; no native type, so that a new member needs no migration."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=32, values_callable=lambda e: [m.value for m in e]
    )


def reference(table: str, column: str) -> ForeignKeyConstraint:
    """A reference inside one community: a row can never point at another community's row."""
    return ForeignKeyConstraint(["community_id", column], [f"{table}.community_id", f"{table}.id"])


def community_reference() -> ForeignKeyConstraint:
    """The reference of a tenant's row to its community."""
    return ForeignKeyConstraint(["community_id"], ["communities.id"])
