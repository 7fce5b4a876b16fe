"""Looks into the logs: each with its reason, each on record (domain.md C6)."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.errors import FieldError
from actions.records import write_record
from actions.tables import ActorKind, AuditEntry
from actions.views.shown import ShownConversation, ShownMessage
from actions.views.tickets import conversation_page
from actions.views.timeline import messages as timeline

LONGEST_REASON = 200
_OPENED = "logs:opened"
_LOOK_LASTS = timedelta(hours=12)
_MOST_PAGES = 50


def open_look(session: Session, staff: StaffIdentity, reason: str, now: datetime) -> int:
    """Begin to look into the logs for a reason; returns the number under which all looks for it go on record.

    Raises FieldError without a reason, NotAllowedError for who does not lead.
    """
    require(staff, Permission.LOG_SEE)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise FieldError("reason", f"should be 1 to {LONGEST_REASON} characters")
    return _write(session, staff, _OPENED, ("logs", None), reason, {}, now)


def reason_of(session: Session, staff: StaffIdentity, look: int | None, now: datetime) -> str:
    """The reason of a look that the member began within the last hours. Raises FieldError when there is none."""
    require(staff, Permission.LOG_SEE)
    found = session.execute(
        select(AuditEntry.reason).where(
            AuditEntry.community_id == staff.community_id,
            AuditEntry.id == (look or 0),
            AuditEntry.action == _OPENED,
            AuditEntry.actor == ActorKind.STAFF,
            AuditEntry.actor_id == staff.staff_id,
            AuditEntry.at > now - _LOOK_LASTS,
        )
    ).scalar_one_or_none()
    if found is None:
        raise FieldError("reason", "is missing; say what the logs are looked at for")
    return found


def note_search(
    session: Session, staff: StaffIdentity, reason: str, sought: Mapping[str, object], found: int, now: datetime
) -> None:
    """Record a search: what was sought, and how many messages the page showed."""
    _write(session, staff, "logs:searched", ("logs", None), reason, {**sought, "found": found}, now)


def note_replay(session: Session, staff: StaffIdentity, conversation_id: int, reason: str, now: datetime) -> None:
    """Record that a whole conversation was looked at."""
    _write(session, staff, "logs:replayed", ("conversation", conversation_id), reason, {}, now)


def note_export(session: Session, staff: StaffIdentity, conversation_id: int, reason: str, now: datetime) -> None:
    """Record that the transcript of a conversation was taken out of the desk."""
    _write(session, staff, "logs:exported", ("conversation", conversation_id), reason, {}, now)


def replay(
    session: Session, staff: StaffIdentity, conversation_id: int, now: datetime, *, before_seq: int | None = None
) -> ShownConversation:
    """A conversation with all that happened to its tickets; errors as in `conversation_page`."""
    require(staff, Permission.LOG_SEE)
    return conversation_page(session, staff, conversation_id, now, before_seq=before_seq)


def transcript(
    session: Session, staff: StaffIdentity, conversation_id: int, now: datetime
) -> tuple[ShownConversation, tuple[ShownMessage, ...]]:
    """The conversation and all its messages in order, at most fifty pages of them, the newest."""
    talk = replay(session, staff, conversation_id, now)
    return talk, tuple(message for page in reversed(list(_pages(session, staff, talk))) for message in page)


def _pages(session: Session, staff: StaffIdentity, talk: ShownConversation) -> Iterator[tuple[ShownMessage, ...]]:
    page, more = talk.messages, talk.more_before
    yield page
    for _ in range(_MOST_PAGES):
        if not (more and page):
            return
        page, more = timeline(session, staff.community_id, talk.id, for_staff=True, before_seq=page[0].seq)
        yield page


def _write(
    session: Session,
    staff: StaffIdentity,
    action: str,
    about: tuple[str, int | None],
    reason: str,
    detail: Mapping[str, object],
    now: datetime,
) -> int:
    actor = Actor.staff(staff.staff_id)
    return write_record(session, actor, staff.community_id, action, about, reason=reason, detail=detail, now=now)
