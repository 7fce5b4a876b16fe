"""What can be done from a ticket's page: one entry per button, from the posted form to the change that it makes."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from actions import console
from actions.calendar import Calendar
from actions.console import Answer, PuttingOff
from actions.drafts import drop_draft, snooze, wake
from actions.errors import FieldError
from actions.store import Session
from web import talking
from web.joining import JOINING_VERBS
from web.particulars import PARTICULAR_VERBS
from web.submitted import Change, Submitted, promises_of

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def _reply(sent: Submitted) -> Change:
    concludes = sent.form.text("concludes") == "1"
    promised_at = None if concludes else sent.moment("promised_at")
    answer = Answer(sent.spoken, concludes, promised_at, promises_of(sent))

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
        drop_draft(session, sent.staff, "tickets", sent.ticket_id)
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


def _snooze(sent: Submitted) -> Change:
    until = _aside_until(sent)

    def change(session: Session) -> str:
        snooze(session, sent.staff, sent.ticket_id, until=until, version=sent.seen.ticket, now=sent.now)
        return "done_snooze"

    return change


def _aside_until(sent: Submitted) -> datetime:
    """An hour from now, the next workday's opening, or the moment that was given."""
    chosen = sent.form.text("for")
    if chosen == "hour":
        return sent.now + _HOUR
    if chosen == "workday":
        return next_workday(sent.deps.calendar, sent.now)
    until = sent.moment("until")
    if until is None:
        raise FieldError("until", "is missing; say until when")
    return until


def next_workday(calendar: Calendar, now: datetime) -> datetime:
    """When the desk opens on the next workday after today."""
    tomorrow = now.astimezone(calendar.timezone).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    moment = calendar.next_opening(tomorrow)
    while not calendar.is_workday(moment.astimezone(calendar.timezone).date()):
        following = moment.astimezone(calendar.timezone).replace(hour=0, minute=0) + _DAY
        moment = calendar.next_opening(following)
    return moment


def _wake(sent: Submitted) -> Change:
    def change(session: Session) -> str:
        wake(session, sent.staff, sent.ticket_id)
        return "done_wake"

    return change


TICKET_VERBS: Mapping[str, Callable[[Submitted], Change]] = {
    "reply": _reply,
    "hold": _hold,
    "assign": _assign,
    "accept": _accept,
    "acknowledge": _acknowledge,
    "resolve": _resolve,
    "reopen": _reopen,
    "note": _note,
    "snooze": _snooze,
    "wake": _wake,
    "take_over": talking.take_over,
    "hand_back": talking.hand_back,
    "transfer": talking.transfer,
    "open": talking.open_ticket,
    **JOINING_VERBS,
    **PARTICULAR_VERBS,
}
CONVERSATION_VERBS: Mapping[str, Callable[[Submitted], Change]] = {
    "reply": talking.talk,
    "note": talking.note,
    "take_over": talking.take_over,
    "hand_back": talking.hand_back,
    "transfer": talking.transfer,
    "open": talking.open_ticket,
}
# The changes that say something to the resident in the member's own words.
SPEAKING = frozenset({"reply", "hold", "resolve"})
