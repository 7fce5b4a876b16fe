"""Corrections that staff propose from a message: another label, or an answer for the knowledge base."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, access_message, require
from actions.errors import ConflictError, FieldError, NotFoundError
from actions.ids import new_id
from actions.tables import Direction, Message, Review, Staff, Suggestion, SuggestionKind, SuggestionState, Ticket

_MOST = 200


@dataclass(frozen=True, slots=True)
class SuggestionCard:
    """A proposal with the message that it came from; `proposed` has a label, or question, answer and source."""

    id: int
    kind: SuggestionKind
    state: SuggestionState
    message: str
    understood: str
    proposed: Mapping[str, Any]
    by: str
    at: datetime


def suggest_label(session: Session, staff: StaffIdentity, message_id: int, label: str, now: datetime) -> None:
    """Say that a resident's message should have been understood as another label (`repair.outage`)."""
    message = access_message(session, staff, message_id)
    if message.direction is not Direction.IN or not label:
        raise FieldError("label", "is missing, or the message is not a resident's")
    _add(session, staff, SuggestionKind.LABEL, message_id, {"label": label}, now)


def suggest_knowledge(
    session: Session,
    staff: StaffIdentity,
    message_id: int,
    *,
    question: str,
    answer: str,
    source: str,
    now: datetime,
) -> None:
    """Propose an answer for the knowledge base; without a source it cannot be answered for (domain.md B1)."""
    access_message(session, staff, message_id)
    proposed = {"question": question.strip(), "answer": answer.strip(), "source": source.strip()}
    if missing := [name for name, text in proposed.items() if not text]:
        raise FieldError(missing[0], "is missing")
    _add(session, staff, SuggestionKind.KNOWLEDGE, message_id, proposed, now)


def suggestions(session: Session, staff: StaffIdentity, state: SuggestionState) -> tuple[SuggestionCard, ...]:
    """The proposals in a state, oldest first, without labels that were learned since.

    Raises NotAllowedError unless the member edits content.
    """
    require(staff, Permission.CONTENT_EDIT)
    learned = (
        select(Review.id)
        .where(
            Review.community_id == Suggestion.community_id,
            Review.message_id == Suggestion.message_id,
            Suggestion.kind == SuggestionKind.LABEL,
        )
        .correlate(Suggestion)
        .exists()
    )
    about_them = (
        select(Ticket.id)
        .where(
            Ticket.community_id == Message.community_id,
            Ticket.conversation_id == Message.conversation_id,
            Ticket.about_staff_id == staff.staff_id,
        )
        .correlate(Message)
        .exists()
    )
    rows = session.execute(
        select(Suggestion, Message.text, Message.understanding, Staff.name)
        .join(
            Message,
            and_(Message.community_id == Suggestion.community_id, Message.id == Suggestion.message_id),
        )
        .join(Staff, and_(Staff.community_id == Suggestion.community_id, Staff.id == Suggestion.staff_id))
        .where(Suggestion.community_id == staff.community_id, Suggestion.state == state, ~about_them, ~learned)
        .order_by(Suggestion.id)
        .limit(_MOST)
    )
    return tuple(
        SuggestionCard(row.id, row.kind, row.state, text, _label(understood), row.proposed, name, row.at)
        for row, text, understood, name in rows
    )


def decide(session: Session, staff: StaffIdentity, suggestion_id: int, *, accepted: bool, now: datetime) -> None:
    """Accept or refuse a proposal. Raises ConflictError when somebody has decided already."""
    require(staff, Permission.CONTENT_EDIT)
    row = session.execute(
        select(Suggestion)
        .where(Suggestion.community_id == staff.community_id, Suggestion.id == suggestion_id)
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise NotFoundError(f"suggestion {suggestion_id} is not there")
    if row.state is not SuggestionState.PENDING:
        raise ConflictError("it was decided already", current=row.state.value)
    row.state = SuggestionState.ACCEPTED if accepted else SuggestionState.REFUSED
    row.decided_by, row.decided_at = staff.staff_id, now


def _label(understood: Mapping[str, Any] | None) -> str:
    read = understood or {}
    return ".".join(str(part) for part in (read.get("intent"), read.get("category")) if part)


def _add(
    session: Session,
    staff: StaffIdentity,
    kind: SuggestionKind,
    message_id: int,
    proposed: Mapping[str, str],
    now: datetime,
) -> None:
    session.add(
        Suggestion(
            community_id=staff.community_id,
            id=new_id(session, now),
            kind=kind,
            state=SuggestionState.PENDING,
            message_id=message_id,
            staff_id=staff.staff_id,
            proposed=dict(proposed),
            at=now,
        )
    )
