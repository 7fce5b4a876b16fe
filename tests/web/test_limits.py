from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from web.limits import Buckets


def test_a_burst_goes_through_and_then_so_many_a_minute() -> None:
    buckets = Buckets(3, 6)
    assert [buckets.take("a", NOW) for _ in range(4)] == [True, True, True, False]
    assert not buckets.take("a", NOW + timedelta(seconds=9))
    assert buckets.take("a", NOW + timedelta(seconds=10))
    assert not buckets.take("a", NOW + timedelta(seconds=10))


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1, 1)
    assert buckets.take("a", NOW)
    assert buckets.take("b", NOW)
    assert not buckets.take("a", NOW)


def test_it_tells_how_long_until_the_next() -> None:
    buckets = Buckets(1, 2)
    assert buckets.seconds_until_next("a", NOW) == 0
    buckets.take("a", NOW)
    seconds = buckets.seconds_until_next("a", NOW)
    assert not buckets.take("a", NOW + timedelta(seconds=seconds - 2))
    assert buckets.take("a", NOW + timedelta(seconds=seconds))


def test_a_bucket_can_be_filled_again() -> None:
    buckets = Buckets(1, 1)
    buckets.take("a", NOW)
    buckets.forget("a")
    assert buckets.take("a", NOW)


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    buckets = Buckets(2, 60)
    buckets.take("a", NOW)
    assert buckets.take("a", NOW - timedelta(hours=1))
    assert not buckets.take("a", NOW - timedelta(hours=1))


def test_the_longest_unseen_are_forgotten_when_there_are_very_many() -> None:
    buckets = Buckets(1, 0.001)
    for number in range(20_001):
        buckets.take(number, NOW)
    assert buckets.take(0, NOW)
    assert not buckets.take(20_000, NOW)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 5))
def test_no_more_ever_goes_through_than_the_burst_and_what_flowed_back(pauses: list[int], burst: int) -> None:
    buckets = Buckets(burst, 6)
    now, taken = NOW, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        taken += buckets.take("a", now)
    assert taken <= burst + sum(pauses) / 10
