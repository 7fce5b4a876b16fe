"""What else is on record of a ticket: whom it is about, whose it is, an authority's number, its pauses (C9–C11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_ticket
from actions.accused import name_accused
from actions.actors import Actor
from actions.conversations import lock_conversation
from actions.holding import take_from
from actions.outside import note_outside
from actions.pausing import PauseShown, pauses_of
from actions.responsibility import set_responsible
from actions.tables import Responsible, Staff
from actions.tickets import TicketCard


@dataclass(frozen=True, slots=True)
class Particulars:
    """`about` is the member complained about; `limit_at` the authority's limit of the matter `reference`.

    `paused` is for how long the work stood still so far, `pauses` each time with its reason.
    """

    about_id: int | None
    about: str
    responsible: Responsible
    reference: str
    limit_at: datetime | None
    pauses: tuple[PauseShown, ...]
    paused: timedelta


def particulars(session: Session, staff: StaffIdentity, ticket_id: int, now: datetime) -> Particulars:
    """The particulars of a ticket that the member may see; errors as in `access_ticket`."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_SEE)
    about = session.execute(
        select(Staff.name).where(and_(Staff.community_id == ticket.community_id, Staff.id == ticket.about_staff_id))
    ).scalar_one_or_none()
    pauses = pauses_of(session, staff.community_id, ticket_id)
    running = sum((now - one.began_at for one in pauses if one.ended_at is None), timedelta(0))
    return Particulars(
        about_id=ticket.about_staff_id,
        about=about or "",
        responsible=ticket.responsible,
        reference=ticket.reference,
        limit_at=ticket.outside_due_at,
        pauses=pauses,
        paused=timedelta(seconds=ticket.paused_seconds) + max(running, timedelta(0)),
    )


def say_about(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    staff_id: int | None,
    reason: str,
    version: int | None,
    now: datetime,
) -> TicketCard:
    """Record whom a complaint is about; a conversation that they hold goes to a colleague."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_ASSIGN)
    if ticket.conversation_id is not None and staff_id is not None:
        conversation = lock_conversation(session, staff.community_id, ticket.conversation_id)
        take_from(session, conversation, staff_id, now)
    actor = Actor.staff(staff.staff_id)
    return name_accused(
        session, actor, staff.community_id, ticket_id, staff_id=staff_id, reason=reason, version=version, now=now
    )


def say_outside(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    reference: str,
    limit_at: datetime | None,
    version: int | None,
    now: datetime,
) -> TicketCard:
    """Record the authority's number of a matter and its limit."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    return note_outside(
        session,
        actor,
        staff.community_id,
        ticket_id,
        reference=reference,
        limit_at=limit_at,
        version=version,
        now=now,
    )


def say_responsible(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    responsible: Responsible,
    reason: str,
    version: int | None,
    now: datetime,
) -> TicketCard:
    """Record who answers for what is broken."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    return set_responsible(
        session,
        actor,
        staff.community_id,
        ticket_id,
        responsible=responsible,
        reason=reason,
        version=version,
        now=now,
    )
