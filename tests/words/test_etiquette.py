"""The etiquette check: each rule on sentences of staff, its spans and mends, and its reader."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.words.corpus import read_cases, situation_of
from words.content import ContentFiles, parse_yaml
from words.errors import ContentError
from words.etiquette import Author, Etiquette, Mood, Severity, Situation

CASES = parse_yaml("etiquette_cases.yml", Path(__file__).with_name("etiquette_cases.yml").read_text(encoding="utf-8"))
BAD = list(CASES["bad"])
GOOD = [{"text": case} if isinstance(case, str) else case for case in CASES["good"]]
STAFF = Situation(Author.STAFF)


def rules(etiquette: Etiquette, text: str, where: Situation = STAFF) -> set[str]:
    return {finding.rule for finding in etiquette.check(text, where)}


def test_bad_sentences_are_found(etiquette: Etiquette) -> None:
    missed = [case["text"] for case in BAD if case["rule"] not in rules(etiquette, case["text"], situation_of(case))]
    assert len(BAD) >= 120
    assert len(missed) <= 0.05 * len(BAD), missed


def test_good_sentences_pass(etiquette: Etiquette) -> None:
    blamed = {case["text"]: found for case in GOOD if (found := rules(etiquette, case["text"], situation_of(case)))}
    assert len(GOOD) >= 120
    assert len(blamed) <= 0.03 * len(GOOD), blamed


def test_every_rule_has_a_bad_sentence(etiquette: Etiquette) -> None:
    about_the_desk_itself = {
        "A8.length",
        "A8.length_english",
        "A8.emergency_length",
        "A8.emergency_length_english",
        "A12.assistant",
    }
    of_the_corpus = frozenset[str]().union(*(case.rules for case in read_cases("bad_replies.yml")))
    spoken_for = {case["rule"] for case in BAD} | of_the_corpus | about_the_desk_itself
    assert {rule.id for rule in etiquette.rules} == spoken_for


def test_every_row_of_the_reception_rules_is_covered(etiquette: Etiquette) -> None:
    rows = {rule.id.split(".")[0] for rule in etiquette.rules}
    assert rows == {f"A{number}" for number in range(1, 13)} | {"C11"}, "and nobody is asked to withdraw a complaint"


def test_there_are_many_expressions_and_each_says_what_to_say_instead(etiquette: Etiquette) -> None:
    expressions = [expression for rule in etiquette.rules for expression in rule.expressions]
    assert len(expressions) >= 80
    assert sum(len(expression.phrases) for expression in expressions) >= 1000
    assert all(expression.mend for expression in expressions)


def test_the_draft_of_the_source_is_taken_apart(etiquette: Etiquette) -> None:
    text = "不知道，这个不归我管，你找工程"
    found = etiquette.check(text, STAFF)
    spoken = [(finding.rule, text[finding.start : finding.end]) for finding in found]
    assert ("A8.dismissal", "不知道") in spoken
    assert ("A8.dismissal", "不归我管") in spoken
    assert ("A3.pronoun", "你") in spoken
    assert ("A2.courtesy", "") in spoken
    mends = {finding.mend for finding in found if finding.rule == "A3.pronoun"}
    assert mends == {"您"}


def test_a_finding_says_why_how_grave_and_what_instead(etiquette: Etiquette) -> None:
    (finding,) = etiquette.check("请放心，保证修好", STAFF)
    assert finding.rule == "A11.promise"
    assert finding.severity is Severity.BLOCK
    assert finding.why
    assert finding.mend


def test_the_informal_greeting_is_mended_as_a_whole(etiquette: Etiquette) -> None:
    (finding,) = etiquette.check("你好，请问是哪一户", Situation(Author.STAFF, first=True))
    assert (finding.start, finding.end, finding.mend) == (0, 2, "您好")


@pytest.mark.parametrize("quoted", ["“随便你”", "「不归我管」", '"你自己看"', "《你好旧时光》"])
def test_words_of_the_resident_in_quotation_marks_are_not_ours(etiquette: Etiquette, quoted: str) -> None:
    assert rules(etiquette, f"您提到{quoted}，我去核实，谢谢您") == set()


def test_a_quotation_does_not_hide_a_number(etiquette: Etiquette) -> None:
    assert rules(etiquette, "请拨“13812345678”") == {"A12.mobile"}


def test_numbers_on_the_list_may_be_named(etiquette: Etiquette) -> None:
    where = Situation(Author.STAFF, allowed_phones=("0755-55500110", "138 1234 5678"))
    assert rules(etiquette, "请拨0755 55500110，或您自己的13812345678", where) == set()
    assert rules(etiquette, "请拨0755-55500111", where) == {"A12.landline"}


@pytest.mark.parametrize(
    "text", ["请看单号 R-1024，共1280.50元", "请拨12345或400-100-2000", "尾号5678，138****5678，谢谢"]
)
def test_other_numbers_are_nobodys(etiquette: Etiquette, text: str) -> None:
    assert rules(etiquette, text) == set()


def test_in_an_emergency_courtesy_waits(etiquette: Etiquette) -> None:
    text = "走楼梯，别坐电梯"
    assert rules(etiquette, text, Situation(Author.BOT, mood=Mood.EMERGENCY)) == set()
    assert rules(etiquette, text, Situation(Author.BOT)) == {"A2.courtesy"}


def test_particles_and_emoji_are_a_matter_of_mood(etiquette: Etiquette) -> None:
    text = "谢谢您的提醒呢🙂"
    assert rules(etiquette, text, Situation(Author.STAFF)) == set()
    assert "A8.emoji" in rules(etiquette, text, Situation(Author.STAFF, mood=Mood.COMPLAINT))


def test_a_salutation_is_used_as_known_and_never_guessed(etiquette: Etiquette) -> None:
    text = "王女士您好，请核对"
    assert rules(etiquette, text, Situation(Author.STAFF, first=True, salutation="王女士")) == set()
    other = Situation(Author.STAFF, first=True, salutation="王先生")
    assert rules(etiquette, text, other) == {"A3.guess", "A3.salutation"}
    assert rules(etiquette, text, Situation(Author.STAFF, first=True)) == {"A3.guess"}


def test_greeting_is_for_the_first_message(etiquette: Etiquette) -> None:
    text = "您好，请说说是什么事"
    assert rules(etiquette, text, Situation(Author.STAFF, first=True)) == set()
    assert rules(etiquette, text, Situation(Author.STAFF, first=False)) == {"A1.greeting_again"}


def test_the_desks_own_texts_are_kept_short(etiquette: Etiquette) -> None:
    long = "请您核对。" * 4
    assert rules(etiquette, long, Situation(Author.BOT)) == {"A8.length"}
    assert rules(etiquette, long, Situation(Author.STAFF)) == set()
    assert rules(etiquette, "请" * 141, Situation(Author.BOT)) == {"A8.length"}
    lines = "\n".join(["走楼梯"] * 5)
    assert rules(etiquette, lines, Situation(Author.BOT, mood=Mood.EMERGENCY)) == {"A8.emergency_length"}


def test_two_apologies_are_enough(etiquette: Etiquette) -> None:
    assert rules(etiquette, "对不起，让您久等，很抱歉") == set()
    text = "对不起，让您久等，很抱歉，不好意思"
    (finding,) = etiquette.check(text, STAFF)
    assert text[finding.start : finding.end] == "不好意思"


def test_a_warning_does_not_hide_what_blocks(etiquette: Etiquette) -> None:
    found = etiquette.check("王女士你好，请核对", Situation(Author.STAFF, salutation="王女士"))
    assert {"A1.greeting_again", "A3.pronoun"} <= {finding.rule for finding in found}


@given(text=st.text(max_size=400))
def test_any_text_is_checked_within_its_bounds_and_the_same_twice(etiquette: Etiquette, text: str) -> None:
    found = etiquette.check(text, STAFF)
    assert all(0 <= finding.start <= finding.end <= len(text) for finding in found)
    assert list(found) == sorted(found, key=lambda finding: (finding.start, finding.rule))
    assert etiquette.check(text, STAFF) == found


def rule(**fields: str) -> str:
    """An etiquette file of one rule, whose keys stand on lines 2 to 6."""
    keys = {
        "id": "X1",
        "kind": "forbid",
        "severity": "warn",
        "why": "w",
        "expressions": "[{find: 坏, mend: 好}]",
    } | fields
    return "rules:\n" + "\n".join(
        f"  {'-' if at == 0 else ' '} {key}: {value}" for at, (key, value) in enumerate(keys.items()) if value
    )


REFUSED = {
    "an unknown kind": (rule(kind="hope"), 3, "should be one of forbid"),
    "an unknown severity": (rule(severity="fatal"), 4, "should be one of block, warn"),
    "an unknown key": (rule(color="red"), 7, "unknown key `color`"),
    "a key of another kind": (rule(most="2"), 7, "unknown key `most`"),
    "no reason": (rule(why="''"), 5, "`why` should be a text"),
    "nothing to find": (rule(expressions=""), 3, "needs expressions"),
    "an expression without mend": (rule(expressions="[{find: 坏}]"), 6, "`mend` should be a text"),
    "an expression without pattern": (rule(expressions="[{mend: 好}]"), 6, "a pattern should be a text"),
    "an empty list of patterns": (rule(expressions="[{find: [], mend: 好}]"), 6, "is an empty list"),
    "a pattern that is none": (rule(expressions="[{find: '[坏', mend: 好}]"), 6, "not a regular expression"),
    "a pattern without bound": (rule(expressions="[{find: '坏.*', mend: 好}]"), 6, "may not repeat"),
    "a harmless use that is none": (rule(unless="['(坏']"), 7, "not a regular expression"),
    "an unknown mood": (rule(only="{moods: [glad]}"), 7, "unknown mood glad"),
    "an unknown author": (rule(only="{author: cat}"), 7, "should be one of bot, staff"),
    "first that is not true or false": (rule(only="{first: maybe}"), 7, "should be true or false"),
    "an id given twice": (rule() + "\n" + rule().removeprefix("rules:\n"), 7, "is there twice"),
    "a limit that is no number": (
        rule(kind="length", expressions="", characters="many"),
        6,
        "should be a whole number",
    ),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_rule_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(ContentError) as refused:
        Etiquette.read(ContentFiles({"etiquette.yml": text}))
    assert (refused.value.source, refused.value.line) == ("etiquette.yml", line)
    assert message in refused.value.message


def test_the_longest_expression_at_a_place_counts() -> None:
    text = rule(expressions="[{find: 坏, mend: 短}, {find: 坏人, mend: 长}]")
    (finding,) = Etiquette.read(ContentFiles({"etiquette.yml": text})).check("一个坏人", STAFF)
    assert (finding.start, finding.end, finding.mend) == (2, 4, "长")


def test_a_harmless_use_covers_only_what_lies_inside_it() -> None:
    text = rule(unless="['不坏']")
    etiquette = Etiquette.read(ContentFiles({"etiquette.yml": text}))
    assert [finding.start for finding in etiquette.check("不坏，坏", STAFF)] == [3]
