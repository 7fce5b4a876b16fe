"""Mends: what one key does to a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from words.claims import read_claims
from words.content import ContentFiles
from words.etiquette import Author, Etiquette, Finding, Fix, Severity, Situation, mend
from words.language import Language
from words.mending import Takes, after, before, instead, split

STAFF = Situation(Author.STAFF)
# A first message in which nothing is lacking but what a mend is about.
OPENED = "您好，请看："


def test_a_fix_puts_its_text_in_the_place_of_a_span() -> None:
    finding = Finding("A3.pronoun", 2, 3, "w", Severity.BLOCK, "您", Fix(2, 3, "您"))
    assert mend("谢谢你", finding) == "谢谢您"


def test_a_finding_without_fix_leaves_the_text_to_its_writer() -> None:
    assert mend("谢谢你", Finding("X", 2, 3, "w", Severity.WARN, None)) == "谢谢你"


@pytest.mark.parametrize(
    ("text", "words", "put", "takes", "mended"),
    [
        ("谢谢你的提醒。", "你", "您", Takes.WORDS, "谢谢您的提醒。"),
        ("不知道，请您等。", "不知道", "我去核实", Takes.CLAUSE, "我去核实，请您等。"),
        ("请等，这我不知道呀。谢谢。", "不知道", "我去核实", Takes.CLAUSE, "请等，我去核实。谢谢。"),
        ("请等。真蠢，去死。谢谢。", "蠢", "我记下了", Takes.SENTENCE, "请等。我记下了。谢谢。"),
        ("谢谢，呵呵，再见。", "呵呵", "", Takes.CLAUSE, "谢谢，再见。"),
        ("谢谢，再见呵呵。", "呵呵", "", Takes.WORDS, "谢谢，再见。"),
        ("谢谢，呵呵。", "呵呵", "", Takes.CLAUSE, "谢谢。"),
        ("呵呵，谢谢。", "呵呵", "", Takes.CLAUSE, "谢谢。"),
        ("谢谢，呵呵", "呵呵", "", Takes.CLAUSE, "谢谢"),
        ("Pay 2.80 now or else. Thanks.", "or else", "Please pay", Takes.SENTENCE, "Please pay. Thanks."),
        ("Thanks. It was our fault. Bye.", "our fault", "Please wait", Takes.SENTENCE, "Thanks. Please wait. Bye."),
        ("Thanks. It was our fault. Bye.", "It was our fault", "", Takes.CLAUSE, "Thanks. Bye."),
    ],
)  # fmt: skip
def test_words_clause_or_sentence_are_replaced(text: str, words: str, put: str, takes: Takes, mended: str) -> None:
    start = text.index(words)
    assert instead(text, start, start + len(words), put, takes).applied(text) == mended


def test_what_is_said_already_is_not_said_twice() -> None:
    text = "我去核实，不知道，谢谢"
    assert instead(text, 5, 8, "我去核实", Takes.CLAUSE).applied(text) == "我去核实，谢谢"


@pytest.mark.parametrize(
    ("text", "language", "mended"),
    [
        ("明天修", Language.CHINESE, "明天修，谢谢您。"),
        ("明天修。", Language.CHINESE, "明天修。谢谢您。"),
        ("明天修，", Language.CHINESE, "明天修，谢谢您。"),
        ("几点？", Language.CHINESE, "几点？谢谢您。"),
        ("Come tomorrow", Language.ENGLISH, "Come tomorrow. 谢谢您。"),
        ("Come tomorrow.", Language.ENGLISH, "Come tomorrow. 谢谢您。"),
        ("", Language.CHINESE, "谢谢您。"),
    ],
)
def test_what_is_lacking_at_the_end_is_joined_as_the_language_joins(text: str, language: Language, mended: str) -> None:
    assert after(text, "谢谢您。", language).applied(text) == mended


def test_what_is_lacking_in_front_comes_after_the_greeting(etiquette: Etiquette) -> None:
    assert before(0, "您好，").applied("请看") == "您好，请看"
    where = Situation(Author.STAFF, first=True, at_fault=True, salutation="王女士")
    assert etiquette.mended("王女士您好，单子改到明天十点。", where) == "王女士您好，对不起，单子改到明天十点。"
    assert etiquette.mended("单子改到明天十点。", where) == "王女士您好，对不起，单子改到明天十点。"


def test_a_long_message_becomes_several_and_loses_nothing(etiquette: Etiquette) -> None:
    text = "请您先看一下说明书，再决定哪天上门。" * 12
    mended = etiquette.mended(text, STAFF)
    assert mended.replace("\n\n", "") == text
    assert all(len(piece) <= 160 for piece in mended.split("\n\n"))
    assert etiquette.check(mended, STAFF) == ()


@given(text=st.text(alphabet="请您看 。，！\n.2a", max_size=400), characters=st.integers(5, 60))
def test_breaking_a_message_never_loses_a_sign(text: str, characters: int) -> None:
    parts = split(text, 0, len(text), characters, 3).applied(text)
    assert "".join(parts.split()) == "".join(text.split())
    assert all(len(piece.strip()) <= characters for piece in parts.split("\n\n"))


def test_a_number_keeps_its_tail(etiquette: Etiquette) -> None:
    assert etiquette.mended("请打他的13812345678", STAFF) == "请打他的尾号5678"


def test_a_guess_becomes_what_is_known_or_nothing(etiquette: Etiquette) -> None:
    first = Situation(Author.STAFF, first=True)
    assert etiquette.mended("张先生您好，请看", first) == "您好，请看"
    known = Situation(Author.STAFF, first=True, salutation="王女士")
    assert etiquette.mended("张先生您好，请看", known) == "王女士您好，请看"
    assert etiquette.mended("好的大姐，谢谢您", STAFF) == "好的，谢谢您"


@given(text=st.text(max_size=200))
def test_any_text_can_be_mended_and_comes_to_rest(etiquette: Etiquette, text: str) -> None:
    mended = etiquette.mended(text, STAFF)
    again = etiquette.mended(mended, STAFF)
    assert etiquette.mended(again, STAFF) == again


def test_what_is_put_breaks_no_rule_itself(etiquette: Etiquette) -> None:
    """A mend that had to be mended would send its writer round in circles."""
    lacking = {"A2.courtesy", "A2.courtesy_english", "A1.greeting_again"}
    for rule in etiquette.rules:
        for expression in rule.expressions:
            text = expression.put.replace("{words}", "")
            where = Situation(Author.STAFF, first=rule.id == "A1.hour", language=rule.scope.language)
            found = {finding.rule for finding in etiquette.check(text, where)} - lacking
            assert not text or not found or rule.id == "A1.hour", (rule.id, text, found)


def test_what_may_be_said_without_a_record_claims_nothing(files: ContentFiles, etiquette: Etiquette) -> None:
    unrecorded = Situation(Author.STAFF, supported=frozenset())
    for claim in read_claims(files).values():
        if claim.instead is not None:
            assert {finding.rule for finding in etiquette.check(claim.instead, unrecorded)} <= {"A2.courtesy"}, claim
