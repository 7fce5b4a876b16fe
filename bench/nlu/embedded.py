"""The embedded engine in processes of its own, made from the very files that a Rasa project was trained from.

`python -m bench.nlu.embedded train PROJECT FOLDER` trains a model; `… read FOLDER` reads texts with it, as
scripts/rasa_inside.py does with Rasa's: a JSON list of texts comes in on each line, one JSON object goes out.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

from desk.settings import content_folder
from nlu.engine import EmbeddedEngine
from nlu.entities.reader import EntityReader
from nlu.features import Featuriser
from nlu.lexicon import answer_words
from nlu.model import Model
from nlu.rasa_project import DATA, from_rasa, write_project
from nlu.training_data import TrainingData
from words.content import ContentFiles

T = TypeVar("T")

_MB = 1024
_MODEL, _LISTS = "model.npz", "lists"


def main() -> None:
    what, *folders = sys.argv[1:]
    if what == "train":
        _train(*map(Path, folders))
    else:
        _read(Path(folders[0]))


def _train(project: Path, folder: Path) -> None:
    # scikit-learn is for training; who only reads does without it.
    from nlu.train import train  # noqa: PLC0415

    read = TrainingData.read_path(project / DATA)
    data = replace(read, examples=tuple(replace(e, intent=from_rasa(e.intent)) for e in read.examples))
    model = train(data, Featuriser.build(data, ContentFiles.load(content_folder())), version="beside-rasa")
    model.save(folder / _MODEL)
    # Who reads needs the lists of the data and not its examples, here as in the desk.
    write_project(replace(data, examples=()), "", folder / _LISTS)
    print(json.dumps({"examples": len(data.examples)}), flush=True)


def _read(folder: Path) -> None:
    began = time.perf_counter()
    files, lists = ContentFiles.load(content_folder()), TrainingData.read_path(folder / _LISTS / DATA)
    featuriser, entities = Featuriser.build(lists, files), EntityReader.build(files, lists)
    engine = EmbeddedEngine(Model.load(folder / _MODEL), featuriser, entities, answer_words(files))
    # As in the desk.
    threadpool_limits(limits=1, user_api="blas")
    loaded = time.perf_counter() - began
    now = datetime.now(UTC)

    def intent(text: str) -> None:
        engine.model.read(engine.featuriser.blocks(text))

    def both(text: str) -> None:
        intent(text)
        engine.entities.read(text, now)

    def whole(text: str) -> str:
        read = engine.understand(text, now=now)
        return read.intent.value if read.category is None else f"{read.intent.value}.{read.category}"

    for line in sys.stdin:
        texts = json.loads(line)
        times = {"alone": _timed(texts, intent)[1], "both": _timed(texts, both)[1]}
        labels, times["whole"] = _timed(texts, whole)
        print(json.dumps({"labels": labels, "loaded": loaded, "mb": _held()} | times), flush=True)


def _timed(texts: Sequence[str], read: Callable[[str], T]) -> tuple[list[T], list[float]]:
    """What is read in each text, and the milliseconds that it takes."""
    found: list[T] = []
    took: list[float] = []
    for text in texts:
        start = time.perf_counter()
        found.append(read(text))
        took.append(1000 * (time.perf_counter() - start))
    return found, took


def _held() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if "VmRSS" in line).split()[1]) / _MB


if __name__ == "__main__":
    main()
