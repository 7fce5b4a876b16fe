"""What people read for the words that the program uses inside; the texts are in rules/names.yml and labels.yml."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from actions.rulefile import Section
from actions.tables import BindingRole, DeadlineKind, FeeKind, Responsible, Role, Severity, TicketStatus
from words.content import ContentFiles

SOURCE = "rules/names.yml"


class AlertKind(StrEnum):
    """Why a staff member is told of a ticket."""

    REMINDER = "reminder"
    ESCALATION = "escalation"
    BREACH = "breach"
    ALARM = "alarm"
    URGE = "urge"
    GROUP = "group"
    UNDELIVERED = "undelivered"


class PauseReason(StrEnum):
    """Why work on a ticket waits; there are no other reasons."""

    RESIDENT = "resident"
    PARTS = "parts"
    KEY = "key"
    THIRD_PARTY = "third_party"


class PromiseKind(StrEnum):
    """What a member of staff promises: a word, to be there, or to be done."""

    ANSWER = "answer"
    VISIT = "visit"
    DONE = "done"


_CLOSED_SETS: Mapping[str, type[StrEnum]] = {
    "statuses": TicketStatus,
    "severities": Severity,
    "roles": Role,
    "deadlines": DeadlineKind,
    "alerts": AlertKind,
    "responsible": Responsible,
    "pauses": PauseReason,
    "promises": PromiseKind,
    "binding_roles": BindingRole,
    "fee_kinds": FeeKind,
}


@dataclass(frozen=True, slots=True)
class Names:
    """Chinese names; `labels` maps `repair` and `repair.outage` to their names, `words` each closed set's members."""

    labels: Mapping[str, str]
    departments: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, files: ContentFiles) -> "Names":
        """Read the names. Raises ContentError when a member of a closed set has none."""
        section = Section.read(files, SOURCE)
        section.only("departments", *_CLOSED_SETS)
        words = {}
        for key, members in _CLOSED_SETS.items():
            table = section.table(key)
            if missing := sorted({member.value for member in members} - set(table)):
                raise section.fail(key, f"has no name for {', '.join(missing)}")
            if unknown := sorted(set(table) - {member.value for member in members}):
                raise section.fail(key, f"names {', '.join(unknown)}, which is not known")
            words[key] = table
        return cls(_read_labels(files), section.table("departments"), words)

    def status(self, status: TicketStatus) -> str:
        """Where a ticket stands, as told to a resident."""
        return self.words["statuses"][status]

    def severity(self, severity: Severity) -> str:
        """How much is at stake."""
        return self.words["severities"][severity]

    def role(self, role: str) -> str:
        """What a staff member is."""
        return self.words["roles"][role]

    def deadline(self, kind: DeadlineKind) -> str:
        """What is due."""
        return self.words["deadlines"][kind]

    def alert(self, kind: str) -> str:
        """Why a staff member is told."""
        return self.words["alerts"][kind]

    def pause(self, reason: str) -> str:
        """Why work waits."""
        return self.words["pauses"][reason]

    def promise(self, kind: str) -> str:
        """What was promised."""
        return self.words["promises"][kind]

    def binding_role(self, role: BindingRole) -> str:
        """In what capacity somebody belongs to a home."""
        return self.words["binding_roles"][role]

    def responsible(self, who: str) -> str:
        """Who answers for what is broken."""
        return self.words["responsible"][who]

    def fee_kind(self, kind: FeeKind) -> str:
        """What a bill is for."""
        return self.words["fee_kinds"][kind]

    def matter(self, kind: str, category: str | None) -> str:
        """What a ticket is about: the category's name, or the kind's where there is no category."""
        return self.labels.get(f"{kind}.{category}") or self.labels.get(kind, kind)

    def labels_with(self, words: str) -> tuple[str, ...]:
        """The kinds and categories whose names hold some words; none for no words."""
        return tuple(label for label, name in self.labels.items() if words and words in name)


def _read_labels(files: ContentFiles) -> dict[str, str]:
    labels: dict[str, str] = {}
    for kind, intent in Section.read(files, "labels.yml").section("intents").sections():
        labels[kind] = intent.text("name")
        for part in ("categories", "services"):
            for category, entry in intent.section(part).sections():
                labels[f"{kind}.{category}"] = entry.text("name")
    return labels
