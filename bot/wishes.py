"""Wishes that are plain from their words: to be bound or let go, to know, take or erase what is held, and the like.

They stand in `data/phrases.yml` as regular expressions, which are matched with the folded text without its spaces.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nlu.normalise import fold
from words.content import line_of
from words.errors import ContentError
from words.fields import Fields


class Wish(StrEnum):
    """What somebody wants, or does, beside what the vocabulary of requests holds."""

    ERASE = "erase"
    EXPORT = "export"
    HELD = "held"
    PRIVACY = "privacy"
    UNBIND = "unbind"
    NO_CODE = "no_code"
    BIND = "bind"
    AGAIN = "again"
    RESCHEDULE = "reschedule"
    OTHER_TIME = "other_time"
    SHOWS = "shows"
    ASKS = "asks"
    ALL_CLEAR = "all_clear"
    REPROACH = "reproach"
    INSULT = "insult"
    WHO = "who"
    ABLE = "able"
    RULES = "rules"
    PLAY = "play"
    ACCEPTS = "accepts"
    WARRANTY = "warranty"
    COST = "cost"
    CHILD = "child"
    THREAT = "threat"
    WITHDRAWAL = "withdrawal"
    OTHERS = "others"
    PAID_FOR = "paid_for"
    BETWEEN_HOMES = "between_homes"
    ARRIVED = "arrived"
    VAGUE = "vague"
    NOW = "now"
    OWN = "own"
    LIVES = "lives"
    WHEN = "when"


# These are services of their own; the others only say how a message belongs to a ticket.
ASKED = (Wish.ERASE, Wish.EXPORT, Wish.HELD, Wish.PRIVACY, Wish.UNBIND, Wish.NO_CODE, Wish.BIND)


_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Words:
    """Expressions by which something is plain from a message, and those that speak against it."""

    says: re.Pattern[str]
    unless: re.Pattern[str] | None

    @classmethod
    def read(cls, source: str, line: int | None, node: Any) -> "Words":
        """Read `says` and `unless`. Raises ContentError with the line of what cannot be used."""
        fields = Fields.of(source, line, node)
        fields.only(("says", "unless"))
        says, unless = fields.patterns("says"), fields.patterns("unless")
        if not says:
            raise ContentError(source, line, "needs `says`, a list of expressions")
        return cls(re.compile("|".join(says)), re.compile("|".join(unless)) if unless else None)

    def fit(self, text: str) -> bool:
        """Whether a message says this."""
        return self.fit_squeezed(squeezed(text))

    def fit_squeezed(self, said: str) -> bool:
        """Whether a message that was squeezed already says this."""
        return self.says.search(said) is not None and not (self.unless and self.unless.search(said))


@dataclass(frozen=True, slots=True)
class Wishes:
    """The words of every wish."""

    words: Mapping[Wish, Words]

    @classmethod
    def read(cls, source: str, node: Any) -> "Wishes":
        """Read the section. Raises ContentError with the line of an unknown wish, or for one that has no words."""
        top = Fields.of(source, None, node)
        top.only(tuple(Wish))
        if missing := [wish for wish in Wish if wish not in top.node]:
            raise ContentError(source, None, f"wishes: has no words for {', '.join(missing)}")
        return cls({Wish(name): Words.read(source, line_of(top.node, name), top.node[name]) for name in top.node})

    def says(self, wish: Wish, text: str) -> bool:
        """Whether a message says this."""
        return self.words[wish].fit(text)

    def asked(self, text: str) -> Wish | None:
        """The service that a message asks for, the weightiest first; None when it asks for none of them."""
        said = squeezed(text)
        return next((wish for wish in ASKED if self.words[wish].fit_squeezed(said)), None)


def squeezed(text: str) -> str:
    """The beginning of a message, folded and without spaces; in a long story a wish is not plain any more."""
    return "".join(fold(text[:_LONGEST]).split())
