"""The content files: what is under `data/`, with the overrides that were edited in the browser laid over it."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from words.errors import ContentError

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


@dataclass(frozen=True, slots=True)
class ContentFiles:
    """The texts of all content files, loaded whole, so that a snapshot never mixes two states of the folder.

    `texts` maps a path below `data/`, with forward slashes, to the file's text.
    """

    texts: Mapping[str, str]
    version: str = field(default="")

    @classmethod
    def load(cls, root: Path, overrides: Mapping[str, str] | None = None) -> "ContentFiles":
        """Read every YAML file below `root`; an override replaces or adds the file of the same path.

        Raises ContentError when the folder is missing or a file is not UTF-8.
        """
        if not root.is_dir():
            raise ContentError(str(root), None, "the content folder is missing; it holds nlu/, replies/, forms/ …")
        texts: dict[str, str] = {}
        for path in sorted(root.rglob("*.yml")):
            name = path.relative_to(root).as_posix()
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise ContentError(name, None, f"is not UTF-8 at byte {error.start}; save the file as UTF-8") from error
            except OSError as error:
                raise ContentError(name, None, f"cannot be read: {error.strerror}") from error
        texts.update(overrides or {})
        return cls(texts, _digest(texts.items()))

    def below(self, folder: str) -> tuple[str, ...]:
        """The paths of the files in a folder of `data/`, sorted; `replies` finds `replies/repair.yml`."""
        return tuple(sorted(name for name in self.texts if name.startswith(f"{folder}/")))

    def digest(self, folder: str) -> str:
        """A hash of one folder's content, to tell whether something built from it is still true."""
        return _digest((name, self.texts[name]) for name in self.below(folder))

    def read(self, name: str) -> CommentedMap | CommentedSeq:
        """Parse one file; see `parse_yaml`. Raises ContentError when there is no such file."""
        if name not in self.texts:
            raise ContentError(name, None, "there is no such content file")
        return parse_yaml(name, self.texts[name])


def parse_yaml(source: str, text: str) -> CommentedMap | CommentedSeq:
    """Parse YAML 1.2 keeping line numbers, so that `18:00`, `no` and `0571` stay what was written.

    Raises ContentError with the line when the text is not YAML, is empty, or is a bare scalar.
    """
    try:
        parsed = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise ContentError(source, line, f"is not valid YAML: {error.problem}") from error
    except YAMLError as error:
        raise ContentError(source, None, f"is not valid YAML: {error}") from error
    except ValueError as error:
        # The library makes dates of what looks like one, and says neither which nor where when there is no such day.
        raise ContentError(source, _line_of_impossible_date(text), f"holds no possible date: {error}") from error
    if not isinstance(parsed, CommentedMap | CommentedSeq):
        raise ContentError(source, 1, "should hold a mapping or a list, and holds neither")
    return parsed


def _line_of_impossible_date(text: str) -> int | None:
    for number, line in enumerate(text.splitlines(), start=1):
        for year, month, day in _DATE.findall(line):
            try:
                date(int(year), int(month), int(day))
            except ValueError:
                return number
    return None


def line_of(node: CommentedMap | CommentedSeq, key: object) -> int | None:
    """The line, counted from 1, on which a key of a mapping or an index of a list stands."""
    position = (node.lc.data or {}).get(key)
    return None if position is None else int(position[0]) + 1


def _digest(items: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, text in sorted(items):
        digest.update(f"{name}\0{len(text)}\0{text}".encode())
    return digest.hexdigest()[:16]
