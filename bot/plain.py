"""Messages as they are understood: markup that a channel or a clipboard left in them is no word."""

import re

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>]{0,200})?/?>")
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6});")


def without_markup(text: str) -> str:
    """The text with tags and character entities blanked out; it stays as long as it was, so that places in it hold."""
    return _ENTITY.sub(_blank, _TAG.sub(_blank, text))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())
