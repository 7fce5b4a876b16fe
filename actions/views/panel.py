"""What is on record about a conversation's resident, beside the conversation (domain.md B4, E1)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_conversation, allows
from actions.bills import bills_of
from actions.contacts import homes
from actions.tables import BindingRole, Contact, Conversation, Ticket
from actions.transitions import RUNNING
from actions.views.queue import not_about, ticket_rows
from actions.views.shown import QueueRow

_PAST = 12
_TALKS = 8


@dataclass(frozen=True, slots=True)
class PastTicket:
    """A ticket of the resident's that is done."""

    id: int
    number: str
    kind: str
    category: str | None
    summary: str
    opened_at: datetime
    rating: int | None


@dataclass(frozen=True, slots=True)
class OwedLine:
    """What a home still owes for one fee and one period, in fen."""

    room: str
    fee_type: str
    period: str
    owed_fen: int
    due_on: date


@dataclass(frozen=True, slots=True)
class OtherTalk:
    """Another conversation of the same resident, on another channel or in another browser."""

    id: int
    channel: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class ResidentPanel:
    """What is on record about the resident of a conversation, as far as the member may see it; no fees is None."""

    open_tickets: tuple[QueueRow, ...]
    past_tickets: tuple[PastTicket, ...]
    owed: tuple[OwedLine, ...] | None
    talks: tuple[OtherTalk, ...]


def resident_panel(session: Session, staff: StaffIdentity, conversation_id: int, now: datetime) -> ResidentPanel:
    """The resident's tickets, what their homes owe where the role may see it, and their other conversations.

    Raises NotFoundError for a conversation that the member may not know of, NotAllowedError for their role.
    """
    conversation = access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
    resident_id = session.execute(
        select(Contact.resident_id).where(
            Contact.community_id == staff.community_id, Contact.id == conversation.contact_id
        )
    ).scalar_one()
    theirs = Ticket.conversation_id == conversation_id
    if resident_id is not None:
        theirs = or_(theirs, Ticket.resident_id == resident_id)
    where = [*not_about(staff), theirs]
    owed = None
    if resident_id is not None and allows(staff, Permission.BILL_SEE):
        everyone = frozenset(BindingRole)
        rooms = {home.room_id: everyone for home in homes(session, staff.community_id, resident_id)}
        owed = tuple(
            OwedLine(line.room, line.fee_type, line.period, line.owed_fen, line.due_on)
            for line in bills_of(session, staff.community_id, rooms)
            if line.owed_fen
        )
    past = session.execute(
        select(Ticket).where(*where, Ticket.status.not_in(RUNNING)).order_by(Ticket.id.desc()).limit(_PAST)
    ).scalars()
    return ResidentPanel(
        open_tickets=ticket_rows(session, [*where, Ticket.status.in_(RUNNING)], now),
        past_tickets=tuple(
            PastTicket(one.id, one.number, one.kind, one.category, one.summary, one.opened_at, one.rating)
            for one in past
        ),
        owed=owed,
        talks=_other_talks(session, staff, conversation_id, resident_id),
    )


def _other_talks(
    session: Session, staff: StaffIdentity, conversation_id: int, resident_id: int | None
) -> tuple[OtherTalk, ...]:
    if resident_id is None:
        return ()
    complained = (
        select(Ticket.id)
        .where(
            Ticket.community_id == Conversation.community_id,
            Ticket.conversation_id == Conversation.id,
            Ticket.about_staff_id == staff.staff_id,
        )
        .correlate(Conversation)
        .exists()
    )
    rows = session.execute(
        select(Conversation.id, Contact.channel, Conversation.last_inbound_at)
        .join(Contact, and_(Contact.community_id == Conversation.community_id, Contact.id == Conversation.contact_id))
        .where(
            Conversation.community_id == staff.community_id,
            Contact.resident_id == resident_id,
            Conversation.id != conversation_id,
            ~complained,
        )
        .order_by(Conversation.last_inbound_at.desc())
        .limit(_TALKS)
    )
    return tuple(OtherTalk(*row) for row in rows)
