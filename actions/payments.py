"""A payment that a resident told of is confirmed by a member: the bills are paid, and the resident hears it (B4)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from actions import handling
from actions.access import Permission, StaffIdentity, access_ticket, require
from actions.actors import Actor
from actions.bills import BillLine, mark_paid
from actions.binding_requests import Closing
from actions.errors import FieldError
from actions.transitions import RUNNING

Written = Callable[[BillLine], str]


def confirm_payment(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    room_id: int,
    bill_ids: tuple[int, ...],
    *,
    closing: Closing,
    written: Written,
    now: datetime,
) -> tuple[BillLine, ...]:
    """Mark the bills of a told payment as paid, tell the resident, and close the ticket.

    `written` is how a bill is told. Raises NotAllowedError, NotFoundError, FieldError as `mark_paid` or when the
    ticket is no running word about a payment.
    """
    require(staff, Permission.PAYMENT_CONFIRM)
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_RESOLVE)
    if (ticket.kind, ticket.category) != ("fee", "payment_told") or ticket.status not in RUNNING:
        raise FieldError("ticket", "is no running word about a payment")
    actor = Actor.staff(staff.staff_id)
    # The conversation is locked before the ticket, as everywhere; the bills come after both.
    lines = mark_paid(session, actor, staff.community_id, room_id, bill_ids, now)
    told = {"lines": "\n".join(written(line) for line in lines)}
    closing.tell(session, ticket, "bills.payment_confirmed", told, now)
    handling.resolve(
        session, actor, staff.community_id, ticket_id, text=closing.conclusion, policy=closing.policy, now=now
    )
    return lines
