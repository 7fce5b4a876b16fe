"""Search over all that was ever said, for those who lead (domain.md C6, E2)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.ids import lowest_id
from actions.masking import mask_name
from actions.search_filter import LogFilter, narrowed
from actions.search_index import found_by
from actions.search_words import Sought, sought_in
from actions.tables import Author, Contact, Conversation, Direction, Message, Resident, Ticket
from actions.views.timeline import staff_names

__all__ = ["PAGE", "FoundMessage", "FoundTicket", "LogFilter", "LogPage", "search"]

PAGE = 60
"""How many messages a page of results has."""

_LAST_ID = 2**63 - 1
# An id is never lower than its moment, but it may be higher: when the clock was set back, ids go on.
_CLOCK_MAY_BE_BEHIND = timedelta(days=1)
_FIRST_LOOK, _LONGEST_LOOK, _MOST_LOOKS = 200, 5_000, 12


@dataclass(frozen=True, slots=True)
class FoundTicket:
    """A ticket of a conversation that was found."""

    id: int
    number: str
    breached: bool


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that was found; `label` is how it was understood."""

    id: int
    seq: int
    conversation_id: int
    at: datetime
    direction: Direction
    author: Author
    author_name: str
    resident: str
    channel: str
    text: str
    label: str
    tickets: tuple[FoundTicket, ...]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Results, the newest first; `next_id` is where the next page begins, None on the last.

    A page may be empty and yet have a next one: then as many messages as one search may take were looked at.
    """

    messages: tuple[FoundMessage, ...]
    next_id: int | None


def search(session: Session, staff: StaffIdentity, chosen: LogFilter) -> LogPage:
    """The messages that fit, as far as the member may read them. Raises NotAllowedError for who does not lead."""
    require(staff, Permission.LOG_SEE)
    conditions = narrowed(session, staff, chosen)
    if conditions is None:
        return LogPage((), None)
    first = lowest_id(chosen.since) if chosen.since else 0
    last = lowest_id(chosen.until + _CLOCK_MAY_BE_BEHIND) if chosen.until else _LAST_ID
    last = min(last, chosen.before_id - 1) if chosen.before_id else last
    sought = sought_in(chosen.words)
    if chosen.words and not sought:
        return LogPage((), None)
    if sought:
        rows, looked_to = _by_words(session, staff.community_id, sought, conditions, first, last)
    else:
        rows, looked_to = _newest(session, [*conditions, Message.id.between(first, last)]), None
    page = rows[:PAGE]
    return LogPage(_shown(session, staff, page), page[-1][0].id if len(rows) > PAGE else looked_to)


def _by_words(
    session: Session,
    community_id: int,
    sought: Sequence[Sought],
    conditions: Sequence[ColumnElement[bool]],
    first: int,
    last: int,
) -> tuple[list[Any], int | None]:
    """The index gives the ids, newest first; whatever else is asked is asked of those messages alone.

    A word that stands in very many messages of which hardly any fits is looked for in portions: the second value is
    where the next one begins.
    """
    found: list[Any] = []
    at_once = _FIRST_LOOK
    for _ in range(_MOST_LOOKS):
        key, holds = found_by(session, community_id, sought, first, last)
        ids = session.execute(select(key).where(*holds).order_by(key.desc()).limit(at_once)).scalars().all()
        if ids:
            found += _newest(session, [*conditions, Message.id.in_(ids)])
        if len(ids) < at_once or len(found) > PAGE:
            return found, None
        last, at_once = ids[-1] - 1, min(at_once * 5, _LONGEST_LOOK)
    return found, last + 1


def _newest(session: Session, where: Sequence[ColumnElement[bool]]) -> list[Any]:
    name = func.coalesce(Resident.name, Contact.display_name)
    return list(
        session.execute(
            select(Message, Contact.channel, name)
            .join(
                Conversation,
                and_(Conversation.community_id == Message.community_id, Conversation.id == Message.conversation_id),
            )
            .join(Contact, and_(Contact.community_id == Message.community_id, Contact.id == Conversation.contact_id))
            .outerjoin(
                Resident, and_(Resident.community_id == Message.community_id, Resident.id == Contact.resident_id)
            )
            .where(*where)
            .order_by(Message.id.desc())
            .limit(PAGE + 1)
        ).all()
    )


def _shown(session: Session, staff: StaffIdentity, rows: Sequence[Any]) -> tuple[FoundMessage, ...]:
    names = staff_names(session, staff.community_id, {message.staff_id for message, _channel, _name in rows})
    tickets = _tickets(session, staff, {message.conversation_id for message, _channel, _name in rows})
    return tuple(
        FoundMessage(
            id=message.id,
            seq=message.seq,
            conversation_id=message.conversation_id,
            at=message.sent_at,
            direction=message.direction,
            author=message.author,
            author_name=names.get(message.staff_id, ""),
            resident=mask_name(name or "", staff),
            channel=channel,
            text=message.text,
            label=_label(message.understanding or {}),
            tickets=tickets.get(message.conversation_id, ()),
        )
        for message, channel, name in rows
    )


def _tickets(
    session: Session, staff: StaffIdentity, conversation_ids: set[int]
) -> Mapping[int, tuple[FoundTicket, ...]]:
    found: dict[int, tuple[FoundTicket, ...]] = defaultdict(tuple)
    rows = session.execute(
        select(Ticket.conversation_id, Ticket.id, Ticket.number, Ticket.breached)
        .where(Ticket.community_id == staff.community_id, Ticket.conversation_id.in_(conversation_ids))
        .order_by(Ticket.id.desc())
    )
    for conversation_id, ticket_id, number, breached in rows:
        if conversation_id is not None:
            found[conversation_id] += (FoundTicket(ticket_id, number, breached),)
    return found


def _label(understood: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in (understood.get("intent"), understood.get("category")) if part)
