"""The roster as leaders keep it, and where it has nobody."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from actions.coverage import cover, gaps
from actions.duty import NewShifts, Shift, add_shifts, copy_week, posts, remove_shift, shifts_between
from actions.errors import FieldError, NotAllowedError, NotFoundError
from actions.roster import on_duty
from actions.store import Store
from actions.tables import AuditEntry, Role, RosterEntry, Staff
from tests.actions.factories import HOUR, Desk, settle_desk
from tests.actions.test_holding import member
from tests.actions.world import executing
from tests.conftest import NOW

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = NOW.astimezone(ZONE).date()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
DAY = timedelta(days=1)


async def empty(store: Store) -> Desk:
    desk = await settle_desk(store)
    await store.write(executing(delete(RosterEntry)))
    return desk


def night(desk: Desk, first: date, last: date, *, workdays: bool = False) -> NewShifts:
    staff_id = desk.cast.staff["监控室"]
    return NewShifts(staff_id, Role.MONITORING, first, last, time(20), time(8), workdays_only=workdays)


async def shifts(store: Store, desk: Desk) -> tuple[Shift, ...]:
    wide = (NOW - 60 * DAY, NOW + 90 * DAY)
    return await store.read(lambda s: shifts_between(s, member(desk, "孙主管"), *wide))


async def test_nights_are_put_on_for_several_days_and_end_in_the_morning(store: Store) -> None:
    desk = await empty(store)
    sun = member(desk, "孙主管")
    new = night(desk, MONDAY + 7 * DAY, MONDAY + 13 * DAY, workdays=True)
    assert await store.write(lambda s: add_shifts(s, sun, new, ZONE, NOW)) == 5
    found = await shifts(store, desk)
    assert {(one.starts_at.astimezone(ZONE).hour, one.ends_at - one.starts_at) for one in found} == {(20, 12 * HOUR)}
    midnight = datetime.combine(MONDAY + 8 * DAY, time(0), ZONE)
    assert await store.read(lambda s: on_duty(s, desk.cast.community_id, Role.MONITORING, midnight))
    assert (
        await store.read(
            lambda s: s.execute(select(AuditEntry.detail).where(AuditEntry.action == "shift:added")).scalar_one()[
                "shifts"
            ]
        )
        == 5
    )
    for wrong, field in (
        (new, "shift"),
        (night(desk, MONDAY, MONDAY - DAY), "last"),
        (night(desk, MONDAY, MONDAY + 90 * DAY), "last"),
        (night(desk, MONDAY - 9 * DAY, MONDAY - 9 * DAY), "first"),
    ):
        with pytest.raises(FieldError) as caught:
            await store.write(partial(add_shifts, staff=sun, new=wrong, zone=ZONE, now=NOW))
        assert caught.value.field == field


async def test_only_those_who_work_here_in_a_role_are_put_on_duty_in_it(store: Store) -> None:
    desk = await empty(store)
    sun = member(desk, "孙主管")
    wrong = NewShifts(desk.cast.staff["老周"], Role.MONITORING, MONDAY + 7 * DAY, MONDAY + 7 * DAY, time(8), time(17))
    with pytest.raises(NotFoundError):
        await store.write(lambda s: add_shifts(s, sun, wrong, ZONE, NOW))
    new = night(desk, MONDAY + 7 * DAY, MONDAY + 7 * DAY)
    with pytest.raises(NotAllowedError):
        await store.write(lambda s: add_shifts(s, member(desk, "小陈"), new, ZONE, NOW))
    assert [post.role for post in await store.read(lambda s: posts(s, sun))] == list(Role)


async def test_a_shift_that_has_begun_ends_and_one_that_comes_goes(store: Store) -> None:
    desk = await settle_desk(store)
    sun = member(desk, "孙主管")
    running = next(one for one in await shifts(store, desk) if one.role is Role.MONITORING)
    await store.write(lambda s: remove_shift(s, sun, running.id, NOW))
    (left,) = [one for one in await shifts(store, desk) if one.id == running.id]
    assert left.ends_at == NOW
    with pytest.raises(FieldError):
        await store.write(lambda s: remove_shift(s, sun, running.id, NOW))
    new = night(desk, MONDAY + 7 * DAY, MONDAY + 7 * DAY)
    await store.write(lambda s: add_shifts(s, sun, new, ZONE, NOW))
    coming = (await shifts(store, desk))[-1]
    await store.write(lambda s: remove_shift(s, sun, coming.id, NOW))
    assert coming.id not in {one.id for one in await shifts(store, desk)}
    with pytest.raises(NotFoundError):
        await store.write(lambda s: remove_shift(s, sun, coming.id, NOW))


async def test_a_week_is_copied_once_without_those_who_left(store: Store) -> None:
    desk = await empty(store)
    sun, week = member(desk, "孙主管"), MONDAY + 7 * DAY
    agents = NewShifts(desk.cast.staff["小陈"], Role.AGENT, week, week + 4 * DAY, time(8), time(17))
    for new in (night(desk, week, week + 6 * DAY), agents):
        await store.write(partial(add_shifts, staff=sun, new=new, zone=ZONE, now=NOW))
    gone = update(Staff).where(Staff.id == desk.cast.staff["小陈"]).values(active=False)
    await store.write(executing(gone))
    assert await store.write(lambda s: copy_week(s, sun, week + 7 * DAY, ZONE, NOW)) == 7
    assert await store.write(lambda s: copy_week(s, sun, week + 7 * DAY, ZONE, NOW)) == 0
    nights = [one for one in await shifts(store, desk) if one.role is Role.MONITORING]
    assert len(nights) == 14
    assert nights[7].starts_at - nights[0].starts_at == 7 * DAY
    with pytest.raises(FieldError):
        await store.write(lambda s: copy_week(s, sun, week + DAY, ZONE, NOW))


def _shift(role: Role, begins: int, ends: int) -> Shift:
    return Shift(1, 1, "某人", role, NOW + begins * HOUR, NOW + ends * HOUR)


def test_a_role_is_covered_by_those_above_it_but_the_monitoring_centre_by_nobody() -> None:
    manager = (_shift(Role.MANAGER, 0, 10),)
    assert [(one.begins, one.ends) for one in gaps(manager, Role.SUPERVISOR, NOW, NOW + 12 * HOUR)] == [
        (NOW + 10 * HOUR, NOW + 12 * HOUR)
    ]
    assert len(gaps(manager, Role.MONITORING, NOW, NOW + 12 * HOUR)) == 1
    assert cover(manager, Role.SUPERVISOR, NOW).stand_in is Role.MANAGER
    assert cover(manager, Role.MANAGER, NOW).stand_in is None
    assert cover(manager, Role.SUPERVISOR, NOW + 11 * HOUR).people == ()


@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 12)), max_size=8))
def test_gaps_and_shifts_share_the_time_between_them(given_shifts: list[tuple[int, int]]) -> None:
    there = [_shift(Role.MONITORING, begins, begins + length) for begins, length in given_shifts]
    holes = gaps(there, Role.MONITORING, NOW, NOW + 24 * HOUR)
    for hour in range(24):
        moment = NOW + hour * HOUR
        open_here = any(hole.begins <= moment < hole.ends for hole in holes)
        assert open_here == (not cover(there, Role.MONITORING, moment).people)
    assert NOW.tzinfo is UTC
