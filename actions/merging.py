"""Tickets that are one matter, or two: merged, split and linked; the earliest clock always stays (domain.md C1)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.calendar import Calendar
from actions.errors import FieldError, TransitionError
from actions.ids import new_id
from actions.owed import STOPPED
from actions.pausing import go_on
from actions.policy import Policy
from actions.statements import dialect_of, table
from actions.tables import (
    Attachment,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Severity,
    Ticket,
    TicketLink,
    TicketStatus,
)
from actions.tickets import NewTicket, TicketCard, card, open_ticket
from actions.transitions import Verb, lock_ticket, next_status, record, refuse_accused, staff_id_of

_RANK = list(Severity)
_LINK = table(TicketLink)
_INSERT = {
    name: into(_LINK).on_conflict_do_nothing().returning(_LINK.c.id)
    for name, into in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


@dataclass(frozen=True, slots=True)
class Part:
    """The matter that is taken out of a ticket into one of its own."""

    kind: str
    category: str | None
    summary: str
    place: str = ""
    severity: Severity = Severity.NORMAL


@dataclass(frozen=True, slots=True)
class LinkedTicket:
    """A ticket that has to do with another; `how` is `linked`, `merged` or `split`."""

    id: int
    number: str
    kind: str
    category: str | None
    summary: str
    status: TicketStatus
    how: str


def merge(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    into_id: int,
    reason: str,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Make one ticket of two of the same resident; the card of the one that stays, with the earliest clocks of both.

    Raises FieldError for a ticket of another resident (link those), TransitionError for one that is done or an alarm
    that nobody has acknowledged, NotAllowedError for all but staff and for the member complained about, ConflictError.
    """
    if ticket_id == into_id:
        raise FieldError("into_id", "is the same ticket; choose another")
    # Always the lower id first: two who merge the same pair the other way round must not wait for each other.
    locked = {one: lock_ticket(session, community_id, one) for one in sorted((ticket_id, into_id))}
    ticket, stays = lock_ticket(session, community_id, ticket_id, version=version), locked[into_id]
    staff_id = staff_id_of(actor, Verb.MERGE)
    for one in (ticket, stays):
        next_status(one.status, Verb.MERGE)
        refuse_accused(one, staff_id, Verb.MERGE)
    _refuse_strangers(ticket, stays)
    if clocks.running(session, ticket, (DeadlineKind.ACKNOWLEDGE,)):
        raise TransitionError(f"{ticket.number} is an alarm that nobody has acknowledged; acknowledge it first")
    for one in (ticket, stays):
        go_on(session, one, actor, now=now)
    _carry_earliest(session, ticket, stays, now)
    _take_over(session, ticket, stays)
    ticket.status, ticket.merged_into_id = TicketStatus.CANCELLED, stays.id
    ticket.awaiting_reply_since = ticket.reply_due_at = None
    record(session, ticket, actor, "ticket:merged", reason=reason, detail={"into": stays.number}, now=now)
    record(session, stays, actor, "ticket:took_in", reason=reason, detail={"from": ticket.number}, now=now)
    _tie(session, ticket, stays, "merged", now)
    return card(session, community_id, stays.id, now)


def split(  # noqa: PLR0913 - one keyword for each detail of the new ticket
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    part: Part,
    reason: str,
    policy: Policy,
    calendar: Calendar,
    version: int | None = None,
    now: datetime,
) -> TicketCard:
    """Take a second matter out of a ticket; the card of the new ticket, whose clock began with the first one's.

    While the first is unanswered, the second is owed an answer since the same moment; a word that was promised is
    promised for both. Raises FieldError for an empty summary or a kind that opens no tickets, and as `merge`.
    """
    ticket = lock_ticket(session, community_id, ticket_id, version=version)
    next_status(ticket.status, Verb.SPLIT)
    refuse_accused(ticket, staff_id_of(actor, Verb.SPLIT), Verb.SPLIT)
    received_at = min(ticket.awaiting_reply_since or now, now)
    new = NewTicket(
        community_id=community_id,
        kind=part.kind,
        category=part.category,
        severity=part.severity,
        summary=part.summary,
        received_at=received_at,
        conversation_id=ticket.conversation_id,
        resident_id=ticket.resident_id,
        room_id=ticket.room_id,
        place=part.place.strip() or ticket.place,
        phone=ticket.phone,
        about_staff_id=ticket.about_staff_id,
        reference=ticket.reference,
        limit_at=ticket.outside_due_at,
        answer_by=ticket.reply_due_at,
        reason=reason,
    )
    opened = open_ticket(session, actor, new, policy, calendar, now)
    other = lock_ticket(session, community_id, opened.id)
    for deadline in clocks.running(session, ticket, (DeadlineKind.PROMISE,)):
        clocks.carry(session, deadline, other, now=now)
    record(session, ticket, actor, "ticket:split", reason=reason, detail={"new": opened.number}, now=now)
    _tie(session, ticket, other, "split", now)
    return card(session, community_id, opened.id, now)


