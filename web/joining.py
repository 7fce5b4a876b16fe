"""What can be done with a ticket beside answering it, from the posted form to the change."""

from collections.abc import Callable, Mapping

from actions import ticket_work
from actions.errors import FieldError
from actions.store import Session
from actions.ticket_work import CallBack, Part, PauseReason
from web.submitted import Change, Submitted
from web.talking import request_of


def _merge(sent: Submitted) -> Change:
    into, reason = sent.form.text("into"), sent.form.text("reason")

    def change(session: Session) -> str:
        card = ticket_work.merge(
            session, sent.staff, sent.ticket_id, into=into, reason=reason, version=sent.seen.ticket, now=sent.now
        )
        return f"/staff/tickets/{card.id}?done=done_merge"

    return change


def _split(sent: Submitted) -> Change:
    request, reason = request_of(sent), sent.form.text("reason")
    part = Part(request.kind, request.category, request.summary, request.place, request.severity)

    def change(session: Session) -> str:
        card = ticket_work.split(
            session,
            sent.staff,
            sent.ticket_id,
            part=part,
            reason=reason,
            policy=sent.deps.policy,
            calendar=sent.deps.calendar,
            now=sent.now,
        )
        return f"/staff/tickets/{card.id}?done=done_split"

    return change


def _link(sent: Submitted) -> Change:
    other, reason = sent.form.text("other"), sent.form.text("reason")

    def change(session: Session) -> str:
        ticket_work.link(session, sent.staff, sent.ticket_id, other=other, reason=reason, now=sent.now)
        return "done_link"

    return change


def _pause(sent: Submitted) -> Change:
    why, until = sent.form.text("why"), sent.moment("until")
    if why not in set(PauseReason) or until is None:
        raise FieldError("until", "is missing; choose a reason and a moment")
    reason, note = PauseReason(why), sent.form.text("note")

    def change(session: Session) -> str:
        ticket_work.pause(
            session,
            sent.staff,
            sent.ticket_id,
            reason=reason,
            note=note,
            until=until,
            version=sent.seen.ticket,
            now=sent.now,
        )
        return "done_pause"

    return change


def _resume(sent: Submitted) -> Change:
    def change(session: Session) -> str:
        ticket_work.resume(session, sent.staff, sent.ticket_id, version=sent.seen.ticket, now=sent.now)
        return "done_resume"

    return change


def _arrive(sent: Submitted) -> Change:
    note = sent.form.text("note")

    def change(session: Session) -> str:
        ticket_work.arrive(session, sent.staff, sent.ticket_id, note=note, version=sent.seen.ticket, now=sent.now)
        return "done_arrive"

    return change


def _call_back(sent: Submitted) -> Change:
    given, text = sent.form.text("outcome"), sent.form.text("text")
    if given not in set(CallBack):
        raise FieldError("outcome", "is missing; choose how the call went")

    def change(session: Session) -> str:
        ticket_work.call_back(
            session,
            sent.staff,
            sent.ticket_id,
            outcome=CallBack(given),
            text=text,
            version=sent.seen.ticket,
            now=sent.now,
        )
        return "done_call_back"

    return change


def _agree_hold(sent: Submitted) -> Change:
    reason = sent.form.text("reason")

    def change(session: Session) -> str:
        ticket_work.agree_hold(
            session, sent.staff, sent.ticket_id, reason=reason, version=sent.seen.ticket, now=sent.now
        )
        return "done_agree_hold"

    return change


JOINING_VERBS: Mapping[str, Callable[[Submitted], Change]] = {
    "merge": _merge,
    "split": _split,
    "link": _link,
    "pause": _pause,
    "resume": _resume,
    "arrive": _arrive,
    "call_back": _call_back,
    "agree_hold": _agree_hold,
}
