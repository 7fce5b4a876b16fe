"""Notes that call a colleague by name (@), and what a member has been called for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.ids import new_id
from actions.live import emit
from actions.tables import Conversation, Mention, Staff, Ticket

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class MentionCard:
    """A call as the called member sees it."""

    id: int
    by: str
    text: str
    at: datetime
    conversation_id: int | None
    ticket_id: int | None


def called_in(session: Session, community_id: int, text: str) -> tuple[int, ...]:
    """The active members whose name follows an @ in the text; of names that begin alike the longer one counts."""
    if "@" not in text:
        return ()
    members = session.execute(select(Staff.id, Staff.name).where(Staff.community_id == community_id, Staff.active))
    by_length = sorted(members, key=lambda row: -len(row.name))
    found: list[int] = []
    for part in text.split("@")[1:]:
        called = next((row.id for row in by_length if part.startswith(row.name)), None)
        if called is not None and called not in found:
            found.append(called)
    return tuple(found)


def call(
    session: Session,
    staff: StaffIdentity,
    staff_ids: Sequence[int],
    text: str,
    *,
    conversation_id: int | None,
    ticket_id: int | None,
    now: datetime,
) -> None:
    """Call colleagues; who calls themselves is not called, nor is one about whom the matter is (domain.md A12)."""
    for staff_id in staff_ids:
        if staff_id == staff.staff_id or _is_about(session, staff.community_id, staff_id, conversation_id, ticket_id):
            continue
        session.add(
            Mention(
                community_id=staff.community_id,
                id=new_id(session, now),
                staff_id=staff_id,
                by_id=staff.staff_id,
                conversation_id=conversation_id,
                ticket_id=ticket_id,
                text=text,
                at=now,
            )
        )
    if staff_ids:
        emit(
            session,
            staff.community_id,
            "mention:made",
            conversation_id=conversation_id,
            ticket_id=ticket_id,
            now=now,
        )


def open_mentions(session: Session, staff: StaffIdentity) -> tuple[MentionCard, ...]:
    """What the member was called for and has not taken note of, newest first."""
    rows = session.execute(
        select(Mention, Staff.name)
        .join(Staff, and_(Staff.community_id == Mention.community_id, Staff.id == Mention.by_id))
        .where(
            Mention.community_id == staff.community_id, Mention.staff_id == staff.staff_id, Mention.seen_at.is_(None)
        )
        .order_by(Mention.id.desc())
        .limit(_SHOWN)
    )
    return tuple(MentionCard(row.id, name, row.text, row.at, row.conversation_id, row.ticket_id) for row, name in rows)


def take_note(session: Session, staff: StaffIdentity, mention_id: int, now: datetime) -> None:
    """Record that the member has taken note; another's call is left alone."""
    session.execute(
        update(Mention)
        .where(
            Mention.community_id == staff.community_id,
            Mention.staff_id == staff.staff_id,
            Mention.id == mention_id,
            Mention.seen_at.is_(None),
        )
        .values(seen_at=now)
    )


def _is_about(
    session: Session, community_id: int, staff_id: int, conversation_id: int | None, ticket_id: int | None
) -> bool:
    if ticket_id is not None and conversation_id is None:
        of_ticket = select(Conversation.id).join(
            Ticket,
            and_(Ticket.community_id == Conversation.community_id, Ticket.conversation_id == Conversation.id),
        )
        conversation_id = session.execute(
            of_ticket.where(Ticket.community_id == community_id, Ticket.id == ticket_id)
        ).scalar_one_or_none()
    query = select(Ticket.id).where(Ticket.community_id == community_id, Ticket.about_staff_id == staff_id)
    query = query.where(
        Ticket.id == ticket_id if conversation_id is None else Ticket.conversation_id == conversation_id
    )
    return session.execute(query.limit(1)).first() is not None
