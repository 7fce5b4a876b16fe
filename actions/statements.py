"""What statements that are built once have in common.

A turn runs some twenty statements. Building one anew, or sending it through the mapper, costs several times what the
database needs for it; so what a turn runs is built once, on the tables themselves, with names for its values. Such a
statement sees what mapped rows of its session were given (the session flushes first), but mapped rows that were loaded
before do not see what it changes: who needs them loads them again.
"""

from typing import cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from actions.tables import Base


def table(model: type[Base]) -> Table:
    """The table of a model; its columns are known by the names of the attributes."""
    return cast("Table", model.__table__)


def dialect_of(session: Session) -> str:
    """`sqlite` or `postgresql`."""
    return session.get_bind().dialect.name
