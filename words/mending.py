"""Mends of what the etiquette check finds: which words go, and what is said in their place."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from words.language import Language
from words.templates import count_sentences

_CLAUSE_END = frozenset("，。！？；,!?;：:、…~～\n")
_SENTENCE_END = frozenset("。！？!?\n")
_FINAL = frozenset("。！？!?.…")
_LOOSE_END = "，,、；;：:~～ \t"
# Where a message may be broken: a full stop ends a sentence only before a space, so that 2.80 stays whole.
_SENTENCE_BREAK = re.compile(r"[。！？!?]+[”’」』）)]?\s?|\.\s|\n")
_CLAUSE_BREAK = re.compile(r"[，、；,;]\s?")


class Takes(StrEnum):
    """How much of the text a mend replaces around the words that were found."""

    WORDS = "words"
    CLAUSE = "clause"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class Fix:
    """What one key does: `text` comes in the place of what stands from `start` to `end` of the checked text."""

    start: int
    end: int
    text: str

    def applied(self, text: str) -> str:
        """The text after it; never longer than the text plus the fix."""
        return text[: self.start] + self.text + text[self.end :]


def instead(text: str, start: int, end: int, put: str, takes: Takes) -> Fix:
    """Say `put` in the place of the words, clause or sentence; an empty `put`, or one said already, deletes it."""
    if takes is not Takes.WORDS:
        start, end = _widened(text, start, end, _CLAUSE_END if takes is Takes.CLAUSE else _SENTENCE_END)
        if put and (put in text[:start] or put in text[end:]):
            put = ""
    return Fix(start, end, put) if put else _deleted(text, start, end)


def before(position: int, put: str) -> Fix:
    """Say `put` first, or where the greeting ends."""
    return Fix(position, position, put)


def after(text: str, put: str, language: Language) -> Fix:
    """Say `put` last, joined as the language joins."""
    body = text.rstrip(_LOOSE_END + "\n")
    english = language is Language.ENGLISH
    if not body:
        joint = ""
    elif body[-1] in _FINAL:
        joint = " " if english else ""
    else:
        joint = ". " if english else "，"
    return Fix(len(body), len(text), joint + put)


def split(text: str, start: int, end: int, characters: int, sentences: int) -> Fix:
    """Break one message into several that a phone shows whole, at the ends of sentences where there are any."""
    messages: list[str] = []
    for piece in _small_pieces(text[start:end], characters):
        joined = messages[-1] + piece if messages else piece
        if messages and len(joined.strip()) <= characters and count_sentences(joined) <= sentences:
            messages[-1] = joined
        else:
            messages.append(piece)
    return Fix(start, end, "\n\n".join(message.strip() for message in messages if message.strip()))


def _widened(text: str, start: int, end: int, ends: frozenset[str]) -> tuple[int, int]:
    """The clauses that the span touches, whole; what was found may hold a comma itself."""
    bounds = _bounds(text, ends)
    before_it = bisect_left(bounds, start)
    start = bounds[before_it - 1] + 1 if before_it else 0
    if end > start and _is_end(text, end - 1, ends):
        end -= 1
    behind_it = bisect_left(bounds, end)
    end = bounds[behind_it] if behind_it < len(bounds) else len(text)
    while start < end and text[start] == " ":
        start += 1
    return start, end


@lru_cache(maxsize=16)
def _bounds(text: str, ends: frozenset[str]) -> tuple[int, ...]:
    # A text with many findings asks for each of them.
    return tuple(at for at in range(len(text)) if _is_end(text, at, ends))


def _is_end(text: str, at: int, ends: frozenset[str]) -> bool:
    # A full stop is one only before a space, so that 2.80 stays whole.
    return text[at] in ends or (text[at] == "." and text[at + 1 : at + 2].strip() == "")


def _deleted(text: str, start: int, end: int) -> Fix:
    """Delete with one of the punctuation marks around it, so that none stands beside another."""
    lead = text[:start].rstrip()
    opens = not lead or _is_end(text, len(lead) - 1, _CLAUSE_END)
    if not opens:
        return Fix(start, end, "")
    if end == len(text):
        return Fix(len(lead.rstrip(_LOOSE_END)), end, "")
    if _is_end(text, end, _CLAUSE_END):
        closing = text[end]
        end += 1
        while end < len(text) and text[end] == " ":
            end += 1
        # “…，坏话。” keeps its full stop, not the comma before it.
        if lead and lead[-1] in _LOOSE_END and closing in _FINAL:
            return Fix(len(lead) - 1, end, closing)
    return Fix(start, end, "")


def _small_pieces(text: str, characters: int) -> Iterator[str]:
    for sentence in _pieces(_SENTENCE_BREAK, text):
        if len(sentence.strip()) <= characters:
            yield sentence
            continue
        for clause in _pieces(_CLAUSE_BREAK, sentence):
            for begin in range(0, len(clause), characters):
                yield clause[begin : begin + characters]


def _pieces(breaks: re.Pattern[str], text: str) -> Iterator[str]:
    position = 0
    for met in breaks.finditer(text):
        yield text[position : met.end()]
        position = met.end()
    if position < len(text):
        yield text[position:]
