"""What can be done in a conversation: talk, change who answers, write a note, open a ticket from it."""

from actions import console, conversations, holding
from actions.drafts import drop_draft
from actions.errors import FieldError
from actions.opening import Request, open_by_staff
from actions.store import Session
from actions.tables import Severity
from web.reading import address_in
from web.submitted import Change, Submitted, conversation_id_of


def take_over(sent: Submitted) -> Change:
    """The bot falls silent and the member answers."""
    conversation_id, version = conversation_id_of(sent), sent.seen.conversation
    if version is None:
        raise FieldError("conversation_version", "is missing")

    def change(session: Session) -> str:
        conversations.take_over(session, sent.staff, conversation_id, version=version, now=sent.now)
        return "done_take_over"

    return change


def hand_back(sent: Submitted) -> Change:
    """The bot answers again."""
    conversation_id = conversation_id_of(sent)

    def change(session: Session) -> str:
        conversations.hand_back(session, sent.staff, conversation_id, now=sent.now)
        return "done_hand_back"

    return change


def talk(sent: Submitted) -> Change:
    """Say something, whatever the tickets."""
    conversation_id = conversation_id_of(sent)

    def change(session: Session) -> str:
        console.talk(session, sent.staff, conversation_id, sent.spoken, seen=sent.seen, now=sent.now)
        drop_draft(session, sent.staff, "conversations", conversation_id)
        return "done_reply"

    return change


def note(sent: Submitted) -> Change:
    """Write something down for colleagues."""
    conversation_id, text = conversation_id_of(sent), sent.form.text("text")

    def change(session: Session) -> str:
        console.note_in_talk(session, sent.staff, conversation_id, text, sent.now)
        return "done_note"

    return change


def transfer(sent: Submitted) -> Change:
    """Give the conversation to a colleague, with a reason."""
    conversation_id, staff_id = conversation_id_of(sent), sent.form.number("staff_id")
    if staff_id is None:
        raise FieldError("staff_id", "is missing; choose a member")
    reason = sent.form.text("reason")

    def change(session: Session) -> str:
        holding.transfer(
            session,
            sent.staff,
            conversation_id,
            staff_id=staff_id,
            reason=reason,
            version=sent.seen.conversation,
            now=sent.now,
        )
        return "done_transfer"

    return change


def open_ticket(sent: Submitted) -> Change:
    """Open a ticket for the resident of this conversation."""
    conversation_id, request = conversation_id_of(sent), request_of(sent)

    def change(session: Session) -> str:
        card = open_by_staff(
            session,
            sent.staff,
            request,
            conversation_id=conversation_id,
            policy=sent.deps.policy,
            calendar=sent.deps.calendar,
            now=sent.now,
        )
        return f"/staff/tickets/{card.id}?done=done_open"

    return change


def request_of(sent: Submitted) -> Request:
    """What the form of a new ticket says. Raises FieldError for a matter that is none."""
    kind, _, category = sent.form.text("matter").partition(".")
    if kind not in sent.deps.policy.prefixes:
        raise FieldError("matter", "is missing; choose what it is about")
    severity = sent.form.text("severity")
    text = sent.form.text("place")
    return Request(
        kind=kind,
        category=category or None,
        summary=sent.form.text("summary"),
        place=text,
        phone=sent.form.text("phone") or None,
        severity=Severity(severity) if severity in set(Severity) else Severity.NORMAL,
        address=address_in(text),
        origin=sent.form.text("origin"),
        reference=sent.form.text("reference"),
        limit_at=sent.moment("limit_at"),
        about_staff_id=sent.form.number("about"),
    )
