"""How often a resident has come with one matter: the third time makes it a major one (domain.md C10)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from actions.statements import table
from actions.tables import Ticket, TicketEvent, TicketStatus

THIRD_TIME = 3
# Two words of impatience in one sitting are one time.
_ONE_SITTING = timedelta(hours=1)
_REMEMBERED = timedelta(days=60)
_TELLING = ("ticket:opened", "ticket:urged", "ticket:reopened")

_EVENT, _TICKET = table(TicketEvent), table(Ticket)
_TOLD = (
    select(_EVENT.c.ticket_id, _EVENT.c.at)
    .where(
        _EVENT.c.community_id == bindparam("this_community"),
        _EVENT.c.ticket_id.in_(bindparam("tickets", expanding=True)),
        _EVENT.c.kind.in_(_TELLING),
    )
    .order_by(_EVENT.c.id)
)
_EARLIER = (
    select(_TICKET.c.kind, _TICKET.c.category, _TICKET.c.place, _TICKET.c.opened_at, _TICKET.c.status)
    .where(
        _TICKET.c.community_id == bindparam("this_community"),
        (_TICKET.c.conversation_id == bindparam("this_conversation"))
        | (_TICKET.c.resident_id == bindparam("this_resident")),
        _TICKET.c.category.is_not(None),
        _TICKET.c.status != TicketStatus.CANCELLED,
        _TICKET.c.opened_at > bindparam("since"),
    )
    .order_by(_TICKET.c.id)
)


@dataclass(frozen=True, slots=True)
class Told:
    """How often a ticket's matter was told, and when last."""

    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """A matter that was reported before, open or done."""

    kind: str
    category: str
    place: str
    opened_at: datetime


def times_told(session: Session, community_id: int, ticket_ids: Collection[int]) -> Mapping[int, Told]:
    """How often each ticket's matter was told: when it was opened, and each time that the resident came back to it."""
    told: dict[int, list[datetime]] = {ticket_id: [] for ticket_id in ticket_ids}
    if not told:
        return {}
    for ticket_id, at in session.execute(_TOLD, {"this_community": community_id, "tickets": sorted(told)}):
        moments = told[ticket_id]
        if not moments or at - moments[-1] >= _ONE_SITTING:
            moments.append(at)
    return {ticket_id: Told(len(moments), moments[-1]) for ticket_id, moments in told.items() if moments}


def earlier_matters(
    session: Session, community_id: int, conversation_id: int, resident_id: int | None, now: datetime
) -> tuple[Earlier, ...]:
    """What the same person reported in the last two months, the oldest first."""
    values = {"this_community": community_id, "this_conversation": conversation_id, "this_resident": resident_id}
    rows = session.execute(_EARLIER, {**values, "since": now - _REMEMBERED})
    return tuple(Earlier(row.kind, row.category, row.place, row.opened_at) for row in rows)
