"""Three hundred good and three hundred bad replies of staff: false alarms, detection, mends."""

import pytest

from tests.words.corpus import Case, read_cases, tuned_half, untouched_half
from words.etiquette import Etiquette, mend

GOOD = read_cases("good_replies.yml")
BAD = read_cases("bad_replies.yml")


def spoken(etiquette: Etiquette, case: Case) -> set[str]:
    return {finding.rule for finding in etiquette.check(case.text, case.situation)}


def blamed(etiquette: Etiquette, cases: list[Case]) -> dict[str, set[str]]:
    return {case.text: rules for case in cases if (rules := spoken(etiquette, case))}


def missed(etiquette: Etiquette, cases: list[Case]) -> list[str]:
    return [case.text for case in cases if not spoken(etiquette, case)]


def misjudged(etiquette: Etiquette, cases: list[Case]) -> dict[str, set[str]]:
    return {case.text: rules for case in cases if not case.rules <= (rules := spoken(etiquette, case))}


def test_the_corpora_are_whole() -> None:
    assert len({case.text for case in GOOD}) == len(GOOD) >= 300
    assert len({case.text for case in BAD}) == len(BAD) >= 300
    assert all(case.rules for case in BAD)


def test_good_replies_pass(etiquette: Etiquette) -> None:
    found = blamed(etiquette, GOOD)
    assert len(found) <= 0.03 * len(GOOD), found
    # The half that nobody tuned on may be one reply worse than the whole.
    assert len(blamed(etiquette, untouched_half(GOOD))) <= 0.03 * len(untouched_half(GOOD)) + 1


@pytest.mark.parametrize("half", [tuned_half, untouched_half])
def test_bad_replies_are_found_and_by_the_right_rule(etiquette: Etiquette, half: type) -> None:
    cases: list[Case] = half(BAD)
    assert len(missed(etiquette, cases)) <= 0.05 * len(cases), missed(etiquette, cases)
    wrong = misjudged(etiquette, cases)
    assert len(wrong) <= 0.10 * len(cases), wrong


def test_every_rule_named_by_a_bad_reply_is_a_rule(etiquette: Etiquette) -> None:
    named = frozenset[str]().union(*(case.rules for case in BAD))
    assert named <= {rule.id for rule in etiquette.rules}


def test_all_mends_of_a_rule_leave_no_finding_of_it(etiquette: Etiquette) -> None:
    """One key after the other, each on the text that the last one left, only on the findings of this rule."""
    for case in BAD:
        for rule in case.rules:
            text, presses = case.text, 0
            while found := [one for one in etiquette.check(text, case.situation) if one.rule == rule]:
                text, presses = mend(text, found[0]), presses + 1
                assert presses <= 12, (case.text, rule, text)


def test_a_bad_reply_mended_whole_may_go_out(etiquette: Etiquette) -> None:
    for case in BAD:
        mended = etiquette.mended(case.text, case.situation)
        assert etiquette.check(mended, case.situation) == (), mended
        assert mended.strip(), case.text


def test_a_good_reply_is_left_alone(etiquette: Etiquette) -> None:
    for case in GOOD:
        if not spoken(etiquette, case):
            assert etiquette.mended(case.text, case.situation) == case.text
