"""A short mark of how a thing stood when a page showed it, so that of two who change it the second one is told."""

import hashlib
import json

from actions.errors import ConflictError

_LENGTH = 16


def fingerprint(*parts: object) -> str:
    """A mark that differs when any of the parts does; the order of the parts counts."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:_LENGTH]


def refuse_stale(seen: str, present: str) -> None:
    """Raise ConflictError when what a page showed is not what stands there now."""
    if seen != present:
        raise ConflictError("somebody else changed it since the page was read")
