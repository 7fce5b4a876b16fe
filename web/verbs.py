"""What can be done from a ticket's page: one entry per button, from the posted form to the change that it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from actions import console
from actions.access import StaffIdentity
from actions.console import Answer, PuttingOff, Seen, Spoken
from actions.conversations import hand_back, take_over
from actions.errors import FieldError
from actions.store import Session
from web.deps import Deps
from web.forms import Form

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


def _reply(sent: Submitted) -> Change:
    concludes = sent.form.text("concludes") == "1"
    answer = Answer(sent.spoken, concludes, None if concludes else sent.moment("promised_at"))

    def change(session: Session) -> str:
        card = console.reply(
            session,
            sent.staff,
            sent.ticket_id,
            answer,
            seen=sent.seen,
            policy=sent.deps.policy,
            now=sent.now,
        )
        return "done_reply" if card.replied else "done_reply_short"

    return change


def _hold(sent: Submitted) -> Change:
    promised_at = sent.moment("promised_at")
    if promised_at is None:
        raise FieldError("promised_at", "is missing; say until when")
    reason, contact = sent.form.text("reason"), sent.form.text("contact")
    putting_off = PuttingOff(sent.spoken, reason, promised_at, contact)

    def change(session: Session) -> str:
        console.hold(session, sent.staff, sent.ticket_id, putting_off, seen=sent.seen, now=sent.now)
        return "done_hold"

    return change


def _assign(sent: Submitted) -> Change:
    staff_id = sent.form.number("staff_id")
    if staff_id is None:
        raise FieldError("staff_id", "is missing; choose a member")
    reason = sent.form.text("reason")

    def change(session: Session) -> str:
        console.assign(
            session,
            sent.staff,
            sent.ticket_id,
            staff_id=staff_id,
            reason=reason,
            seen=sent.seen,
            tell=sent.deps.tell,
            now=sent.now,
        )
        return "done_assign"

    return change


def _accept(sent: Submitted) -> Change:
    def change(session: Session) -> str:
        console.accept(session, sent.staff, sent.ticket_id, seen=sent.seen, tell=sent.deps.tell, now=sent.now)
        return "done_accept"

    return change


def _acknowledge(sent: Submitted) -> Change:
    def change(session: Session) -> str:
        console.acknowledge(session, sent.staff, sent.ticket_id, tell=sent.deps.tell, now=sent.now)
        return "done_acknowledge"

    return change


def _resolve(sent: Submitted) -> Change:
    def change(session: Session) -> str:
        console.resolve(
            session,
            sent.staff,
            sent.ticket_id,
            sent.spoken,
            seen=sent.seen,
            policy=sent.deps.policy,
            tell=sent.deps.tell,
            now=sent.now,
        )
        return "done_resolve"

    return change


def _reopen(sent: Submitted) -> Change:
    reason = sent.form.text("reason")

    def change(session: Session) -> str:
        console.reopen(
            session, sent.staff, sent.ticket_id, reason=reason, seen=sent.seen, tell=sent.deps.tell, now=sent.now
        )
        return "done_reopen"

    return change


def _note(sent: Submitted) -> Change:
    text = sent.form.text("text")

    def change(session: Session) -> str:
        console.note(session, sent.staff, sent.ticket_id, text, sent.now)
        return "done_note"

    return change


def _take_over(sent: Submitted) -> Change:
    conversation_id, version = _conversation(sent), sent.seen.conversation
    if version is None:
        raise FieldError("conversation_version", "is missing")

    def change(session: Session) -> str:
        take_over(session, sent.staff, conversation_id, version=version, now=sent.now)
        return "done_take_over"

    return change


def _hand_back(sent: Submitted) -> Change:
    conversation_id = _conversation(sent)

    def change(session: Session) -> str:
        hand_back(session, sent.staff, conversation_id, now=sent.now)
        return "done_hand_back"

    return change


def _talk(sent: Submitted) -> Change:
    conversation_id = _conversation(sent)

    def change(session: Session) -> str:
        console.talk(session, sent.staff, conversation_id, sent.spoken, seen=sent.seen, now=sent.now)
        return "done_reply"

    return change


def _conversation(sent: Submitted) -> int:
    if sent.conversation_id is None:
        raise FieldError("conversation_id", "there is no conversation")
    return sent.conversation_id


TICKET_VERBS: Mapping[str, Callable[[Submitted], Change]] = {
    "reply": _reply,
    "hold": _hold,
    "assign": _assign,
    "accept": _accept,
    "acknowledge": _acknowledge,
    "resolve": _resolve,
    "reopen": _reopen,
    "note": _note,
    "take_over": _take_over,
    "hand_back": _hand_back,
}
CONVERSATION_VERBS: Mapping[str, Callable[[Submitted], Change]] = {
    "reply": _talk,
    "take_over": _take_over,
    "hand_back": _hand_back,
}
# The changes that say something to the resident in the member's own words.
SPEAKING = frozenset({"reply", "hold", "resolve"})
