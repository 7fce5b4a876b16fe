"""Telephone numbers: plain, spaced, masked, spoken; and what is no number anybody could call."""

import pytest

from nlu.entities.phone import find_phones
from nlu.normalise import fold

ROWS = [
    ("13876543210", "13876543210"),
    ("电话13876543210找我", "13876543210"),
    ("139 2233 4455", "13922334455"),
    ("138-0013-8000", "13800138000"),
    ("1 7 7 2 0 0 9 1 5 3 6", "17720091536"),
    ("１３８７６５４３２１０", "13876543210"),
    ("+86 13876543210", "13876543210"),
    ("8613876543210", "13876543210"),
    ("139****0072", "139****0072"),
    ("139xxxx0072", "139****0072"),
    ("一三八零零一三八零零零", "13800138000"),
    ("幺三八零零幺三八零零零", "13800138000"),
    ("0755-26881234", "075526881234"),
    ("(0571)88886666", "057188886666"),
    ("021 6123 8845", "02161238845"),
    ("400-820-8820", "4008208820"),
    ("座机61238845", "61238845"),
    ("13876543210或者15912340987", "13876543210|15912340987"),
    ("110", ""),
    ("12345", ""),
    ("6688", ""),
    ("欠费1234567", ""),
    ("12876543210", ""),
    ("138765432101", ""),
    ("订单20261123001", ""),
    ("3栋2单元1502", ""),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_a_number_is_given_as_digits(text: str, expected: str) -> None:
    assert "|".join(span.value for span in find_phones(fold(text))) == expected


def test_the_span_covers_the_number_as_written() -> None:
    text = "打我电话 139 2233 4455 谢谢"
    [span] = find_phones(fold(text))
    assert text[span.start : span.end] == "139 2233 4455"
