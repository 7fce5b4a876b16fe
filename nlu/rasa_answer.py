"""What a Rasa server says of a message, and the ways in which it may say nothing."""

from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """Why a message could not be read by Rasa."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    STATUS = "status"
    BROKEN = "broken"
    UNKNOWN_LABEL = "unknown_label"
    RESTING = "resting"
    NOTHING = "nothing"  # Rasa answers, but knows no word of the message


class RasaError(Exception):
    """Rasa gave no answer that can be used; `failure` says of which kind."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{failure.value}: {detail}")
        self.failure = failure


class RasaMissingError(Exception):
    """Rasa is not installed where it should be, or could not do what was asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Rasa makes of a message: labels with their probabilities, the likeliest first.

    Entities that Rasa finds are left alone: the desk's readers give exact spans and the normal forms that forms need.
    """

    ranking: tuple[tuple[str, float], ...]
