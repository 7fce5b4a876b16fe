"""What a member does with tickets beside answering: join and divide them, work on site, pause, call back.

As in `actions.console`, each checks access first and then runs the ticket's own verb.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions import handling
from actions.access import Permission, StaffIdentity, access_ticket
from actions.actors import Actor
from actions.calendar import Calendar
from actions.closing import CallBack
from actions.errors import FieldError, NotFoundError
from actions.merging import LinkedTicket, Part, linked
from actions.names import PauseReason
from actions.policy import Policy
from actions.tables import Ticket
from actions.tickets import TicketCard

__all__ = ["CallBack", "LinkedTicket", "Part", "PauseReason"]


def merge(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    into: str,
    reason: str,
    version: int | None,
    now: datetime,
) -> TicketCard:
    """Make one ticket of two, given by the number of the one that stays. Raises FieldError for an unknown number."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_ASSIGN)
    stays = _by_number(session, staff, into, "into_id")
    actor = Actor.staff(staff.staff_id)
    return handling.merge(
        session, actor, staff.community_id, ticket_id, into_id=stays, reason=_said(reason), version=version, now=now
    )


def split(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    part: Part,
    reason: str,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
) -> TicketCard:
    """Take a second matter out of a ticket."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_ASSIGN)
    actor = Actor.staff(staff.staff_id)
    return handling.split(
        session,
        actor,
        staff.community_id,
        ticket_id,
        part=part,
        reason=_said(reason),
        policy=policy,
        calendar=calendar,
        now=now,
    )


def link(
    session: Session, staff: StaffIdentity, ticket_id: int, *, other: str, reason: str, now: datetime
) -> TicketCard:
    """Tie a ticket to another one, given by its number."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_ASSIGN)
    other_id = _by_number(session, staff, other, "other_id")
    actor = Actor.staff(staff.staff_id)
    return handling.link(
        session, actor, staff.community_id, ticket_id, other_id=other_id, reason=reason.strip(), now=now
    )


def linked_to(session: Session, staff: StaffIdentity, ticket_id: int) -> tuple[LinkedTicket, ...]:
    """The tickets that are tied to one and that the member may see."""
    found = []
    for one in linked(session, staff.community_id, ticket_id):
        try:
            access_ticket(session, staff, one.id, Permission.TICKET_SEE)
        except NotFoundError:
            continue
        found.append(one)
    return tuple(found)


def pause(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    reason: PauseReason,
    note: str,
    until: datetime,
    version: int | None,
    now: datetime,
) -> TicketCard:
    """Let the clocks of the work wait for a reason; the resident's own clocks go on."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    return handling.pause(
        session,
        actor,
        staff.community_id,
        ticket_id,
        reason=reason,
        note=note,
        until=until,
        version=version,
        now=now,
    )


def resume(session: Session, staff: StaffIdentity, ticket_id: int, *, version: int | None, now: datetime) -> TicketCard:
    """Go on with the work before the pause ends."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    return handling.resume(session, actor, staff.community_id, ticket_id, version=version, now=now)


def arrive(
    session: Session, staff: StaffIdentity, ticket_id: int, *, note: str, version: int | None, now: datetime
) -> TicketCard:
    """Record that somebody is on site (到场)."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    return handling.arrive(session, actor, staff.community_id, ticket_id, note=note.strip(), version=version, now=now)


def call_back(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    *,
    outcome: CallBack,
    text: str,
    version: int | None,
    now: datetime,
) -> TicketCard:
    """Record a call-back (回访); whoever is not satisfied has the ticket reopened."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_RESOLVE)
    actor = Actor.staff(staff.staff_id)
    return handling.call_back(
        session, actor, staff.community_id, ticket_id, outcome=outcome, text=text, version=version, now=now
    )


def agree_hold(
    session: Session, staff: StaffIdentity, ticket_id: int, *, reason: str, version: int | None, now: datetime
) -> TicketCard:
    """A leader agrees that the ticket may be put off once more."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    actor = Actor.staff(staff.staff_id)
    return handling.agree_hold(session, actor, staff.community_id, ticket_id, reason=reason, version=version, now=now)


def _by_number(session: Session, staff: StaffIdentity, number: str, field: str) -> int:
    """The ticket of a number, as far as the member may see it. Raises FieldError for every other number."""
    wanted = number.strip().upper()
    found = session.execute(
        select(Ticket.id).where(Ticket.community_id == staff.community_id, Ticket.number == wanted)
    ).scalar_one_or_none()
    if found is None:
        raise FieldError(field, f"{wanted!r} is no ticket; write its number")
    try:
        access_ticket(session, staff, found, Permission.TICKET_ASSIGN)
    except NotFoundError as error:
        raise FieldError(field, f"{wanted!r} is no ticket; write its number") from error
    return found


def _said(reason: str) -> str:
    if not reason.strip():
        raise FieldError("reason", "is missing; say why")
    return reason.strip()
