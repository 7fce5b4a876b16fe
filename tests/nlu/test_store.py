"""The model on disk: found again, trained anew when it is stale or damaged."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from nlu.engine import EmbeddedEngine
from nlu.own import Labelled, add_reviewed, own_examples
from nlu.store import (
    InUse,
    ModelError,
    choose,
    code_version,
    in_use,
    is_trained,
    load_candidate,
    load_chosen,
    load_kept,
    load_or_train,
    version,
)
from words.content import ContentFiles


@pytest.fixture
def home(engine: EmbeddedEngine, content: ContentFiles, tmp_path: Path) -> Path:
    """A home that already holds the model of this content."""
    (tmp_path / "model").mkdir()
    engine.model.save(tmp_path / "model" / f"{version(content)}.npz")
    return tmp_path


def test_a_stored_model_is_loaded_without_training(home: Path, content: ContentFiles, engine: EmbeddedEngine) -> None:
    told: list[str] = []
    again = load_or_train(content, home, lambda what, _share: told.append(what))
    assert told == []
    assert again.version == engine.version == version(content)


def test_the_version_changes_with_the_data_the_lexicons_and_the_labels(content: ContentFiles) -> None:
    versions = {version(content)}
    for name in ("nlu/repair.yml", "lexicon/dialect.yml", "labels.yml"):
        versions.add(version(ContentFiles({**content.texts, name: content.texts[name] + "\n# changed\n"})))
    assert len(versions) == 4


def test_replies_do_not_make_a_model_stale(content: ContentFiles) -> None:
    assert version(ContentFiles({**content.texts, "replies/new.yml": "a: 1"})) == version(content)


def small_content(content: ContentFiles) -> ContentFiles:
    """The real lexicons with a handful of examples, so that training takes no time."""
    texts = {name: text for name, text in content.texts.items() if not name.startswith("nlu/")}
    examples = {
        "greet": ["你好", "您好", "早上好"],
        "thanks": ["谢谢", "多谢", "感谢"],
        "bye": ["再见", "拜拜", "回见"],
    }
    blocks = "".join(
        f"  - intent: {intent}\n    examples: |\n" + "".join(f"      - {text}\n" for text in said)
        for intent, said in examples.items()
    )
    return ContentFiles({**texts, "nlu/a.yml": 'version: "3.1"\nnlu:\n' + blocks})


def test_a_missing_model_is_trained_and_stored_whole(content: ContentFiles, tmp_path: Path) -> None:
    files = small_content(content)
    told: list[float] = []
    load_or_train(files, tmp_path, lambda _what, share: told.append(share))
    assert told[-1] == 1.0
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [f"{version(files)}.npz", "in-use.json"]


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_damaged_model_is_trained_anew(damage: bytes, content: ContentFiles, tmp_path: Path) -> None:
    files = small_content(content)
    path = tmp_path / "model" / f"{version(files)}.npz"
    path.parent.mkdir()
    path.write_bytes(damage)
    load_or_train(files, tmp_path)
    assert path.stat().st_size > 1000


def trained(content: ContentFiles, home: Path, *, note: str = "") -> EmbeddedEngine:
    """The model of small content, which differs from another by a note in it."""
    files = small_content(content)
    files = ContentFiles({**files.texts, "nlu/a.yml": files.texts["nlu/a.yml"] + note})
    return load_candidate(files, home)


def test_a_model_that_was_refused_does_not_read_and_the_older_one_goes_on(
    content: ContentFiles, tmp_path: Path
) -> None:
    old = trained(content, tmp_path)
    new = trained(content, tmp_path, note="# new\n")
    files = small_content(content)
    files = ContentFiles({**files.texts, "nlu/a.yml": files.texts["nlu/a.yml"] + "# new\n"})
    choose(tmp_path, InUse(old.version, new.version, ""))
    assert is_trained(files, tmp_path)
    assert load_or_train(files, tmp_path).version == old.version
    assert load_candidate(files, tmp_path).version == new.version
    choose(tmp_path, InUse("gone", new.version))
    assert not is_trained(files, tmp_path)
    assert load_or_train(files, tmp_path).version == new.version


def test_the_model_in_use_outlives_any_number_of_refused_ones(content: ContentFiles, tmp_path: Path) -> None:
    first = trained(content, tmp_path)
    choose(tmp_path, InUse(first.version, "x"))
    for number in range(5):
        trained(content, tmp_path, note=f"# {number}\n")
    files = small_content(content)
    assert load_kept(files, tmp_path, first.version).version == first.version


def test_a_model_is_loaded_only_for_its_own_content_and_code_and_when_it_reads(
    content: ContentFiles, tmp_path: Path, now: datetime
) -> None:
    files, code = small_content(content), code_version()

    def chosen(files: ContentFiles = files, code: str = code, known: str = "") -> EmbeddedEngine | None:
        return load_chosen(files, tmp_path, code, known, now)

    assert chosen() is None
    engine = load_or_train(files, tmp_path)
    assert in_use(tmp_path) == InUse(engine.version, engine.version)
    assert chosen(known=engine.version) is None
    loaded = chosen()
    assert loaded is not None
    assert loaded.version == engine.version
    with pytest.raises(ModelError, match="other content"):
        chosen(ContentFiles({**files.texts, "nlu/a.yml": files.texts["nlu/a.yml"] + "# new\n"}))
    with pytest.raises(ModelError, match="start the server anew"):
        chosen(code="another")
    path = tmp_path / "model" / f"{engine.version}.npz"
    whole = path.read_bytes()
    replace(engine.model, facts={}).save(path)
    with pytest.raises(ModelError, match="another version of the program"):
        chosen()
    replace(engine.model, bias=engine.model.bias[:2]).save(path)
    with pytest.raises(ModelError, match="cannot read a sentence"):
        chosen()
    path.write_bytes(whole[:500])
    with pytest.raises(ModelError, match="cannot be read"):
        chosen()


@pytest.mark.parametrize("told", ["", "[]", "{}", '{"version": 1}'])
def test_a_note_that_cannot_be_read_counts_as_none(told: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "in-use.json").write_text(told, encoding="utf-8")
    assert in_use(tmp_path) is None


def test_the_estate_s_own_examples_are_learned_with_ordinary_values_for_the_marks(
    content: ContentFiles, tmp_path: Path
) -> None:
    add_reviewed(tmp_path, [Labelled("XX栋的门口见", "bye", 2)])
    files = small_content(content)
    engine = load_candidate(ContentFiles({**files.texts, **own_examples(tmp_path)}), tmp_path)
    assert "c:门" in engine.model.vectoriser.names
    assert "c:x" not in engine.model.vectoriser.names
