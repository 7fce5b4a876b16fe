"""The vocabulary of intents and categories."""

import pytest

from nlu.labels import Labels
from nlu.types import Intent
from words.content import ContentFiles
from words.errors import ContentError


def test_every_intent_has_a_name_and_every_category_belongs_to_one(labels: Labels) -> None:
    assert set(labels.intents) == {intent.value for intent in Intent}
    assert "repair.water_pipe" in labels
    assert "greet" in labels
    assert "repair.pipe" not in labels
    assert "weather" not in labels


def test_all_labels_name_categories_where_an_intent_has_them(labels: Labels) -> None:
    assert "progress.urge" in labels.all()
    assert "progress" not in labels.all()
    assert "inquiry" in labels.all()


def test_names_are_chinese(labels: Labels) -> None:
    assert labels.name("repair") == "报修"
    assert labels.name("repair", "intercom") == "门铃对讲"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("intents: 3\n", 1),
        ("intents:\n  weather: {name: 天气, gloss: x}\n", 2),
        ("intents:\n  greet: {name: 问候}\n", 2),
        ("intents:\n  greet: {name: 问候, gloss: x, categories: {a: {name: 甲}}}\n", 2),
        ("intents:\n  greet: {name: 问候, gloss: x}\n", None),
    ],
)
def test_a_broken_vocabulary_is_refused(text: str, line: int | None) -> None:
    with pytest.raises(ContentError) as caught:
        Labels.read(ContentFiles({"labels.yml": text}))
    assert caught.value.line == line
