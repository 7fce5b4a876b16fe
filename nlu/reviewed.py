"""Checks labels that people gave to messages, by the rules that hold for every training example."""

import difflib
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from nlu.check import ALIKE, OWN_WORDS, SHORT, Shape, key_of
from nlu.heldout import Heldout
from nlu.labels import Labels
from nlu.masks import Masks
from nlu.own import Labelled
from nlu.training_data import Example

LONGEST = 600
"""Code points of the longest example; of a longer message one keeps the sentence that tells."""
_LIKELY = 0.6


class Fault(StrEnum):
    """Why a labelled message cannot become an example."""

    NO_LABEL = "no_label"
    NO_MESSAGE = "no_message"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    PERSONAL = "personal"
    OTHER_LABEL = "other_label"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be taken, why, and what helps to mend it: a label, words of the text, or a place."""

    line: int
    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What can be learned (`fresh`), what is known already under the same label, and what is refused."""

    fresh: tuple[Labelled, ...]
    known: tuple[Labelled, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """What there is: the examples of training, the sentences held out, the labels, and the marks of personal data."""

    training: Sequence[Example]
    heldout: Heldout
    labels: Labels
    masks: Masks


def check_labelled(given: Sequence[Labelled], there: Examples) -> Checked:
    """Sort labelled messages into what is new, what is known and what is refused; a text is taken once."""
    known = Near.of(there.training)
    held = _Held.of(there.heldout)
    texts: dict[str, Labelled] = {}
    fresh: list[Labelled] = []
    old: list[Labelled] = []
    refused: list[Refused] = []
    for one in (_tidied(each) for each in given):
        key = key_of(one.text)
        before = texts.setdefault(key, one)
        fault = _fault(one, there) or _clash(one, key, before, known)
        if fault is None and (place := held.copied(key)):
            fault = Fault.HELD_OUT, place
        if fault is not None:
            refused.append(Refused(one.line, *fault))
        elif before is not one or known.same(one.text, one.label):
            old.append(one)
        else:
            fresh.append(one)
    return Checked(tuple(fresh), tuple(old), tuple(refused))


def one_line(text: str) -> str:
    """The text in one line without control characters; square brackets would be read as marks of entities."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(plain.split()).replace("[", "［").replace("]", "］").lstrip("- ")


def _tidied(one: Labelled) -> Labelled:
    return Labelled(one_line(one.text), one.label.strip(), one.line)


def _fault(one: Labelled, there: Examples) -> tuple[Fault, str] | None:
    if one.label not in there.labels:
        close = difflib.get_close_matches(one.label, there.labels.all(), n=1, cutoff=_LIKELY)
        return Fault.NO_LABEL, f"{one.label} → {close[0]}?" if close else one.label
    if not any(char.isalnum() for char in one.text):
        return Fault.EMPTY, one.text
    if len(one.text) > LONGEST:
        return Fault.TOO_LONG, str(len(one.text))
    personal = there.masks.left(one.text)
    return None if personal is None else (Fault.PERSONAL, personal)


def _clash(one: Labelled, key: str, before: Labelled, known: "Near") -> tuple[Fault, str] | None:
    if before.label != one.label:
        return Fault.OTHER_LABEL, f"{before.label}:{before.line}"
    example = known.exact.get(key)
    if example is not None and example.intent != one.label:
        return Fault.OTHER_LABEL, f"{example.intent}, {example.source}:{example.line}"
    return None


@dataclass(frozen=True, slots=True)
class Near:
    """Examples by their words, so that one that says nearly the same is found at once."""

    examples: Sequence[Example]
    exact: dict[str, Example]
    pairs: Sequence[frozenset[str]]
    holders: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Near":
        """The examples, made ready."""
        keys = [key_of(example.text) for example in examples]
        exact: dict[str, Example] = {}
        for key, example in zip(keys, examples, strict=True):
            exact.setdefault(key, example)
        found = cls(examples, exact, [_pairs(key) for key in keys])
        for place, pairs in enumerate(found.pairs):
            for pair in pairs:
                found.holders[pair].append(place)
        return found

    def same(self, text: str, label: str) -> bool:
        """Whether an example of the same label says the same or nearly so, which teaches nothing again."""
        key = key_of(text)
        if key in self.exact:
            return True
        pairs = _pairs(key)
        if len(pairs) < SHORT - 1:
            return False
        # Two sets that overlap so much share one of the rarest few of the one.
        rarest = sorted(pairs, key=lambda pair: len(self.holders.get(pair, ())))
        wanted = rarest[: len(pairs) - math.ceil(ALIKE * len(pairs)) + 1]
        places = {place for pair in wanted for place in self.holders.get(pair, ())}
        return any(
            self.examples[place].intent == label
            and len(pairs & self.pairs[place]) >= ALIKE * len(pairs | self.pairs[place])
            for place in places
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """The held-out sentences, of which no example may be a copy: a model that knew them could not be measured."""

    sentences: Sequence[tuple[Shape, frozenset[str], str]]

    @classmethod
    def of(cls, heldout: Heldout) -> "_Held":
        told = [(e.text, e.source, e.line) for e in heldout.examples]
        told += [(m.text, m.source, m.line) for m in heldout.many]
        return cls(
            [(Shape.of(key), _pairs(key), f"{file}:{line}") for text, file, line in told if (key := key_of(text))]
        )

    def copied(self, key: str) -> str | None:
        """The place of a held-out sentence that the text repeats, wholly, nearly, by ear, or as a long piece."""
        shape, pairs = Shape.of(key), _pairs(key)
        if len(pairs) < SHORT - 1:
            return None
        for theirs, their_pairs, place in self.sentences:
            long = min(len(key), len(theirs.key)) >= OWN_WORDS
            if len(pairs & their_pairs) >= ALIKE * len(pairs | their_pairs) or (long and shape.copies(theirs)):
                return place
        return None


def _pairs(key: str) -> frozenset[str]:
    return frozenset(a + b for a, b in pairwise(key))
