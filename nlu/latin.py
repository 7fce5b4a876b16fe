"""The words of texts in scripts that put spaces between them; in Chinese text they are left to the segmenter."""

import re
from collections.abc import Iterator, Sequence

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
# Stretches that hold the stems and endings of words (renew, renewal), with the borders of words in them.
_STRETCHES = (3, 4)


def spaced_words(folded: str) -> list[str]:
    """The words of a folded text, or nothing where it holds any Chinese."""
    return [] if _HAN.search(folded) else _WORD.findall(folded)


def stretches(words: Sequence[str]) -> Iterator[str]:
    """Every stretch of three and four characters of the words, with one space between and around them."""
    joined = f" {' '.join(words)} " if words else ""
    for length in _STRETCHES:
        for start in range(len(joined) - length + 1):
            yield joined[start : start + length]
