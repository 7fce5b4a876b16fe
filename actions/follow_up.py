"""What a person has to see to beside the tickets: messages that did not arrive, groups, alerts put together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions import undelivered
from actions.access import Permission, StaffIdentity, allows, require
from actions.actors import Actor
from actions.alerts import AlertBundle, bundles
from actions.conversations import lock_conversation
from actions.errors import FieldError
from actions.groups import GroupCard, answer_group, group_of
from actions.handling import reply
from actions.policy import Policy
from actions.saying import Seen, Spoken, speak
from actions.tables import Role, Ticket
from actions.transitions import RUNNING, lock_ticket
from actions.undelivered import HeldParcel
from actions.views.tickets import record

_GROUPS = 20


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The whole page; what the member may not do is empty."""

    parcels: tuple[HeldParcel, ...]
    groups: tuple[GroupCard, ...]
    alerts: tuple[AlertBundle, ...]
    may_lead: bool


def follow_up(session: Session, staff: StaffIdentity) -> FollowUp:
    """What waits for this member. Raises NotAllowedError for a role that has no part in tickets."""
    require(staff, Permission.TICKET_SEE)
    may_write = allows(staff, Permission.CONVERSATION_TAKE_OVER)
    return FollowUp(
        parcels=undelivered.waiting_for_person(session, staff.community_id) if may_write else (),
        groups=_groups(session, staff) if may_write else (),
        alerts=bundles(session, staff.community_id, staff.staff_id),
        may_lead=Role.MANAGER in staff.roles,
    )


def release(session: Session, staff: StaffIdentity, row_id: int, now: datetime) -> None:
    """Send a message after all; who decided so goes on record."""
    require(staff, Permission.CONVERSATION_TAKE_OVER)
    undelivered.release(session, staff.community_id, row_id, now)
    record(session, staff, "outbox:released", "outbox", row_id, now=now)


def settle(session: Session, staff: StaffIdentity, row_id: int, reason: str, now: datetime) -> None:
    """The resident was told in another way; how goes on record. Raises FieldError without it."""
    require(staff, Permission.CONVERSATION_TAKE_OVER)
    if not reason.strip():
        raise FieldError("reason", "is missing; say how the resident was told")
    undelivered.settle_by_hand(session, staff.community_id, row_id, now)
    record(session, staff, "outbox:settled", "outbox", row_id, reason=reason.strip(), now=now)


def answer_homes(
    session: Session, staff: StaffIdentity, lead_id: int, spoken: Spoken, *, policy: Policy, now: datetime
) -> int:
    """Answer some homes of a group complaint in one wording; how many are left. Call again until none is.

    Raises NotAllowedError for all but a manager, FieldError for an empty text.
    """
    require(staff, Permission.TICKET_REPLY)
    if not spoken.text.strip():
        raise FieldError("text", "is empty; write what the residents are told")
    actor = Actor.staff(staff.staff_id)

    def one(inner: Session, ticket_id: int, text: str) -> None:
        conversation_id = inner.execute(
            select(Ticket.conversation_id).where(Ticket.community_id == staff.community_id, Ticket.id == ticket_id)
        ).scalar_one()
        message_id = None
        if conversation_id is not None:
            lock_conversation(inner, staff.community_id, conversation_id)
            message_id = speak(inner, staff, conversation_id, spoken, Seen(), now).message_id
        lock_ticket(inner, staff.community_id, ticket_id)
        reply(
            inner, actor, staff.community_id, ticket_id,
            text=text, policy=policy, concludes=True, message_id=message_id, now=now,
        )  # fmt: skip

    return answer_group(session, actor, staff.community_id, lead_id, text=spoken.text, answer=one)


def _groups(session: Session, staff: StaffIdentity) -> tuple[GroupCard, ...]:
    """The group complaints in which somebody still waits, oldest first, but those about the member (domain.md A12)."""
    community_id = staff.community_id
    about_them = select(Ticket.group_id).where(
        Ticket.community_id == community_id, Ticket.group_id.is_not(None), Ticket.about_staff_id == staff.staff_id
    )
    leads = session.execute(
        select(Ticket.group_id)
        .where(
            Ticket.community_id == community_id,
            Ticket.group_id.is_not(None),
            Ticket.status.in_(RUNNING),
            Ticket.awaiting_reply_since.is_not(None),
            Ticket.group_id.not_in(about_them),
        )
        .distinct()
        .order_by(Ticket.group_id)
        .limit(_GROUPS)
    ).scalars()
    found = [group_of(session, community_id, lead_id) for lead_id in leads.all() if lead_id is not None]
    return tuple(group for group in found if group is not None)
