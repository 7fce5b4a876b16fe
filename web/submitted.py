"""A posted form of a ticket's or a conversation's page, with everything that a change may need."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from actions.access import StaffIdentity
from actions.console import Seen, Spoken
from actions.errors import FieldError
from actions.promising import Promised, PromiseKind
from actions.store import Session
from web.deps import Deps
from web.forms import Form

MOST_PROMISES = 5
"""How many promises one text is read for."""

# The change itself, to be run in a transaction; it gives the name of the sentence that says it was done.
Change = Callable[[Session], str]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A posted form of a ticket's page, with everything that a change may need.

    `spoken` are the words to the resident, already checked; empty for changes that say nothing.
    """

    deps: Deps
    staff: StaffIdentity
    ticket_id: int
    conversation_id: int | None
    form: Form
    spoken: Spoken
    seen: Seen
    zone: ZoneInfo
    now: datetime

    def moment(self, field: str) -> datetime | None:
        """A local time of the form as a moment; None when the field was left empty. Raises FieldError."""
        return moment_of(self.form, field, self.zone)


def promises_of(sent: Submitted) -> tuple[Promised, ...]:
    """The promises that the member confirmed beside the text, each with the moment as they left it."""
    found: list[Promised] = []
    for place in range(MOST_PROMISES):
        kind, due_at = sent.form.text(f"promise{place}"), sent.moment(f"due{place}")
        if kind in set(PromiseKind) and due_at is not None:
            found.append(Promised(PromiseKind(kind), due_at, sent.form.text(f"words{place}")))
    return tuple(found)


def moment_of(form: Form, field: str, zone: ZoneInfo) -> datetime | None:
    """A local time of a form as a moment; None when the field was left empty. Raises FieldError."""
    given = form.text(field)
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise FieldError(field, "is not a date and time") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def conversation_id_of(sent: Submitted) -> int:
    """The conversation that a change is about. Raises FieldError when there is none."""
    if sent.conversation_id is None:
        raise FieldError("conversation_id", "there is no conversation")
    return sent.conversation_id
