"""Desk hours by season and day, 调休 included, and the night."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.calendar import Calendar, Night
from actions.deadlines import due_within
from tests.actions.factories import HOUR, calendar, changed, content, day, local
from words.errors import ContentError

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(month: int, number: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, number, hour, minute, tzinfo=SHANGHAI)


def with_hours(old: str, new: str) -> Calendar:
    return Calendar.read(changed("rules/desk_hours.yml", old, new), "Asia/Shanghai")


def test_the_desk_is_open_from_eight_to_five() -> None:
    assert calendar().is_open(local(23, 8))
    assert calendar().is_open(local(23, 16, 59))
    assert not calendar().is_open(local(23, 17))
    assert not calendar().is_open(local(23, 7, 59))


def test_in_summer_there_is_a_pause_at_noon() -> None:
    assert calendar().is_open(at(7, 15, 11, 59))
    assert not calendar().is_open(at(7, 15, 13))
    assert calendar().next_opening(at(7, 15, 13)) == at(7, 15, 14, 30)
    assert calendar().is_open(at(7, 15, 17, 29))


def test_weekends_and_holidays_are_days_off() -> None:
    assert not calendar().is_open(local(22, 10))
    assert not calendar().is_open(at(10, 1, 10))


def test_a_weekend_day_worked_instead_is_a_working_day() -> None:
    saturday = day(10, 10)
    assert saturday.weekday() == 5
    assert calendar().is_workday(saturday)
    assert calendar().is_open(at(10, 10, 10))


def test_after_hours_the_next_opening_is_the_next_working_morning() -> None:
    assert calendar().next_opening(local(20, 17)) == local(23, 8)
    assert calendar().next_opening(at(9, 30, 18)) == at(10, 8, 8)


def test_while_the_desk_is_open_the_next_opening_is_now() -> None:
    assert calendar().next_opening(local(23, 10)) == local(23, 10)


def test_hours_are_told_as_residents_read_them() -> None:
    assert calendar().hours_text(day(11, 23)) == "8:00–17:00"
    assert calendar().hours_text(day(7, 15)) == "8:00–12:00、14:30–17:30"
    assert calendar().hours_text(day(10, 1)) == ""


def test_days_off_can_have_hours_of_their_own() -> None:
    opened = with_hours("days_off: []", 'days_off: ["9:00-17:00"]')
    assert opened.is_open(local(22, 9))
    assert not opened.is_open(local(22, 8, 30))


def test_a_year_nobody_has_published_has_weekdays_and_says_so() -> None:
    assert calendar().unknown_year(day(1, 1, 2035))
    assert not calendar().unknown_year(day(1, 1, 2026))
    assert calendar().is_workday(day(1, 1, 2035))
    assert not calendar().is_workday(day(1, 6, 2035))


def test_overrides_make_a_year_known() -> None:
    files = changed(
        "calendar/overrides.yml",
        "years: []\ndays_off: []\nworkdays: []",
        "years: [2035]\ndays_off: [2035-01-01]\nworkdays: [2035-01-06]",
    )
    entered = Calendar.read(files, "Asia/Shanghai")
    assert not entered.unknown_year(day(1, 1, 2035))
    assert not entered.is_workday(day(1, 1, 2035))
    assert entered.is_workday(day(1, 6, 2035))


def test_a_desk_that_never_opens_is_found_out() -> None:
    never = Calendar(
        SHANGHAI,
        calendar().night,
        (),
        (),
        frozenset(),
        frozenset(day(1, 1, 2035) + timedelta(n) for n in range(500)),
        frozenset(),
    )
    with pytest.raises(LookupError, match="never opens"):
        never.next_opening(datetime(2035, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("until: 05-31", "until: 05-30", r"desk_hours.yml:\d+: seasons: 05-31 lies in 0 seasons"),
        ("from: 10-01", "from: 09-30", r"desk_hours.yml:\d+: seasons: 09-30 lies in 2 seasons"),
        ("from: 10-01", "from: 13-01", r"desk_hours.yml:\d+: from: '13-01' is not a day of the year"),
        ('"8:00-17:00"', '"17:00-8:00"', r"desk_hours.yml:\d+: hours: '17:00-8:00' ends before it starts"),
        ('"8:00-17:00"', '"8-25"', r"desk_hours.yml:\d+: hours: '8' is not a time of day"),
        ('hours: ["8:00-17:00"]', "hours: []", r"desk_hours.yml:\d+: hours: is missing"),
        ('evening: "20:00"', 'evening: "23:00"', r"desk_hours.yml:\d+: from: the order of a day"),
        ("days_off: []", "days_of: []", r"desk_hours.yml:\d+: days_of: is not known here"),
    ],
)
def test_wrong_hours_are_refused_with_their_line(old: str, new: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        with_hours(old, new)


def test_a_wrong_day_is_refused() -> None:
    files = changed("calendar/overrides.yml", "days_off: []\nworkdays: []", "days_off: []\nworkdays: [tomorrow]")
    with pytest.raises(ContentError, match=r"calendar/overrides.yml:\d+: workdays: 'tomorrow' is not a day"):
        Calendar.read(files, "Asia/Shanghai")


def test_a_wrong_year_is_refused() -> None:
    files = changed("calendar/overrides.yml", "years: []\ndays_off", "years: [next]\ndays_off")
    with pytest.raises(ContentError, match=r"calendar/overrides.yml:\d+: years: 'next' is not a year"):
        Calendar.read(files, "Asia/Shanghai")


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ContentError, match="time zone 'Moon/Base' is not known"):
        Calendar.read(content(), "Moon/Base")


@given(st.datetimes(datetime(2025, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_desk_is_open_at_the_next_opening_and_it_is_not_in_the_past(moment: datetime) -> None:
    opening = calendar().next_opening(moment)
    assert opening >= moment
    assert calendar().is_open(opening)


def test_the_night_is_the_same_after_it_was_stored() -> None:
    night = calendar().night
    assert Night.thaw(night.frozen()) == night


@given(st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_marks_around_a_night_lie_outside_it(moment: datetime) -> None:
    night = calendar().night
    assert night.next_morning(moment) > moment
    assert not night.holds(night.next_morning(moment))
    assert not night.holds(night.next_end(moment))
    if night.holds(moment):
        assert night.evening_before(moment) < moment


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (local(23, 10), 2, local(23, 12)),
        (local(23, 16), 2, local(24, 9)),
        (local(20, 16), 2, local(23, 9)),  # a Friday afternoon
        (local(22, 10), 1, local(23, 9)),  # a Sunday
        (local(23, 6), 9, local(23, 17)),
        (at(7, 15, 11), 2, at(7, 15, 15, 30)),  # the pause at noon in summer
        (at(9, 30, 16), 3, at(10, 8, 9, 30)),  # the holidays of October, and winter hours after them
        (at(10, 9, 16), 2, at(10, 10, 9)),  # a Saturday that is worked instead
    ],
)
def test_desk_time_counts_only_while_the_desk_is_open(start: datetime, hours: int, end: datetime) -> None:
    assert calendar().after_open_time(start, timedelta(hours=hours)) == end
    assert calendar().open_time(start, end) == timedelta(hours=hours)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), st.integers(0, 60 * 60))  # noqa: DTZ001
def test_desk_time_there_and_back_is_the_same(start: datetime, minutes: int) -> None:
    begin, length = start.replace(tzinfo=SHANGHAI), timedelta(minutes=minutes)
    end = calendar().after_open_time(begin, length)
    assert calendar().open_time(begin, end) == length
    assert end >= begin


def test_a_frozen_calendar_knows_the_same_hours_for_months() -> None:
    whole = with_hours("days_off: []", 'days_off: ["9:00-12:00"]')
    frozen = Calendar.thaw(json.loads(json.dumps(whole.frozen(at(9, 20, 12)))), whole.night)
    for offset in range(110):
        moment = day(9, 20) + timedelta(days=offset)
        assert frozen.hours_on(moment) == whole.hours_on(moment)


def test_a_frozen_calendar_is_not_moved_by_a_later_change() -> None:
    before = calendar()
    frozen = Calendar.thaw(before.frozen(local(23, 10)), before.night)
    changed_later = with_hours('hours: ["8:00-17:00"]', 'hours: ["10:00-11:00"]')
    assert frozen.after_open_time(local(23, 8), 5 * HOUR) == local(23, 13)
    assert changed_later.after_open_time(local(23, 8), 5 * HOUR) > local(27, 8)


def test_a_desk_that_never_opens_has_no_desk_time() -> None:
    closed = replace(calendar(), seasons=(replace(calendar().seasons[0], start=(1, 1), until=(12, 31), hours=()),))
    with pytest.raises(LookupError, match="is not open for"):
        closed.after_open_time(local(23, 10), HOUR)


def test_a_year_whose_holidays_nobody_knows_is_told_of_in_time() -> None:
    assert calendar().unknown_years(local(1, 10)) == ()
    assert calendar().unknown_years(local(23, 10)) == (2027,)
    assert calendar().unknown_years(at(6, 1, 10).replace(year=2027)) == (2027,)
    known = Calendar.read(changed("calendar/overrides.yml", "years: []", "years: [2027]"), "Asia/Shanghai")
    assert known.unknown_years(local(23, 10)) == ()


def test_clocks_that_change_with_the_season_lose_no_desk_time() -> None:
    berlin = Calendar.read(content(), "Europe/Berlin")
    friday = datetime(2026, 10, 23, 16, tzinfo=berlin.timezone)  # the clocks go back on the Sunday
    assert berlin.after_open_time(friday, 2 * HOUR) == datetime(2026, 10, 26, 9, tzinfo=berlin.timezone)
    night = datetime(2026, 10, 24, 22, tzinfo=berlin.timezone)
    assert due_within(night, 24 * HOUR, berlin.night) <= night + 24 * HOUR
