"""Clauses and sentences with exact spans."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nlu.segment import clauses, sentences


def cut(text: str) -> list[str]:
    return [text[clause.start : clause.end] for clause in clauses(text)]


def test_commas_stops_and_connectives_cut() -> None:
    assert cut("你好，灯坏了。另外物业费怎么交？") == ["你好", "灯坏了", "另外物业费怎么交"]


def test_a_space_between_chinese_words_cuts_and_one_between_numbers_does_not() -> None:
    assert cut("灯坏了 厨房漏水 电话139 2233 4455") == ["灯坏了", "厨房漏水", "电话139 2233 4455"]


def test_a_connective_inside_a_clause_opens_a_new_one() -> None:
    assert cut("物业费怎么交顺便我家门铃坏了") == ["物业费怎么交", "顺便我家门铃坏了"]
    assert [c.opens for c in clauses("物业费怎么交，顺便我家门铃坏了。灯坏了")] == [1, 3, 1]
    assert clauses("物业费怎么交，还有门禁")[1].opens == 2


def test_a_comma_opens_nothing_new() -> None:
    assert [c.opens for c in clauses("楼上漏水，吊顶湿了")] == [1, 0]


def test_sentences_gather_their_clauses() -> None:
    text = "灯坏了，黑得很。门也坏了"
    assert [text[a:b] for a, b in sentences(clauses(text))] == ["灯坏了，黑得很", "门也坏了"]


def test_a_text_without_words_has_no_clauses() -> None:
    assert clauses("！！…  ") == ()


def test_of_an_endless_text_the_beginning_and_the_end_are_cut() -> None:
    text = "灯坏了。" * 100_000 + "着火了"
    found = clauses(text)
    assert len(found) == 50
    assert text[found[-1].start : found[-1].end] == "着火了"


@given(st.text(max_size=300))
def test_spans_are_ordered_inside_the_text_and_hold_words(text: str) -> None:
    found = clauses(text)
    assert all(0 <= c.start < c.end <= len(text) for c in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(any(char.isalnum() for char in text[c.start : c.end]) for c in found)
