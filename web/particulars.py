"""What is put on record about a ticket, from the posted form to the change: whom it is about, whose it is, C11."""

from collections.abc import Callable, Mapping

from actions.errors import FieldError
from actions.particulars import say_about, say_outside, say_responsible
from actions.store import Session
from actions.tables import Responsible
from web.submitted import Change, Submitted


def _about(sent: Submitted) -> Change:
    chosen, reason = sent.form.text("about"), sent.form.text("reason")
    staff_id = sent.form.number("about")
    if staff_id is None and chosen != "nobody":
        raise FieldError("about", "is missing; choose a member, or nobody")

    def change(session: Session) -> str:
        say_about(
            session,
            sent.staff,
            sent.ticket_id,
            staff_id=staff_id,
            reason=reason,
            version=sent.seen.ticket,
            now=sent.now,
        )
        # Whoever names themselves sees the ticket no more.
        return "/staff" if staff_id == sent.staff.staff_id else "done_about"

    return change


def _outside(sent: Submitted) -> Change:
    reference, limit_at = sent.form.text("reference"), sent.moment("limit_at")

    def change(session: Session) -> str:
        say_outside(
            session,
            sent.staff,
            sent.ticket_id,
            reference=reference,
            limit_at=limit_at,
            version=sent.seen.ticket,
            now=sent.now,
        )
        return "done_outside"

    return change


def _responsible(sent: Submitted) -> Change:
    chosen, reason = sent.form.text("responsible"), sent.form.text("reason")
    if chosen not in set(Responsible):
        raise FieldError("responsible", "is missing; choose who answers for it")

    def change(session: Session) -> str:
        say_responsible(
            session,
            sent.staff,
            sent.ticket_id,
            responsible=Responsible(chosen),
            reason=reason,
            version=sent.seen.ticket,
            now=sent.now,
        )
        return "done_responsible"

    return change


PARTICULAR_VERBS: Mapping[str, Callable[[Submitted], Change]] = {
    "about": _about,
    "outside": _outside,
    "responsible": _responsible,
}
