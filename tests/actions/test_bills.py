"""What homes owe."""

from sqlalchemy import insert

from actions.bills import BillLine, bills_of
from actions.ids import new_id
from actions.store import Session, Store
from actions.tables import Bill
from tests.actions.factories import Desk, day, settle_desk
from tests.conftest import NOW


async def owe(desk: Desk, name: str, fee_type: str, period: str, amount: int, paid: int = 0) -> None:
    def add(session: Session) -> None:
        values = {"community_id": desk.cast.community_id, "id": new_id(session, NOW), "room_id": desk.cast.rooms[name]}
        session.execute(
            insert(Bill),
            values
            | {
                "fee_type": fee_type,
                "period": period,
                "amount": amount,
                "paid": paid,
                "due_on": day(int(period[-2:]), 28),
            },
        )

    await desk.store.write(add)


async def test_a_home_owes_what_is_not_paid_yet_the_oldest_first(store: Store) -> None:
    desk = await settle_desk(store)
    await owe(desk, "王芳", "物业费", "2026-10", 30000, 10000)
    await owe(desk, "王芳", "停车费", "2026-09", 15000)
    await owe(desk, "王芳", "物业费", "2026-08", 30000, 30000)
    lines = await store.read(lambda s: bills_of(s, desk.cast.community_id, [desk.cast.rooms["王芳"]]))
    assert lines == (
        BillLine("停车费", "2026-09", 15000, day(9, 28), "3栋2单元1502"),
        BillLine("物业费", "2026-10", 20000, day(10, 28), "3栋2单元1502"),
    )


async def test_a_home_without_a_unit_has_its_address_all_the_same(store: Store) -> None:
    desk = await settle_desk(store)
    await owe(desk, "李强", "物业费", "2026-10", 30000)
    [line] = await store.read(lambda s: bills_of(s, desk.cast.community_id, [desk.cast.rooms["李强"]]))
    assert line.room == "12栋902"


async def test_nobody_sees_bills_of_other_homes_or_communities(store: Store) -> None:
    desk = await settle_desk(store)
    await owe(desk, "李强", "物业费", "2026-10", 30000)
    wang, li = desk.cast.rooms["王芳"], desk.cast.rooms["李强"]
    assert await store.read(lambda s: bills_of(s, desk.cast.community_id, [wang])) == ()
    assert await store.read(lambda s: bills_of(s, desk.cast.community_id, [])) == ()
    assert await store.read(lambda s: bills_of(s, desk.cast.community_id + 1, [li])) == ()
