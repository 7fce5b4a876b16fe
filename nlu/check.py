"""Finds gaps and slips in the training data and the held-out sets, before they become wrong answers."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nlu.heldout import Heldout
from nlu.labels import Labels
from nlu.normalise import normalise
from nlu.training_data import Example, TrainingData
from nlu.types import EntityType

FEWEST_EXAMPLES = 40
FEWEST_HELDOUT = 10
_ALIKE = 0.85
_SHORT = 6
_OWN_WORDS = 8
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
    return [
        *_gaps(training.examples, labels, FEWEST_EXAMPLES, "data/nlu", "training examples"),
        *_gaps(heldout.examples, labels, FEWEST_HELDOUT, "tests/nlu/heldout", "held-out sentences"),
        *_unknown([*training.examples, *heldout.examples], labels),
        *_repeated(training.examples),
        *_leaked(training.examples, heldout),
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
        other = first.setdefault(_key(example.text), example)
        if other is not example:
            labels = "" if other.intent == example.intent else f", there as {other.intent}, here as {example.intent}"
            place = f"{other.source}:{other.line}"
            yield Finding(example.source, example.line, f"“{example.text}” is already at {place}{labels}")


def _leaked(examples: Sequence[Example], heldout: Heldout) -> Iterator[Finding]:
    trained = {_key(example.text): example for example in examples}
    for text, source, line in [
        *((example.text, example.source, example.line) for example in heldout.examples),
        *((message.text, message.source, message.line) for message in heldout.many),
    ]:
        # “谢谢” and “好的” are said by everybody; only a longer text betrays a copy.
        if len(_key(text)) >= _OWN_WORDS and (other := trained.get(_key(text))) is not None:
            yield Finding(source, line, f"“{text}” is also a training example, at {other.source}:{other.line}")


def _alike(examples: Sequence[Example], heldout: Sequence[Example]) -> Iterator[Finding]:
    """Near duplicates by the overlap (Jaccard) of character pairs; a pair is told once, at its later place."""
    said = [(example, frozenset(a + b for a, b in pairwise(_key(example.text)))) for example in [*examples, *heldout]]
    said = [(example, pairs) for example, pairs in said if len(pairs) >= _SHORT - 1]
    common = Counter(pair for _, pairs in said for pair in pairs)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place, (example, pairs) in enumerate(said):
        # Two sets that overlap so much share one of the rarest few of each, so only those need to be looked up.
        rarest = sorted(pairs, key=lambda pair: (common[pair], pair))[: len(pairs) - math.ceil(_ALIKE * len(pairs)) + 1]
        for other in sorted({other for pair in rarest for other in holders[pair]}):
            known, theirs = said[other]
            if _ALIKE <= len(pairs & theirs) / len(pairs | theirs) < 1:
                yield Finding(example.source, example.line, f"“{example.text}” is nearly {known.source}:{known.line}")
                break
        for pair in rarest:
            holders[pair].append(place)


def _key(text: str) -> str:
    return normalise(text).text
