"""Courtesy is stripped, dialect levelled, broken lists refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.danger import Danger
from nlu.lexicon import Vocabulary, Wording, WordLists, any_of, concepts, mapping
from words.content import ContentFiles
from words.errors import ContentError


@pytest.fixture(scope="module")
def wording(content: ContentFiles) -> Wording:
    return Wording.read(content)


@pytest.mark.parametrize(
    ("text", "core"),
    [
        ("你好请问电梯坏了谢谢", "电梯坏了"),
        ("麻烦你修一下灯", "修一下灯"),
        ("您好在吗", "您好在吗"),
        ("谢谢", "谢谢"),
        ("电梯坏了", "电梯坏了"),
        ("", ""),
    ],
)
def test_courtesy_goes_unless_nothing_else_is_said(text: str, core: str, wording: Wording) -> None:
    assert wording.core(text) == core


def test_dialect_is_levelled_longest_word_first(wording: Wording) -> None:
    assert wording.level("屋企冇水点解") == "家里没有水为什么"


def test_an_empty_wording_changes_nothing() -> None:
    assert Wording().level(Wording().core("你好冇水")) == "你好冇水"


def test_lists_are_found_all_at_once_the_longest_word_of_a_list_first() -> None:
    lists = WordLists.of({"thing": ["水管", "水管井"], "water": ["水"], "lift": ["电梯"]})
    assert lists.found("水管井里有水") == {"thing": {"水管井"}, "water": {"水"}}
    assert WordLists().found("水管") == {}


_LETTERS = st.text("ab", min_size=1, max_size=3)


@given(st.sets(_LETTERS, min_size=1, max_size=4), st.text("ab", max_size=9))
def test_a_vocabulary_makes_up_what_a_pattern_of_its_words_matches(words: set[str], text: str) -> None:
    matched = re.fullmatch(f"(?:{any_of(words)})*", text) is not None
    assert Vocabulary.of(words).makes_up(text) is matched


def test_a_vocabulary_soon_tells_that_a_long_text_is_not_made_up_of_it() -> None:
    assert not Vocabulary.of(["a", "aa", "aaa"]).makes_up("a" * 5000 + "b")


def test_a_concept_without_words_is_refused_with_its_line() -> None:
    files = ContentFiles({"lexicon/concepts.yml": "concepts:\n  a: [甲]\n  b: []\n"})
    with pytest.raises(ContentError) as caught:
        concepts(files)
    assert caught.value.line == 3


def test_a_list_where_a_mapping_belongs_is_refused() -> None:
    with pytest.raises(ContentError):
        mapping(ContentFiles({"lexicon/a.yml": "- 1\n"}), "lexicon/a.yml")


def test_danger_told_plainly_is_told_apart_from_danger_talked_about(content: ContentFiles) -> None:
    danger = Danger.read(content)
    plain = danger.signs("厨房着火了快来")
    talked = danger.signs("如果着火了该怎么逃生")
    assert "fire" in plain.clear
    assert plain.guards == ()
    assert "supposed" in talked.guards
    assert "d:told plainly" in plain.features()
    assert "d:told-supposed" in talked.features()
    assert danger.signs("今天吃什么").features() == ["d:none"]


@pytest.mark.parametrize(
    "text",
    ["kinds: {fire: {clear: ['('], faint: [火]}}\nguards: {}\n", "kinds: {fire: {clear: []}}\n", "kinds: {fire: 3}\n"],
)
def test_a_broken_lexicon_of_danger_is_refused(text: str) -> None:
    with pytest.raises(ContentError):
        Danger.read(ContentFiles({"lexicon/emergency.yml": text}))
