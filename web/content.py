"""The content that only the console uses: canned replies, knowledge, quiet hours, and readers of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from actions.fact_book import FactBook
from actions.rulefile import Section
from nlu.knowledge import Knowledge
from nlu.promises import PromiseReader
from nlu.types import Engine
from web.canned import Canned, read_canned
from words.content import ContentFiles
from words.etiquette import Finding, Severity

SOURCE = "rules/console.yml"


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
    canned: tuple[Canned, ...]
    knowledge: Knowledge
    promises: PromiseReader
    labels: dict[str, str]
    facts: FactBook
    engine: Engine | None = None

    @classmethod
    def read(cls, files: ContentFiles, knowledge: Knowledge, engine: Engine | None = None) -> "ConsoleContent":
        """Read it. Raises ContentError with file and line of what cannot be used."""
        section = Section.read(files, SOURCE)
        section.only("hand_back", "quiet")
        quiet = section.section("quiet")
        quiet.only("from", "until")
        labels = {
            label: entry.text("name") for label, entry in _labels(Section.read(files, "labels.yml").section("intents"))
        }
        return cls(
            quiet=QuietHours(_time(quiet, "from"), _time(quiet, "until")),
            canned=read_canned(files),
            knowledge=knowledge,
            promises=PromiseReader.read(files),
            labels=labels,
            facts=FactBook.read(files),
            engine=engine,
        )

    def shown(self, findings: Sequence[Finding], text: str) -> list[dict[str, Any]]:
        """Findings as a page shows them: the words that they are about, the reason, and what one key does about it."""
        return [self._shown(finding, text) for finding in findings]

    def _shown(self, finding: Finding, text: str) -> dict[str, Any]:
        fix = finding.fix
        return {
            "rule": finding.rule,
            "words": text[finding.start : finding.end],
            "why": finding.why,
            "mend": finding.mend or "",
            "block": finding.severity is Severity.BLOCK,
            "mends": fix is not None,
            "start": fix.start if fix else 0,
            "taken": text[fix.start : fix.end] if fix else "",
            "put": fix.text if fix else "",
            "last": fix is not None and fix.start == fix.end == len(text),
        }


def _labels(intents: Section) -> list[tuple[str, Section]]:
    found: list[tuple[str, Section]] = []
    for name, intent in intents.sections():
        found.append((name, intent))
        found += [(f"{name}.{category}", entry) for category, entry in intent.section("categories").sections()]
    return found


def _time(section: Section, key: str) -> time:
    given: Any = section.text(key)
    try:
        return time.fromisoformat(f"{given:0>5}")
    except ValueError as error:
        raise section.fail(key, f"{given!r} is not a time of day; write 22:00") from error
