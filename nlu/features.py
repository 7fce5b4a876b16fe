"""Turns a message into named features: characters, words, sounds and the lists of the data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pypinyin
import rjieba

from nlu.lexicon import Wording, any_of
from nlu.normalise import normalise
from nlu.training_data import TrainingData

# One weight per block of features, in the order of `Featuriser.blocks`.
BLOCK_WEIGHTS = (1.0, 0.5, 0.7, 0.3)

_DIGITS = re.compile(r"[0-9]+")
# Longer texts are cut where they are scored, so a message of a megabyte costs no more than a long complaint.
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Featuriser:
    """Makes the features of a text; the same object serves training and inference."""

    wording: Wording
    lists: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    synonyms: re.Pattern[str] | None = None
    canonical: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def build(cls, wording: Wording, data: TrainingData) -> "Featuriser":
        """A featuriser that knows the lookups, regexes and synonyms of the data, as Rasa's RegexFeaturizer does."""
        lists = {name: re.compile(any_of(_plain(words))) for name, words in data.lookups.items() if words}
        lists |= {name: re.compile("|".join(f"(?:{p})" for p in written)) for name, written in data.regexes.items()}
        canonical = {normalise(variant).text: normalise(word).text for variant, word in data.synonyms.items()}
        canonical = {variant: word for variant, word in canonical.items() if variant and word}
        return cls(wording, lists, re.compile(any_of(canonical)) if canonical else None, canonical)

    def clean(self, text: str) -> str:
        """What of a text is looked at: normalised, without courtesy, dialect levelled, numbers made alike."""
        core = self.wording.core(normalise(text[: 4 * _LONGEST]).text)
        return _DIGITS.sub("0", self.wording.level(core))[:_LONGEST]

    def blocks(self, text: str) -> tuple[list[str], ...]:
        """The features of a cleaned text, block by block; a name begins with a mark of its block."""
        marked = f"^{text}$"
        chars = [f"c:{char}" for char in text] + [f"c:{a}{b}" for a, b in zip(marked, marked[1:], strict=False)]
        words = rjieba.cut(text)
        sounds = [_sound(char) for char in text]
        return chars, _grams("w", words), _grams("p", sounds), self._listed(text)

    def _listed(self, text: str) -> list[str]:
        found: list[str] = []
        for name, pattern in self.lists.items():
            if pattern.search(text):
                found.append(f"l:{name}")
        if self.synonyms is not None:
            found += [f"s:{self.canonical[match]}" for match in self.synonyms.findall(text)]
        return found


def readable(name: str) -> str:
    """A feature's name for people: the word, the sound in brackets, or the list it was found in."""
    kind, _, body = name.partition(":")
    return f"[{body}]" if kind in {"p", "l"} else body


def _grams(kind: str, units: Sequence[str]) -> list[str]:
    pairs = zip(units, units[1:], strict=False)
    return [f"{kind}:{unit}" for unit in units] + [f"{kind}:{a} {b}" for a, b in pairs]


@lru_cache(maxsize=30_000)
def _sound(char: str) -> str:
    read = pypinyin.lazy_pinyin(char)
    # n/l and retroflex slips are the commonest typing errors by ear.
    return _EAR.sub(lambda match: _ALIKE[match[0]], str(read[0])) if read else char


_ALIKE = {"zh": "z", "ch": "c", "sh": "s", "ang": "an", "eng": "en", "ing": "in"}
_EAR = re.compile(r"^(?:zh|ch|sh)|(?:ang|eng|ing)$")


def _plain(words: Iterable[str]) -> list[str]:
    return [plain for word in words if (plain := normalise(word).text)]
