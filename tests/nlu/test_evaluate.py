"""The real data keeps its promises on held-out messages, and the measuring itself is right."""

from datetime import datetime
from pathlib import Path

import pytest

from nlu.engine import EmbeddedEngine
from nlu.evaluate import Rate, Report, evaluate, evaluate_folders
from nlu.heldout import Heldout, Many
from nlu.training_data import Example, Mark
from nlu.types import Entity, EntityType, Intent, Request, Understanding
from words.errors import ContentError


@pytest.fixture(scope="session")
def report(engine: EmbeddedEngine, heldout: Heldout) -> Report:
    now = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
    return evaluate(engine, heldout, now=now)


def test_nine_held_out_messages_in_ten_are_understood(report: Report) -> None:
    assert report.accuracy >= 0.945, str(report)


def test_categories_are_right_where_the_intent_is(report: Report) -> None:
    assert report.categories >= 0.945, str(report)
    assert report.categories_joint >= 0.91, str(report)


def test_hardly_an_emergency_is_missed(report: Report) -> None:
    assert report.emergency.recall >= 0.98, str(report)


def test_nine_alarms_in_ten_are_real(report: Report) -> None:
    assert report.emergency.precision >= 0.94, str(report)


def test_entities_are_found_exactly(report: Report) -> None:
    assert report.entity_f1 >= 0.955, str(report)


def test_two_requests_are_found_and_tangled_single_ones_seldom_split(report: Report) -> None:
    assert report.wrongly_split <= 0.02, str(report)
    assert report.two_found >= 0.72, str(report)


def test_the_hard_cases_of_the_development_set_are_not_lost(engine: EmbeddedEngine, development: Heldout) -> None:
    report = evaluate(engine, development, now=datetime.fromisoformat("2026-11-23T10:00:00+08:00"))
    assert report.accuracy >= 0.90, str(report)
    assert report.emergency.recall >= 0.98, str(report)
    assert report.emergency.precision >= 0.78, str(report)


def test_the_report_reads_as_text(report: Report) -> None:
    told = str(report)
    assert "accuracy" in told
    assert "emergency recall" in told
    assert report.confusions[0].messages[0] in told


def understood(text: str, *labels: str, entities: tuple[Entity, ...] = ()) -> Understanding:
    requests = tuple(
        Request(Intent(label.partition(".")[0]), label.partition(".")[2] or None, text, 0, len(text), 1.0)
        for label in labels
    )
    first = requests[0]
    emergency = first.category if first.intent is Intent.EMERGENCY else None
    return Understanding(text, first.intent, 1.0, False, first.category, emergency, requests, entities, "v")  # noqa: FBT003


class Scripted:
    """An engine that says what it was told to say."""

    version = "v"

    def __init__(self, said: dict[str, Understanding]) -> None:
        self.said = said

    def understand(self, text: str, *, now: datetime) -> Understanding:
        assert now.tzinfo is not None
        return self.said[text]


def test_numbers_are_counted_as_they_should_be(now: datetime) -> None:
    room = Entity(EntityType.ROOM, "12", 0, 2, "12")
    engine = Scripted(
        {
            "a": understood("a", "repair.drain"),
            "b": understood("b", "repair.other"),
            "12": understood("12", "emergency.fire", entities=(room,)),
            "c": understood("c", "emergency.gas"),
            "两": understood("两", "repair.drain", "fee.pay"),
            "一": understood("一", "repair.drain", "fee.pay"),
        }
    )
    examples = (
        Example("a", "repair.drain", (), "f", 1),
        Example("b", "repair.drain", (), "f", 2),
        Example("12", "emergency.fire", (Mark("room", 0, 2), Mark("unit", 0, 1)), "f", 3),
        Example("c", "greet", (), "f", 4),
    )
    many = (Many("两", ("fee.pay", "repair.drain"), "m", 1), Many("一", ("repair.drain",), "m", 2))
    report = evaluate(engine, Heldout(examples, many), now=now)
    assert report.accuracy == 0.75
    assert report.emergency == Rate(0.5, 1.0, 1)
    assert report.categories == pytest.approx(2 / 3)
    assert report.entities["room"] == Rate(1.0, 1.0, 1)
    assert report.entities["unit"].recall == 0.0
    assert (report.two_found, report.two_intents_found, report.wrongly_split) == (1.0, 1.0, 1.0)
    assert [(c.real, c.taken_for, c.messages) for c in report.confusions] == [("greet", "emergency", ("c",))]


def write(path: Path, blocks: dict[str, list[str]]) -> Path:
    body = "".join(
        f"  - intent: {intent}\n    examples: |\n" + "".join(f"      - {text}\n" for text in texts)
        for intent, texts in blocks.items()
    )
    path.mkdir()
    (path / "nlu.yml").write_text('version: "3.1"\nnlu:\n' + body, encoding="utf-8")
    return path


def test_anybody_s_data_can_be_trained_on_and_tested(tmp_path: Path) -> None:
    trained = write(
        tmp_path / "train",
        {"faq.hours": ["when do you open", "opening hours please", "hours today"], "hi": ["hello", "hi", "hello you"]},
    )
    tests = write(tmp_path / "test", {"faq.hours": ["what are the opening hours"], "hi": ["hello there"]})
    report = evaluate_folders(trained, tests)
    assert (report.accuracy, report.messages, set(report.intents)) == (1.0, 2, {"faq·hours", "hi"})


def test_a_held_out_message_without_requests_is_refused(tmp_path: Path) -> None:
    (tmp_path / "multi.yml").write_text("- text: 好\n", encoding="utf-8")
    with pytest.raises(ContentError):
        Heldout.read(tmp_path)
