"""Turns a message into named features: characters, words, their kinds, sounds, meanings, marks, signs of danger."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import rjieba

from nlu.danger import Danger, Signs
from nlu.entities.address import find_addresses
from nlu.entities.phone import find_phones
from nlu.entities.span import MASK, Span, mask
from nlu.latin import spaced_words, stretches
from nlu.lexicon import Wording, WordLists, any_of, concept_words
from nlu.normalise import fold, plain
from nlu.training_data import TrainingData
from words.content import ContentFiles
from words.syllables import syllable

# One weight per block of features, in the order of `Featuriser.blocks`; found by cross-validation.
BLOCK_WEIGHTS = (1.0, 0.5, 0.2, 0.7, 0.3, 0.3, 0.15)
# Which of the blocks hold the words, the lists and meanings, and the signs of danger.
WORDS, MEANT, SIGNS = 1, 4, 6

# Longer texts are cut where they are scored, so a message of a megabyte costs no more than a long complaint.
LONGEST = 600
_FEW = 4
_DIGITS = re.compile(r"[0-9]+")
# All numbers read alike, but for those one calls: who wants to ring 110 or 12345 means neither a room nor a mark.
_CALLED = frozenset({"110", "119", "120", "122", "12110", "12315", "12345"})
_LENGTHS = (3, 6, 12, 25, 50)
_ASKING = frozenset("吗么呢不没")


@dataclass(frozen=True, slots=True)
class Featuriser:
    """Makes the features of a text; the same object serves training and inference."""

    wording: Wording = field(default_factory=Wording)
    lists: WordLists = field(default_factory=WordLists)
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    synonyms: re.Pattern[str] | None = None
    canonical: Mapping[str, str] = field(default_factory=dict)
    danger: Danger = field(default_factory=Danger)

    @classmethod
    def build(cls, data: TrainingData, files: ContentFiles | None = None) -> "Featuriser":
        """A featuriser that knows the lookups, regexes and synonyms of the data, as Rasa's RegexFeaturizer does.

        With content files it also levels dialect, strips courtesy, and knows our concepts and signs of danger. Raises
        ContentError when one of those files is broken.
        """
        lists: dict[str, Sequence[str]] = {name: _plain(words) for name, words in data.lookups.items() if words}
        patterns = {name: re.compile("|".join(f"(?:{p})" for p in written)) for name, written in data.regexes.items()}
        canonical = {plain(variant): plain(word) for variant, word in data.synonyms.items()}
        canonical = {variant: word for variant, word in canonical.items() if variant and word}
        synonyms = re.compile(any_of(canonical)) if canonical else None
        if files is None:
            return cls(Wording(), WordLists.of(lists), patterns, synonyms, canonical)
        found = WordLists.of(lists | concept_words(files))
        return cls(Wording.read(files), found, patterns, synonyms, canonical, Danger.read(files))

    def clean(self, text: str) -> str:
        """What of a text is looked at: without addresses, telephones and courtesy, dialect levelled, numbers alike."""
        folded = fold(text[: 4 * LONGEST])
        return self._levelled(folded, _located(folded))[0]

    def _levelled(self, folded: str, spans: Sequence[Span]) -> tuple[str, str]:
        """What is looked at, and beside few words the courtesy that was around them: “好的，谢谢” thanks."""
        said = _said(folded, spans)
        core = self.wording.core(said)
        around = said.replace(core, "", 1) if len(core) <= _FEW else ""
        return self._alike(core)[:LONGEST], around

    def _alike(self, said: str) -> str:
        """With common words for those of dialect, and one number for all."""
        return _DIGITS.sub(_called, self.wording.level(said))

    def stretches(self, text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[list[str], ...]]:
        """The features of several stretches of one message."""
        danger = self.danger
        if len(spans) > 1 and len(text) <= LONGEST:
            folded = fold(text)
            danger = danger.within(self._alike(_said(folded, _located(folded))))
        return [self._blocks(text[start:end], danger) for start, end in spans]

    def blocks(self, text: str) -> tuple[list[str], ...]:
        """The features of a message or a part of one, block by block; a name begins with a mark of its block."""
        return self._blocks(text, self.danger)

    def _blocks(self, text: str, danger: Danger) -> tuple[list[str], ...]:
        folded = fold(text[: 4 * LONGEST])
        spans = _located(folded)
        clean, around = self._levelled(folded, spans)
        marked = f"^{clean}$"
        chars = [f"c:{char}" for char in clean] + [f"c:{a}{b}" for a, b in pairwise(marked)]
        sounds = [sound(char) for char in clean]
        signs = danger.signs(clean).features()
        tagged = rjieba.tag(clean)
        words, kinds = [word for word, _ in tagged], [kind for _, kind in tagged]
        if spaced := spaced_words(mask(folded, spans)[:LONGEST]):
            words = spaced
            chars += [f"c:{stretch}" for stretch in stretches(spaced)]
        shapes = _grams("g", kinds) + [f"g:{a} {b} {c}" for a, b, c in zip(kinds, kinds[1:], kinds[2:], strict=False)]
        return (
            chars,
            _grams("w", words),
            shapes,
            _grams("p", sounds),
            self._meant(clean),
            _marks(folded, clean, spans) + [f"m:beside {char}" for char in around],
            signs,
        )

    def signs(self, text: str) -> Signs:
        """The signs of danger in a message or a part of one."""
        return self.danger.signs(self.clean(text))

    def _meant(self, clean: str) -> list[str]:
        found = [f"l:{name}" for name, pattern in self.patterns.items() if pattern.search(clean)]
        if self.synonyms is not None:
            found += [f"s:{self.canonical[match]}" for match in self.synonyms.findall(clean)]
        for name, words in self.lists.found(clean).items():
            found += [f"l:{name}"] + [f"l:{name}+"] * (len(words) > 1)
        return found


def readable(name: str) -> str:
    """A feature's name for people: the word itself, or in brackets the sound, list or sign that it stands for."""
    kind, _, body = name.partition(":")
    return f"[{body}]" if kind in {"p", "l", "m", "d", "g"} else body.replace(" ", "")


