"""What a stretch of a message asks for, as the model reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

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


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads stretches of one message, each once."""

    model: Model
    featuriser: Featuriser
    text: str
    known: dict[tuple[int, int], Part] = field(default_factory=dict)

    def __call__(self, start: int, end: int) -> Part:
        """What the model reads from one offset to another."""
        if (start, end) not in self.known:
            self.ahead([(start, end)])
        return self.known[start, end]

    def ahead(self, spans: Sequence[tuple[int, int]]) -> None:
        """Read together what will be asked for, which costs far less than one by one."""
        new = [span for span in dict.fromkeys(spans) if span not in self.known]
        if not new:
            return
        blocks = self.featuriser.stretches(self.text, new)
        for (start, end), reading, block in zip(new, self.model.read_all(blocks), blocks, strict=True):
            self.known[start, end] = Part(start, end, self.text[start:end], reading, frozenset(block[MEANT]))


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
    reading = part.reading
    read = [*zip(reading.margins.tolist(), reading.intents, strict=True)]
    allowed = [told for told in read if told[1] not in barred] or read
    margin, intent = max(allowed, key=itemgetter(0))
    # “漏水了，快来人” presses for the repair: that it might be hurry alone casts no doubt on it.
    beside = {intent, "progress"} if intent == "repair" else {intent}
    second = max((rival for rival, name in allowed if name not in beside), default=-2.0)
    return Ask(intent, model.category(reading, intent), part, margin, margin - second)
