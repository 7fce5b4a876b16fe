"""Cuts a message into clauses and sentences, with exact spans in the original text."""

import re
from dataclasses import dataclass
from itertools import pairwise

from nlu.normalise import fold

# Of a message without end only the beginning and the end are read: 40 clauses and 10, which is more than anyone writes.
_HEAD, _TAIL = 40, 10
_READ_HEAD, _READ_TAIL = 4000, 1000
_CLAUSE = re.compile(r"[^。！？!?；;\n,，、…~]+(?:[。！？!?；;\n,，、…~]+|$)")
_STRONG = re.compile(r"[。！？!?；;\n…~]\s*$")
# People who write without punctuation separate by spaces; between Latin words or digits a space separates nothing.
_SPACE = re.compile(r"(?<=[一-鿿]) +(?=[一-鿿])")
_LEAD_IN = r"(?:\s|我|那|然后|哦|噢|啊|嗯|唉|哎|诶|就是)*"
_CONNECTIVE = re.compile(
    _LEAD_IN
    + r"(?:另外|顺便|顺带|顺手|顺道|对了|此外|除此|再(?:问|就是|说|者|一个|有|帮|麻烦|查|顺)|第二|其次|二来|二是|2[.、]"
    r"|外加|捎带|再一|还想|还要|也(?:想|帮|麻烦|顺便)|仲有|另|还得|再来|搭(?:着|便)问|还有(?:个事|件事|一件|一个事|就是|我|想|麻烦)"
    r"|p\.?s|ps|and also|by the way)"
)
# These also carry on a list within one matter (“电梯慢，还有声音”).
_WEAK_CONNECTIVE = re.compile(_LEAD_IN + r"(?:还有(?!人|的|气|味|点|一?点|多久|多少|几)|以及|同时|并且|加上|而且)")
_JOINED = re.compile(
    r"(?<=[一-鿿])(?<![我哦别不])(?=(?:另外|顺便|顺带|对了|此外|还有我家|还有就是|再问|仲有))"
    r"|(?<=\s)(?=(?:p\.?s|and also|by the way)\b)"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of the original; `opens` says how strongly it begins something new.

    0 after a comma, 1 at a sentence, 2 at “还有”, 3 at “另外”, “顺便” and their like.
    """

    start: int
    end: int
    opens: int


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text in order, without their surrounding spaces; none for a text without words."""
    found: list[Clause] = []
    for start, end in _stretches(text):
        folded = fold(text[start:end])
        for piece in _CLAUSE.finditer(folded):
            strong = bool(_STRONG.search(folded[max(0, piece.start() - 4) : piece.start()])) or piece.start() == 0
            found += _pieces(folded, piece.start(), piece.end(), start, strong)
    kept = [clause for clause in found if any(char.isalnum() for char in text[clause.start : clause.end])]
    return tuple(kept if len(kept) <= _HEAD + _TAIL else kept[:_HEAD] + kept[-_TAIL:])


def sentences(parts: tuple[Clause, ...]) -> tuple[tuple[int, int], ...]:
    """The spans of the sentences that the clauses form."""
    spans: list[tuple[int, int]] = []
    for clause in parts:
        if clause.opens or not spans:
            spans.append((clause.start, clause.end))
        else:
            spans[-1] = (spans[-1][0], clause.end)
    return tuple(spans)


def _stretches(text: str) -> tuple[tuple[int, int], ...]:
    if len(text) <= _READ_HEAD + _READ_TAIL:
        return ((0, len(text)),)
    return ((0, _READ_HEAD), (len(text) - _READ_TAIL, len(text)))


def _pieces(folded: str, start: int, end: int, offset: int, strong: bool) -> list[Clause]:
    """One clause, cut further at spaces between Chinese words and in front of connectives."""
    cuts = [start]
    cuts += [match.end() + start for match in _SPACE.finditer(folded[start:end])]
    cuts += [match.start() + start for match in _JOINED.finditer(folded[start:end])]
    cuts = [*sorted(set(cuts)), end]
    made: list[Clause] = []
    for first, last in pairwise(cuts):
        piece = folded[first:last]
        begin = first + len(piece) - len(piece.lstrip())
        finish = last - (len(piece) - len(piece.rstrip(" \n。！？!?；;,，、…~")))
        if finish > begin:
            opens = _opening(folded, begin, int(strong and first == start))
            made.append(Clause(offset + begin, offset + finish, opens))
    return made


def _opening(folded: str, begin: int, otherwise: int) -> int:
    if _CONNECTIVE.match(folded, begin):
        return 3
    return 2 if _WEAK_CONNECTIVE.match(folded, begin) else otherwise
