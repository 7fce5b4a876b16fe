"""A wish to be bound is decided by a member, once, and the contact is told."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from actions.access import StaffIdentity
from actions.bills import bills_of
from actions.binding_requests import Closing, NewRequest, approve, ask_binding, refuse
from actions.bindings import Person
from actions.contacts import known
from actions.errors import ConflictError, FieldError, NotAllowedError, NotFoundError
from actions.estate import Address, NewBill, add_bills
from actions.home_pages import find_homes, home_page, told_payments, waiting_requests
from actions.payments import confirm_payment
from actions.store import Session, Store
from actions.tables import AuditEntry, BindingRequest, BindingRole, RequestState, Role, Ticket, TicketStatus
from tests.actions.factories import Desk, add_conversation, day, rules, settle_desk
from tests.conftest import NOW


class Telling:
    """Keeps what a contact was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(
        self, _session: Session, _ticket: Ticket, reply_id: str, facts: Mapping[str, Any], _now: datetime
    ) -> None:
        self.told.append((reply_id, facts))


def _clerk(desk: Desk, name: str = "小陈", role: Role = Role.AGENT) -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({role}))


async def _asked(
    desk: Desk, *, name: str = "周敏", phone: str | None = None, room: str | None = "王芳"
) -> tuple[int, int]:
    """A stranger asks to be bound; the request and the contact."""
    community = desk.cast.community_id
    contact, conversation = await desk.store.write(lambda s: add_conversation(s, community, "stranger", None))
    card = await desk.open("inquiry", None, conversation_id=conversation, resident_id=None, room_id=None)
    room_id = None if room is None else desk.cast.rooms[room]
    new = NewRequest(card.id, room_id, "3栋2单元1502", BindingRole.TENANT, name, phone)
    return await desk.store.write(lambda s: ask_binding(s, community, contact, new, NOW)), contact


async def _approve(
    desk: Desk, request: int, person: Person, telling: Telling, staff: StaffIdentity | None = None
) -> Any:
    closing = Closing("您好，身份已核实，绑定办好了，谢谢您。", rules(), telling)
    room, who = desk.cast.rooms["王芳"], staff or _clerk(desk)
    return await desk.store.write(
        lambda s: approve(
            s, who, request, room_id=room, role=BindingRole.TENANT, person=person, closing=closing, now=NOW
        )
    )


async def test_approval_binds_tells_and_closes(store: Store) -> None:
    desk, telling = await settle_desk(store), Telling()
    request, contact = await _asked(desk)
    await _approve(desk, request, Person(name="周敏", phone="13700000001"), telling)
    person = await store.read(lambda s: known(s, desk.cast.community_id, contact))
    assert (person.name, person.homes[0].role) == ("周敏", BindingRole.TENANT)
    assert telling.told == [("binding.approved", {"place": "3栋2单元1502", "role": "租户"})]
    assert await desk.rows(Ticket.status) == [TicketStatus.RESOLVED]
    assert await desk.rows((BindingRequest.state, BindingRequest.decided_by)) == [
        (RequestState.APPROVED, desk.cast.staff["小陈"])
    ]
    assert "binding:made" in await desk.rows(AuditEntry.action)


async def test_whoever_is_on_record_at_the_home_keeps_their_role(store: Store) -> None:
    desk, telling = await settle_desk(store), Telling()
    request, contact = await _asked(desk, name="王芳")
    await _approve(desk, request, Person(desk.cast.residents["王芳"]), telling)
    person = await store.read(lambda s: known(s, desk.cast.community_id, contact))
    assert [home.role for home in person.homes] == [BindingRole.OWNER], "she had called herself a tenant"
    assert telling.told == [("binding.approved", {"place": "3栋2单元1502", "role": "业主"})]


async def test_refusal_tells_why_and_binds_nobody(store: Store) -> None:
    desk, telling = await settle_desk(store), Telling()
    request, contact = await _asked(desk)
    closing = Closing("您好，这次没能绑定，请带证件到前台，谢谢您。", rules(), telling)
    with pytest.raises(FieldError, match="reason"):
        await store.write(lambda s: refuse(s, _clerk(desk), request, reason=" ", closing=closing, now=NOW))
    await store.write(lambda s: refuse(s, _clerk(desk), request, reason="姓名不一致。", closing=closing, now=NOW))
    assert telling.told == [("binding.refused", {"reason": "姓名不一致"})]
    assert (await store.read(lambda s: known(s, desk.cast.community_id, contact))).homes == ()
    assert await desk.rows(Ticket.status) == [TicketStatus.RESOLVED]


