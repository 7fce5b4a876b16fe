"""Finds things by the lists of the data: places, objects, kinds of fees."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nlu.entities.span import Span
from nlu.lexicon import any_of
from nlu.normalise import fold
from nlu.training_data import TrainingData
from nlu.types import EntityType

_KINDS = (EntityType.FEE_TYPE, EntityType.PLACE, EntityType.OBJECT)


@dataclass(frozen=True, slots=True)
class Lookups:
    """The compiled lookup lists, and what each written form is canonically called."""

    patterns: Mapping[EntityType, re.Pattern[str]] = field(default_factory=dict)
    canonical: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def build(cls, data: TrainingData) -> "Lookups":
        """Compile the lookups of the data; lists for other entity types are left to the classifier."""
        canonical = {fold(variant): word for variant, word in data.synonyms.items()}
        listed = {
            kind: [fold(word) for word in data.lookups.get(kind.value, ())]
            + [variant for variant, word in canonical.items() if word in data.lookups.get(kind.value, ())]
            for kind in _KINDS
        }
        return cls({kind: re.compile(any_of(words)) for kind, words in listed.items() if words}, canonical)

    def find(self, masked: str) -> list[Span]:
        """All listed things; where two lists claim a place in the text, the longer word has it."""
        found = [
            Span(kind, match.start(), match.end(), self.canonical.get(match[0], match[0]))
            for kind, pattern in self.patterns.items()
            for match in pattern.finditer(masked)
        ]
        taken: list[Span] = []
        reached = -1
        for span in sorted(found, key=lambda span: (span.start, -span.end)):
            if span.start >= reached:
                taken.append(span)
                reached = span.end
        return taken
