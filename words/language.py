"""Which language a resident writes in, and which language a text of the desk is in."""

import re
from enum import StrEnum

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]{2,}")
# “ok” or a plate number alone says nothing about the language of who writes it.
_LEAST_WORDS = 2
# English words that Chinese writers mix in stand beside more Han characters than this for each of them.
_HAN_PER_WORD = 2
_SAYING_NOTHING = frozenset({"ok", "okay", "wifi", "app", "vip", "hi", "bye", "no", "yes", "etc", "pos", "qq"})
# A command of a menu is pressed, not written.
_COMMAND = re.compile(r"\s*/[A-Za-z]")


class Language(StrEnum):
    """The languages the desk speaks."""

    CHINESE = "zh"
    ENGLISH = "en"


def language_of(text: str, *, before: Language = Language.CHINESE) -> Language:
    """The language of a message.

    One that says nothing about it (digits, a number, “ok”, a command) leaves it as it was `before`.

    A message is English when its English words outweigh its Han characters: “my 水龙头 is leaking since morning” is.
    """
    if _COMMAND.match(text):
        return before
    han = len(_HAN.findall(text))
    words = [word for word in _WORD.findall(text) if word.lower() not in _SAYING_NOTHING]
    if not han and len(words) < _LEAST_WORDS:
        alone = words[0] if words else ""
        return Language.ENGLISH if alone.islower() and len(alone) >= len("hello") else before
    return Language.ENGLISH if len(words) * _HAN_PER_WORD > han else Language.CHINESE
