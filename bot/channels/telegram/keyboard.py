"""Buttons below a message, and what comes back when one is pressed."""

import re
from collections.abc import Mapping, Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.channels.telegram.lengths import units

_ROW_UNITS = 14
_MOST_IN_ROW = 4
_DATA = re.compile(r"b:(\d{1,19}):(\d{1,2})")


def keyboard(message_id: int, buttons: Sequence[Mapping[str, str]]) -> InlineKeyboardMarkup | None:
    """The buttons of one of the desk's messages; as many in a row as a phone has room for."""
    rows: list[list[InlineKeyboardButton]] = []
    room = 0
    for place, button in enumerate(buttons):
        label = button["label"]
        made = (
            InlineKeyboardButton(label, url=button["url"])
            if button.get("url")
            else InlineKeyboardButton(label, callback_data=f"b:{message_id}:{place}")
        )
        width = units(label) + 2
        if not rows or width > room or len(rows[-1]) == _MOST_IN_ROW:
            rows.append([])
            room = _ROW_UNITS
        rows[-1].append(made)
        room -= width
    return InlineKeyboardMarkup(rows) if rows else None


def pressed(data: str | None) -> tuple[int, int] | None:
    """The message and the place of the button that some callback data means; None when it is none of ours."""
    found = _DATA.fullmatch(data or "")
    return None if found is None else (int(found[1]), int(found[2]))
