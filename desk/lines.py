"""The lines that commands read: whatever stands in them, each is one message and gives one line of output."""

import io
import json
import sys


def take_any_text() -> None:
    """Input need not be UTF-8 to be answered, and half a surrogate pair goes out as JSON writes it."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def message_of(raw: str) -> tuple[str, str | None]:
    """The message of one input line: every line gives exactly one line of output, a broken one says so."""
    line = raw.rstrip("\r\n")
    if not line.lstrip().startswith("{"):
        return line, None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        # A resident may well write a brace; the line is a message as it stands.
        return line, None
    if isinstance(data, dict) and isinstance(data.get("text"), str):
        return data["text"], None
    return "", 'the object has no `text`; give {"text": "…"}'
