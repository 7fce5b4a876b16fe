"""What a member has begun to write, kept on the server; who is looking at a conversation; tickets put aside."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_conversation, access_ticket
from actions.actors import Actor
from actions.errors import FieldError
from actions.ids import new_id
from actions.live import emit
from actions.tables import Draft, Presence, Severity, Snooze, Staff
from actions.transitions import RUNNING, lock_ticket, record

LONGEST_DRAFT = 5_000
HERE_FOR = timedelta(seconds=45)
"""How long a member counts as present after their page has last said so."""
WRITING_FOR = timedelta(seconds=8)
LONGEST_SNOOZE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague who has the conversation open."""

    name: str
    writing: bool


def keep_draft(session: Session, staff: StaffIdentity, subject: str, subject_id: int, text: str, now: datetime) -> None:
    """Keep what is being written to the resident of a ticket or conversation; an empty text is forgotten."""
    if subject == "tickets":
        access_ticket(session, staff, subject_id, Permission.TICKET_REPLY)
    else:
        access_conversation(session, staff, subject_id, Permission.CONVERSATION_TAKE_OVER)
    drop_draft(session, staff, subject, subject_id)
    if text.strip():
        session.add(
            Draft(
                community_id=staff.community_id,
                id=new_id(session, now),
                staff_id=staff.staff_id,
                subject=subject,
                subject_id=subject_id,
                text=text[:LONGEST_DRAFT],
                updated_at=now,
            )
        )


def drop_draft(session: Session, staff: StaffIdentity, subject: str, subject_id: int) -> None:
    """Forget the member's draft, because it was sent."""
    session.execute(
        delete(Draft).where(
            Draft.community_id == staff.community_id,
            Draft.staff_id == staff.staff_id,
            Draft.subject == subject,
            Draft.subject_id == subject_id,
        )
    )


def draft_of(session: Session, staff: StaffIdentity, subject: str, subject_id: int) -> str:
    """What the member had begun to write here, empty when nothing."""
    found = session.execute(
        select(Draft.text).where(
            Draft.community_id == staff.community_id,
            Draft.staff_id == staff.staff_id,
            Draft.subject == subject,
            Draft.subject_id == subject_id,
        )
    ).scalar_one_or_none()
    return found or ""


def be_present(session: Session, staff: StaffIdentity, conversation_id: int, *, writing: bool, now: datetime) -> None:
    """Say that the member has the conversation open, and whether they write; pages hear of it when that changed."""
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_SEE)
    row = session.execute(
        select(Presence)
        .where(
            Presence.community_id == staff.community_id,
            Presence.conversation_id == conversation_id,
            Presence.staff_id == staff.staff_id,
        )
        .with_for_update()
    ).scalar_one_or_none()
    was_here = row is not None and row.seen_at > now - HERE_FOR
    was_writing = row is not None and row.writing_at is not None and row.writing_at > now - WRITING_FOR
    if row is None:
        row = Presence(
            community_id=staff.community_id,
            id=new_id(session, now),
            conversation_id=conversation_id,
            staff_id=staff.staff_id,
            seen_at=now,
        )
        session.add(row)
    row.seen_at = now
    row.writing_at = now if writing else None
    if not was_here or was_writing != writing:
        # Without its conversation the line reaches no resident's page.
        emit(session, staff.community_id, f"presence:{conversation_id}", now=now)


def present(session: Session, staff: StaffIdentity, conversation_id: int, now: datetime) -> tuple[Present, ...]:
    """The colleagues who have the conversation open now, writers first."""
    rows = session.execute(
        select(Staff.name, Presence.writing_at)
        .join(Staff, and_(Staff.community_id == Presence.community_id, Staff.id == Presence.staff_id))
        .where(
            Presence.community_id == staff.community_id,
            Presence.conversation_id == conversation_id,
            Presence.staff_id != staff.staff_id,
            Presence.seen_at > now - HERE_FOR,
        )
        .order_by(Staff.name)
    )
    found = [Present(name, at is not None and at > now - WRITING_FOR) for name, at in rows]
    return tuple(sorted(found, key=lambda one: not one.writing))


def snooze(
    session: Session, staff: StaffIdentity, ticket_id: int, *, until: datetime, version: int | None, now: datetime
) -> None:
    """Put a ticket aside until a moment; its clocks go on, and it is back when the resident writes or time is up.

    Raises FieldError for a moment that is past or too far away, or for an alarm, which is never put aside.
    """
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    ticket = lock_ticket(session, staff.community_id, ticket_id, version=version)
    if ticket.severity is Severity.ALARM or ticket.status not in RUNNING:
        raise FieldError("ticket", "cannot be put aside; it is an alarm, or it is done")
    if not now < until <= now + LONGEST_SNOOZE:
        raise FieldError("until", "should lie between now and two weeks from now")
    session.execute(delete(Snooze).where(Snooze.community_id == staff.community_id, Snooze.ticket_id == ticket_id))
    session.add(
        Snooze(
            community_id=staff.community_id,
            id=new_id(session, now),
            ticket_id=ticket_id,
            staff_id=staff.staff_id,
            until=until,
            at=now,
        )
    )
    detail = {"until": until.isoformat()}
    record(session, ticket, Actor.staff(staff.staff_id), "ticket:snoozed", detail=detail, now=now)


def wake(session: Session, staff: StaffIdentity, ticket_id: int) -> None:
    """Bring a ticket back that was put aside."""
    access_ticket(session, staff, ticket_id, Permission.TICKET_REPLY)
    session.execute(delete(Snooze).where(Snooze.community_id == staff.community_id, Snooze.ticket_id == ticket_id))


def snoozed_until(session: Session, community_id: int, ticket_id: int, now: datetime) -> datetime | None:
    """Until when a ticket was put aside, or None."""
    return session.execute(
        select(Snooze.until).where(
            Snooze.community_id == community_id, Snooze.ticket_id == ticket_id, Snooze.until > now
        )
    ).scalar_one_or_none()
