"""How much an audit reads: everything, or what is open and what came about lately, whatever the tables hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.orm import Session

from actions.findings import LOOKED_BACK
from actions.ids import lowest_id
from actions.tables import Community, Ticket, TicketEvent, TicketStatus
from actions.transitions import RUNNING

# A resolved ticket still has the clock of its call-back.
_OPEN = (*RUNNING, TicketStatus.RESOLVED)
_AT_ONCE = 500

Part = tuple[int | None, Sequence[int] | None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one audit reads; without `communities` everything.

    Ids grow with time, so what came about lately is a range of the primary key, and the tickets that are open are found
    by their state: no table is read from end to end.
    """

    now: datetime
    communities: tuple[int, ...] | None

    @classmethod
    def everything(cls, now: datetime) -> "Scope":
        """All rows of all tables."""
        return cls(now, None)

    @classmethod
    def lately(cls, session: Session, now: datetime) -> "Scope":
        """What is open, and the rows of the last days."""
        return cls(now, tuple(session.execute(select(Community.id).order_by(Community.id)).scalars()))

    def recent(self, table: Any) -> ColumnElement[bool]:
        """The rows of a table that are looked at: of a partial audit those that came about lately."""
        if self.communities is None:
            return true()
        return and_(table.community_id.in_(self.communities), table.id >= lowest_id(self.now - LOOKED_BACK))

    def here(self, table: Any) -> ColumnElement[bool]:
        """The rows of the communities, for a condition that an index answers."""
        return true() if self.communities is None else table.community_id.in_(self.communities)

    def tickets(self, session: Session) -> Iterator[Part]:
        """The tickets to be looked at, some at a time: open ones and those to which something happened lately."""
        if self.communities is None:
            yield None, None
            return
        since = lowest_id(self.now - LOOKED_BACK)
        for community_id in self.communities:
            is_open = select(Ticket.id).where(Ticket.community_id == community_id, Ticket.status.in_(_OPEN))
            touched = select(TicketEvent.ticket_id).where(
                TicketEvent.community_id == community_id, TicketEvent.id >= since
            )
            found = sorted(set(session.execute(is_open).scalars()) | set(session.execute(touched).scalars()))
            for start in range(0, len(found), _AT_ONCE):
                yield community_id, found[start : start + _AT_ONCE]


def of_part(table: Any, part: Part) -> ColumnElement[bool]:
    """The rows that hang on the tickets of a part."""
    community_id, ticket_ids = part
    if ticket_ids is None:
        return true()
    return and_(table.community_id == community_id, table.ticket_id.in_(ticket_ids))
