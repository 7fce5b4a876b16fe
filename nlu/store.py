"""Keeps trained models on disk under the version of the data and code that made them, and which of them is in use.

`model/in-use.json` in the home names the model in use and the version of the content for which it was chosen. The two
differ when a newly trained model was refused: then the older one goes on.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
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
from nlu.masks import Masks
from nlu.model import Model
from nlu.own import filled
from nlu.training_data import TrainingData
from words.content import ContentFiles

DATA = "nlu"
IN_USE = "in-use.json"
_LISTS = ("- lookup:", "- synonym:", "- regex:")
_CODE = "code"
Progress = Callable[[str, float], None]
# What is done afresh with every message does not make a model stale; of the entities only addresses and telephones do,
# because they are taken out of a text before it is classified.
_NOT_TRAINED = frozenset(
    {"knowledge", "knowledge_entries", "knowledge_evaluate", "knowledge_index", "knowledge_terms", "knowledge_training"}
    | {"kept", "store", "evaluate", "heldout", "check", "engine", "promises"}
    | {"compare", "reliability", "live", "reviewed"}
    | {"rasa", "rasa_answer", "rasa_client", "rasa_evaluate", "rasa_project", "rasa_server"}
    | {"calendar", "lookup", "money", "person", "reader", "time", "time_date", "time_grammar", "time_words"}
)


class ModelError(Exception):
    """A model cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class InUse:
    """The model in use, the content it was chosen for, and the model before it ("" when there was none)."""

    version: str
    wanted: str
    before: str = ""


def load_or_train(files: ContentFiles, home: Path, progress: Progress = lambda _what, _share: None) -> EmbeddedEngine:
    """The engine for this content: the model chosen for it, else its own from `home/model/<version>.npz`.

    A missing or damaged model is trained and stored. The file is written whole and then renamed, so two processes that
    start at once do no harm. Raises ContentError when the training data is broken, OSError when the home cannot be
    written.
    """
    wanted = version(files)
    chosen = in_use(home)
    if chosen is not None and chosen.wanted == wanted != chosen.version:
        # A newer model was refused, and the older one goes on.
        model = stored(_path(home, chosen.version), Model.load)
        if model is not None:
            return _engine(files, model)
    model = _candidate(files, home, wanted, progress)
    if chosen is None:
        choose(home, InUse(wanted, wanted))
    return _engine(files, model)


def load_candidate(files: ContentFiles, home: Path, progress: Progress = lambda _what, _share: None) -> EmbeddedEngine:
    """The engine with this content's own model, trained when missing, whether it is in use or was refused.

    Raises as `load_or_train` does.
    """
    return _engine(files, _candidate(files, home, version(files), progress))


def load_kept(files: ContentFiles, home: Path, name: str) -> EmbeddedEngine:
    """An engine with a model that is still kept. Raises ModelError when it is gone, damaged, or made by other code."""
    model = stored(_path(home, name), Model.load)
    if model is None:
        raise ModelError(f"{_path(home, name)} is missing or cannot be read")
    if model.facts.get(_CODE) != code_version():
        raise ModelError(f"model {name} was made by another version of the program")
    return _engine(files, model)


def load_chosen(files: ContentFiles, home: Path, code: str, known: str, now: datetime) -> EmbeddedEngine | None:
    """The engine that is in use by now, tried on a sentence, for a process that runs the code of version `code`.

    None when nothing was chosen yet, or the model that is `known` already. Raises ModelError when it must not be used:
    it is damaged, it was made by other code, or the content was changed since it was chosen; ContentError when the
    content is broken.
    """
    chosen = in_use(home)
    if chosen is None or chosen.version == known:
        return None
    if chosen.wanted != version(files):
        raise ModelError(f"model {chosen.version} was chosen for other content; train again")
    if code_version() != code:
        raise ModelError(f"model {chosen.version} belongs to another version of the program; start the server anew")
    engine = load_kept(files, home, chosen.version)
    try:
        engine.understand(_TRIAL, now=now)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise ModelError(f"model {chosen.version} cannot read a sentence: {type(error).__name__}: {error}") from error
    return engine


_TRIAL = "厨房漏水了，3栋2单元1502，明天下午在家"


def in_use(home: Path) -> InUse | None:
    """Which model is in use, or None when none was chosen or the note cannot be read."""
    try:
        told = json.loads((home / "model" / IN_USE).read_text(encoding="utf-8"))
        return InUse(str(told["version"]), str(told["wanted"]), str(told.get("before", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def choose(home: Path, chosen: InUse) -> None:
    """Say which model is in use from now on; servers that run take it up by themselves. Raises OSError."""
    write(home / "model" / IN_USE, lambda part: _note(part, chosen))


def _note(part: Path, chosen: InUse) -> None:
    part.write_text(json.dumps(asdict(chosen)), encoding="utf-8")


def is_trained(files: ContentFiles, home: Path) -> bool:
    """Whether a model was chosen for this content and is on disk."""
    chosen = in_use(home)
    return chosen is not None and chosen.wanted == version(files) and _path(home, chosen.version).is_file()


def _candidate(files: ContentFiles, home: Path, name: str, progress: Progress) -> Model:
    path = _path(home, name)
    model = stored(path, Model.load)
    if model is not None:
        return model
    # scikit-learn takes a second to import and is needed only here.
    from nlu.train import train  # noqa: PLC0415

    data = filled(TrainingData.read(files, DATA, Labels.read(files)), Masks.read(files))
    # Before the long step: a home that cannot be written is told at once.
    path.parent.mkdir(parents=True, exist_ok=True)
    model = train(data, Featuriser.build(data, files), version=name, progress=progress)
    model = replace(model, facts={**model.facts, _CODE: code_version()})
    chosen = in_use(home)
    # What is in use, and what it can be compared with, outlives any number of models that are refused.
    write(path, model.save, spare={_path(home, one) for one in (chosen.version, chosen.before)} if chosen else set())
    return model


def _engine(files: ContentFiles, model: Model) -> EmbeddedEngine:
    # A trained model has the examples in it; of the data only the lists are needed, which spares seconds and memory.
    lists = TrainingData.read(_with_lists(files), DATA)
    return EmbeddedEngine(model, Featuriser.build(lists, files), EntityReader.build(files, lists), answer_words(files))


def _path(home: Path, name: str) -> Path:
    return home / "model" / f"{name}.npz"


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
    digest.update(code_version().encode())
    return digest.hexdigest()[:16]


def code_version() -> str:
    """The hash of the code that makes models, and of the word vectors."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        if path.stem not in _NOT_TRAINED:
            digest.update(path.read_bytes())
    digest.update(vectors.fingerprint())
    return digest.hexdigest()[:16]
