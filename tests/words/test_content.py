"""Content files: loading, overriding, parsing with lines."""

from pathlib import Path

import pytest

from words.content import ContentFiles, line_of, parse_yaml
from words.errors import ContentError


def test_a_folder_is_loaded_whole_and_overrides_lie_over_it(tmp_path: Path) -> None:
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "a.yml").write_text("x: 1\n", encoding="utf-8")
    plain = ContentFiles.load(tmp_path)
    edited = ContentFiles.load(tmp_path, {"replies/a.yml": "x: 2\n", "replies/b.yml": "y: 3\n"})
    assert plain.below("replies") == ("replies/a.yml",)
    assert edited.below("replies") == ("replies/a.yml", "replies/b.yml")
    assert edited.read("replies/a.yml")["x"] == 2
    assert plain.version != edited.version
    assert plain.digest("replies") != edited.digest("replies")
    assert plain.digest("forms") == edited.digest("forms")


def test_a_missing_folder_or_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="missing"):
        ContentFiles.load(tmp_path / "none")
    with pytest.raises(ContentError, match=r"replies/a\.yml: there is no such"):
        ContentFiles({}).read("replies/a.yml")


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes("名: 值".encode("gbk"))
    with pytest.raises(ContentError, match="not UTF-8"):
        ContentFiles.load(tmp_path)


def test_times_numbers_and_no_stay_what_was_written() -> None:
    parsed = parse_yaml("a.yml", "open: 18:00\nanswer: no\n")
    assert parsed["open"] == "18:00"
    assert parsed["answer"] == "no"
    assert line_of(parsed, "answer") == 2
    assert line_of(parsed, "none") is None


@pytest.mark.parametrize(("text", "line"), [("a: [1\n", 2), ("", 1), ("just words\n", 1), ("a: 1\na: 2\n", 2)])
def test_text_that_is_not_a_mapping_or_list_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ContentError) as refused:
        parse_yaml("a.yml", text)
    assert (refused.value.source, refused.value.line) == ("a.yml", line)
