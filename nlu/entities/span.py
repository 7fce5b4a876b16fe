"""What the readers of entities share: a found span, and the text in which found spans are masked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nlu.types import Entity, EntityType

# A private-use character that no pattern matches stands where an entity was already read.
MASK = "\ue000"


@dataclass(frozen=True, slots=True)
class Span:
    """An entity found in the folded text, which is as long as the original."""

    type: EntityType
    start: int
    end: int
    value: str


def mask(folded: str, spans: Iterable[Span]) -> str:
    """The text with the spans covered, so that the next reader does not take them for something else."""
    pieces: list[str] = []
    position = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start >= position:
            pieces += [folded[position : span.start], MASK * (span.end - span.start)]
            position = span.end
    pieces.append(folded[position:])
    return "".join(pieces)


def group_span(type_: EntityType, match: re.Match[str], group: str, value: str) -> Span:
    """The span of a named group of a match."""
    return Span(type_, match.start(group), match.end(group), value)


def entity(text: str, span: Span) -> Entity:
    """The entity as it crosses the border: with the words of the original text."""
    return Entity(span.type, text[span.start : span.end], span.start, span.end, span.value)
