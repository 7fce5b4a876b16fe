"""What happened to tickets, as lines of a ticket's record and of its conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from actions.responsibility import RESPONSIBLE
from actions.tables import ActorKind, Ticket, TicketEvent
from actions.views.shown import ShownEvent, TalkEvent
from actions.views.timeline import staff_names

# What residents add and members note is shown in the record; what was said is in the conversation.
_WORDED = frozenset({"ticket:noted", "ticket:added", "ticket:urged"})
# Left out between the messages, where the words themselves stand or nobody needs the line.
_SAID_OR_SMALL = (
    "ticket:noted",
    "ticket:added",
    "ticket:urged",
    "ticket:replied",
    "ticket:messaged",
    "ticket:promised",
    "ticket:asked",
    "deadline:told",
    "deadline:reminded",
    "deadline:alarmed",
    "deadline:word_due",
    "deadline:worded",
    "alert:told",
)
_MOST = 200


def ticket_events(session: Session, ticket: Ticket) -> tuple[ShownEvent, ...]:
    """All that happened to a ticket, in order."""
    rows = (
        session.execute(
            select(TicketEvent)
            .where(TicketEvent.community_id == ticket.community_id, TicketEvent.ticket_id == ticket.id)
            .order_by(TicketEvent.id)
        )
        .scalars()
        .all()
    )
    names = _names(session, ticket.community_id, rows)
    return tuple(_shown(row, names) for row in rows)


def talk_events(
    session: Session, community_id: int, conversation_id: int, since: datetime | None
) -> tuple[TalkEvent, ...]:
    """What happened to the tickets of a conversation and is no message of it, in order."""
    query = (
        select(TicketEvent, Ticket.number)
        .join(Ticket, and_(Ticket.community_id == TicketEvent.community_id, Ticket.id == TicketEvent.ticket_id))
        .where(
            Ticket.community_id == community_id,
            Ticket.conversation_id == conversation_id,
            TicketEvent.kind.not_in(_SAID_OR_SMALL),
        )
        .order_by(TicketEvent.id.desc())
        .limit(_MOST)
    )
    if since is not None:
        query = query.where(TicketEvent.at >= since)
    found = session.execute(query).all()[::-1]
    names = _names(session, community_id, [row for row, _number in found])
    return tuple(TalkEvent(row.ticket_id, number, _shown(row, names)) for row, number in found)


def _names(session: Session, community_id: int, rows: Sequence[TicketEvent]) -> Mapping[int, str]:
    actors = {row.actor_id for row in rows if row.actor is ActorKind.STAFF}
    given_to = {int(row.detail["staff"]) for row in rows if row.detail.get("staff")}
    return staff_names(session, community_id, actors | given_to)


def _shown(row: TicketEvent, names: Mapping[int, str]) -> ShownEvent:
    return ShownEvent(row.at, row.kind, row.actor, _actor_name(row, names), row.reason, _about(row, names))


def _about(row: TicketEvent, names: Mapping[int, str]) -> str:
    detail = row.detail
    if row.kind == RESPONSIBLE:
        return str(detail["responsible"])
    if staff := detail.get("staff"):
        return names.get(int(staff), "")
    return str(detail.get("stars") or (detail.get("text") if row.kind in _WORDED else "") or "")


def _actor_name(row: TicketEvent, names: Mapping[int, str]) -> str:
    return names.get(row.actor_id, "") if row.actor is ActorKind.STAFF and row.actor_id is not None else ""
