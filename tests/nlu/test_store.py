"""The model on disk: found again, trained anew when it is stale or damaged."""

from pathlib import Path

import pytest

from nlu.engine import EmbeddedEngine
from nlu.store import load_or_train, version
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
    assert [path.name for path in (tmp_path / "model").iterdir()] == [f"{version(files)}.npz"]


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_damaged_model_is_trained_anew(damage: bytes, content: ContentFiles, tmp_path: Path) -> None:
    files = small_content(content)
    path = tmp_path / "model" / f"{version(files)}.npz"
    path.parent.mkdir()
    path.write_bytes(damage)
    load_or_train(files, tmp_path)
    assert path.stat().st_size > 1000
