"""What pages show: frozen values, so that no row of the database leaves its transaction."""

from dataclasses import dataclass
from datetime import datetime

from actions.tables import (
    ActorKind,
    Author,
    DeadlineKind,
    DeadlineState,
    Direction,
    Role,
    Severity,
    TicketStatus,
    TurnOwner,
)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A photo that came with a message; `name` is what the sender called it."""

    id: int
    name: str
    size: int


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
    """One message of a timeline. `client_id` is the sender's own id of a message from the web chat."""

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


@dataclass(frozen=True, slots=True)
class ResidentView:
    """What a visitor of the chat page sees: their own messages and tickets and nothing else."""

    conversation_id: int
    contact_id: int
    last_seq: int
    messages: tuple[ShownMessage, ...]
    more_before: bool
    cards: tuple[ShownCard, ...]
    person_holds: bool


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
    """The desk at a glance."""

    rows: tuple[QueueRow, ...]
    held: tuple[HeldRow, ...]
    overdue: int
    unassigned: int
    mine: int
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
class ShownResident:
    """The resident of a ticket; the phone is masked until somebody asks for it on record."""

    name: str
    title: str | None
    homes: tuple[str, ...]
    masked_phone: str | None


@dataclass(frozen=True, slots=True)
class ShownConversation:
    """A conversation as staff see it; `version` is what an answer is checked against."""

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


@dataclass(frozen=True, slots=True)
class SpeakingTo:
    """How a resident is addressed, and the numbers that may be named to them because they are their own."""

    salutation: str | None
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignee:
    """Somebody to whom a ticket can be given."""

    staff_id: int
    name: str
    department: str | None
    roles: tuple[Role, ...]
    on_duty: bool
