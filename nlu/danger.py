"""Recognises how danger is told, and the words that take the danger out of it, from `data/lexicon/emergency.yml`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.comments import CommentedMap

from nlu.lexicon import FOLDER, mapping
from words.content import ContentFiles, line_of
from words.errors import ContentError

_SOURCE = f"{FOLDER}/emergency.yml"
# The features that the decision on an alarm looks at once more, whatever kind of danger they tell of.
SIGN_NAMES = (
    *("d:none", "d:told", "d:told plainly", "d:told twice"),
    *("d:-resolved", "d:-past", "d:-supposed", "d:-hazard", "d:-figurative", "d:-harmless"),
)


@dataclass(frozen=True, slots=True)
class Signs:
    """What a text says of danger: kinds told clearly, kinds only touched, and guards that speak against it."""

    clear: tuple[str, ...]
    faint: tuple[str, ...]
    guards: tuple[str, ...]

    def features(self) -> list[str]:
        """The signs as named features, with the pairs of danger and guard that a linear model cannot form."""
        found = [f"d:{kind}" for kind in self.clear] + [f"d:{kind}?" for kind in self.faint]
        found += [f"d:-{guard}" for guard in self.guards]
        if not self.clear:
            return [*found, "d:none"]
        found += [f"d:told-{guard}" for guard in self.guards] or ["d:told plainly"]
        return [*found, "d:told", *(["d:told twice"] if len(self.clear) > 1 else [])]


@dataclass(frozen=True, slots=True)
class Danger:
    """The compiled lexicon of danger; an empty one finds nothing."""

    clear: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    faint: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    guards: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, files: ContentFiles) -> "Danger":
        """Compile the lexicon; raises ContentError with the line of a pattern list that is missing or malformed."""
        root = mapping(files, _SOURCE)
        kinds, guards = root.get("kinds") or CommentedMap(), root.get("guards") or CommentedMap()
        return cls(
            {kind: _compiled(body, "clear") for kind, body in kinds.items()},
            {kind: _compiled(body, "faint") for kind, body in kinds.items()},
            {guard: _compiled(guards, guard) for guard in guards},
        )

    def within(self, text: str) -> "Danger":
        """What of the lexicon a normalised text touches: of more none of its stretches can tell."""
        return Danger(*(_touched(patterns, text) for patterns in (self.clear, self.faint, self.guards)))

    def signs(self, text: str) -> Signs:
        """What a normalised text says of danger."""
        clear = _found(self.clear, text)
        faint = tuple(kind for kind in _found(self.faint, text) if kind not in clear)
        return Signs(clear, faint, _found(self.guards, text))


def _touched(patterns: Mapping[str, re.Pattern[str]], text: str) -> dict[str, re.Pattern[str]]:
    return {name: pattern for name, pattern in patterns.items() if pattern.search(text)}


def _found(patterns: Mapping[str, re.Pattern[str]], text: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in patterns.items() if pattern.search(text))


def _compiled(parent: Any, key: str) -> re.Pattern[str]:
    listed: Iterable[Any] = parent.get(key) if isinstance(parent, CommentedMap) else ()
    if not listed:
        raise ContentError(_SOURCE, None, f"“{key}” should be a list of regular expressions")
    try:
        # Side by side rather than each in brackets, or the engine could not tell at a glance which may begin here.
        return re.compile("|".join(str(pattern) for pattern in listed))
    except re.error as error:
        raise ContentError(_SOURCE, line_of(parent, key), f"“{key}” holds a broken pattern: {error}") from error
