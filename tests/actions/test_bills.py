"""What homes owe and have paid."""

from functools import partial

import pytest
from sqlalchemy import insert, select

from actions.bills import BillLine, bills_of, mark_paid
from actions.errors import FieldError
from actions.ids import new_id
from actions.store import Session, Store
from actions.tables import AuditEntry, Bill, BindingRole, FeeKind
from tests.actions.factories import Desk, day, settle_desk
from tests.conftest import NOW

EVERYBODY = frozenset(BindingRole)
OWNER = frozenset({BindingRole.OWNER})


async def owe(
    desk: Desk,
    name: str,
    fee_type: str,
    period: str,
    amount: int,
    paid: int = 0,
    payer: BindingRole = BindingRole.OWNER,
) -> int:
    def add(session: Session) -> int:
        key = new_id(session, NOW)
        values = {"community_id": desk.cast.community_id, "id": key, "room_id": desk.cast.rooms[name]}
        due_on = day(int(period[-2:]), 28)
        bill = {"fee_type": fee_type, "period": period, "amount": amount, "paid": paid, "due_on": due_on}
        session.execute(insert(Bill), values | bill | {"payer": payer})
        return key

    return await desk.store.write(add)


async def seen(desk: Desk, name: str, payers: frozenset[BindingRole] = EVERYBODY) -> list[BillLine]:
    room = desk.cast.rooms[name]
    return list(await desk.store.read(lambda s: bills_of(s, desk.cast.community_id, {room: payers})))


async def test_bills_are_listed_with_what_is_owed_the_oldest_first(store: Store) -> None:
    desk = await settle_desk(store)
    first = await owe(desk, "王芳", "物业费", "2026-10", 30000, 10000)
    second = await owe(desk, "王芳", "停车费", "2026-09", 15000, 15000)
    room = desk.cast.rooms["王芳"]
    kind, owner, label = FeeKind.PROPERTY, BindingRole.OWNER, "3栋2单元1502"
    assert await seen(desk, "王芳") == [
        BillLine(second, room, "停车费", kind, "2026-09", 15000, 0, day(9, 28), owner, label),
        BillLine(first, room, "物业费", kind, "2026-10", 30000, 20000, day(10, 28), owner, label),
    ]


async def test_a_home_without_a_unit_has_its_address_all_the_same(store: Store) -> None:
    desk = await settle_desk(store)
    await owe(desk, "李强", "物业费", "2026-10", 30000)
    assert [line.room for line in await seen(desk, "李强")] == ["12栋902"]


async def test_only_the_bills_of_the_payers_in_sight_are_given(store: Store) -> None:
    desk = await settle_desk(store)
    await owe(desk, "王芳", "物业费", "2026-10", 30000)
    await owe(desk, "王芳", "电费", "2026-10", 8000, payer=BindingRole.TENANT)
    assert [line.fee_type for line in await seen(desk, "王芳", frozenset({BindingRole.TENANT}))] == ["电费"]
    assert await seen(desk, "王芳", frozenset()) == []


async def test_nobody_sees_bills_of_other_homes_or_communities(store: Store) -> None:
    desk = await settle_desk(store)
    await owe(desk, "李强", "物业费", "2026-10", 30000)
    li = desk.cast.rooms["李强"]
    assert await seen(desk, "王芳") == []
    assert await store.read(lambda s: bills_of(s, desk.cast.community_id, {})) == ()
    assert await store.read(lambda s: bills_of(s, desk.cast.community_id + 1, {li: EVERYBODY})) == ()


async def test_bills_are_marked_as_paid_together_and_it_goes_on_record(store: Store) -> None:
    desk = await settle_desk(store)
    one = await owe(desk, "王芳", "物业费", "2026-10", 30000, 10000)
    other = await owe(desk, "王芳", "停车费", "2026-10", 15000)
    kept = await owe(desk, "王芳", "物业费", "2026-11", 30000)
    room, staff = desk.cast.rooms["王芳"], desk.staff("小陈")
    lines = await store.write(lambda s: mark_paid(s, staff, desk.cast.community_id, room, (one, other), NOW))
    assert sorted(line.owed_fen for line in lines) == [15000, 20000]
    assert {line.id: line.owed_fen for line in await seen(desk, "王芳")} == {one: 0, other: 0, kept: 30000}
    entry = await store.read(
        lambda s: s.execute(select(AuditEntry).where(AuditEntry.action == "bill:paid")).scalar_one()
    )
    assert (entry.actor_id, entry.subject_id) == (staff.id, room)
    assert sorted(entry.detail["bills"]) == sorted([[str(one), 20000], [str(other), 15000]])


async def test_nothing_is_paid_when_one_of_the_bills_is_not_right(store: Store) -> None:
    desk = await settle_desk(store)
    own = await owe(desk, "王芳", "物业费", "2026-10", 30000)
    paid = await owe(desk, "王芳", "停车费", "2026-10", 15000, 15000)
    others = await owe(desk, "李强", "物业费", "2026-10", 30000)
    room, staff = desk.cast.rooms["王芳"], desk.staff("小陈")
    for bad in ((), (own, paid), (own, others), (own, 5)):
        with pytest.raises(FieldError, match="bills"):
            await store.write(
                partial(
                    mark_paid, actor=staff, community_id=desk.cast.community_id, room_id=room, bill_ids=bad, now=NOW
                )
            )
    assert sorted(line.owed_fen for line in await seen(desk, "王芳", OWNER)) == [0, 30000]
