"""A member leaves the desk, or comes back: the account is closed, and what they had in hand goes to the others."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions import clocks
from actions.access import Permission, StaffIdentity, require
from actions.account_list import account
from actions.accounts import keep_an_administrator, lock_staff
from actions.actors import Actor
from actions.errors import FieldError
from actions.fingerprints import refuse_stale
from actions.holding import release_all_of
from actions.records import write_record
from actions.staffing import deactivate, reset_password
from actions.tables import DeadlineKind, DeadlineState, Staff, Ticket
from actions.transitions import RUNNING, Verb, lock_ticket, next_status, record

_AT_ONCE = 20
"""How many tickets or conversations one transaction moves: each takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What went from one who left to the others: tickets back to the queue, conversations to a colleague or the bot."""

    tickets: int = 0
    talks: int = 0

    def __add__(self, other: "Returned") -> "Returned":
        return Returned(self.tickets + other.tickets, self.talks + other.talks)

    def __bool__(self) -> bool:
        return bool(self.tickets or self.talks)


def close_account(session: Session, staff: StaffIdentity, staff_id: int, *, mark: str, now: datetime) -> None:
    """Close an account and sign it out everywhere; `return_some` then moves what the member had in hand.

    Raises NotAllowedError, NotFoundError, ConflictError, and FieldError for the last administrator.
    """
    require(staff, Permission.STAFF_MANAGE)
    lock_staff(session, staff.community_id)
    refuse_stale(mark, account(session, staff, staff_id).mark)
    keep_an_administrator(session, staff.community_id, staff_id)
    deactivate(session, staff, staff_id, now)


def open_account(
    session: Session, staff: StaffIdentity, staff_id: int, password_hash: str, *, mark: str, now: datetime
) -> None:
    """Open a closed account again, with a password that must be changed at the first sign-in.

    Raises NotAllowedError, NotFoundError, ConflictError.
    """
    require(staff, Permission.STAFF_MANAGE)
    refuse_stale(mark, account(session, staff, staff_id).mark)
    key = (Staff.community_id == staff.community_id, Staff.id == staff_id)
    session.execute(update(Staff).where(*key).values(active=True))
    reset_password(session, staff, staff_id, password_hash, now)
    actor = Actor.staff(staff.staff_id)
    write_record(session, actor, staff.community_id, "staff:activated", ("staff", staff_id), now=now)


def return_some(session: Session, staff: StaffIdentity, staff_id: int, now: datetime) -> Returned:
    """Move some of what a member who left had in hand; run again until nothing is moved.

    The answer clocks of the residents run on; the clock until somebody is put in charge starts. Raises
    NotAllowedError, NotFoundError, and FieldError while the member still works here.
    """
    member = account(session, staff, staff_id)
    if member.active:
        raise FieldError("active", "still works here; close the account first")
    actor = Actor.staff(staff.staff_id)
    talks = release_all_of(session, staff.community_id, staff_id, now, limit=_AT_ONCE)
    theirs = select(Ticket.id).where(
        Ticket.community_id == staff.community_id, Ticket.assignee_id == staff_id, Ticket.status.in_(RUNNING)
    )
    tickets = session.execute(theirs.order_by(Ticket.id).limit(_AT_ONCE)).scalars().all()
    moved = sum(_return(session, actor, staff.community_id, ticket_id, staff_id, now) for ticket_id in tickets)
    return Returned(moved, talks)


def _return(session: Session, actor: Actor, community_id: int, ticket_id: int, staff_id: int, now: datetime) -> bool:
    """Take a ticket from one who left, unless somebody was faster."""
    ticket = lock_ticket(session, community_id, ticket_id)
    if ticket.assignee_id != staff_id or ticket.status not in RUNNING:
        return False
    ticket.status = next_status(ticket.status, Verb.RETURN)
    ticket.assignee_id = None
    record(session, ticket, actor, "ticket:returned", detail={"before": str(staff_id)}, now=now)
    clocks.end(session, ticket, (DeadlineKind.ACCEPT,), state=DeadlineState.CANCELLED, now=now)
    clocks.start_work_clock(session, ticket, DeadlineKind.DISPATCH, now)
    return True
