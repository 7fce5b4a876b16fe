"""The content that only the console uses: canned replies, knowledge, mends, quiet hours, and readers of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from actions.rulefile import Section
from nlu.knowledge import Knowledge
from nlu.promises import PromiseReader
from nlu.types import Engine
from web.canned import Canned, read_canned
from words.content import ContentFiles
from words.etiquette import Finding, Severity

SOURCE = "rules/console.yml"


class MendKind(StrEnum):
    """Where a mend goes: before the text, after it, or in place of the words that were found."""

    BEFORE = "before"
    AFTER = "after"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Mend:
    """What one key press does about a finding."""

    kind: MendKind
    text: str


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When only alarms make a sound; local times, usually over midnight."""

    begins: time
    ends: time

    def hold(self, local: datetime) -> bool:
        """Whether it is quiet at a local time."""
        now = local.time()
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


@dataclass(frozen=True, slots=True)
class ConsoleContent:
    """One snapshot of what the console reads; without an engine a pasted message is not read for what it is about."""

    quiet: QuietHours
    mends: dict[str, Mend]
    canned: tuple[Canned, ...]
    knowledge: Knowledge
    promises: PromiseReader
    labels: dict[str, str]
    engine: Engine | None = None

    @classmethod
    def read(cls, files: ContentFiles, knowledge: Knowledge, engine: Engine | None = None) -> "ConsoleContent":
        """Read it. Raises ContentError with file and line of what cannot be used."""
        section = Section.read(files, SOURCE)
        section.only("hand_back", "quiet", "mends")
        quiet = section.section("quiet")
        quiet.only("from", "until")
        labels = {
            label: entry.text("name") for label, entry in _labels(Section.read(files, "labels.yml").section("intents"))
        }
        return cls(
            quiet=QuietHours(_time(quiet, "from"), _time(quiet, "until")),
            mends={rule: _mend(entry) for rule, entry in section.section("mends").sections()},
            canned=read_canned(files),
            knowledge=knowledge,
            promises=PromiseReader.read(files),
            labels=labels,
            engine=engine,
        )

    def mend(self, finding: Finding) -> Mend | None:
        """What one key does about a finding; None when only the writer can put it right."""
        if finding.rule in self.mends:
            return self.mends[finding.rule]
        if finding.mend and finding.end > finding.start:
            return Mend(MendKind.REPLACE, finding.mend)
        return None

    def shown(self, findings: Sequence[Finding], text: str) -> list[dict[str, Any]]:
        """Findings as a page shows them: the words that they are about, the reason, and what one key does about it."""
        return [self._shown(finding, text) for finding in findings]

    def _shown(self, finding: Finding, text: str) -> dict[str, Any]:
        mend = self.mend(finding)
        return {
            "rule": finding.rule,
            "words": text[finding.start : finding.end],
            "start": finding.start,
            "end": finding.end,
            "why": finding.why,
            "mend": finding.mend or "",
            "block": finding.severity is Severity.BLOCK,
            "kind": mend.kind.value if mend else "",
            "put": mend.text if mend else "",
        }


def _labels(intents: Section) -> list[tuple[str, Section]]:
    found: list[tuple[str, Section]] = []
    for name, intent in intents.sections():
        found.append((name, intent))
        found += [(f"{name}.{category}", entry) for category, entry in intent.section("categories").sections()]
    return found


def _mend(entry: Section) -> Mend:
    entry.only("before", "after", "remove")
    if "remove" in entry.node and entry.flag("remove"):
        return Mend(MendKind.REPLACE, "")
    kind = MendKind.BEFORE if "before" in entry.node else MendKind.AFTER
    return Mend(kind, entry.text(kind.value))


def _time(section: Section, key: str) -> time:
    given: Any = section.text(key)
    try:
        return time.fromisoformat(f"{given:0>5}")
    except ValueError as error:
        raise section.fail(key, f"{given!r} is not a time of day; write 22:00") from error
