"""Wishes to be bound, made in chat by residents without a code, and the member's word on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from actions import handling
from actions.access import Permission, StaffIdentity, access_ticket, require
from actions.actors import Actor
from actions.bindings import Person, address_of, ensure_binding, resident_for, role_at
from actions.contacts import Home, bind
from actions.errors import ConflictError, FieldError, NotFoundError
from actions.ids import new_id
from actions.policy import Policy
from actions.records import write_record
from actions.tables import BindingRequest, BindingRole, Contact, RequestState, Ticket
from actions.transitions import RUNNING

Tell = Callable[[Session, Ticket, str, Mapping[str, Any], datetime], None]


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What the contact says of themselves; `room_id` is None where the place is no home of the estate."""

    ticket_id: int
    room_id: int | None
    place: str
    role: BindingRole | None
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Closing:
    """How the ticket of a request ends: the conclusion that goes on record, the rules, and how the contact is told."""

    conclusion: str
    policy: Policy
    tell: Tell


def ask_binding(session: Session, community_id: int, contact_id: int, new: NewRequest, now: datetime) -> int:
    """Keep a wish to be bound until a member decides; returns its id."""
    key = new_id(session, now)
    row = {"community_id": community_id, "id": key, "contact_id": contact_id, "ticket_id": new.ticket_id}
    said = {"room_id": new.room_id, "place": new.place, "role": new.role, "name": new.name, "phone": new.phone}
    session.execute(insert(BindingRequest), row | said | {"state": RequestState.WAITING, "created_at": now})
    return key


def approve(
    session: Session,
    staff: StaffIdentity,
    request_id: int,
    *,
    room_id: int,
    role: BindingRole,
    person: Person,
    closing: Closing,
    now: datetime,
) -> Home:
    """Bind the contact who asked, tell them, and close the ticket with the conclusion.

    A contact who is bound already keeps who they are and gets the further home. Raises NotAllowedError, NotFoundError,
    ConflictError when a colleague was first, FieldError as `resident_for`.
    """
    request = _lock(session, staff, request_id)
    community_id = staff.community_id
    home = address_of(session, community_id, room_id, role)
    bound_as = session.execute(
        select(Contact.resident_id)
        .where(Contact.community_id == community_id, Contact.id == request.contact_id)
        .with_for_update()
    ).scalar_one()
    resident_id = bound_as
    if resident_id is None:
        resident_id = resident_for(session, community_id, person, now)
        bind(session, community_id, request.contact_id, resident_id)
    # Whoever is on record at this home already belongs to it as the record says, whatever they called themselves.
    home = replace(home, role=role_at(session, community_id, resident_id, room_id) or role)
    ensure_binding(session, community_id, resident_id, room_id, home.role, now)
    actor = Actor.staff(staff.staff_id)
    detail = {"room": str(room_id), "role": home.role.value, "resident": str(resident_id), "by": "approval"}
    write_record(session, actor, community_id, "binding:made", ("contact", request.contact_id), detail=detail, now=now)
    facts = {"place": home.label, "role": closing.policy.names.binding_role(home.role)}
    _decide(session, staff, request, RequestState.APPROVED, "", now)
    _close(session, staff, request.ticket_id, ("binding.approved", facts), closing, now)
    return home


def refuse(
    session: Session,
    staff: StaffIdentity,
    request_id: int,
    *,
    reason: str,
    closing: Closing,
    now: datetime,
) -> None:
    """Say no with a reason that the contact is told, and close the ticket.

    Raises NotAllowedError, NotFoundError, ConflictError when a colleague was first, FieldError without a reason.
    """
    request = _lock(session, staff, request_id)
    if not reason.strip():
        raise FieldError("reason", "is missing; say what could not be verified")
    _decide(session, staff, request, RequestState.REFUSED, reason.strip(), now)
    actor = Actor.staff(staff.staff_id)
    write_record(
        session,
        actor,
        staff.community_id,
        "binding:refused",
        ("contact", request.contact_id),
        reason=reason.strip(),
        now=now,
    )
    facts = {"reason": reason.strip().rstrip("。.！!")}
    _close(session, staff, request.ticket_id, ("binding.refused", facts), closing, now)


def _lock(session: Session, staff: StaffIdentity, request_id: int) -> BindingRequest:
    require(staff, Permission.BINDING_MANAGE)
    request = session.execute(
        select(BindingRequest)
        .where(BindingRequest.community_id == staff.community_id, BindingRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if request is None:
        raise NotFoundError(f"request {request_id} is not there")
    if request.state is not RequestState.WAITING:
        raise ConflictError("the request was decided already", current=request.state.value)
    return request


def _decide(
    session: Session, staff: StaffIdentity, request: BindingRequest, state: RequestState, reason: str, now: datetime
) -> None:
    request.state, request.reason = state, reason
    request.decided_at, request.decided_by = now, staff.staff_id
    session.flush()


def _close(
    session: Session,
    staff: StaffIdentity,
    ticket_id: int,
    words: tuple[str, Mapping[str, str]],
    closing: Closing,
    now: datetime,
) -> None:
    """Tell the contact first: whoever writes to a conversation locks it before its ticket."""
    ticket = access_ticket(session, staff, ticket_id, Permission.TICKET_SEE)
    closing.tell(session, ticket, *words, now)
    if ticket.status in RUNNING:
        handling.resolve(
            session,
            Actor.staff(staff.staff_id),
            staff.community_id,
            ticket_id,
            text=closing.conclusion,
            policy=closing.policy,
            now=now,
        )
