"""How fast somebody has been sending, counted where all processes see it."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, community_reference


class RateCount(Base):
    """How full one bucket is; `key` names whose it is, and `full_at` is when it is full again.

    `full_at` is in microseconds since 1970, because one statement has to compare it and to count it up on both engines.
    A row whose moment has passed says nothing any more and is removed.
    """

    __tablename__ = "rate_counts"
    __table_args__ = (community_reference(), Index(None, "full_at"))

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    full_at: Mapped[int]