async def test_a_request_is_decided_once_and_by_the_desk_alone(store: Store) -> None:
    desk, telling = await settle_desk(store), Telling()
    request, _ = await _asked(desk)
    with pytest.raises(NotAllowedError):
        await _approve(desk, request, Person(name="周敏"), telling, _clerk(desk, "老周", Role.TECHNICIAN))
    with pytest.raises(NotFoundError):
        await _approve(desk, request + 1, Person(name="周敏"), telling)
    await _approve(desk, request, Person(name="周敏"), telling)
    with pytest.raises(ConflictError):
        await _approve(desk, request, Person(name="周敏"), telling)
    assert len(telling.told) == 1


async def test_the_console_shows_whether_the_number_is_the_one_on_record(store: Store) -> None:
    desk = await settle_desk(store)
    await _asked(desk, name="王芳", phone="13812346688")
    (waiting,) = await store.write(lambda s: waiting_requests(s, _clerk(desk), NOW))
    assert (waiting.name, waiting.masked_phone, waiting.room_id) == ("王芳", "138****6688", desk.cast.rooms["王芳"])
    assert [member.masked_phone for member in waiting.members] == ["138****6688"]
    assert waiting.phone_matches == {desk.cast.residents["王芳"]}
    assert "binding:requests_seen" in await desk.rows(AuditEntry.action), "the look goes on record"
    with pytest.raises(NotAllowedError):
        await store.write(lambda s: waiting_requests(s, _clerk(desk, "老周", Role.TECHNICIAN), NOW))


async def test_homes_are_found_by_their_address_and_each_look_goes_on_record(store: Store) -> None:
    desk = await settle_desk(store)
    clerk = _clerk(desk)
    for wanted in ("3栋2单元1502", "3-2-1502", "1502", " 3栋 "):
        found = await store.read(partial(find_homes, staff=clerk, wanted=wanted))
        assert [home.label for home in found] == ["3栋2单元1502"], wanted
    assert await store.read(lambda s: find_homes(s, clerk, "")) == ()
    assert await store.read(lambda s: find_homes(s, clerk, "99栋")) == ()
    home = await store.write(lambda s: home_page(s, clerk, desk.cast.rooms["王芳"], NOW))
    assert [member.name for member in home.members] == ["王芳"]
    seen = await desk.rows((AuditEntry.actor_id, AuditEntry.subject_id), AuditEntry.action == "home:seen")
    assert seen == [(clerk.staff_id, desk.cast.rooms["王芳"])]


async def test_a_told_payment_is_confirmed_and_the_resident_hears_it(store: Store) -> None:
    desk, telling = await settle_desk(store), Telling()
    home = Address("3栋", "2单元", "1502")
    bills = [NewBill(home, "物业费", f"2026年{month}月", 30000, 0, day(month, 25)) for month in (10, 11)]
    await store.write(lambda s: add_bills(s, desk.cast.community_id, bills, NOW))
    card = await desk.open("fee", "payment_told", summary="物业费交了")
    (payment,) = await store.read(lambda s: told_payments(s, _clerk(desk)))
    assert (payment.number, payment.name, len(payment.bills)) == (card.number, "王芳", 2)
    closing = Closing("您好，款项核对好了，谢谢您。", rules(), telling)
    room, first = desk.cast.rooms["王芳"], (payment.bills[0].id,)

    def confirm(session: Session) -> Any:
        return confirm_payment(
            session, _clerk(desk), card.id, room, first, closing=closing, written=lambda bill: bill.period, now=NOW
        )

    await store.write(confirm)
    assert telling.told == [("bills.payment_confirmed", {"lines": "2026年10月"})]
    assert await desk.ticket(card, Ticket.status) is TicketStatus.RESOLVED
    left = await store.read(lambda s: bills_of(s, desk.cast.community_id, {room: frozenset(BindingRole)}))
    assert [bill.owed_fen for bill in left] == [0, 30000]
    assert await store.read(lambda s: told_payments(s, _clerk(desk))) == ()
    with pytest.raises(FieldError, match="ticket"):
        await store.write(confirm)
