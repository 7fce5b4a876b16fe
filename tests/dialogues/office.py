"""What staff do about homes and bills in a written conversation, by the same functions that the console uses."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from unittest.mock import patch

from sqlalchemy import insert, select, update

from actions import codes
from actions.access import StaffIdentity
from actions.bills import BillLine, bills_of
from actions.binding_requests import Closing, approve, refuse
from actions.bindings import Person, end_binding
from actions.codes import issue_code
from actions.estate import Address, room_ids
from actions.ids import new_id
from actions.payments import confirm_payment
from actions.store import Session
from actions.tables import Bill, BindingCode, BindingRequest, BindingRole, FeeKind, RequestState, Ticket
from actions.transcript import find_resident
from bot.telling import Teller
from desk.stage import Stage

_LAST_CODE: dict[str, str] = {}
"""The last code that was issued on a stage, by its database."""


def spoken(stage: Stage, text: str) -> str:
    """A resident's words with the last code in its place, as printed, in small letters, or spelt out."""
    code = _LAST_CODE.get(stage.url or "", "")
    bare = code.replace("-", "")
    return text.replace("{code}", code).replace("{code_small}", bare.lower()).replace("{code_spelt}", " ".join(bare))


def act(session: Session, stage: Stage, staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    """Do one thing."""
    VERBS[step["do"]](session, stage, staff, step)


def _room(session: Session, stage: Stage, step: Mapping[str, Any]) -> int:
    building, unit, room = step["home"]
    return room_ids(session, stage.community_id)[Address(building, unit, str(room))]


def _person(session: Session, stage: Stage, step: Mapping[str, Any]) -> Person:
    resident_id = find_resident(session, stage.community_id, step["resident"])
    return Person(resident_id) if resident_id is not None else Person(name=step["resident"])


def _closing(stage: Stage) -> Closing:
    teller = Teller(stage.mind.replies, stage.mind.rules.phrases)
    return Closing("您好，已经核实并办好，谢谢您。", stage.mind.rules.policy, teller)


def _issue(session: Session, stage: Stage, staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    role = BindingRole(step.get("role", "owner"))
    person = _person(session, stage, step)
    # The same code on every run; a case names its own where the signs matter.
    with patch.object(codes, "new_code", return_value=step.get("code", "K7MW4P")):
        issued = issue_code(session, staff, _room(session, stage, step), role, person, stage.now)
    _LAST_CODE[stage.url or ""] = issued.code


def _expire(session: Session, stage: Stage, _staff: StaffIdentity, _step: Mapping[str, Any]) -> None:
    session.execute(update(BindingCode).values(expires_at=stage.now))


def _waiting(session: Session) -> BindingRequest:
    return session.execute(select(BindingRequest).where(BindingRequest.state == RequestState.WAITING)).scalar_one()


def _approve(session: Session, stage: Stage, staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    request = _waiting(session)
    assert request.room_id is not None, "the place is no home of the estate"
    role = BindingRole(step.get("role", request.role or "owner"))
    person = _person(session, stage, step) if "resident" in step else Person(name=request.name, phone=request.phone)
    approve(
        session,
        staff,
        request.id,
        room_id=request.room_id,
        role=role,
        person=person,
        closing=_closing(stage),
        now=stage.now,
    )


def _refuse(session: Session, stage: Stage, staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    request = _waiting(session)
    refuse(session, staff, request.id, reason=step["reason"], closing=_closing(stage), now=stage.now)


def _move_out(session: Session, stage: Stage, staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    resident_id = find_resident(session, stage.community_id, step["resident"])
    assert resident_id is not None
    end_binding(session, staff, _room(session, stage, step), resident_id, reason="move-out", now=stage.now)


def _bill(session: Session, stage: Stage, _staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    session.execute(
        insert(Bill),
        {
            "community_id": stage.community_id,
            "id": new_id(session, stage.now),
            "room_id": _room(session, stage, step),
            "fee_type": step["fee"],
            "kind": FeeKind(step["kind"]),
            "period": step["period"],
            "amount": step["fen"],
            "due_on": date.fromisoformat(str(step["due"])),
            "payer": BindingRole(step.get("payer", "owner")),
            "detail": step.get("detail", ""),
        },
    )


def _confirm(session: Session, stage: Stage, staff: StaffIdentity, step: Mapping[str, Any]) -> None:
    ticket = session.execute(select(Ticket).where(Ticket.category == "payment_told")).scalar_one()
    room_id = _room(session, stage, step)
    seen = {room_id: frozenset(BindingRole)}
    unpaid = [bill for bill in bills_of(session, stage.community_id, seen) if bill.owed_fen]
    confirm_payment(
        session,
        staff,
        ticket.id,
        room_id,
        tuple(bill.id for bill in unpaid),
        closing=_closing(stage),
        written=_written,
        now=stage.now,
    )


def _written(bill: BillLine) -> str:
    return f"{bill.fee_type} {bill.period} {bill.owed_fen / 100:.2f}元"


VERBS: Mapping[str, Any] = {
    "issue_code": _issue,
    "expire_codes": _expire,
    "approve": _approve,
    "refuse": _refuse,
    "move_out": _move_out,
    "bill": _bill,
    "confirm_payment": _confirm,
}
