"""What counts as a reply to a resident (domain.md C8); the words are in rules/replies.yml."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from actions.rulefile import Section
from words.content import ContentFiles

if TYPE_CHECKING:
    from actions.policy import Policy

SOURCE = "rules/replies.yml"
_SILENT = re.compile(r"[\W_]+")
_LEAST_CHARACTERS = 2


class Part(StrEnum):
    """What a reply may contain."""

    CONCLUSION = "conclusion"
    REASON = "reason"
    STEP = "step"
    WHO = "who"
    WHEN = "when"


PLAN = frozenset({Part.REASON, Part.STEP, Part.WHO, Part.WHEN})


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """The words by which each part is recognised; what is `hollow` says nothing by itself."""

    hollow: re.Pattern[str]
    parts: tuple[tuple[Part, re.Pattern[str]], ...]

    @classmethod
    def read(cls, files: ContentFiles) -> "ReplyRules":
        """Read rules/replies.yml. Raises ContentError for a part without words or a wrong expression."""
        section = Section.read(files, SOURCE)
        section.only("hollow", *Part)
        return cls(_needed(section, "hollow"), tuple((part, _needed(section, part)) for part in Part))

    def parts_of(self, text: str) -> frozenset[Part]:
        """What the text contains; nothing at all when only courtesy and acknowledgements are left of it."""
        plain = unicodedata.normalize("NFKC", text)
        if self.is_hollow(plain):
            return frozenset()
        return frozenset(part for part, words in self.parts if words.search(plain))

    def is_hollow(self, text: str) -> bool:
        """Whether nothing is left when courtesy and acknowledgements are taken out: “收到”, “已转”, “好的，在处理”."""
        rest = _SILENT.sub("", self.hollow.sub(" ", unicodedata.normalize("NFKC", text)))
        return len(rest) < _LEAST_CHARACTERS

    def missing(self, text: str) -> frozenset[Part]:
        """What the text lacks to count as a reply by its plan; empty when it counts."""
        found = self.parts_of(text)
        return frozenset() if Part.CONCLUSION in found else PLAN - found


def counts_as_reply(text: str, policy: "Policy", *, concludes: bool = False, promised: bool = False) -> bool:
    """Whether the text answers the resident: a conclusion, or a reason, the next step, who does it and by when.

    `concludes` is the writer's word that this is the conclusion, `promised` that a moment was given beside the text;
    neither makes a reply of “收到” or “已转”.
    """
    if policy.replies.is_hollow(text):
        return False
    if concludes:
        return True
    found = policy.replies.parts_of(text) | ({Part.WHEN} if promised else set())
    return Part.CONCLUSION in found or found >= PLAN


def _needed(section: Section, key: str) -> re.Pattern[str]:
    pattern = section.pattern(key)
    if pattern is None:
        raise section.fail(key, "is missing; list the words")
    return pattern
