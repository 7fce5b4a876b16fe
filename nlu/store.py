"""Keeps the trained model on disk under the version of the data and code that made it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from nlu import labels as labels_module
from nlu import vectors
from nlu.engine import EmbeddedEngine
from nlu.entities.reader import EntityReader
from nlu.features import Featuriser
from nlu.kept import stored, write
from nlu.labels import Labels
from nlu.lexicon import FOLDER as LEXICON
from nlu.lexicon import answer_words
from nlu.model import Model
from nlu.training_data import TrainingData
from words.content import ContentFiles

DATA = "nlu"
_LISTS = ("- lookup:", "- synonym:", "- regex:")
# What is done afresh with every message does not make a model stale; of the entities only addresses and telephones do,
# because they are taken out of a text before it is classified.
_NOT_TRAINED = frozenset(
    {"knowledge", "knowledge_entries", "knowledge_evaluate", "knowledge_index", "knowledge_terms", "kept", "store"}
    | {"evaluate", "heldout", "check", "engine", "promises"}
    | {"calendar", "lookup", "money", "person", "reader", "time", "time_date", "time_grammar", "time_words"}
)


def load_or_train(
    files: ContentFiles, home: Path, progress: Callable[[str, float], None] = lambda _what, _share: None
) -> EmbeddedEngine:
    """The engine for this content: its model from `home/model/<version>.npz`, trained and stored there when missing.

    The file is written whole and then renamed, so two processes that start at once do no harm. Raises ContentError
    when the training data is broken, OSError when the home cannot be written.
    """
    path = _path(files, home)
    model = stored(path, Model.load)
    if model is None:
        # scikit-learn takes a second to import and is needed only here.
        from nlu.train import train  # noqa: PLC0415

        data = TrainingData.read(files, DATA, Labels.read(files))
        # Before the long step: a home that cannot be written is told at once.
        path.parent.mkdir(parents=True, exist_ok=True)
        model = train(data, Featuriser.build(data, files), version=path.stem, progress=progress)
        write(path, model.save)
    # A trained model has the examples in it; of the data only the lists are needed, which spares seconds and memory.
    lists = TrainingData.read(_with_lists(files), DATA)
    return EmbeddedEngine(model, Featuriser.build(lists, files), EntityReader.build(files, lists), answer_words(files))


def is_trained(files: ContentFiles, home: Path) -> bool:
    """Whether a model for this content is on disk."""
    return _path(files, home).is_file()


def _path(files: ContentFiles, home: Path) -> Path:
    return home / "model" / f"{version(files)}.npz"


def _with_lists(files: ContentFiles) -> ContentFiles:
    """The content with only those training files that hold lookups, synonyms or regexes."""
    kept = {
        name: text
        for name, text in files.texts.items()
        if not name.startswith(f"{DATA}/") or any(mark in text for mark in _LISTS)
    }
    return ContentFiles(kept)


def version(files: ContentFiles) -> str:
    """The hash that names a model: the training data, the lexicons, the labels, and the code that reads them."""
    digest = hashlib.sha256()
    for folder in (DATA, LEXICON):
        digest.update(files.digest(folder).encode())
    digest.update(files.texts.get(labels_module.SOURCE, "").encode())
    folder_of_code = Path(__file__).parent
    for path in sorted(folder_of_code.rglob("*.py")):
        if path.stem not in _NOT_TRAINED:
            digest.update(path.read_bytes())
    digest.update(vectors.fingerprint())
    return digest.hexdigest()[:16]
