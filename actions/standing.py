"""How a matter stands at the moment of writing: what is on record, whether the desk is at fault, who else is involved.

The check of a member's words rests on it (domain.md A4, A9, A11, A12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.clocks import ANSWERS
from actions.contacts import homes
from actions.tables import (
    AuditEntry,
    Author,
    Conversation,
    Deadline,
    DeadlineState,
    Direction,
    Message,
    Resident,
    Severity,
    Ticket,
    TicketEvent,
    TicketLink,
    TicketStatus,
    TurnOwner,
)
from actions.transitions import RUNNING

# How long a matter that is done is still spoken of, and how long a talk counts as running.
_SPOKEN_OF = timedelta(days=30)
_RUNNING_TALK = timedelta(minutes=5)
_MOST_OTHERS = 20
# What an event of a ticket lets a member say; the names are those of data/replies/claims.yml.
_CLAIMS_OF_EVENTS: Mapping[str, str] = {
    "ticket:assigned": "assigned",
    "ticket:accepted": "accepted",
    "ticket:arrived": "arrived",
    "ticket:urged": "urged",
    "ticket:added": "added",
    "ticket:reopened": "reopened",
    "alarm:acknowledged": "acknowledged",
    "alert:told": "notified",
}
_DONE = frozenset({TicketStatus.RESOLVED, TicketStatus.CLOSED})
# Whoever works on a matter says of it what they have done themselves: that is somebody's word, not a guess.
_OWN_WORD = frozenset({"on_the_way", "arrived", "resolved"})
# The bot's words after which a person was asked for.
_ASKED_FOR_PERSON = ("human", "emergency")


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of a conversation and its tickets, for one writer.

    `supported` are the claims on record, `others` the names and homes of other residents in the same matter.
    """

    at_fault: bool = False
    breaking_in: bool = False
    others: tuple[str, ...] = ()
    supported: frozenset[str] = frozenset()


def standing(
    session: Session, staff: StaffIdentity, *, ticket_id: int | None, conversation_id: int | None, now: datetime
) -> Standing:
    """How a ticket stands, or without one all tickets of a conversation; the caller has checked who may see them."""
    tickets = _tickets(session, staff.community_id, ticket_id, conversation_id, now)
    return Standing(
        at_fault=_at_fault(session, tickets, now),
        breaking_in=conversation_id is not None and _breaking_in(session, staff, conversation_id, now),
        others=_others(session, staff.community_id, tickets),
        supported=_supported(session, staff, tickets, now),
    )


def _tickets(
    session: Session, community_id: int, ticket_id: int | None, conversation_id: int | None, now: datetime
) -> Sequence[Ticket]:
    if ticket_id is None and conversation_id is None:
        return ()
    ours = Ticket.id == ticket_id if ticket_id is not None else Ticket.conversation_id == conversation_id
    current = or_(Ticket.status.in_(RUNNING), Ticket.opened_at > now - _SPOKEN_OF)
    return session.execute(select(Ticket).where(Ticket.community_id == community_id, ours, current)).scalars().all()


def _at_fault(session: Session, tickets: Sequence[Ticket], now: datetime) -> bool:
    """Late or reopened, and the resident has not been answered since."""
    if any(ticket.awaiting_reply_since and (ticket.breached or ticket.reopened_count) for ticket in tickets):
        return True
    if not tickets:
        return False
    late = select(Deadline.id).where(
        Deadline.community_id == tickets[0].community_id,
        Deadline.ticket_id.in_([ticket.id for ticket in tickets]),
        Deadline.state == DeadlineState.RUNNING,
        Deadline.kind.in_(ANSWERS),
        Deadline.due_at < now,
    )
    return session.execute(late.limit(1)).first() is not None


