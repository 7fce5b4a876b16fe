"""Training gives the same each time, tells its progress, and what it leaves behind survives the disk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlu.features import Featuriser
from nlu.model import Model
from nlu.splitting import Message
from nlu.train import train
from nlu.training_data import Example, TrainingData

TEXTS = {
    "repair.drain": ["马桶堵了", "下水道堵了", "地漏返水", "厨房下水慢", "管道堵塞"],
    "repair.electrical": ["灯不亮了", "插座没电", "跳闸了", "灯坏了", "开关坏了"],
    "greet": ["你好", "您好", "早上好", "在吗", "晚上好"],
    "emergency.fire": ["着火了", "起火了快来", "冒烟了着火", "楼下着火", "火很大快来"],
}


@pytest.fixture(scope="module")
def small() -> TrainingData:
    return TrainingData(
        tuple(Example(text, intent, (), "a.yml", 1) for intent, texts in TEXTS.items() for text in texts)
    )


def read_alike(one: Model, other: Model, data: TrainingData) -> bool:
    """Whether two models read all examples alike, to the last bit."""
    featuriser = Featuriser.build(data)
    blocks = [featuriser.blocks(example.text) for example in data.examples]
    return all(np.array_equal(one.read(each).margins, other.read(each).margins) for each in blocks)


@pytest.fixture(scope="module")
def model(small: TrainingData) -> Model:
    return train(small, Featuriser.build(small), version="v1")


def read(model: Model, data: TrainingData, text: str) -> str:
    reading = model.read(Featuriser.build(data).blocks(text))
    return reading.intents[int(reading.margins.argmax())]


def test_a_few_examples_teach_the_difference(model: Model, small: TrainingData) -> None:
    assert read(model, small, "马桶堵住了") == "repair"
    assert read(model, small, "早上好呀") == "greet"


def test_categories_are_told_apart(model: Model, small: TrainingData) -> None:
    blocks = Featuriser.build(small).blocks
    assert model.category(model.read(blocks("下水道堵死了")), "repair") == "drain"
    assert model.category(model.read(blocks("客厅灯不亮")), "repair") == "electrical"
    assert model.category(model.read(blocks("着火")), "emergency") == "fire"
    assert model.category(model.read(blocks("你好")), "greet") is None


def test_probabilities_add_up(model: Model, small: TrainingData) -> None:
    reading = model.read(Featuriser.build(small).blocks("灯坏了"))
    assert model.probabilities(reading.margins).sum() == pytest.approx(1.0, abs=1e-5)


def test_training_twice_gives_the_same(small: TrainingData, model: Model) -> None:
    again = train(small, Featuriser.build(small), version="v1")
    assert read_alike(again, model, small)
    assert again.calibration == model.calibration


def test_texts_read_together_read_as_they_do_alone(model: Model, small: TrainingData) -> None:
    blocks = [Featuriser.build(small).blocks(text) for text in ("马桶堵了", "", "早上好，插座没电了", "马桶堵了")]
    for together, alone in zip(model.read_all(blocks), map(model.read, blocks), strict=True):
        assert np.allclose(together.scores, alone.scores, atol=1e-5)
        assert together.alarm == pytest.approx(alone.alarm, abs=1e-4)
        assert np.array_equal(together.vector.places, alone.vector.places)


def test_progress_rises_to_one(small: TrainingData) -> None:
    told: list[float] = []
    train(small, Featuriser.build(small), version="v", progress=lambda _what, share: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_one_intent_alone_cannot_be_trained(small: TrainingData) -> None:
    with pytest.raises(ValueError, match="two intents"):
        train(TrainingData(small.examples[:5]), Featuriser.build(small), version="v")


def test_a_stored_model_reads_the_same(model: Model, small: TrainingData, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    model.save(path)
    loaded = Model.load(path)
    assert loaded.version == "v1"
    assert loaded.facts == model.facts
    blocks = Featuriser.build(small).blocks("插座没电了")
    assert np.array_equal(loaded.read(blocks).scores, model.read(blocks).scores)


def test_a_model_of_another_format_is_refused(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.npz"
    monkeypatch.setattr("nlu.model.FORMAT", 0)
    model.save(path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="format"):
        Model.load(path)


def test_without_emergencies_there_is_no_alarm(small: TrainingData) -> None:
    calm = TrainingData(tuple(e for e in small.examples if not e.intent.startswith("emergency")))
    model = train(calm, Featuriser.build(calm), version="v")
    reading = model.read(Featuriser.build(calm).blocks("着火了"))
    assert reading.alarm < model.calibration.alarm or model.calibration.alarm == float("inf")


def test_a_text_of_unknown_features_still_reads(model: Model) -> None:
    reading = model.read(((), (), (), (), (), (), ()))
    assert reading.vector.places.size == 0
    assert model.deciding(reading, "greet") == ()


def test_deciding_features_are_the_strongest_first(model: Model, small: TrainingData) -> None:
    reading = model.read(Featuriser.build(small).blocks("马桶堵了"))
    weights = [weight for _, weight in model.deciding(reading, "repair")]
    assert weights == sorted(weights, reverse=True)
    assert all(weight > 0 for weight in weights)


def test_metadata_of_examples_does_not_matter(small: TrainingData, model: Model) -> None:
    told = TrainingData(tuple(replace(e, metadata={"a": 1}) for e in small.examples))
    assert read_alike(train(told, Featuriser.build(told), version="v1"), model, small)


def test_without_marked_messages_nothing_is_cut(model: Model) -> None:
    assert model.calibration.cuts == ()
    assert model.worth([1.0] * 30) == float("-inf")


def test_marked_messages_teach_where_to_cut(small: TrainingData) -> None:
    faults, alarms = TEXTS["repair.drain"] * 5, TEXTS["repair.electrical"] * 5
    two = [Message(f"{a}，另外{b}", (len(a) + 1,), "a.yml", 1) for a, b in zip(faults, alarms, strict=True)]
    one = [Message(f"{a}，{b}", (), "a.yml", 1) for a, b in zip(faults, alarms, strict=True)]
    taught = train(replace(small, splitting=(*two, *one)), Featuriser.build(small), version="v")
    assert len(taught.calibration.cuts) > 1
    assert taught.version == "v"
