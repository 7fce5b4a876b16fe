"""Texts with spaces between their words, such as anybody's English data, are read by their words."""

from pathlib import Path

from nlu.evaluate import evaluate_folders
from nlu.features import WORDS, Featuriser
from nlu.latin import spaced_words, stretches

ENGLISH = Path(__file__).parent / "english"


def test_words_are_told_apart_by_spaces_and_not_where_there_is_chinese() -> None:
    assert spaced_words("can't renew, the e-book 2 (déjà vu)!") == [
        "can't",
        "renew",
        "the",
        "e",
        "book",
        "2",
        "déjà",
        "vu",
    ]
    assert spaced_words("wifi坏了") == []
    assert spaced_words("😀 ?!") == []


def test_stretches_hold_the_borders_of_words() -> None:
    assert list(stretches(["no", "a"])) == [" no", "no ", "o a", " a ", " no ", "no a", "o a "]
    assert list(stretches([])) == []


def test_a_text_without_chinese_has_its_words_and_their_pairs_as_features() -> None:
    blocks = Featuriser().blocks("Renew my Loan")
    assert blocks[WORDS] == ["w:renew", "w:my", "w:loan", "w:renew my", "w:my loan"]
    assert "c:ew m" in blocks[0]
    assert not any(" " in name for name in Featuriser().blocks("电梯wifi坏了")[0])


def test_an_english_data_set_of_rasa_s_is_learned_from_a_dozen_examples_each() -> None:
    report = evaluate_folders(ENGLISH / "train.yml", ENGLISH / "test.yml")
    assert (report.messages, len(report.intents)) == (40, 8)
    assert report.accuracy >= 0.95, str(report)
    assert report.reliability.bins, "the confidence is measured too"
    assert "renew_loan" in str(report)
