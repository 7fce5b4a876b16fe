"""Makes messages comparable: one width, one case, one script, no punctuation, with the way back to the original."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import opencc

# OpenCC keeps these when it sees them alone, because their reading depends on the word; residents mean the simple one.
_SINGLE = {"著": "着", "餘": "余", "錶": "表", "喺": "在", "\u3000": " "}


class _Folding(dict[int, str]):
    """Folds one code point into exactly one, so that offsets into the folded text are offsets into the original."""

    def __init__(self) -> None:
        super().__init__()
        self._simplify = opencc.OpenCC("t2s")

    def __missing__(self, code: int) -> str:
        folded = self[code] = self._fold(chr(code))
        return folded

    def _fold(self, char: str) -> str:
        if unicodedata.category(char) == "Cs":
            return "\ufffd"  # OpenCC refuses lone surrogates.
        single = char
        for step in (_compatible, self._simplified, str.lower):
            changed = step(_SINGLE.get(single, single))
            # What would become two code points stays as it is, or offsets would move.
            single = changed if len(changed) == 1 else single
        return _SINGLE.get(single, single)

    def _simplified(self, char: str) -> str:
        return str(self._simplify.convert(char))


def _compatible(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


@lru_cache(maxsize=1)
def _folding() -> _Folding:
    return _Folding()


@dataclass(frozen=True, slots=True)
class Normal:
    """A normalised text; `origins[i]` is the offset in the original of its i-th code point."""

    text: str
    origins: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that a non-empty span of the normalised text came from."""
        return self.origins[start], self.origins[end - 1] + 1


def fold(text: str) -> str:
    """Fold width, case and script, code point by code point: the result is as long as the text."""
    return text.translate(_folding())


def plain(text: str) -> str:
    """The normalised text alone, for those who need no way back."""
    folded = fold(text)
    return "".join(filter(str.isalnum, folded)) or "".join(folded.split())


def normalise(text: str) -> Normal:
    """Fold and drop punctuation, emoji and spaces; a text of nothing else keeps its symbols (“👍” says something)."""
    folded = fold(text)
    kept = [(index, char) for index, char in enumerate(folded) if char.isalnum()]
    if not kept:
        kept = [(index, char) for index, char in enumerate(folded) if not char.isspace()]
    return Normal("".join(char for _, char in kept), tuple(index for index, _ in kept))