def _breaking_in(session: Session, staff: StaffIdentity, conversation_id: int, now: datetime) -> bool:
    """Whether the bot and the resident are talking, and nobody asked for a person."""
    here = (Message.community_id == staff.community_id, Message.conversation_id == conversation_id)
    last = session.execute(
        select(Message.author, Message.reply_id, Message.sent_at, Conversation.owner)
        .join(
            Conversation,
            and_(Conversation.community_id == Message.community_id, Conversation.id == Message.conversation_id),
        )
        .where(*here, Message.direction == Direction.OUT)
        .order_by(Message.seq.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.author is not Author.BOT or last.owner is TurnOwner.NOBODY:
        return False
    asked = (last.reply_id or "").startswith(_ASKED_FOR_PERSON)
    return not asked and now - last.sent_at < _RUNNING_TALK


def _supported(session: Session, staff: StaffIdentity, tickets: Sequence[Ticket], now: datetime) -> frozenset[str]:
    if not tickets:
        return frozenset()
    found = {"ticket_open"}
    events = session.execute(
        select(TicketEvent.kind)
        .where(
            TicketEvent.community_id == staff.community_id,
            TicketEvent.ticket_id.in_([ticket.id for ticket in tickets]),
            TicketEvent.kind.in_(_CLAIMS_OF_EVENTS),
        )
        .distinct()
    ).scalars()
    found |= {_CLAIMS_OF_EVENTS[kind] for kind in events}
    for ticket in tickets:
        found |= _by_state(ticket)
        if ticket.assignee_id == staff.staff_id:
            found |= _OWN_WORD
    if _paid(session, staff.community_id, tickets, now):
        found.add("paid")
    return frozenset(found)


def _by_state(ticket: Ticket) -> set[str]:
    found = set()
    if ticket.department_id is not None or ticket.assignee_id is not None:
        found.add("assigned")
    if ticket.severity is Severity.ALARM:
        found.add("alarm_open")
    if ticket.status in _DONE:
        found.add("resolved")
    if ticket.status is TicketStatus.CANCELLED:
        found.add("ticket_cancelled")
    return found


def _paid(session: Session, community_id: int, tickets: Sequence[Ticket], now: datetime) -> bool:
    """Whether a payment of one of the homes was found in the books lately."""
    rooms = {ticket.room_id for ticket in tickets if ticket.room_id is not None}
    for resident_id in {ticket.resident_id for ticket in tickets if ticket.resident_id is not None}:
        rooms |= {home.room_id for home in homes(session, community_id, resident_id)}
    query = select(AuditEntry.id).where(
        AuditEntry.community_id == community_id,
        AuditEntry.at > now - _SPOKEN_OF,
        AuditEntry.action == "bill:paid",
        AuditEntry.subject_id.in_(rooms),
    )
    return bool(rooms) and session.execute(query.limit(1)).first() is not None


def _others(session: Session, community_id: int, tickets: Sequence[Ticket]) -> tuple[str, ...]:
    """Who else is in the matter: residents of linked and grouped tickets, who are named to nobody."""
    ids = [ticket.id for ticket in tickets]
    groups = [ticket.group_id for ticket in tickets if ticket.group_id is not None]
    if not ids:
        return ()
    linked = select(TicketLink.other_id).where(TicketLink.community_id == community_id, TicketLink.ticket_id.in_(ids))
    back = select(TicketLink.ticket_id).where(TicketLink.community_id == community_id, TicketLink.other_id.in_(ids))
    rows = session.execute(
        select(Ticket.resident_id, Ticket.place, Resident.name)
        .outerjoin(Resident, and_(Resident.community_id == Ticket.community_id, Resident.id == Ticket.resident_id))
        .where(
            Ticket.community_id == community_id,
            Ticket.id.not_in(ids),
            or_(Ticket.id.in_(linked), Ticket.id.in_(back), Ticket.group_id.in_(groups)),
        )
        .limit(_MOST_OTHERS)
    ).all()
    own = {ticket.resident_id for ticket in tickets}
    places = {ticket.place for ticket in tickets}
    found = [row for row in rows if row.resident_id is None or row.resident_id not in own]
    names = [row.name for row in found if row.name]
    return tuple(dict.fromkeys([*names, *(row.place for row in found if row.place and row.place not in places)]))
