"""Numerals in both scripts."""

from decimal import Decimal

import pytest

from nlu.entities.numerals import amount, digit_string, small_number


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("十二", 12),
        ("二十", 20),
        ("三百八", 380),
        ("一千二", 1200),
        ("一万二", 12000),
        ("十二万三", 123000),
        ("两百五十", 250),
        ("一千零五", 1005),
        ("三百零五", 305),
        ("1.5万", 15000),
        ("1,524.60", Decimal("1524.60")),
        ("3k", 3000),
        ("五", 5),
    ],
)
def test_a_numeral_is_read_as_spoken(written: str, value: Decimal | int) -> None:
    assert amount(written) == value


@pytest.mark.parametrize("written", ["", "栋", "一栋"])
def test_what_is_no_numeral_has_no_value(written: str) -> None:
    assert amount(written) is None
    assert digit_string("一栋") is None


def test_digits_are_read_one_by_one() -> None:
    assert digit_string("五零二") == "502"
    assert digit_string("1502") == "1502"


@pytest.mark.parametrize(("written", "value"), [("12", 12), ("十二", 12), ("廿三", 23), ("二十一", 21), ("栋", None)])
def test_small_numbers_are_whole(written: str, value: int | None) -> None:
    assert small_number(written) == value
