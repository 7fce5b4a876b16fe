"""What the etiquette check has to know about a text besides its words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from words.language import Language
from words.mood import Mood


class Author(StrEnum):
    """Who wrote a text: the scripts, or a member of staff."""

    BOT = "bot"
    STAFF = "staff"


class Circumstance(StrEnum):
    """Something about the moment of writing that a rule may depend on."""

    FIRST = "first"
    AT_FAULT = "at_fault"
    BREAKING_IN = "breaking_in"
    CLOSING = "closing"
    DESK_CLOSED = "desk_closed"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Situation:
    """What the check has to know about a text besides its words.

    `first` is true for the first message of a conversation, `salutation` is the resident's form of address (王女士)
    where one is known, `allowed_phones` are numbers that may be named in full: the desk's own, the resident's own.

    What is not known is left at its default, and no rule asks about it: `local_now` is the time in the community's
    zone; `at_fault` says that the desk was late or wrong (domain.md A4), `breaking_in` that a member steps into a
    running talk (A9), `closing` that the matter is concluded (A7), `desk_open` whether the desk is staffed (A10);
    `others` are names and rooms of other residents (A12); `supported` are the claims on record (A11), None: not asked.
    `language` is what the text is written in, read from the text itself where it is not said.
    """

    author: Author
    first: bool = False
    mood: Mood = Mood.NEUTRAL
    salutation: str | None = None
    allowed_phones: tuple[str, ...] = ()
    local_now: datetime | None = None
    at_fault: bool = False
    breaking_in: bool = False
    closing: bool = False
    desk_open: bool | None = None
    others: tuple[str, ...] = ()
    supported: frozenset[str] | None = None
    language: Language | None = None

    def circumstances(self) -> frozenset[Circumstance]:
        """What holds at this moment."""
        holding = {
            Circumstance.FIRST: self.first,
            Circumstance.AT_FAULT: self.at_fault,
            Circumstance.BREAKING_IN: self.breaking_in,
            Circumstance.CLOSING: self.closing,
            Circumstance.DESK_CLOSED: self.desk_open is False,
            Circumstance.KNOWN: self.salutation is not None,
        }
        return frozenset(circumstance for circumstance, holds in holding.items() if holds)
