"""Periods of bills, however they are written."""

from datetime import UTC, date, datetime

import pytest

from actions.periods import period_of


@pytest.mark.parametrize(
    ("written", "label", "first", "last"),
    [
        ("2026-10", "2026年10月", date(2026, 10, 1), date(2026, 10, 31)),
        ("2026/2", "2026年2月", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024.02", "2024年2月", date(2024, 2, 1), date(2024, 2, 29)),
        ("202610", "2026年10月", date(2026, 10, 1), date(2026, 10, 31)),
        ("2026年10月份", "2026年10月", date(2026, 10, 1), date(2026, 10, 31)),
        (" ２０２６年１０月 ", "2026年10月", date(2026, 10, 1), date(2026, 10, 31)),
        (datetime(2026, 10, 1, tzinfo=UTC), "2026年10月", date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 12, 31), "2026年12月", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026Q3", "2026年第3季度", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026年第三季度", "2026年第3季度", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026年4季度", "2026年第4季度", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", "2026年", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026年度", "2026年", date(2026, 1, 1), date(2026, 12, 31)),
        (2026, "2026年", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-01~2026-06", "2026年1月至6月", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026年1月-6月", "2026年1月至6月", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026年11月至2027年1月", "2026年11月至2027年1月", date(2026, 11, 1), date(2027, 1, 31)),
    ],
)
def test_a_period_has_one_written_form(written: object, label: str, first: date, last: date) -> None:
    period = period_of(written)
    assert period is not None
    assert (period.label, period.first, period.last) == (label, first, last)
    assert period_of(period.label) == period, "what is stored is read again as the same"


@pytest.mark.parametrize(
    "written", ["", "十月", "2026-13", "2026-00", "上个月", "26-10", "2026年6月至1月", "1999", "x"]
)
def test_what_names_no_period_is_none(written: str) -> None:
    assert period_of(written) is None


def test_periods_overlap_when_they_have_a_day_in_common() -> None:
    october = period_of("2026-10")
    assert october is not None
    assert october.overlaps(date(2026, 10, 31), date(2026, 11, 30))
    assert not october.overlaps(date(2026, 11, 1), date(2026, 11, 30))
