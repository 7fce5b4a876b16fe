"""Who is on duty, and who is told when nobody is."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import delete, update

from actions.roster import Told, is_active, on_duty, recipients, roles_of
from actions.store import Session, Store
from actions.tables import Role, RosterEntry, Staff
from tests.actions.factories import HOUR, STAFF, Desk, put_on_duty, settle_desk
from tests.conftest import NOW


async def told(desk: Desk, role: Role, *, without: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    names = {staff_id: name for name, staff_id in desk.cast.staff.items()}
    spared = [desk.cast.staff[name] for name in without]
    found: Told = await desk.store.read(lambda s: recipients(s, desk.cast.community_id, role, NOW, without=spared))
    return found.role, [names[staff_id] for staff_id in found.staff_ids]


async def nobody_on_duty(desk: Desk, *roles: Role) -> None:
    await desk.store.write(
        lambda s: s.execute(delete(RosterEntry).where(RosterEntry.role.in_(roles or tuple(Role)))).close()
    )


@pytest.mark.parametrize(("name", "role"), [(name, role) for name, (role, _department) in STAFF.items()])
async def test_whoever_is_on_duty_in_the_role_is_told(store: Store, name: str, role: Role) -> None:
    assert await told(await settle_desk(store), role) == (role, [name])


@pytest.mark.parametrize(
    ("role", "missing", "expected"),
    [
        (Role.AGENT, (Role.AGENT,), "监控室"),
        (Role.MONITORING, (Role.MONITORING,), "孙主管"),
        (Role.TECHNICIAN, (Role.TECHNICIAN, Role.SUPERVISOR), "赵经理"),
        (Role.SUPERVISOR, (Role.SUPERVISOR,), "赵经理"),
        (Role.MANAGER, (Role.MANAGER,), "品质部"),
        (Role.QUALITY, (Role.QUALITY,), "管理员"),
        (Role.QUALITY, (Role.QUALITY, Role.ADMINISTRATOR), "赵经理"),
        (Role.ADMINISTRATOR, (Role.ADMINISTRATOR,), "品质部"),
    ],
)
async def test_when_nobody_is_on_duty_the_next_one_up_is_told(
    store: Store, role: Role, missing: tuple[Role, ...], expected: str
) -> None:
    desk = await settle_desk(store)
    await nobody_on_duty(desk, *missing)
    assert (await told(desk, role))[1] == [expected]


async def test_with_no_roster_at_all_the_members_of_the_role_are_told(store: Store) -> None:
    desk = await settle_desk(store)
    await nobody_on_duty(desk)
    assert await told(desk, Role.MONITORING) == ("monitoring", ["监控室"])


async def test_the_one_complained_about_is_passed_over(store: Store) -> None:
    desk = await settle_desk(store)
    assert await told(desk, Role.SUPERVISOR, without=("孙主管",)) == ("manager", ["赵经理"])
    assert await told(desk, Role.SUPERVISOR, without=tuple(STAFF)) == ("supervisor", [])


async def test_a_shift_holds_from_its_start_to_before_its_end(store: Store) -> None:
    desk = await settle_desk(store)
    zhou, community = desk.cast.staff["老周"], desk.cast.community_id
    await nobody_on_duty(desk, Role.AGENT)
    await store.write(lambda s: put_on_duty(s, community, zhou, Role.AGENT, starts_at=NOW, ends_at=NOW + HOUR))

    def names_at(moment: datetime) -> Callable[[Session], list[str]]:
        return lambda session: [one.name for one in on_duty(session, community, Role.AGENT, moment)]

    assert await store.read(names_at(NOW - HOUR)) == []
    assert await store.read(names_at(NOW)) == ["老周"]
    assert await store.read(names_at(NOW + HOUR)) == []


async def test_who_has_two_shifts_at_once_is_told_once(store: Store) -> None:
    desk = await settle_desk(store)
    await store.write(lambda s: put_on_duty(s, desk.cast.community_id, desk.cast.staff["孙主管"], Role.SUPERVISOR))
    assert await told(desk, Role.SUPERVISOR) == ("supervisor", ["孙主管"])


async def test_who_has_left_is_neither_on_duty_nor_anything_else(store: Store) -> None:
    desk = await settle_desk(store)
    sun, community = desk.cast.staff["孙主管"], desk.cast.community_id
    assert await store.read(lambda s: roles_of(s, community, sun)) == {Role.SUPERVISOR}
    await store.write(lambda s: s.execute(update(Staff).where(Staff.id == sun).values(active=False)).close())
    assert await store.read(lambda s: roles_of(s, community, sun)) == frozenset()
    assert not await store.read(lambda s: is_active(s, community, sun))
    assert await told(desk, Role.SUPERVISOR) == ("manager", ["赵经理"])


async def test_members_of_another_community_are_nobody_here(store: Store) -> None:
    desk = await settle_desk(store)
    assert not await store.read(lambda s: is_active(s, desk.cast.community_id + 1, desk.cast.staff["小陈"]))
    assert await store.read(lambda s: on_duty(s, desk.cast.community_id + 1, Role.AGENT, NOW)) == ()
