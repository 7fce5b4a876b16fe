"""Writes training data as a project that Rasa Open Source trains from: its NLU data, its domain and its pipeline."""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nlu.training_data import Example, Mark, TrainingData
from words.content import ContentFiles
from words.errors import ContentError

PIPELINES = ("light", "diet")
FOLDER = "rasa"
DATA = "nlu.yml"
"""Where the examples and the lists of a project stand."""
# To Rasa a slash divides a label in two, of which no classifier learns the second; the sign of division stands for it.
_SLASH, _FOR_SLASH = "/", "\N{DIVISION SLASH}"


def write_project(data: TrainingData, pipeline: str, folder: Path) -> None:
    """Write `nlu.yml`, `domain.yml` and `config.yml` into a folder; `pipeline` is the text of the last.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATA).write_text("".join(_nlu(data)), encoding="utf-8")
    (folder / "domain.yml").write_text("".join(_domain(data.examples)), encoding="utf-8")
    (folder / "config.yml").write_text(pipeline, encoding="utf-8")


def pipeline_of(files: ContentFiles, name: str, epochs: int | None = None, language: str = "zh") -> str:
    """The configuration of a pipeline of `data/rasa/`; raises ContentError when there is none of that name."""
    source = f"{FOLDER}/{name}.yml"
    if source not in files.texts:
        raise ContentError(source, None, f"there is no such pipeline; there are {', '.join(PIPELINES)}")
    lines = files.texts[source].splitlines()
    if epochs is not None:
        lines = [f"    epochs: {epochs}" if line.strip().startswith("epochs:") else line for line in lines]
    if language != "zh":
        lines = [line.replace("JiebaTokenizer", "WhitespaceTokenizer") for line in lines]
        lines = [f"language: {language}" if line.startswith("language:") else line for line in lines]
    return "\n".join(lines) + "\n"


def to_rasa(label: str) -> str:
    """The name under which Rasa learns a label."""
    return label.replace(_SLASH, _FOR_SLASH)


def from_rasa(label: str) -> str:
    """The label that Rasa's name stands for."""
    return label.replace(_FOR_SLASH, _SLASH)


def _nlu(data: TrainingData) -> Iterator[str]:
    yield 'version: "3.1"\nnlu:\n'
    by_label: defaultdict[str, list[Example]] = defaultdict(list)
    for example in data.examples:
        by_label[example.intent].append(example)
    for label, examples in sorted(by_label.items()):
        yield from _block("intent", to_rasa(label), (_marked(example) for example in examples))
    variants: defaultdict[str, list[str]] = defaultdict(list)
    for variant, canonical in data.synonyms.items():
        variants[canonical].append(variant)
    for section, lists in (("lookup", data.lookups), ("regex", data.regexes), ("synonym", variants)):
        for name, values in sorted(lists.items()):
            yield from _block(section, name, values)


def _block(section: str, name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"  - {section}: {json.dumps(name, ensure_ascii=False)}\n    examples: |\n"
    for line in lines:
        yield f"      - {_on_one_line(line)}\n"


def _on_one_line(text: str) -> str:
    """The text without what would end its line or make it no YAML; Rasa's own words are made without these signs."""
    kept = "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in text)
    return kept.replace("\ufeff", " ").strip()


def _marked(example: Example) -> str:
    """The example as it was written, with its entities marked."""
    parts: list[str] = []
    position = 0
    for mark in sorted(example.marks, key=lambda mark: mark.start):
        parts += [example.text[position : mark.start], f"[{example.text[mark.start : mark.end]}]", _kind(mark)]
        position = mark.end
    return "".join([*parts, example.text[position:]])


def _kind(mark: Mark) -> str:
    told = {"entity": mark.type, "value": mark.value, "role": mark.role, "group": mark.group}
    given = {name: value for name, value in told.items() if value is not None}
    return f"({mark.type})" if len(given) == 1 else json.dumps(given, ensure_ascii=False)


def _domain(examples: Sequence[Example]) -> Iterator[str]:
    labels = sorted({to_rasa(example.intent) for example in examples})
    entities = sorted({mark.type for example in examples for mark in example.marks})
    yield 'version: "3.1"\n'
    for section, names in (("intents", labels), ("entities", entities)):
        yield f"{section}:\n" if names else f"{section}: []\n"
        yield from (f"  - {json.dumps(name, ensure_ascii=False)}\n" for name in names)
