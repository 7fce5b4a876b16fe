"""What pages show: frozen values, so that no row of the database leaves its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions.tables import (
    ActorKind,
    Author,
    DeadlineKind,
    DeadlineState,
    Direction,
    MessageKind,
    Role,
    Severity,
    TicketStatus,
    TurnOwner,
)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that came with a message: a photo, a voice message …; `name` is what the sender called it."""

    id: int
    name: str
    size: int
    kind: str = "photo"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where the bytes of a file lie, for one who was found to be allowed to see it."""

    sha256: str
    content_type: str
    name: str


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A button below the desk's last message: what it shows, and what is sent when it is pressed."""

    label: str
    says: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why the bot answered as it did; `words` are the deciding words of the message, the weightiest first."""

    intent: str | None
    category: str | None
    emergency: str | None
    confidence: float | None
    unsure: bool
    words: tuple[str, ...]
    reply_id: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message of a timeline.

    `client_id` is the sender's own id of a message from the web chat, `edit_of` the id of the message that it mends,
    `label` how an inbound one was understood (`repair.outage`); `decision` and `reply_id` are for staff only. `quote`
    is what it answers to, `origin` whose words it passes on or the group where it was said.
    """

    id: int
    seq: int
    direction: Direction
    author: Author
    author_name: str
    text: str
    sent_at: datetime
    files: tuple[ShownFile, ...] = ()
    buttons: tuple[QuickReply, ...] = ()
    client_id: str = ""
    why: Why | None = None
    staff_id: int | None = None
    reply_id: str | None = None
    edit_of: int | None = None
    decision: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    kind: MessageKind = MessageKind.TEXT
    quote: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A ticket as its resident sees it; `due_at` is when the desk has said that it will answer."""

    id: int
    number: str
    kind: str
    category: str | None
    severity: Severity
    status: TicketStatus
    summary: str
    place: str
    department: str | None
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    replied: bool
    rating: int | None = None
    visit_from: datetime | None = None
    visit_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResidentView:
    """What a visitor of the chat page sees: their own messages and tickets and nothing else.

    `working` says that the bot has yet to answer what was written.
    """

    conversation_id: int
    contact_id: int
    last_seq: int
    messages: tuple[ShownMessage, ...]
    more_before: bool
    cards: tuple[ShownCard, ...]
    person_holds: bool
    working: bool = False


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An open ticket in the order in which it needs somebody.

    `due_at` is the earliest running deadline of the kind `due_kind`; `seconds_left` is negative when it has passed.
    """

    id: int
    number: str
    kind: str
    category: str | None
    severity: Severity
    status: TicketStatus
    summary: str
    place: str
    department: str | None
    assignee_id: int | None
    assignee: str | None
    opened_at: datetime
    due_at: datetime | None
    due_kind: DeadlineKind | None
    seconds_left: int | None
    unacknowledged: bool
    awaiting_reply: bool
    breached: bool
    version: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A conversation in which a resident waits for a person and the bot is silent."""

    id: int
    owner: TurnOwner
    holder: str | None
    resident: str
    last_text: str
    waiting_since: datetime
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """The desk at a glance: one page of rows of the chosen view, and how many tickets each view has.

    `total` counts the rows of the chosen view on all its pages.
    """

    rows: tuple[QueueRow, ...]
    total: int
    held: tuple[HeldRow, ...]
    counts: Mapping[str, int]
    alarms: int


@dataclass(frozen=True, slots=True)
class ShownDeadline:
    """Something due on a ticket, and what became of it."""

    kind: DeadlineKind
    state: DeadlineState
    due_at: datetime
    breached: bool


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One line of a ticket's record; `about` is what its kind calls for: the member put in charge, words, or stars."""

    at: datetime
    kind: str
    actor: ActorKind
    actor_name: str
    reason: str
    about: str


@dataclass(frozen=True, slots=True)
class TalkEvent:
    """One thing that happened to a ticket, as a line between the messages of its conversation."""

    ticket_id: int
    number: str
    event: ShownEvent


@dataclass(frozen=True, slots=True)
class ShownResident:
    """The resident of a ticket; the phone is masked until somebody asks for it on record."""

    name: str
    title: str | None
    homes: tuple[str, ...]
    masked_phone: str | None


@dataclass(frozen=True, slots=True)
class ShownConversation:
    """A conversation as staff see it; `version` is what an answer is checked against.

    Whoever is not `reachable` has shut the desk out, or is gone.
    """

    id: int
    channel: str
    owner: TurnOwner
    holder_id: int | None
    holder: str | None
    version: int
    last_seq: int
    waiting: bool
    resident: ShownResident
    messages: tuple[ShownMessage, ...]
    more_before: bool
    open_tickets: tuple[QueueRow, ...]
    events: tuple[TalkEvent, ...] = ()
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Everything a staff member may know of one ticket.

    `conversation` is None when there is none, or when the member may not read it.
    """

    row: QueueRow
    version: int
    reply_due_at: datetime | None
    first_replied_at: datetime | None
    visit_from: datetime | None
    visit_until: datetime | None
    reopened_count: int
    hold_count: int
    rating: int | None
    resident: ShownResident
    deadlines: tuple[ShownDeadline, ...]
    events: tuple[ShownEvent, ...]
    files: tuple[ShownFile, ...]
    conversation: ShownConversation | None
    conversation_id: int | None
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpeakingTo:
    """How a resident is addressed, and the numbers that may be named to them because they are their own."""

    salutation: str | None
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignee:
    """Somebody to whom a ticket can be given; `load` is how many open tickets they have."""

    staff_id: int
    name: str
    department: str | None
    roles: tuple[Role, ...]
    on_duty: bool
    load: int = 0
