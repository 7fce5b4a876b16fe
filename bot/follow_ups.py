"""Short questions that mean what was spoken of last, such as “要多少钱”, read from `data/phrases.yml`."""

import re
from dataclasses import dataclass
from typing import Any

from bot.wishes import squeezed
from words.content import line_of
from words.errors import ContentError
from words.fields import Fields, check_pattern


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question without a subject; `shows` is what an answer to it contains, `ask` the same question in full."""

    name: str
    says: re.Pattern[str]
    shows: re.Pattern[str]
    ask: str


@dataclass(frozen=True, slots=True)
class FollowUps:
    """All of them, the narrowest first."""

    kinds: tuple[FollowUp, ...]

    @classmethod
    def read(cls, source: str, node: Any) -> "FollowUps":
        """Read the section. Raises ContentError with the line of what cannot be used."""
        return cls(tuple(_read(source, line_of(node, name), str(name), node[name]) for name in node))

    def asked(self, text: str) -> FollowUp | None:
        """What a message asks of the thing spoken of last; None when it has a subject of its own."""
        said = squeezed(text).strip("?？。.!！~,，")
        return next((kind for kind in self.kinds if kind.says.fullmatch(said)), None)


def _read(source: str, line: int | None, name: str, node: Any) -> FollowUp:
    fields = Fields.of(source, line, node)
    fields.only(("says", "shows", "ask"))
    says = fields.patterns("says")
    if not says:
        raise ContentError(source, line, "a question needs `says`, a list of expressions")
    shows = fields.text("shows")
    check_pattern(source, fields.line_of("shows"), shows)
    return FollowUp(name, re.compile("|".join(f"(?:{one})" for one in says)), re.compile(shows), fields.text("ask"))
