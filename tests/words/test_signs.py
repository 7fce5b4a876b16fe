"""Which characters a pattern can begin with."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from words.etiquette import Etiquette
from words.signs import first_signs


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        ("坏人", "坏"),
        ("坏|好", "坏好"),
        ("(?:坏|好)人", "坏好"),
        ("(?:(?:坏|更)的|好)人", "坏更好"),
        ("[你您]家", "你您"),
        ("[|(]家|好", "|(好"),
        ("坏{1,3}", "坏"),
        ("坏(?:人|事)?", "坏"),
        (r"\A坏", "坏"),
        (r"\b坏", "坏"),
        ("(?<!不)坏", "坏"),
        ("(?<=(?:很|太))[坏烂]", "坏烂"),
    ],
)
def test_plain_beginnings_are_read(pattern: str, signs: str) -> None:
    assert first_signs(pattern) == frozenset(signs)


@pytest.mark.parametrize(
    "pattern",
    [
        "坏?人",
        "(?:坏)?人",
        "[你您]?家",
        "坏{0,2}人",
        r"\d坏",
        ".坏",
        "[^坏]",
        "[a-z]坏",
        r"\A.坏",
        "(?=坏)",
        "|坏",
    ],
)
def test_what_is_not_plain_is_left_open(pattern: str) -> None:
    assert first_signs(pattern) is None


@given(text=st.text(alphabet="你您家坏好人不管知道马上一定保证修", max_size=30))
def test_no_expression_begins_with_a_character_it_does_not_name(etiquette: Etiquette, text: str) -> None:
    for rule in etiquette.rules:
        for expression in rule.expressions:
            for phrase in expression.phrases:
                met = re.search(phrase.pattern, text)
                assert met is None or phrase.signs is None or met.group()[0] in phrase.signs