def _said(folded: str, spans: Sequence[Span]) -> str:
    """The normalised text without its telephones and addresses."""
    return plain(mask(folded, spans)).replace(MASK, "")


def _located(folded: str) -> list[Span]:
    """Telephones and addresses: where somebody lives says nothing of what they want, and answers hold little else."""
    found = find_phones(folded)
    return found + find_addresses(folded, mask(folded, found))


def _marks(folded: str, clean: str, spans: Sequence[Span]) -> list[str]:
    """Question and exclamation marks, how long the text is, whether it asks, whether it names two places."""
    marks = [f"m:{mark}" for mark in "?!" if mark in folded]
    types = [span.type for span in spans]
    marks += ["m:two places"] * (len(types) > len(set(types)))
    marks.append(f"m:length {bisect_left(_LENGTHS, len(clean))}")
    return [*marks, "m:asks"] if clean[-1:] in _ASKING else marks


def _grams(kind: str, units: Sequence[str]) -> list[str]:
    return [f"{kind}:{unit}" for unit in units] + [f"{kind}:{a} {b}" for a, b in pairwise(units)]


@lru_cache(maxsize=30_000)
def sound(char: str) -> str:
    """How a character is read, as those hear it who write z for zh and in for ing."""
    # n/l and retroflex slips are the commonest typing errors by ear.
    return _EAR.sub(lambda match: _ALIKE[match[0]], syllable(char))


_ALIKE = {"zh": "z", "ch": "c", "sh": "s", "ang": "an", "eng": "en", "ing": "in"}
_EAR = re.compile(r"^(?:zh|ch|sh)|(?:ang|eng|ing)$")


def _plain(words: Iterable[str]) -> list[str]:
    return [said for word in words if (said := plain(word))]


def _called(number: re.Match[str]) -> str:
    return number[0] if number[0] in _CALLED else "0"
