"""The tone a text is written in."""

from enum import StrEnum


class Mood(StrEnum):
    """What a text is written for, which decides what etiquette asks of it (domain.md A2, A5, A6)."""

    NEUTRAL = "neutral"
    COMPLAINT = "complaint"
    EMERGENCY = "emergency"
    WARM = "warm"
