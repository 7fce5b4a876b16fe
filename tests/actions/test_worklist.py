"""The queue's views and filters, saved views, and tickets put aside."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import insert, update

from actions import handling
from actions.drafts import LONGEST_SNOOZE, snooze, snoozed_until, wake
from actions.errors import FieldError, NotAllowedError, NotFoundError
from actions.ids import new_id
from actions.intake import Inbound, receive
from actions.saved_views import MOST, drop_view, keep_view, kept_views
from actions.store import Session, Store
from actions.tables import Area, Severity, Ticket
from actions.tickets import TicketCard
from actions.views.worklist import QueueFilter, View, queue
from tests.actions.factories import HOUR, Desk, settle_desk
from tests.actions.test_holding import member, run
from tests.conftest import NOW

GOOD = "王女士，水龙头的阀芯已经换好，现在不滴水了，谢谢您。"


async def shown(desk: Desk, now: datetime = NOW, name: str = "小陈", **chosen: object) -> list[str]:
    """The numbers of the tickets that a member sees."""
    view = QueueFilter(**chosen)  # type: ignore[arg-type]
    found = await desk.store.read(lambda s: queue(s, member(desk, name), now, view))
    assert found.total == len(found.rows)
    return sorted(row.number for row in found.rows)


async def put_aside(desk: Desk, card: TicketCard, until: datetime, now: datetime = NOW, name: str = "小陈") -> None:
    await desk.store.write(lambda s: snooze(s, member(desk, name), card.id, until=until, version=None, now=now))


async def test_each_view_shows_its_tickets_and_counts_them(store: Store) -> None:
    desk = await settle_desk(store)
    repair = await desk.open()
    complaint = await desk.open("complaint", "noise", summary="楼上很吵")
    late = await desk.open(now=NOW - 25 * HOUR, summary="昨天的")
    await desk.do(handling.assign, desk.staff("孙主管"), repair, staff_id=desk.cast.staff["小陈"])
    await desk.do(handling.reply, desk.staff("小陈"), repair, text=GOOD, policy=desk.policy, concludes=True)
    await desk.enforce_all(NOW)
    assert await shown(desk) == sorted([repair.number, complaint.number, late.number])
    assert await shown(desk, view=View.MINE) == [repair.number]
    assert await shown(desk, view=View.UNASSIGNED) == sorted([complaint.number, late.number])
    assert await shown(desk, view=View.OVERDUE) == [late.number]
    assert await shown(desk, view=View.ESCALATED) == [late.number]
    assert await shown(desk, view=View.WAITING) == [repair.number]
    assert await shown(desk, view=View.COMPLAINTS) == [complaint.number]
    found = await desk.store.read(lambda s: queue(s, member(desk, "小陈"), NOW))
    assert dict(found.counts) == {
        "all": 3, "mine": 1, "unassigned": 2, "overdue": 1, "escalated": 1, "waiting": 1, "complaints": 1,
        "buildings": 0, "snoozed": 0,
    }  # fmt: skip


async def test_my_buildings_are_those_of_the_area_by_room_or_by_the_places_name(store: Store) -> None:
    desk = await settle_desk(store)
    by_room = await desk.open()
    by_name = await desk.open(room_id=None, place="3栋大堂")
    await desk.open(room_id=desk.cast.rooms["李强"], place="12栋902")
    await desk.open(room_id=None, place="13栋大堂")

    def furnish(session: Session) -> None:
        values = {"community_id": desk.cast.community_id, "id": new_id(session, NOW)}
        area = {"staff_id": desk.cast.staff["小陈"], "building_id": desk.cast.buildings["3栋"]}
        session.execute(insert(Area), values | area)

    await desk.store.write(furnish)
    assert await shown(desk, view=View.BUILDINGS) == sorted([by_room.number, by_name.number])
    assert await shown(desk, name="孙主管", view=View.BUILDINGS) == []


async def test_filters_narrow_rows_and_counts_but_not_the_alarms(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open(summary="水龙头滴水 100%")
    fee = await desk.open("fee", "dispute", summary="多收一个月", place="12栋902", room_id=desk.cast.rooms["李强"])
    await desk.open("emergency", "lift_trapped", severity=Severity.ALARM, summary="电梯困人")
    assert await shown(desk, kind="fee") == [fee.number]
    assert await shown(desk, building="12栋") == [fee.number]
    assert await shown(desk, words="一个月") == [fee.number]
    assert await shown(desk, words=fee.number.lower()) == [fee.number]
    assert len(await shown(desk, words="100%")) == 1
    assert await shown(desk, words="100_") == []
    assert len(await shown(desk, severity="alarm")) == 1
    assert len(await shown(desk, department_id=1)) == 0
    found = await desk.store.read(lambda s: queue(s, member(desk, "小陈"), NOW, QueueFilter(kind="fee")))
    assert (found.alarms, found.counts["all"]) == (1, 1)


async def test_a_technician_counts_their_own_and_nobody_sees_complaints_about_themselves(store: Store) -> None:
    desk = await settle_desk(store)
    mine = await desk.open()
    await desk.open("complaint", "staff", summary="小陈态度差", about_staff_id=desk.cast.staff["小陈"])
    await desk.do(handling.assign, desk.staff("孙主管"), mine, staff_id=desk.cast.staff["老周"])
    assert await shown(desk, name="老周") == [mine.number]
    assert await shown(desk) == [mine.number]
    assert len(await shown(desk, name="孙主管")) == 2


async def test_a_ticket_put_aside_comes_back_when_its_time_is_up(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    await put_aside(desk, card, NOW + 2 * HOUR)
    assert await shown(desk) == []
    assert await shown(desk, view=View.SNOOZED) == [card.number]
    assert await shown(desk, NOW + 2 * HOUR) == [card.number]
    assert "ticket:snoozed" in await desk.events(card)
    assert (await desk.clocks(card))["reply"] == "running"


async def test_it_comes_back_at_once_when_the_resident_writes(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    await put_aside(desk, card, NOW + 20 * HOUR)
    inbound = Inbound(desk.cast.community_id, "web", "王芳", "1", "还在滴", NOW + HOUR)
    await desk.store.write(lambda s: receive(s, inbound, NOW + HOUR))
    assert await shown(desk, NOW + HOUR) == [card.number]


async def test_it_comes_back_when_it_is_overdue_and_it_is_never_hidden_from_the_overdue(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    await put_aside(desk, card, NOW + timedelta(days=5))
    assert await shown(desk, NOW + 25 * HOUR) == [card.number]
    assert await shown(desk, NOW + 25 * HOUR, view=View.OVERDUE) == [card.number]


async def test_it_is_put_aside_for_two_weeks_at_most_and_an_alarm_never(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    for until in (NOW, NOW - HOUR, NOW + LONGEST_SNOOZE + HOUR):
        with pytest.raises(FieldError, match="until"):
            await put_aside(desk, card, until)
    alarm = await desk.open("emergency", "lift_trapped", severity=Severity.ALARM)
    with pytest.raises(FieldError, match="ticket"):
        await put_aside(desk, alarm, NOW + HOUR)
    with pytest.raises(NotFoundError):
        await put_aside(desk, card, NOW + HOUR, name="老周")
    with pytest.raises(NotAllowedError):
        await put_aside(desk, card, NOW + HOUR, name="品质部")


async def test_putting_aside_again_moves_the_moment_and_waking_ends_it(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    await put_aside(desk, card, NOW + HOUR)
    await put_aside(desk, card, NOW + 3 * HOUR)
    until = await desk.store.read(lambda s: snoozed_until(s, desk.cast.community_id, card.id, NOW))
    assert until == NOW + 3 * HOUR
    await desk.store.write(lambda s: wake(s, member(desk, "孙主管"), card.id))
    assert await shown(desk) == [card.number]


async def test_saved_views_are_ones_own_replaced_by_name_and_limited(store: Store) -> None:
    desk = await settle_desk(store)
    chen, sun = member(desk, "小陈"), member(desk, "孙主管")

    for name, query in (("三栋", "building=3%E6%A0%8B"), ("投诉", "view=complaints"), ("三栋", "building=1")):
        await desk.store.write(partial(keep_view, staff=chen, name=name, query=query, now=NOW))
    kept = await desk.store.read(lambda s: kept_views(s, chen))
    assert [(one.name, one.query) for one in kept] == [("三栋", "building=1"), ("投诉", "view=complaints")]
    assert await desk.store.read(lambda s: kept_views(s, sun)) == ()
    await desk.store.write(lambda s: drop_view(s, sun, kept[0].id))
    await desk.store.write(lambda s: drop_view(s, chen, kept[1].id))
    assert [one.name for one in await desk.store.read(lambda s: kept_views(s, chen))] == ["三栋"]
    for wrong in ("", " ", "长" * 21):
        with pytest.raises(FieldError):
            await desk.store.write(partial(keep_view, staff=chen, name=wrong, query="", now=NOW))
    for number in range(MOST - 1):
        await desk.store.write(partial(keep_view, staff=chen, name=f"视图{number}", query="", now=NOW))
    with pytest.raises(FieldError, match="too many"):
        await desk.store.write(lambda s: keep_view(s, chen, "又一个", "", NOW))
    with pytest.raises(NotAllowedError):
        await desk.store.write(lambda s: keep_view(s, member(desk, "管理员"), "一", "", NOW))


async def test_a_page_holds_a_hundred_and_the_next_one_goes_on(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()

    def copy(session: Session) -> None:
        row = session.get_one(Ticket, (desk.cast.community_id, card.id))
        values = {column.name: getattr(row, column.name) for column in Ticket.__table__.columns}
        session.execute(
            insert(Ticket),
            [values | {"id": new_id(session, NOW), "number": f"Z-{place}"} for place in range(120)],
        )

    await desk.store.write(copy)
    first = await desk.store.read(lambda s: queue(s, member(desk, "小陈"), NOW))
    second = await desk.store.read(lambda s: queue(s, member(desk, "小陈"), NOW, QueueFilter(page=2)))
    assert (len(first.rows), len(second.rows), first.total) == (100, 21, 121)
    assert not {row.id for row in first.rows} & {row.id for row in second.rows}
    await run(desk, update(Ticket).values(status="closed"))
    assert (await desk.store.read(lambda s: queue(s, member(desk, "小陈"), NOW))).total == 0
