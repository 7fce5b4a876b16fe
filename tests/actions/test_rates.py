import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.rates import Counted, Rate, forget_passed, take
from actions.store import Store
from actions.tables import RateCount
from tests.actions.world import World, after, settle
from tests.conftest import NOW


async def taken(world: World, *counted: Counted, seconds: float = 0) -> timedelta:
    """What taking one leads to, so many seconds after the start."""
    return await world.store.write(lambda session: take(session, world.community_id, counted, after(seconds)))


def one(key: str = "w", burst: int = 3, per_minute: float = 6) -> Counted:
    """A count with a burst of three, of which one flows back every ten seconds."""
    return Counted(key, Rate(burst, per_minute))


async def test_a_burst_goes_through_and_then_so_many_a_minute(store: Store) -> None:
    world = await settle(store)
    assert [bool(await taken(world, one())) for _ in range(4)] == [False, False, False, True]
    assert await taken(world, one(), seconds=9) == timedelta(seconds=1)
    assert not await taken(world, one(), seconds=10)
    assert await taken(world, one(), seconds=10) == timedelta(seconds=10)
    assert not await taken(world, one(), seconds=60), "after a while it is full again"


async def test_what_is_refused_counts_nothing(store: Store) -> None:
    world = await settle(store)
    for _ in range(10):
        await taken(world, one(burst=1))
    assert not await taken(world, one(burst=1), seconds=10)


async def test_each_key_and_each_community_counts_by_itself(store: Store) -> None:
    world, other = await settle(store), await settle(store, "other")
    assert not await taken(world, one("a", 1))
    assert not await taken(world, one("b", 1))
    assert not await taken(other, one("a", 1))
    assert await taken(world, one("a", 1))


async def test_the_tightest_of_several_refuses(store: Store) -> None:
    world = await settle(store)
    both = (one("z-visitor", 1), one("a-address", 5))
    assert not await taken(world, *both)
    assert await taken(world, *both) == timedelta(seconds=10)
    assert not await taken(world, one("z-other", 1), one("a-address", 5))


async def test_many_at_once_never_take_more_than_there_is(store: Store) -> None:
    world = await settle(store)
    waits = await asyncio.gather(*(taken(world, one("address", 7), one(f"v{n}", 7)) for n in range(20)))
    assert sum(not wait for wait in waits) == 7


async def test_a_clock_that_was_set_back_locks_nobody_out(store: Store) -> None:
    world = await settle(store)
    await taken(world, one(), seconds=86_400)
    assert [bool(await taken(world, one())) for _ in range(4)] == [False, False, False, True]


async def test_counts_that_say_nothing_any_more_are_forgotten(store: Store) -> None:
    world = await settle(store)
    for key in "abc":
        await taken(world, one(key))
    await taken(world, one("late"), seconds=10)
    assert await store.write(lambda session: forget_passed(session, after(9))) == 0
    assert await store.write(lambda session: forget_passed(session, after(10))) == 3
    keys = await store.read(lambda session: list(session.query(RateCount.key)))
    assert [key for (key,) in keys] == ["late"]


@pytest.mark.parametrize(("per_minute", "step"), [(60, 1_000_000), (0.5, 120_000_000), (7, 8_571_429)])
def test_the_step_is_the_time_until_one_has_flowed_back(per_minute: float, step: int) -> None:
    assert Rate(1, per_minute).step == step


@given(st.integers(1, 1_000), st.floats(0.1, 10_000))
def test_a_burst_always_has_room_for_itself(burst: int, per_minute: float) -> None:
    rate = Rate(burst, per_minute)
    assert rate.step * burst >= rate.step > 0
    assert NOW + timedelta(microseconds=rate.step * burst) >= NOW
