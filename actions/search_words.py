"""The words by which messages are found: overlapping pairs, because Chinese has no spaces (pure).

A Chinese character is a unit, and so is a run of Latin letters and digits. Units that stand side by side make a pair
(“3栋A座” → 3栋, 栋a, a座); the last unit of a run stands alone as well, so that one character is found by the beginning
of a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

LONGEST_QUERY = 60
"""How many characters of a search are looked at."""

_UNIT = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]")
_MOST_WORDS = 4_000
_LONGEST_UNIT = 40


@dataclass(frozen=True, slots=True)
class Sought:
    """One word that a message must have; a `beginning` may go on in the message."""

    word: str
    beginning: bool = False


def plain(text: str) -> str:
    """The text as it is compared: full-width signs and capitals are the same as their plain forms."""
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(text: str) -> tuple[str, ...]:
    """The words under which a text is found, each once, in order; of a very long text those of its beginning."""
    found: dict[str, None] = {}
    for run in _runs(plain(text)):
        for pair in _pairs(run):
            found[pair] = None
        found[run[-1]] = None
        for unit in run[:-1]:
            # A room number is looked for without what follows it; a character alone is found as a pair's beginning.
            if unit.isascii():
                found[unit] = None
        if len(found) >= _MOST_WORDS:
            break
    return tuple(found)[:_MOST_WORDS]


def sought_in(query: str) -> tuple[Sought, ...]:
    """What a search asks for; all of it must be there. Empty when the search has no letter, digit or character."""
    found: dict[Sought, None] = {}
    for run in _runs(plain(query[:LONGEST_QUERY])):
        if len(run) == 1:
            found[Sought(run[0], beginning=True)] = None
            continue
        *pairs, last = _pairs(run)
        for pair in pairs:
            found[Sought(pair)] = None
        # Whoever types “3栋30” is still typing the number.
        found[Sought(last, beginning=run[-1].isascii())] = None
    return tuple(found)


def pieces(text: str, query: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it is what was sought; together they are the text."""
    runs = ["".join(run) for run in _runs(plain(query[:LONGEST_QUERY]))]
    if not runs:
        return ((text, False),)
    marks = _marks(text, sorted(runs, key=len, reverse=True))
    found: list[tuple[str, bool]] = []
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or marks[place] != marks[begin]:
            found.append((text[begin:place], marks[begin]))
            begin = place
    return tuple(found)


def _marks(text: str, runs: list[str]) -> list[bool]:
    """Which characters of the text belong to a run; compared in plain form, where one sign may become several."""
    folded = [plain(sign) for sign in text]
    joined = "".join(folded)
    owner = [place for place, sign in enumerate(folded) for _ in sign]
    marks = [False] * len(text)
    for run in runs:
        start = joined.find(run)
        while start >= 0:
            for place in owner[start : start + len(run)]:
                marks[place] = True
            start = joined.find(run, start + len(run))
    return marks


def _runs(text: str) -> Iterator[list[str]]:
    """The units of a text that stand side by side; anything else, such as a comma, ends a run."""
    run: list[str] = []
    end = 0
    for met in _UNIT.finditer(text):
        if run and met.start() != end:
            yield run
            run = []
        run.append(met[0][:_LONGEST_UNIT])
        end = met.end()
    if run:
        yield run


def _pairs(run: list[str]) -> Iterator[str]:
    for first, second in pairwise(run):
        yield first + second
