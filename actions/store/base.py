"""What a store promises, whichever engine is below it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.tables import Deadline, Message, OutboxRow, Ticket, TicketEvent

T = TypeVar("T")


class Store(Protocol):
    """Runs plain functions inside transactions.

    `fn(session)` is synchronous, so nothing can be awaited inside a transaction. It may be run more than once, returns
    plain values (never ORM objects), stays under 50 ms and changes at most 500 rows.
    """

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def write(self, fn: Callable[[Session], T]) -> T:
        """Run `fn` and commit; the result is handed out only after the commit. What `fn` raises is raised here."""
        ...

    async def read(self, fn: Callable[[Session], T]) -> T:
        """Run `fn` on a consistent view that cannot be written to."""
        ...

    async def close(self) -> None:
        """Finish what waits, and let go of the database."""
        ...


def highest_id(session: Session) -> int:
    """The highest id stored in the tables that get the most rows; new ids start above it."""
    tables = (Message, TicketEvent, Ticket, Deadline, OutboxRow)
    return max(session.execute(select(func.max(table.id))).scalar() or 0 for table in tables)