def link(
    session: Session,
    actor: Actor,
    community_id: int,
    ticket_id: int,
    *,
    other_id: int,
    reason: str = "",
    now: datetime,
) -> TicketCard:
    """Tie two tickets that have to do with each other; both go on by themselves. Tied once is enough.

    Raises FieldError for the same ticket, NotFoundError, TransitionError for a cancelled one.
    """
    if ticket_id == other_id:
        raise FieldError("other_id", "is the same ticket; choose another")
    locked = {one: lock_ticket(session, community_id, one) for one in sorted((ticket_id, other_id))}
    ticket, other = locked[ticket_id], locked[other_id]
    staff_id_of(actor, Verb.LINK)
    next_status(ticket.status, Verb.LINK)
    if _tie(session, locked[min(locked)], locked[max(locked)], "linked", now):
        record(session, ticket, actor, "ticket:linked", reason=reason, detail={"other": other.number}, now=now)
        record(session, other, actor, "ticket:linked", reason=reason, detail={"other": ticket.number}, now=now)
    return card(session, community_id, ticket_id, now)


def linked(session: Session, community_id: int, ticket_id: int) -> tuple[LinkedTicket, ...]:
    """The tickets that are tied to one, oldest first."""
    rows = session.execute(
        select(Ticket, TicketLink.how)
        .join(
            TicketLink,
            (TicketLink.community_id == Ticket.community_id)
            & or_(
                (TicketLink.ticket_id == ticket_id) & (TicketLink.other_id == Ticket.id),
                (TicketLink.other_id == ticket_id) & (TicketLink.ticket_id == Ticket.id),
            ),
        )
        .where(Ticket.community_id == community_id)
        .order_by(Ticket.id, TicketLink.id)
    )
    return tuple(
        LinkedTicket(one.id, one.number, one.kind, one.category, one.summary, one.status, how) for one, how in rows
    )


def _refuse_strangers(ticket: Ticket, stays: Ticket) -> None:
    """A ticket of another home keeps its own answer: only tickets of one conversation or one resident become one."""
    pairs = ((ticket.conversation_id, stays.conversation_id), (ticket.resident_id, stays.resident_id))
    if not any(one is not None and one == other for one, other in pairs) and ticket.conversation_id is not None:
        raise FieldError("into_id", "belongs to another resident, who is owed an answer too; link the two instead")


def _carry_earliest(session: Session, ticket: Ticket, stays: Ticket, now: datetime) -> None:
    """Of each kind of answer or work that either owes, the earlier clock goes on; the merged one's other clocks end."""
    for kind in (*sorted(clocks.ANSWERS), *STOPPED):
        mine, theirs = clocks.running(session, ticket, (kind,)), clocks.running(session, stays, (kind,))
        earliest: Deadline | None = min(mine, key=lambda one: one.due_at, default=None)
        if earliest is None or any(one.due_at <= earliest.due_at for one in theirs):
            continue
        clocks.end(session, stays, (kind,), state=DeadlineState.REPLACED, now=now)
        clocks.carry(session, earliest, stays, now=now)
    clocks.end(session, ticket, state=DeadlineState.REPLACED, now=now)
    if ticket.awaiting_reply_since is not None:
        since = stays.awaiting_reply_since
        stays.awaiting_reply_since = min(ticket.awaiting_reply_since, since or ticket.awaiting_reply_since)
        due = [moment for moment in (ticket.reply_due_at, stays.reply_due_at) if moment is not None]
        stays.reply_due_at = min(due, default=None)


def _take_over(session: Session, ticket: Ticket, stays: Ticket) -> None:
    """What the merged ticket knew and the other does not."""
    stays.severity = max(ticket.severity, stays.severity, key=_RANK.index)
    if stays.about_staff_id is None and ticket.about_staff_id is not None:
        stays.about_staff_id = ticket.about_staff_id
        if stays.assignee_id == ticket.about_staff_id:
            stays.assignee_id, stays.status = None, TicketStatus.OPEN
    for name in ("conversation_id", "resident_id", "room_id", "phone", "visit_from", "visit_until", "outside_due_at"):
        if getattr(stays, name) is None:
            setattr(stays, name, getattr(ticket, name))
    stays.reference = stays.reference or ticket.reference
    session.flush()
    session.execute(
        update(Attachment)
        .where(Attachment.community_id == ticket.community_id, Attachment.ticket_id == ticket.id)
        .values(ticket_id=stays.id)
        .execution_options(synchronize_session=False)
    )


def _tie(session: Session, ticket: Ticket, other: Ticket, how: str, now: datetime) -> bool:
    """Write the tie; False when it is there already."""
    row = {
        "community_id": ticket.community_id,
        "id": new_id(session, now),
        "ticket_id": ticket.id,
        "other_id": other.id,
        "how": how,
        "created_at": now,
    }
    session.flush()
    return session.execute(_INSERT[dialect_of(session)], row).scalar_one_or_none() is not None
