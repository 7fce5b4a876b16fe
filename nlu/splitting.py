"""Reads messages in which people have marked where a second request begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from words.content import line_of
from words.errors import ContentError

SECTION = "splitting"
_MARK = "|"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, the offsets at which its second and later requests begin, and where it was written."""

    text: str
    cuts: tuple[int, ...]
    source: str
    line: int


def read_messages(source: str, section: Any) -> Iterator[Message]:
    """The messages of the lists `two` and `one`; raises ContentError where a mark is missing or too many."""
    if not isinstance(section, CommentedMap) or set(section) - {"two", "one"}:
        raise ContentError(source, 1, f"`{SECTION}` should hold the lists `two` and `one`")
    for kind, listed in section.items():
        if not isinstance(listed, CommentedSeq):
            raise ContentError(source, line_of(section, kind), f"`{kind}` should be a list of messages")
        for index, written in enumerate(listed):
            line = line_of(listed, index) or 1
            pieces = str(written).split(_MARK)
            if any(not piece.strip() for piece in pieces):
                raise ContentError(source, line, f"there should be words on both sides of “{_MARK}”")
            if (len(pieces) > 1) is not (kind == "two"):
                raise ContentError(source, line, f"“{_MARK}” stands in every message of `two`, and in none of `one`")
            cuts = tuple(sum(map(len, pieces[:place])) for place in range(1, len(pieces)))
            yield Message("".join(pieces), cuts, source, line)
