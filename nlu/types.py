"""The small frozen vocabulary that crosses the border of this package: what a message was understood to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Intent(StrEnum):
    """What a resident wants; the meaning of each is fixed in the label rules (docs/glossary.md).

    The last five are dialogue acts: answers inside a conversation rather than requests of their own.
    """

    INQUIRY = "inquiry"
    REPAIR = "repair"
    COMPLAINT = "complaint"
    FEE = "fee"
    PRAISE = "praise"
    SUGGESTION = "suggestion"
    PROGRESS = "progress"
    HUMAN = "human"
    EMERGENCY = "emergency"
    GREET = "greet"
    THANKS = "thanks"
    BYE = "bye"
    CHITCHAT = "chitchat"
    OUT_OF_SCOPE = "out_of_scope"
    AFFIRM = "affirm"
    DENY = "deny"
    CANCEL = "cancel"
    CORRECT = "correct"
    RATE = "rate"


class EntityType(StrEnum):
    """The kinds of named things that are read from a message."""

    BUILDING = "building"
    UNIT = "unit"
    ROOM = "room"
    PERSON = "person"
    PHONE = "phone"
    TIME = "time"
    PLACE = "place"
    MONEY = "money"
    FEE_TYPE = "fee_type"
    OBJECT = "object"


class EngineKind(StrEnum):
    """Who names what a message is about: this process alone, or a Rasa server with this process behind it."""

    EMBEDDED = "embedded"
    RASA = "rasa"


@dataclass(frozen=True, slots=True)
class Entity:
    """A span of the original text and its normal form.

    `start` and `end` are code-point offsets into the original text. `value` is the canonical string: `3栋`, `2单元`,
    `1502`, phone digits, an ISO 8601 interval `start/end` for a time, fen for money.
    """

    type: EntityType
    text: str
    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that a message asks for; a message holds one or more."""

    intent: Intent
    category: str | None
    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Understanding:
    """Everything that was read from one message.

    `intent` is always the best guess; `unsure` says that the desk should not act on it without asking. `emergency` is
    the kind of danger going on now, or None. `trace` holds the deciding words with their weight, for “why did the bot
    say this”. `fallback` says that this was read by an engine that stands in for another one, which did not answer.
    """

    text: str
    intent: Intent
    confidence: float
    unsure: bool
    category: str | None
    emergency: str | None
    requests: tuple[Request, ...]
    entities: tuple[Entity, ...]
    model_version: str
    trace: tuple[tuple[str, float], ...] = field(default=())
    fallback: bool = False

    def first(self, kind: EntityType) -> Entity | None:
        """The first entity of a kind in the order of the text, or None."""
        return next((entity for entity in self.entities if entity.type is kind), None)


class Engine(Protocol):
    """An engine that understands messages; implementations are pure and safe to call from any thread."""

    @property
    def version(self) -> str:
        """A hash of the data and code that made this engine, stored with every message it understood."""
        ...

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """Read one message; `now` (aware) anchors times such as 明早. Never raises, whatever the text."""
        ...


def as_json(understanding: Understanding) -> Mapping[str, object]:
    """The stable form of the `desk parse` contract, ready for `json.dumps`."""
    return {
        "text": understanding.text,
        "intent": understanding.intent.value,
        "confidence": round(understanding.confidence, 4),
        "unsure": understanding.unsure,
        "category": understanding.category,
        "emergency": understanding.emergency,
        "requests": [
            {
                "intent": request.intent.value,
                "category": request.category,
                "text": request.text,
                "start": request.start,
                "end": request.end,
            }
            for request in understanding.requests
        ],
        "entities": [
            {"type": e.type.value, "text": e.text, "start": e.start, "end": e.end, "value": e.value}
            for e in understanding.entities
        ],
    }
