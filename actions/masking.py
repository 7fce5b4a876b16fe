"""What a reader of logs sees of personal data: no more than reading needs (domain.md C6)."""

import re
from collections.abc import Collection

from actions.access import Permission, StaffIdentity, allows
from actions.contacts import surname
from actions.views.tickets import masked

# Mobile and landline numbers, also typed in groups, and numbers of identity cards and bank cards.
_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d(?:[ -]?\d{4}){2}|0\d{2,3}-?\d{7,8}|\d{17}[\dXx]|\d{15,19})(?!\d)")


def mask_numbers(text: str, allowed: Collection[str] = ()) -> str:
    """The text with the middle of personal numbers hidden; `allowed` are the desk's own, which stay.

    The length of the text stays the same, so that places in it stay what they are.
    """

    def hide(found: re.Match[str]) -> str:
        number = found[0]
        return number if number in allowed else masked(number) or ""

    return _NUMBER.sub(hide, text)


def mask_name(name: str, staff: StaffIdentity) -> str:
    """A resident's name; whoever never talks to residents reads the surname alone."""
    if not name or allows(staff, Permission.CONVERSATION_TAKE_OVER):
        return name
    return surname(name) + "*" * max(len(name) - len(surname(name)), 1)
