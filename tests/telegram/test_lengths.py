import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.lengths import LONGEST, split, units


def test_a_short_text_is_one_piece() -> None:
    assert split("您好") == ("您好",)


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_a_text_without_a_visible_character_has_no_pieces(text: str) -> None:
    assert split(text) == ()


def test_length_is_counted_in_utf_16_units() -> None:
    assert units("水a😀") == 4
    assert units("👨‍👩‍👧") == 8


def test_a_long_text_is_divided_at_the_end_of_a_sentence() -> None:
    first = "水管漏水了，" * 300 + "请尽快来看看。”"
    text = first + "二楼也是。" * 600
    pieces = split(text)
    assert pieces[0].endswith(("。", "。”"))
    assert "".join(pieces) == text
    assert len(pieces) == 2


def test_a_text_without_sentences_is_divided_at_a_clause_and_then_anywhere() -> None:
    assert split("一二三四五，六七八", 7) == ("一二三四五，", "六七八")
    assert split("一二三四五六七八", 3) == ("一二三", "四五六", "七八")


def test_an_emoji_made_of_several_characters_is_not_torn() -> None:
    pieces = split("水" * 5 + "👨‍👩‍👧" + "火", 10)
    assert pieces == ("水" * 5, "👨‍👩‍👧火")


def test_a_character_of_two_units_that_does_not_fit_goes_to_the_next_piece() -> None:
    assert split("😀" * 5, 5) == ("😀😀", "😀😀", "😀")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.integers(20, 60))
def test_every_piece_fits_and_nothing_visible_is_lost(text: str, longest: int) -> None:
    pieces = split(text, longest)
    assert all(0 < units(piece) <= longest for piece in pieces)
    assert "".join("".join(piece.split()) for piece in pieces) == "".join(text.split())


def test_four_thousand_and_ninety_six_units_are_one_message() -> None:
    assert len(split("漏" * LONGEST)) == 1
    assert [units(piece) for piece in split("漏" * (LONGEST + 1))] == [LONGEST, 1]
