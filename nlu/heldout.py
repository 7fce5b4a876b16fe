"""Reads the held-out messages: labelled sentences in Rasa's YAML, and messages with the requests that they hold."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from nlu.training_data import Example, TrainingData
from words.content import line_of, parse_yaml
from words.errors import ContentError

MULTI = "multi.yml"


@dataclass(frozen=True, slots=True)
class Many:
    """A message and the labels of its requests, one or more, in the order of the text."""

    text: str
    labels: tuple[str, ...]
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Heldout:
    """Messages that nothing was trained on."""

    examples: tuple[Example, ...]
    many: tuple[Many, ...]

    @classmethod
    def read(cls, folder: Path, vocabulary: Container[str] | None = None) -> "Heldout":
        """Read a folder of held-out sets; raises ContentError as the reader of training data does."""
        examples: list[Example] = []
        many: list[Many] = []
        for path in sorted(folder.glob("*.yml")):
            if path.name == MULTI:
                many += _many(path)
            else:
                examples += TrainingData.read_path(path, vocabulary).examples
        return cls(tuple(examples), tuple(many))


def _many(path: Path) -> list[Many]:
    root = parse_yaml(str(path), path.read_text(encoding="utf-8"))
    listed = root.get("messages") if isinstance(root, CommentedMap) else root
    if not isinstance(listed, CommentedSeq):
        raise ContentError(str(path), 1, "should hold a list of messages with `text` and `requests`")
    found: list[Many] = []
    for index, item in enumerate(listed):
        line = line_of(listed, index) or 1
        if not isinstance(item, CommentedMap) or not item.get("text") or not item.get("requests"):
            raise ContentError(str(path), line, "a message needs `text` and `requests`")
        found.append(Many(str(item["text"]), tuple(str(label) for label in item["requests"]), str(path), line))
    return found
