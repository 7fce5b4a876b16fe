"""Links that begin a chat at a known place, as QR codes carry them: short, signed, and made for one community."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

KINDS = frozenset("bur")
_SIGNATURE = 9
_ID_BYTES = 8
_LENGTH = 1 + _ID_BYTES + _SIGNATURE


@dataclass(frozen=True, slots=True)
class LinkedPlace:
    """A building (`b`), a unit (`u`) or a room (`r`) by its id."""

    kind: str
    row_id: int


def payload(key: str, community_id: int, place: LinkedPlace) -> str:
    """What a link carries: 24 characters of those that Telegram takes after `?start=`."""
    body = place.kind.encode() + place.row_id.to_bytes(_ID_BYTES, "big")
    return base64.urlsafe_b64encode(body + _signature(key, community_id, body)).decode()


def place_of(key: str, community_id: int, given: str) -> LinkedPlace | None:
    """The place of a payload; None for one that this community did not sign."""
    try:
        raw = base64.b64decode(given.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(raw) != _LENGTH or chr(raw[0]) not in KINDS:
        return None
    body, signature = raw[: 1 + _ID_BYTES], raw[1 + _ID_BYTES :]
    if not hmac.compare_digest(signature, _signature(key, community_id, body)):
        return None
    return LinkedPlace(chr(raw[0]), int.from_bytes(body[1:], "big"))


def start_link(bot_name: str, given: str) -> str:
    """The address that opens the chat with a bot."""
    return f"https://t.me/{bot_name}?start={given}"


def _signature(key: str, community_id: int, body: bytes) -> bytes:
    message = community_id.to_bytes(_ID_BYTES, "big") + body
    return hmac.new(key.encode(), message, hashlib.sha256).digest()[:_SIGNATURE]
