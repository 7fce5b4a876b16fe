"""Finds gaps and slips in the training data and the held-out sets, before they become wrong answers."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nlu.features import sound
from nlu.heldout import Heldout
from nlu.labels import Labels
from nlu.normalise import normalise
from nlu.training_data import Example, TrainingData
from nlu.types import EntityType

FEWEST_EXAMPLES = 40
FEWEST_HELDOUT = 10
# What a copy is: the overlap of character pairs, from so many characters on; a piece or a sound from so many more.
ALIKE = 0.85
SHORT = 6
OWN_WORDS = 8
_SOUNDS_ALIKE, _WITHIN = 0.6, 0.75
# Vocabulary that examples may use without being complete: an intent with categories may also stand alone.
_ENTITIES = frozenset(EntityType)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend: where it is, and what is wrong in one sentence."""

    file: str
    line: int | None
    message: str


def check_data(training: TrainingData, heldout: Heldout, labels: Labels) -> list[Finding]:
    """All findings, gaps both ways: labels without enough examples or held-out sentences, and the examples' slips."""
    # Marked messages teach too, though not the heads: they are no better for being copies.
    marked = [Example(message.text, "", (), message.source, message.line) for message in training.splitting]
    return [
        *_gaps(training.examples, labels, FEWEST_EXAMPLES, "data/nlu", "training examples"),
        *_gaps(heldout.examples, labels, FEWEST_HELDOUT, "tests/nlu/heldout", "held-out sentences"),
        *_unknown([*training.examples, *heldout.examples], labels),
        *_repeated([*training.examples, *marked]),
        *_leaked([*training.examples, *marked], heldout),
        *_alike(training.examples, heldout.examples),
    ]


def _gaps(examples: Sequence[Example], labels: Labels, fewest: int, place: str, what: str) -> Iterator[Finding]:
    counts = Counter(example.intent for example in examples)
    for label in labels.all():
        if counts[label] < fewest:
            yield Finding(place, None, f"{label} has {counts[label]} {what}; at least {fewest} are needed")


def _unknown(examples: Sequence[Example], labels: Labels) -> Iterator[Finding]:
    for example in examples:
        if example.intent not in labels:
            yield Finding(example.source, example.line, f"unknown label {example.intent}")
        for mark in example.marks:
            if mark.type not in _ENTITIES:
                yield Finding(example.source, example.line, f"unknown entity {mark.type}")


def _repeated(examples: Sequence[Example]) -> Iterator[Finding]:
    first: dict[str, Example] = {}
    for example in examples:
        other = first.setdefault(key_of(example.text), example)
        if other is not example:
            labels = "" if other.intent == example.intent else f", there as {other.intent}, here as {example.intent}"
            place = f"{other.source}:{other.line}"
            yield Finding(example.source, example.line, f"“{example.text}” is already at {place}{labels}")


def _leaked(examples: Sequence[Example], heldout: Heldout) -> Iterator[Finding]:
    """Held-out messages that a training example repeats, wholly, nearly, by ear, or as a long piece of one.

    “谢谢” and “好的” are said by everybody; only a longer text betrays a copy.
    """
    trained = [(example, Shape.of(key_of(example.text))) for example in examples]
    trained = [(example, shape) for example, shape in trained if len(shape.key) >= OWN_WORDS]
    holders: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, (_, shape) in enumerate(trained):
        for pair in shape.sounds:
            holders[pair].append(place)
    for text, source, line in [
        *((example.text, example.source, example.line) for example in heldout.examples),
        *((message.text, message.source, message.line) for message in heldout.many),
    ]:
        shape = Shape.of(key_of(text))
        if len(shape.key) < OWN_WORDS:
            continue
        shared = Counter(place for pair in shape.sounds for place in holders[pair])
        for place, common in shared.most_common():
            example, theirs = trained[place]
            # What shares less than half of its sounds cannot be a copy either way, and needs no closer look.
            if 2 * common >= min(len(shape.sounds), len(theirs.sounds)) and shape.copies(theirs):
                where = f"{example.source}:{example.line}"
                yield Finding(source, line, f"“{text}” is also a training example, at {where}: “{example.text}”")
                break


@dataclass(frozen=True, slots=True)
class Shape:
    """What a copy is known by: pairs of sounds, and stretches of three characters."""

    key: str
    sounds: frozenset[tuple[str, ...]]
    threes: frozenset[str]

    @classmethod
    def of(cls, key: str) -> "Shape":
        """The shape of a compared text."""
        sounds = [sound(char) for char in key]
        return cls(key, frozenset(pairwise(sounds)), frozenset(key[at : at + 3] for at in range(len(key) - 2)))

    def copies(self, other: "Shape") -> bool:
        """Whether most of both sounds alike, or nearly all of the shorter one stands in the other."""
        alike = len(self.sounds & other.sounds) / len(self.sounds | other.sounds)
        within = len(self.threes & other.threes) / min(len(self.threes), len(other.threes))
        return alike >= _SOUNDS_ALIKE or within >= _WITHIN


def _alike(examples: Sequence[Example], heldout: Sequence[Example]) -> Iterator[Finding]:
    """Near duplicates by the overlap (Jaccard) of character pairs; a pair is told once, at its later place."""
    said = [(example, frozenset(a + b for a, b in pairwise(key_of(example.text)))) for example in [*examples, *heldout]]
    said = [(example, pairs) for example, pairs in said if len(pairs) >= SHORT - 1]
    common = Counter(pair for _, pairs in said for pair in pairs)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place, (example, pairs) in enumerate(said):
        # Two sets that overlap so much share one of the rarest few of each, so only those need to be looked up.
        rarest = sorted(pairs, key=lambda pair: (common[pair], pair))[: len(pairs) - math.ceil(ALIKE * len(pairs)) + 1]
        for other in sorted({other for pair in rarest for other in holders[pair]}):
            known, theirs = said[other]
            if ALIKE <= len(pairs & theirs) / len(pairs | theirs) < 1:
                yield Finding(example.source, example.line, f"“{example.text}” is nearly {known.source}:{known.line}")
                break
        for pair in rarest:
            holders[pair].append(place)


def key_of(text: str) -> str:
    """What of a text is compared: its letters and digits, folded."""
    return normalise(text).text
