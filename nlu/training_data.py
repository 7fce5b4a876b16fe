"""Reads training data in Rasa's NLU YAML and says exactly which line is wrong, where Rasa warns and skips."""

import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from nlu.splitting import SECTION, Message, read_messages
from words.content import ContentFiles, line_of, parse_yaml
from words.errors import ContentError

# `[text](type)`, the old `[text](type:value)`, or `[text]{"entity": "type", "value": "…", "role": "…"}`.
_MARKUP = re.compile(r"\[(?P<text>[^\[\]]+)\](?:\((?P<short>[^()]*)\)|(?P<json>\{[^{}]*\}))")
_LEFTOVER = re.compile(r"\](?=\(|\{)|\[\](?=\(|\{)")
_SECTIONS = ("lookup", "synonym", "regex")


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotated entity of an example, as offsets into its plain text."""

    type: str
    start: int
    end: int
    value: str | None = None
    role: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message: plain text without markup, and where it was written."""

    text: str
    intent: str
    marks: tuple[Mark, ...]
    source: str
    line: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All examples of a folder, its lookup lists, synonyms (variant → canonical), regexes, and marked messages."""

    examples: tuple[Example, ...]
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)
    regexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    splitting: tuple[Message, ...] = ()

    @classmethod
    def read(cls, files: ContentFiles, folder: str = "nlu", vocabulary: Container[str] | None = None) -> "TrainingData":
        """Read a folder of the content; with a vocabulary, labels outside it are errors.

        Raises ContentError naming file and line of the bad example.
        """
        return _gather(((name, files.texts[name]) for name in files.below(folder)), vocabulary)

    @classmethod
    def read_path(cls, path: Path, vocabulary: Container[str] | None = None) -> "TrainingData":
        """Read a file, or every YAML file below a folder, of anybody's data in Rasa's format.

        Raises ContentError as `read` does, and when there is nothing at `path`.
        """
        found = sorted(p for p in path.rglob("*") if p.suffix in {".yml", ".yaml"}) if path.is_dir() else [path]
        if not found or not found[0].is_file():
            raise ContentError(str(path), None, "there is no YAML file here")
        return _gather(((str(p), p.read_text(encoding="utf-8")) for p in found), vocabulary)


def _gather(sources: Iterator[tuple[str, str]], vocabulary: Container[str] | None) -> TrainingData:
    examples: list[Example] = []
    messages: list[Message] = []
    lists: dict[str, dict[str, list[str]]] = {section: {} for section in _SECTIONS}
    for source, text in sources:
        root = parse_yaml(source, text)
        if isinstance(root, CommentedMap) and SECTION in root:
            messages += read_messages(source, root[SECTION])
        # Folders for Rasa also hold stories and domain files; they have no `nlu` key.
        blocks = root.get("nlu") if isinstance(root, CommentedMap) else None
        if blocks is None:
            continue
        if not isinstance(blocks, CommentedSeq):
            raise ContentError(source, 1, "`nlu` should be a list of blocks")
        for index, block in enumerate(blocks):
            _read_block(_Block(source, _block_line(blocks, index), block), examples, lists, vocabulary)
    _refuse_two_labels(examples)
    synonyms = {variant: canonical for canonical, variants in lists["synonym"].items() for variant in variants}
    for example in examples:
        synonyms |= {example.text[m.start : m.end]: m.value for m in example.marks if m.value is not None}
    frozen = {name: {key: tuple(values) for key, values in lists[name].items()} for name in ("lookup", "regex")}
    return TrainingData(tuple(examples), frozen["lookup"], synonyms, frozen["regex"], tuple(messages))


@dataclass(frozen=True, slots=True)
class _Block:
    source: str
    line: int
    body: Any


def _block_line(blocks: CommentedSeq, index: int) -> int:
    return line_of(blocks, index) or 1


def _read_block(
    block: _Block, examples: list[Example], lists: dict[str, dict[str, list[str]]], vocabulary: Container[str] | None
) -> None:
    body = block.body
    if not isinstance(body, CommentedMap):
        raise ContentError(block.source, block.line, "a block should be a mapping with `intent`, `lookup`, …")
    if "intent" in body:
        intent = str(body["intent"])
        if vocabulary is not None and intent not in vocabulary:
            line = line_of(body, "intent") or block.line
            raise ContentError(block.source, line, f"unknown intent label “{intent}”; see labels.yml")
        shared = body.get("metadata") or {}
        examples.extend(
            _example(block.source, line, text, intent, {**shared, **extra}) for line, text, extra in _items(block)
        )
        return
    for section in _SECTIONS:
        if section in body:
            lists[section].setdefault(str(body[section]), []).extend(text for _, text, _ in _items(block))
            return
    raise ContentError(block.source, block.line, "a block needs one of `intent`, `lookup`, `synonym`, `regex`")


def _items(block: _Block) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """The examples of a block, either lines of a literal block or a list of mappings with `text`."""
    body = block.body
    line = line_of(body, "examples")
    listed = body.get("examples")
    if line is None or listed is None:
        raise ContentError(block.source, block.line, "the block has no `examples`")
    if isinstance(listed, CommentedSeq):
        yield from _listed(block.source, listed)
        return
    for offset, written in enumerate(str(listed).splitlines(), start=1):
        text = written.strip()
        if not text:
            continue
        if not text.startswith("-"):
            raise ContentError(block.source, line + offset, "an example line should begin with “- ”")
        yield line + offset, _filled(block.source, line + offset, text[1:].strip()), {}


def _listed(source: str, listed: CommentedSeq) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    for index, item in enumerate(listed):
        line = line_of(listed, index) or 1
        if isinstance(item, CommentedMap):
            text, extra = str(item.get("text") or "").strip(), item.get("metadata") or {}
            line = line_of(item, "text") or line
        else:
            text, extra = str(item).strip(), {}
        yield line, _filled(source, line, text.removeprefix("- ").strip()), extra


def _filled(source: str, line: int, text: str) -> str:
    if not text:
        raise ContentError(source, line, "the example is empty")
    return text


def _example(source: str, line: int, written: str, intent: str, metadata: Mapping[str, Any]) -> Example:
    plain: list[str] = []
    marks: list[Mark] = []
    length = position = 0
    for match in _MARKUP.finditer(written):
        before = written[position : match.start()]
        plain += [before, match["text"]]
        start = length + len(before)
        length = start + len(match["text"])
        marks.append(_mark(source, line, match, start))
        position = match.end()
    plain.append(written[position:])
    # What markup looks like but is not read is nearly always a typing error, so it is not passed over.
    if _LEFTOVER.search(_MARKUP.sub("", written)):
        raise ContentError(source, line, f"malformed entity markup in “{written}”; write [text](type)")
    return Example(_filled(source, line, "".join(plain).strip()), intent, tuple(marks), source, line, metadata)


def _mark(source: str, line: int, match: re.Match[str], start: int) -> Mark:
    end = start + len(match["text"])
    if match["json"] is None:
        kind, _, value = match["short"].partition(":")
        if not kind.strip():
            raise ContentError(source, line, f"the entity “{match['text']}” has no type")
        return Mark(kind.strip(), start, end, value or None)
    try:
        told = json.loads(match["json"])
    except json.JSONDecodeError as error:
        raise ContentError(source, line, f"the entity braces {match['json']} are not JSON: {error.msg}") from error
    if not isinstance(told.get("entity"), str) or not told["entity"]:
        raise ContentError(source, line, f"the entity braces {match['json']} need an “entity”")
    return Mark(told["entity"], start, end, told.get("value"), told.get("role"), told.get("group"))


def _refuse_two_labels(examples: list[Example]) -> None:
    first: dict[str, Example] = {}
    for example in examples:
        other = first.setdefault(example.text, example)
        if other.intent != example.intent:
            raise ContentError(
                example.source,
                example.line,
                f"“{example.text}” is {example.intent} here and {other.intent} at {other.source}:{other.line}",
            )
