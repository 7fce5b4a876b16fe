"""What makes a complaint a major one, or one that goes outside (domain.md C10, C11)."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from actions.rulefile import Section
from words.content import ContentFiles

if TYPE_CHECKING:
    from actions.policy import Policy

SOURCE = "rules/major.yml"
_CLAUSE_END = re.compile(r"[，。！？；、,.!?;\n]")
_BLANK = re.compile(r"[^\S\n]+")


class MajorReason(StrEnum):
    """Why a complaint is a major one."""

    INJURY = "injury"
    LEAK = "leak"
    MEDIA = "media"
    LAWYER = "lawyer"
    OUTSIDE = "outside"
    THIRD_TIME = "third_time"


@dataclass(frozen=True, slots=True)
class Signs:
    """The words for one reason, and the surroundings in which they do not count."""

    reason: MajorReason
    signs: re.Pattern[str]
    unless_before: re.Pattern[str] | None
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class MajorRules:
    """The words for all reasons; `homes` reports of one matter `within` a time make a group complaint."""

    reasons: tuple[Signs, ...]
    negations: re.Pattern[str] | None
    homes: int
    within: timedelta
    references: re.Pattern[str] | None = None

    @classmethod
    def read(cls, files: ContentFiles) -> "MajorRules":
        """Read rules/major.yml. Raises ContentError for a reason without signs or a wrong expression."""
        whole = Section.read(files, SOURCE)
        whole.only("negations", "reasons", "group", "references")
        reasons = whole.section("reasons")
        reasons.only(*MajorReason)
        read = tuple(_read_signs(MajorReason(name), section) for name, section in reasons.sections())
        if len(read) < len(MajorReason):
            raise whole.fail("reasons", f"must name all of {', '.join(MajorReason)}")
        group = whole.section("group")
        group.only("homes", "within")
        references = whole.pattern("references")
        if references is None or "number" not in references.groupindex:
            raise whole.fail("references", "must name the number: (?P<number>…)")
        negations = whole.pattern("negations", end=True)
        return cls(read, negations, group.number("homes"), group.duration("within"), references)

    def reference(self, text: str) -> str:
        """The number under which an authority keeps the matter, as the text tells it; empty where it tells none."""
        found = self.references.search(unicodedata.normalize("NFKC", text)) if self.references else None
        return found["number"] if found else ""

    def reason(self, text: str) -> MajorReason | None:
        """The first reason of which the text gives a sign, or None."""
        plain = _BLANK.sub("", unicodedata.normalize("NFKC", text))
        return next((signs.reason for signs in self.reasons if self._shows(plain, signs)), None)

    def _shows(self, text: str, signs: Signs) -> bool:
        excepted = [found.span() for found in signs.unless.finditer(text)] if signs.unless else []
        for found in signs.signs.finditer(text):
            if any(start < found.end() and found.start() < end for start, end in excepted):
                continue
            before = _CLAUSE_END.split(text[: found.start()])[-1]
            if not any(words and words.search(before) for words in (self.negations, signs.unless_before)):
                return True
        return False


def is_major(text: str, policy: "Policy") -> MajorReason | None:
    """Why this text makes a complaint a major one, or None (domain.md C10, C11).

    Negations (“没人受伤”, “我不找媒体”) and mere possibilities (“差点摔伤”) are no signs.
    """
    return policy.major.reason(text)


def _read_signs(reason: MajorReason, section: Section) -> Signs:
    section.only("signs", "unless_before", "unless")
    signs = section.pattern("signs")
    if signs is None:
        raise section.fail("signs", f"{reason} has none")
    return Signs(reason, signs, section.pattern("unless_before", end=True), section.pattern("unless"))
