"""The check of the data finds gaps both ways and every kind of slip."""

import pytest

from nlu.check import check_data
from nlu.heldout import Heldout, Many
from nlu.labels import Labels
from nlu.training_data import Example, Mark, TrainingData


def example(text: str, intent: str = "greet", line: int = 1, *marks: Mark) -> Example:
    return Example(text, intent, tuple(marks), "nlu/a.yml", line)


def messages(labels: Labels, training: list[Example], heldout: list[Example], many: tuple[Many, ...] = ()) -> list[str]:
    findings = check_data(TrainingData(tuple(training)), Heldout(tuple(heldout), many), labels)
    return [finding.message for finding in findings]


def test_labels_without_examples_and_without_held_out_sentences_are_told(labels: Labels) -> None:
    told = messages(labels, [], [])
    assert any("repair.drain has 0 training examples" in message for message in told)
    assert any("thanks has 0 held-out sentences" in message for message in told)


def test_a_repeated_example_is_told_with_both_labels(labels: Labels) -> None:
    told = messages(labels, [example("你好呀"), example("你好呀！", "thanks", 2)], [])
    assert any("already at nlu/a.yml:1, there as greet, here as thanks" in message for message in told)


def test_a_held_out_sentence_in_the_training_data_is_told(labels: Labels) -> None:
    told = messages(
        labels, [example("各位邻居大家早上好呀")], [], (Many("各位邻居大家早上好呀", ("greet",), "multi.yml", 3),)
    )
    assert any("is also a training example" in message for message in told)


@pytest.mark.parametrize(
    ("trained", "heldout"),
    [
        ("车位划线改窄了门都开不了", "车位划线改窄了，现在开车门都开不了，谁批准的"),
        ("消防通道停满了车没人管", "消防通道停满了车没人管，说了八百遍也没用，救护车怎么进来"),
        ("师傅说好今天来修水管的", "师夫说好今天来休水管的"),
    ],
)
def test_a_near_copy_of_a_held_out_sentence_is_told(labels: Labels, trained: str, heldout: str) -> None:
    told = messages(labels, [example(trained)], [example(heldout, line=2)])
    assert any("is also a training example" in message for message in told)


def test_what_only_speaks_of_the_same_thing_is_no_copy(labels: Labels) -> None:
    told = messages(labels, [example("车位被外面的车占了半个月")], [example("我的车位划线太窄，车门开不了", line=2)])
    assert not any("is also a training example" in message for message in told)


def test_near_duplicates_are_told_once(labels: Labels) -> None:
    first, second = "楼上装修电钻声太大了吵死了每天", "楼上装修电钻声太大了吵死了每天都"
    told = messages(labels, [example(first), example(second, line=2)], [])
    assert sum("is nearly" in message for message in told) == 1


def test_unknown_labels_and_entities_are_told(labels: Labels) -> None:
    told = messages(labels, [example("晴天", "weather"), example("三楼", "greet", 2, Mark("floor", 0, 2))], [])
    assert "unknown label weather" in told
    assert "unknown entity floor" in told


def test_the_real_data_has_no_leak_and_no_example_twice(
    labels: Labels, training: TrainingData, heldout: Heldout
) -> None:
    told = [finding.message for finding in check_data(training, heldout, labels)]
    latin = str.maketrans("", "", "abcdefghijklmnopqrstuvwxyz ")
    leaked = [message for message in told if "also a training example" in message]
    # “zhuan rengong” and “thank you” are found in both, as “谢谢” is.
    assert [message for message in leaked if message.partition("”")[0].translate(latin) != "“"] == []
    assert [message for message in told if "unknown" in message] == []
