from pathlib import Path

import pytest

from nlu.rasa_evaluate import language_of
from nlu.rasa_project import PIPELINES, from_rasa, pipeline_of, to_rasa, write_project
from nlu.training_data import Example, Mark, TrainingData
from words.content import ContentFiles, parse_yaml
from words.errors import ContentError


def written(data: TrainingData, folder: Path) -> TrainingData:
    write_project(data, "pipeline: []\n", folder)
    return TrainingData.read_path(folder / "nlu.yml")


def test_what_rasa_learns_from_is_what_the_desk_learns_from(training: TrainingData, tmp_path: Path) -> None:
    again = written(training, tmp_path)
    told = sorted((e.text, e.intent, tuple(sorted(e.marks, key=lambda m: m.start))) for e in training.examples)
    assert sorted((e.text, e.intent, e.marks) for e in again.examples) == told
    assert (again.lookups, again.regexes) == (training.lookups, training.regexes)
    assert again.synonyms.items() >= training.synonyms.items()


def test_the_domain_names_every_label_and_entity(training: TrainingData, tmp_path: Path) -> None:
    written(training, tmp_path)
    domain = parse_yaml("domain.yml", (tmp_path / "domain.yml").read_text(encoding="utf-8"))
    assert set(domain["intents"]) == {example.intent for example in training.examples}
    assert set(domain["entities"]) == {mark.type for example in training.examples for mark in example.marks}


def test_what_would_end_a_line_or_be_no_yaml_becomes_a_blank(tmp_path: Path) -> None:
    texts = ["漏水\n了", "\ufeff你\u2028好", "nul\0l", "tab\tbed", '"quoted": #yes', "- 一", "% {a: 1}"]
    data = TrainingData(tuple(Example(text, "a" if n % 2 else "b", (), "x", 1) for n, text in enumerate(texts)))
    read = {example.text for example in written(data, tmp_path).examples}
    assert read == {"漏水 了", "你 好", "nul l", "tab bed", '"quoted": #yes', "- 一", "% {a: 1}"}


def test_entities_keep_their_values_and_roles(tmp_path: Path) -> None:
    marks = (Mark("city", 5, 8, value="纽约", role="from"), Mark("city", 12, 15, group="2"), Mark("time", 16, 20))
    example = Example("from NYC to  LAX noon", "book", (marks[0], Mark("city", 13, 16, group="2"), marks[2]), "x", 1)
    plain = Example("hello", "greet", (), "x", 1)
    (first,) = (e for e in written(TrainingData((example, plain)), tmp_path).examples if e.intent == "book")
    assert first.marks == example.marks


@pytest.mark.parametrize("label", ["repair.water_pipe", "faq/ask_name", "a/b/c"])
def test_a_label_comes_back_as_it_was_and_holds_no_slash_meanwhile(label: str) -> None:
    assert from_rasa(to_rasa(label)) == label
    assert "/" not in to_rasa(label)


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_there_for_both_kinds_of_language(content: ContentFiles, name: str) -> None:
    chinese = parse_yaml(name, pipeline_of(content, name))
    english = parse_yaml(name, pipeline_of(content, name, language="en"))
    assert (chinese["language"], english["language"]) == ("zh", "en")
    assert chinese["pipeline"][0]["name"] == "JiebaTokenizer"
    assert english["pipeline"][0]["name"] == "WhitespaceTokenizer"


def test_the_epochs_can_be_named(content: ContentFiles) -> None:
    parts = parse_yaml("diet", pipeline_of(content, "diet", epochs=3))["pipeline"]
    assert [part["epochs"] for part in parts if "epochs" in part] == [3]


def test_a_pipeline_that_there_is_not_is_refused_with_those_that_there_are(content: ContentFiles) -> None:
    with pytest.raises(ContentError, match="there are light, diet"):
        pipeline_of(content, "bert")


@pytest.mark.parametrize(("texts", "language"), [(("漏水", "hello", "停电"), "zh"), (("book a table", "嗨"), "en")])
def test_the_language_is_that_of_most_messages(texts: tuple[str, ...], language: str) -> None:
    examples = tuple(Example(text, "a", (), "x", 1) for text in texts)
    assert language_of(TrainingData(examples)) == language
