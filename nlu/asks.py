"""What a stretch of a message asks for, as the model reads it."""

from dataclasses import dataclass

import numpy as np

from nlu.features import MEANT, Featuriser
from nlu.model import Model, Reading

# Talk around a request: never a request of its own when something else is there.
SOCIAL = frozenset({"greet", "thanks", "bye", "chitchat", "affirm", "deny"})


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a message with what the model read in it, and the lists and meanings that it touches."""

    start: int
    end: int
    text: str
    reading: Reading
    meant: frozenset[str] = frozenset()

    @classmethod
    def read(cls, model: Model, featuriser: Featuriser, text: str, start: int, end: int) -> "Part":
        """What the model reads in a stretch of a text."""
        stretch = text[start:end]
        blocks = featuriser.blocks(stretch)
        return cls(start, end, stretch, model.read(blocks), frozenset(blocks[MEANT]))


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its label, where it stands, and how sure the model is of it."""

    intent: str
    category: str | None
    part: Part
    margin: float
    lead: float


def best(model: Model, part: Part, barred: frozenset[str] = frozenset()) -> Ask:
    """What a stretch asks for, apart from barred intents."""
    order = np.argsort(-part.reading.margins, kind="stable")
    names = [part.reading.intents[int(place)] for place in order]
    allowed = [place for place, name in zip(order, names, strict=True) if name not in barred] or list(order)
    margins = part.reading.margins
    intent = part.reading.intents[int(allowed[0])]
    # “漏水了，快来人” presses for the repair: that it might be hurry alone casts no doubt on it.
    rivals = [place for place in allowed[1:] if intent != "repair" or part.reading.intents[int(place)] != "progress"]
    second = float(margins[rivals[0]]) if rivals else -2.0
    lead = float(margins[allowed[0]]) - second
    return Ask(intent, model.category(part.reading, intent), part, float(margins[allowed[0]]), lead)
