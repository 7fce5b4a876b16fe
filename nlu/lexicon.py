"""Reads the word lists below `data/lexicon/` that understanding leans on besides the training data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ruamel.yaml.comments import CommentedMap

from words.content import ContentFiles, line_of
from words.errors import ContentError

FOLDER = "lexicon"
_CONCEPTS = f"{FOLDER}/concepts.yml"


@dataclass(frozen=True, slots=True)
class Wording:
    """Courtesy to strip and dialect to level, compiled."""

    head: re.Pattern[str] | None = None
    tail: re.Pattern[str] | None = None
    dialect: re.Pattern[str] | None = None
    replacements: Mapping[str, str] | None = None

    @classmethod
    def read(cls, files: ContentFiles) -> "Wording":
        """Read `wrappers.yml` and `dialect.yml`; raises ContentError when a list is missing."""
        wrappers = mapping(files, f"{FOLDER}/wrappers.yml")
        dialect = mapping(files, f"{FOLDER}/dialect.yml").get("replace") or {}
        replacements = {str(variant): str(word) for variant, word in dialect.items()}
        return cls(
            re.compile(f"(?:{any_of(wrappers['head'])})+"),
            # Reversed, because a pattern anchored at the end alone would be tried at every offset.
            re.compile(f"(?:{any_of(word[::-1] for word in wrappers['tail'])})+"),
            re.compile(any_of(replacements)),
            replacements,
        )

    def core(self, text: str) -> str:
        """The normalised text without its courtesy, or the whole text when hardly anything else is there."""
        start, end = 0, len(text)
        if self.head is not None and (match := self.head.match(text)):
            start = match.end()
        if self.tail is not None and (match := self.tail.match(text[start:][::-1])):
            end -= match.end()
        # “不打扰了” is no “不”: of a single character the courtesy around it says more than it does.
        return text[start:end] if end - start > 1 else text

    def level(self, text: str) -> str:
        """The text with dialect words and hasty abbreviations replaced by common words."""
        if self.dialect is None or self.replacements is None:
            return text
        replacements = self.replacements
        return self.dialect.sub(lambda match: replacements[match[0]], text)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of which a text may be made up without anything between them."""

    words: frozenset[str]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> "Vocabulary":
        """These words, of which none is empty."""
        found = frozenset(words)
        return cls(found, tuple(sorted({len(word) for word in found})))

    def makes_up(self, text: str) -> bool:
        """Whether a text is nothing but such words; as the words overlap, a pattern could try for years."""
        reached = {0}
        for start in range(len(text)):
            if start in reached:
                reached.remove(start)
                reached.update(start + n for n in self.lengths if text[start : start + n] in self.words)
            if not reached:
                return False
        return len(text) in reached


def answer_words(files: ContentFiles) -> Vocabulary:
    """What may stand around a bare answer, from `answers.yml`."""
    listed = mapping(files, f"{FOLDER}/answers.yml").get("around") or ()
    return Vocabulary.of(str(word) for word in listed)


def any_of(words: Iterable[str]) -> str:
    """A regular expression for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))


def mapping(files: ContentFiles, name: str) -> CommentedMap:
    """A content file that must hold a mapping; raises ContentError otherwise."""
    root = files.read(name)
    if not isinstance(root, CommentedMap):
        raise ContentError(name, 1, "should hold a mapping")
    return root


def concepts(files: ContentFiles) -> dict[str, re.Pattern[str]]:
    """The word lists of `concepts.yml`, each compiled; raises ContentError when one is empty."""
    return {name: re.compile(any_of(words)) for name, words in concept_words(files).items()}


def concept_words(files: ContentFiles) -> dict[str, Sequence[str]]:
    """The word lists of `concepts.yml`; raises ContentError when one is empty."""
    listed = mapping(files, _CONCEPTS).get("concepts") or CommentedMap()
    for name, words in listed.items():
        if not words:
            raise ContentError(_CONCEPTS, line_of(listed, name), f"the concept “{name}” holds no words")
    return {str(name): [str(word) for word in words] for name, words in listed.items()}


@dataclass(frozen=True, slots=True)
class WordLists:
    """Named lists of words that are looked for all at once: at each place of a text, the stretches that some list has.

    A pass over the text costs the same however many lists there are, which as many patterns would not. `lengths` tells
    for a character how long the words are that begin with it, the longest first.
    """

    holders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, lists: Mapping[str, Iterable[str]]) -> "WordLists":
        """The lists under their names."""
        holders: dict[str, tuple[str, ...]] = {}
        for name, words in lists.items():
            for word in set(words):
                holders[word] = (*holders.get(word, ()), name)
        lengths: dict[str, set[int]] = {}
        for word in holders:
            lengths.setdefault(word[:1], set()).add(len(word))
        return cls(holders, {char: tuple(sorted(found, reverse=True)) for char, found in lengths.items()})

    def found(self, text: str) -> dict[str, set[str]]:
        """The lists of which words stand in a text, with these words; within a list the longest at a place counts."""
        found: dict[str, set[str]] = {}
        taken: dict[str, int] = {}
        for start, char in enumerate(text):
            for length in self.lengths.get(char, ()):
                for name in self.holders.get(text[start : start + length], ()):
                    if taken.get(name, 0) <= start:
                        found.setdefault(name, set()).add(text[start : start + length])
                        taken[name] = start + length
        return found
