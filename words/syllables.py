"""How Chinese characters are read, in pinyin without tones."""

import os
from collections.abc import Callable
from functools import lru_cache


def syllable(char: str) -> str:
    """The commonest reading of a character; what is no Chinese character is left as it is."""
    read = _lazy_pinyin()(char)
    return str(read[0]) if read else char


def initials(text: str) -> str:
    """The first letters of the syllables of a text, as people type them to find it."""
    return "".join(syllable(char)[:1] for char in text).lower()


@lru_cache(maxsize=1)
def _lazy_pinyin() -> Callable[[str], list[str]]:
    """The library's phrases would take 50 MB and say nothing of single characters."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    found: Callable[[str], list[str]] = lazy_pinyin
    return found
