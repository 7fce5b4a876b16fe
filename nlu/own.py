"""The estate's own examples below `DESK_HOME/nlu`: read beside `data/nlu`, and added to when messages are reviewed."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from nlu.masks import Masks
from nlu.training_data import TrainingData
from words.errors import ContentError

FOLDER = "nlu/own"
"""Where they stand among the content files; in the home the folder is `nlu`."""
REVIEWED = "reviewed.yml"
_HEAD = 'version: "3.1"\nnlu:\n'


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message without personal data and the label that somebody gave it; `line` is where in the sheet it stood."""

    text: str
    label: str
    line: int


def own_examples(home: Path) -> Mapping[str, str]:
    """The texts of the estate's own training files under their names among the content; none is no error.

    Raises ContentError when one is not UTF-8.
    """
    found: dict[str, str] = {}
    for path in sorted((home / "nlu").glob("*.yml")):
        try:
            found[f"{FOLDER}/{path.name}"] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ContentError(
                str(path), None, f"is not UTF-8 at byte {error.start}; save the file as UTF-8"
            ) from error
    return found


def filled(data: TrainingData, masks: Masks) -> TrainingData:
    """The data with ordinary values for the marks in the estate's own examples; annotated ones stay as written."""
    examples = tuple(
        replace(example, text=masks.filled(example.text))
        if example.source.startswith(f"{FOLDER}/") and not example.marks
        else example
        for example in data.examples
    )
    return replace(data, examples=examples)


def add_reviewed(home: Path, labelled: Sequence[Labelled]) -> None:
    """Add examples at the end of `reviewed.yml`, all or none; what is there stays as it is, comments and all.

    Raises ContentError when the file cannot be read as training data, OSError when it cannot be written.
    """
    folder = home / "nlu"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / REVIEWED
    with _alone(folder):
        before = path.read_text(encoding="utf-8") if path.is_file() else _HEAD
        after = before.rstrip("\n") + "\n" + "".join(_blocks(labelled))
        part = path.with_suffix(".part")
        try:
            part.write_text(after, encoding="utf-8")
            # Read as training will read it, before it takes the place of what was good.
            TrainingData.read_path(part)
            os.replace(part, path)  # noqa: PTH105  Path.replace is the same call; this one says that it is atomic.
        except ContentError as error:
            raise ContentError(str(path), error.line, error.message) from error
        finally:
            part.unlink(missing_ok=True)


def _blocks(labelled: Sequence[Labelled]) -> Iterator[str]:
    ordered = sorted(labelled, key=lambda one: one.label)
    for label, group in groupby(ordered, key=lambda one: one.label):
        yield f"- intent: {label}\n  examples: |\n" + "".join(f"    - {one.text}\n" for one in group)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Whoever else adds to the file waits: the server and a command may do so at once."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
