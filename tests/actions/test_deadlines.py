"""When things fall due: examples of each sentence of the rule, and what must hold for every moment."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.calendar import Night
from actions.deadlines import LEAST, check_promise, due_within, next_check_at, reply_due_at, work_starts_at
from actions.errors import FieldError
from actions.ladder import Act, Planned
from actions.policy import CEILING
from actions.tables import Severity
from tests.actions.factories import calendar, local, rules
from tests.conftest import NOW

DAY = timedelta(hours=24)
ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")


def night(zone: str = "Asia/Shanghai") -> Night:
    return Night(ZoneInfo(zone), time(22), time(8), time(20), time(9, 30))


moments = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
allowed = st.timedeltas(timedelta(minutes=1), timedelta(hours=72))
nights = st.sampled_from(ZONES).map(night)
severities = st.sampled_from(Severity)


def test_a_request_of_the_day_is_answered_within_24_natural_hours() -> None:
    assert due_within(local(23, 10), DAY, night()) == local(24, 10)


def test_holidays_do_not_stop_the_clock() -> None:
    national_day = datetime(2026, 10, 1, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert due_within(national_day, DAY, night()) == national_day + DAY


def test_what_comes_in_at_night_is_answered_by_half_past_nine() -> None:
    assert due_within(local(23, 22), DAY, night()) == local(24, 9, 30)
    assert due_within(local(24, 0, 5), DAY, night()) == local(24, 9, 30)
    assert due_within(local(24, 7, 59), DAY, night()) == local(24, 9, 30)


def test_the_night_ends_at_eight() -> None:
    assert due_within(local(23, 8), DAY, night()) == local(24, 8)
    assert due_within(local(23, 21, 59), DAY, night()) == local(24, 21, 59)


def test_a_due_moment_in_the_night_is_moved_forward_to_the_evening_before() -> None:
    assert due_within(local(23, 15), timedelta(hours=8), night()) == local(23, 20)
    assert due_within(local(23, 19), timedelta(hours=6), night()) == local(23, 20)


def test_what_comes_in_too_late_for_the_evening_is_answered_the_next_morning() -> None:
    assert due_within(local(23, 19, 45), timedelta(hours=4), night()) == local(24, 9, 30)
    assert due_within(local(23, 21), timedelta(hours=4), night()) == local(24, 9, 30)


def test_half_an_hour_before_the_evening_is_just_enough() -> None:
    assert due_within(local(23, 19, 30), timedelta(hours=4), night()) == local(23, 20)


def test_what_is_urgent_keeps_its_moment_in_the_night() -> None:
    assert due_within(local(23, 21), timedelta(hours=4), night(), severity=Severity.ALARM) == local(24, 1)


def test_what_is_urgent_at_night_has_its_own_time_and_not_until_morning() -> None:
    assert due_within(local(24, 2), DAY, night(), severity=Severity.MAJOR) == local(24, 20)


def test_a_rule_above_the_ceiling_is_cut_to_it() -> None:
    assert due_within(local(23, 10), timedelta(hours=72), night()) == local(24, 10)


@given(moments, allowed, nights, severities)
def test_no_reply_is_due_later_than_24_hours(
    received_at: datetime, within: timedelta, dark: Night, severity: Severity
) -> None:
    due = due_within(received_at, within, dark, severity=severity)
    assert received_at < due <= received_at + CEILING


@given(moments, allowed, nights)
def test_no_everyday_reply_is_due_at_night(received_at: datetime, within: timedelta, dark: Night) -> None:
    assert not dark.holds(due_within(received_at, within, dark))


@given(moments, allowed, nights)
def test_what_comes_in_at_night_is_due_by_the_morning(received_at: datetime, within: timedelta, dark: Night) -> None:
    if dark.holds(received_at):
        assert due_within(received_at, within, dark) <= dark.next_morning(received_at)


@given(moments, st.timedeltas(LEAST, CEILING), nights, severities)
def test_moving_a_due_moment_leaves_half_an_hour_to_answer(
    received_at: datetime, within: timedelta, dark: Night, severity: Severity
) -> None:
    # In the last half hour of the night the morning is nearer than the least time only where clocks are put forward.
    if not dark.holds(received_at):
        assert due_within(received_at, within, dark, severity=severity) >= received_at + LEAST


@given(moments, allowed, nights)
def test_what_is_urgent_is_never_due_later_than_its_rule_says(
    received_at: datetime, within: timedelta, dark: Night
) -> None:
    assert due_within(received_at, within, dark, severity=Severity.MAJOR) <= received_at + within


def test_praise_awaits_no_reply() -> None:
    assert reply_due_at(NOW, rules().for_ticket("praise", None), calendar()) is None


@pytest.mark.parametrize("kind", ["repair", "complaint", "fee", "inquiry", "suggestion", "human", "emergency"])
def test_every_other_kind_has_its_reply_within_24_hours(kind: str) -> None:
    due = reply_due_at(NOW, rules().for_ticket(kind, None), calendar())
    assert due is not None
    assert NOW < due <= NOW + CEILING


def test_everyday_work_is_not_pressed_during_the_night() -> None:
    assert work_starts_at(local(23, 23), Severity.NORMAL, night()) == local(24, 8)
    assert work_starts_at(local(23, 23), Severity.ALARM, night()) == local(23, 23)
    assert work_starts_at(local(23, 12), Severity.NORMAL, night()) == local(23, 12)


def test_a_promise_lies_ahead_and_not_too_far() -> None:
    week = timedelta(days=7)
    assert check_promise(NOW + week, week, NOW) == NOW + week
    with pytest.raises(FieldError, match="past"):
        check_promise(NOW, week, NOW)
    with pytest.raises(FieldError, match="7 days"):
        check_promise(NOW + week + timedelta(seconds=1), week, NOW)


def test_after_the_last_step_nothing_is_checked() -> None:
    step = Planned(NOW, ("manager",), Act.ESCALATE)
    assert next_check_at((step,), 0) == NOW
    assert next_check_at((step,), 1) is None
