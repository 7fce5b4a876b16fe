"""Residents write by day more than by night, less at festivals, and all at once in a storm; the same for one seed."""

from collections import Counter
from datetime import date, timedelta

import pytest

from desk.content import read_content
from desk.settings import read_settings
from desk.simulate.arrivals import Written, Year, arrivals
from desk.simulate.plan import SimulationPlan
from words.content import ContentFiles
from words.errors import ContentError

SETTINGS = read_settings({})
CONTENT = read_content(SETTINGS.content, SETTINGS.timezone)
PLAN = SimulationPlan.read(CONTENT.files)
YEAR = Year.of(CONTENT.calendar, date(2026, 1, 19), 45)


def written(seed: int = 1) -> list[Written]:
    return list(arrivals(PLAN, YEAR, SETTINGS.timezone, 1000, seed))


def test_one_seed_plays_the_same_days_and_another_plays_others() -> None:
    assert written() == written()
    assert written() != written(2)


def test_messages_come_in_the_order_of_time_from_homes_that_exist() -> None:
    all_written = written()
    assert [one.at for one in all_written] == sorted(one.at for one in all_written)
    assert {one.household < 1000 for one in all_written} == {True}
    assert [one.number for one in all_written] == list(range(1, len(all_written) + 1))


def test_nights_and_festivals_are_quiet_and_the_storm_is_not() -> None:
    per_day = Counter(one.at.date() for one in written())
    usual = [per_day[day] for day in per_day if day not in YEAR.festival | YEAR.days_off | {YEAR.storm}]
    mean = sum(usual) / len(usual)
    assert per_day[YEAR.storm] > 3 * mean
    assert sum(per_day[day] for day in YEAR.festival) / len(YEAR.festival) < 0.8 * mean
    night = sum(one.at.hour < 7 for one in written()) / len(written())
    assert 0 < night < 0.12


def test_the_spring_festival_is_known_and_the_storm_comes_after_two_thirds() -> None:
    assert date(2026, 2, 17) in YEAR.festival
    assert date(2026, 1, 25) not in YEAR.festival
    assert YEAR.storm == YEAR.first + timedelta(days=30)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("temper: watchful", "temper: asleep", "there is no temper 'asleep'"),
        ("per_household: 0.012", "per_household: many", "arrivals.per_household"),
        ("  storm: 6.0 ", "  typhoon: 6.0 ", "arrivals"),
    ],
)
def test_a_wrong_plan_is_refused(old: str, new: str, message: str) -> None:
    text = CONTENT.files.texts["simulation.yml"]
    assert old in text
    files = ContentFiles({**CONTENT.files.texts, "simulation.yml": text.replace(old, new, 1)})
    with pytest.raises(ContentError, match=message):
        SimulationPlan.read(files)
