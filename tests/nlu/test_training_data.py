"""The reader of training data: what it reads, and that it names the very line that is wrong."""

from pathlib import Path

import pytest

from nlu.training_data import Mark, TrainingData
from words.content import ContentFiles
from words.errors import ContentError

HEAD = 'version: "3.1"\nnlu:\n'


def read(body: str, vocabulary: set[str] | None = None) -> TrainingData:
    return TrainingData.read(ContentFiles({"nlu/a.yml": HEAD + body}), vocabulary=vocabulary)


def refused(body: str, vocabulary: set[str] | None = None) -> ContentError:
    with pytest.raises(ContentError) as caught:
        read(body, vocabulary)
    assert caught.value.source == "nlu/a.yml"
    return caught.value


def test_examples_of_a_literal_block_are_read_with_their_lines() -> None:
    data = read("  - intent: repair.drain\n    examples: |\n      - 马桶堵了\n      - 下水道返臭\n")
    assert [(e.text, e.intent, e.line) for e in data.examples] == [
        ("马桶堵了", "repair.drain", 5),
        ("下水道返臭", "repair.drain", 6),
    ]


def test_inline_entities_become_offsets_into_the_plain_text() -> None:
    [example] = read("  - intent: a\n    examples: |\n      - 我在[3栋](building)[2单元](unit)的家\n").examples
    assert example.text == "我在3栋2单元的家"
    assert example.marks == (Mark("building", 2, 4), Mark("unit", 4, 7))


def test_the_json_form_of_an_entity_carries_value_role_and_group() -> None:
    marked = '[东门]{"entity": "place", "value": "1号门", "role": "from", "group": "1"}'
    data = read(f"  - intent: a\n    examples: |\n      - 从{marked}来\n")
    assert data.examples[0].marks == (Mark("place", 1, 3, "1号门", "from", "1"),)
    assert data.synonyms == {"东门": "1号门"}


def test_the_old_value_form_is_understood() -> None:
    assert read("  - intent: a\n    examples: |\n      - 去[厕所](place:卫生间)\n").synonyms == {"厕所": "卫生间"}


def test_the_list_form_carries_metadata_of_the_block_and_of_the_example() -> None:
    body = (
        "  - intent: a\n"
        "    metadata: {author: x}\n"
        "    examples:\n"
        "      - text: |\n"
        "          - 你好\n"
        "        metadata: {tone: warm}\n"
        "      - text: 早\n"
    )
    first, second = read(body).examples
    assert (first.text, first.metadata) == ("你好", {"author": "x", "tone": "warm"})
    assert (second.text, second.metadata, second.line) == ("早", {"author": "x"}, 9)


def test_a_retrieval_intent_keeps_its_whole_name() -> None:
    assert read("  - intent: faq/hours\n    examples: |\n      - 几点开门\n").examples[0].intent == "faq/hours"


def test_lookups_synonyms_and_regexes_are_read() -> None:
    body = (
        "  - lookup: object\n    examples: |\n      - 马桶\n      - 水龙头\n"
        "  - synonym: 水龙头\n    examples: |\n      - 龙头\n"
        "  - regex: room\n    examples: |\n      - \\d{4}\n"
    )
    data = read(body)
    assert data.lookups == {"object": ("马桶", "水龙头")}
    assert data.synonyms == {"龙头": "水龙头"}
    assert data.regexes == {"room": ("\\d{4}",)}


def test_square_brackets_that_are_no_markup_are_text() -> None:
    assert read("  - intent: a\n    examples: |\n      - 门口[大概]有水\n").examples[0].text == "门口[大概]有水"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("[3栋](", "markup"),
        ("[](building)", "markup"),
        ("[3栋]()", "no type"),
        ('[3栋]{"entity": building}', "not JSON"),
        ('[3栋]{"value": "3栋"}', "entity"),
        ("[[3栋](building)](x)", "markup"),
    ],
)
def test_malformed_markup_is_refused_with_its_line(line: str, wrong: str) -> None:
    error = refused(f"  - intent: a\n    examples: |\n      - 好的\n      - {line}\n")
    assert error.line == 6
    assert wrong in error.message


def test_an_empty_example_is_refused_with_its_line() -> None:
    assert refused("  - intent: a\n    examples: |\n      - 好\n      -\n").line == 6
    assert refused("  - intent: a\n    examples:\n      - text: ''\n").line == 5


def test_a_line_without_a_dash_is_refused() -> None:
    assert refused("  - intent: a\n    examples: |\n      - 好\n      好\n").line == 6


def test_an_unknown_label_is_refused_where_it_stands() -> None:
    error = refused("  - intent: repair.pipe\n    examples: |\n      - 漏\n", {"repair.water_pipe"})
    assert (error.line, "repair.pipe" in error.message) == (3, True)


def test_the_same_example_under_two_labels_is_refused_and_both_places_named() -> None:
    error = refused("  - intent: a\n    examples: |\n      - 好\n  - intent: b\n    examples: |\n      - 好\n")
    assert error.line == 8
    assert "nlu/a.yml:5" in error.message


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("  - examples: |\n      - 好\n", 3),
        ("  - intent: a\n", 3),
        ("  - 好\n", 3),
    ],
)
def test_a_block_that_says_nothing_usable_is_refused(body: str, line: int) -> None:
    assert refused(body).line == line


def test_files_without_nlu_are_other_people_s_stories_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "stories.yml").write_text('version: "3.1"\nstories: []\n', encoding="utf-8")
    (tmp_path / "nlu.yaml").write_text(HEAD + "  - intent: a\n    examples: |\n      - hello\n", encoding="utf-8")
    assert [e.text for e in TrainingData.read_path(tmp_path).examples] == ["hello"]


def test_a_path_without_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError):
        TrainingData.read_path(tmp_path)
    with pytest.raises(ContentError):
        TrainingData.read_path(tmp_path / "none.yml")


def test_nlu_that_is_no_list_is_refused() -> None:
    with pytest.raises(ContentError):
        TrainingData.read(ContentFiles({"nlu/a.yml": "nlu: {intent: a}\n"}))
