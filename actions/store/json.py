"""JSON as it is stored: Chinese stays readable."""

import json


def dumps(value: object) -> str:
    """Serialise compactly without escaping Chinese."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
