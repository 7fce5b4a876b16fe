"""Desk hours by season and day, 调休 included, and the night."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.calendar import Calendar, Night
from tests.actions.factories import calendar, changed, content, day, local
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
