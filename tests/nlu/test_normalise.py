"""Folding keeps offsets; normalising leaves what is said."""

from hypothesis import given
from hypothesis import strategies as st

from nlu.normalise import fold, normalise


def test_width_case_and_script_are_folded() -> None:
    assert fold("ＡＢＣ１２３樓棟電梯") == "abc123楼栋电梯"
    assert fold("著火") == "着火"


@given(st.text())
def test_a_folded_text_is_as_long_as_the_original(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_lone_surrogates_do_not_break_folding() -> None:
    assert len(fold("\ud800漏水\udfff")) == 4


def test_punctuation_emoji_and_spaces_are_dropped() -> None:
    assert normalise(" 电梯 坏了！！😂\n").text == "电梯坏了"


def test_a_text_of_symbols_alone_keeps_them() -> None:
    assert normalise(" 👍 ").text == "👍"
    assert normalise("").text == ""


@given(st.text())
def test_every_kept_character_knows_where_it_came_from(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) == len(normal.origins)
    folded = fold(text)
    assert "".join(folded[origin] for origin in normal.origins) == normal.text


def test_a_span_leads_back_to_the_original() -> None:
    normal = normalise("好，电 梯！坏")
    start, end = normal.span(1, 3)
    assert "好，电 梯！坏"[start:end] == "电 梯"
