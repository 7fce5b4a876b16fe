"""What a decision may consist of: each step is one thing to say or to do, in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actions.tables import BindingRole, Responsible, Severity, TurnOwner


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: normal forms of the address, a public place or free words, and the room when it is known."""

    building: str | None = None
    unit: str | None = None
    room: str | None = None
    words: str = ""
    room_id: int | None = None

    @property
    def label(self) -> str:
        """The place as it is read back."""
        return f"{self.building or ''}{self.unit or ''}{self.room or ''}{self.words}"


@dataclass(frozen=True, slots=True)
class Say:
    """Say a script; `about` names the ticket opened in this turn whose number and times it tells.

    `parts` are facts that are scripts themselves (an empty id for none); `inside` wraps the text into another script,
    as the fact `question`.
    """

    reply_id: str
    facts: Mapping[str, str] = field(default_factory=dict)
    about: str | None = None
    inside: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Open:
    """Open a ticket; later steps speak of it by `name`. `within` is how soon it must be answered, whatever its rule.

    `responsible` is who answers for the matter by the resident's words, None where the rules say it.
    """

    name: str
    kind: str
    category: str | None
    severity: Severity
    summary: str
    received_at: datetime
    place: Place
    phone: str | None = None
    visit: tuple[datetime, datetime] | None = None
    reason: str = ""
    within: timedelta | None = None
    responsible: Responsible | None = None


@dataclass(frozen=True, slots=True)
class Add:
    """Add words or photos to a ticket; `name` for one opened in this turn, else `ticket_id`."""

    ticket_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """Record that the resident presses for a ticket."""

    ticket_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Amend:
    """Change what a ticket says; None leaves a field as it is."""

    ticket_id: int
    place: Place | None = None
    phone: str | None = None
    visit: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Cancel a ticket at the resident's wish."""

    ticket_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Record a rating of 1 to 5."""

    ticket_id: int
    stars: int


@dataclass(frozen=True, slots=True)
class Reopen:
    """Reopen a ticket that was not put right."""

    ticket_id: int
    text: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class KeepPhone:
    """Keep the number under which an unbound contact wants to be called."""

    phone: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Make a matter a major one (domain.md C10)."""

    ticket_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class AskBinding:
    """Ask a member of staff to bind the one who writes; `ticket` names the ticket opened for it."""

    ticket: str
    place: Place
    role: BindingRole | None
    person: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Unbind:
    """Let a home go at the resident's wish."""

    room_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Erase:
    """Erase what is personal at the resident's wish."""


Step = Say | Open | Add | Press | Amend | Withdraw | Rate | Reopen | KeepPhone | Raise | AskBinding | Unbind | Erase


@dataclass(frozen=True, slots=True)
class Decision:
    """What the desk does about one turn.

    `owner` is whose turn it is afterwards, `wake_at` when to look again although nobody writes, `links` which places of
    the state (`focus`, `form.ticket_id`) take the id of a ticket opened by name, `why` the reason shown to staff.
    """

    steps: tuple[Step, ...]
    state: Mapping[str, object]
    owner: TurnOwner
    wake_at: datetime | None
    links: tuple[tuple[str, str], ...]
    why: Mapping[str, object]
