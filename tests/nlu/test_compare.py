"""A new model is measured against the one in use: what was lost, whether it is worse, how far it can be believed."""

from dataclasses import replace

import pytest

from nlu.compare import Comparison
from nlu.evaluate import Rate, Report, Told, out_of_scope_auroc
from nlu.reliability import Bin, Reliability


def report(*told: tuple[str, str, str], recall: float = 1.0) -> Report:
    """A report on messages: text, real intent, what it was taken for."""
    read = tuple(Told(text, real, taken, 0.9) for text, real, taken in told)
    right = sum(one.right for one in read) / len(read)
    none = Rate(0.0, 0.0, 0)
    return Report(
        messages=len(read), accuracy=right, macro_f1=right, intents={}, categories=0.0, categories_joint=0.0,
        emergency=Rate(1.0, recall, 4), entities={}, entity_f1=none.f1, two_found=0.0, two_intents_found=0.0,
        wrongly_split=0.0, unsure=0.0, median_ms=1.0, p99_ms=1.0, told=read,
    )  # fmt: skip


OLD = report(("a", "fee", "fee"), ("b", "fee", "fee"), ("c", "fee", "fee"), ("d", "bye", "fee"), ("e", "bye", "bye"))


def test_a_model_that_loses_more_than_the_tolerance_is_worse_and_says_where() -> None:
    new = report(
        ("a", "fee", "bye"), ("b", "fee", "bye"), ("c", "fee", "bye"), ("d", "bye", "bye"), ("e", "bye", "bye")
    )
    comparison = Comparison(OLD, new)
    (reason,) = comparison.worse
    assert "0.800 to 0.400" in reason
    (loss,) = comparison.losses()
    assert (loss.intent, loss.lost, loss.won, loss.examples) == ("fee", 3, 0, (("a", "bye"), ("b", "bye")))
    told = "\n".join(comparison.lines())
    assert "accuracy             0.800 → 0.400  (-0.400)" in told
    assert "fee: 3 lost, 0 won: “a” → bye; “b” → bye" in told


def test_within_the_tolerance_and_better_is_not_worse() -> None:
    assert Comparison(OLD, OLD).worse == ()
    assert Comparison(OLD, replace(OLD, accuracy=0.796)).worse == ()
    assert Comparison(OLD, replace(OLD, accuracy=0.9)).losses() == ()


def test_one_emergency_more_that_is_missed_is_worse_however_good_the_rest() -> None:
    new = replace(OLD, accuracy=1.0, emergency=Rate(1.0, 0.75, 4))
    (reason,) = Comparison(OLD, new).worse
    assert "1.000 to 0.750" in reason


def test_the_calibration_error_is_the_gap_between_sure_and_right() -> None:
    found = Reliability.of([(0.95, True), (0.95, True), (0.95, False), (1.0, True), (0.2, True)])
    assert [(one.low, one.count, one.right) for one in found.bins] == [(0.2, 1, 1.0), (0.9, 4, 0.75)]
    assert found.bins[0] == Bin(0.2, 0.3, 1, 0.2, 1.0)
    assert found.error == pytest.approx((0.8 + 4 * (0.9625 - 0.75)) / 5)
    assert Reliability.of([]) == Reliability((), 0.0)
    assert "0.2-0.3" in found.lines()[1]


def told(real: str, taken: str, confidence: float) -> Told:
    return Told("x", real, taken, confidence)


def test_out_of_scope_is_told_from_the_rest_by_how_sure_it_was_read_so() -> None:
    outside = [told("out_of_scope", "out_of_scope", 0.9), told("out_of_scope", "fee", 0.3)]
    inside = [told("fee", "fee", 0.9), told("bye", "bye", 0.5), told("fee", "out_of_scope", 0.4)]
    assert out_of_scope_auroc([*outside, *inside]) == pytest.approx(5 / 6)
    assert out_of_scope_auroc([outside[0], outside[0]]) == 0.0
    same = [told("out_of_scope", "fee", 0.5), told("fee", "fee", 0.5)]
    assert out_of_scope_auroc(same) == 0.5
