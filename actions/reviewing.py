"""Messages worth labelling by a person: which they are, and which have been looked at (domain.md B1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, or_, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.errors import FieldError
from actions.ids import lowest_id, new_id
from actions.records import write_record
from actions.tables import (
    ActorKind,
    Contact,
    Conversation,
    Direction,
    Message,
    Resident,
    Review,
    Suggestion,
    SuggestionKind,
    SuggestionState,
    Ticket,
)

MOST = 2_000
"""Messages of one look, the newest."""
SINCE_DAYS = 30
"""How far back one looks when nothing else is said."""
_GIVEN_UP = "not understood twice"
_AT_ONCE = 400


class Reason(StrEnum):
    """Why a message is worth a look: the first of these that holds is the one shown."""

    CORRECTED = "corrected"
    GIVEN_UP = "given_up"
    FALLBACK = "fallback"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who looks: for a member the permission is checked and complaints about them are left out (domain.md A12)."""

    community_id: int
    member: StaffIdentity | None = None

    @property
    def actor(self) -> Actor:
        """Under whom it goes on record; the command of the one who runs the desk is the desk's own."""
        return Actor(ActorKind.SYSTEM) if self.member is None else Actor.staff(self.member.staff_id)

    def check(self) -> None:
        """Raise NotAllowedError unless the reviewer edits content."""
        if self.member is not None:
            require(self.member, Permission.CONTENT_EDIT)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message as it was written, what was understood, why it is here, and what a colleague proposed ("" if nobody).

    `names` are those of the resident on record, to be covered like all that is personal.
    """

    message_id: int
    text: str
    sent_at: datetime
    understanding: Mapping[str, Any]
    model_version: str
    reason: Reason
    proposed: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of messages that read alike: their label, or "" when nothing is to be learned from them."""

    message_ids: tuple[int, ...]
    label: str


def candidates(session: Session, by: Reviewer, now: datetime, days: int = SINCE_DAYS) -> tuple[Candidate, ...]:
    """The messages of the last days that are worth a label and have not been looked at, newest first."""
    by.check()
    oldest = lowest_id(now - timedelta(days=days))
    proposed = _proposed(session, by.community_id, oldest)
    given_up = _given_up(session, by.community_id, oldest)
    talks = {talk for talk, _ in given_up}
    worth = or_(
        Message.understanding["unsure"].as_boolean(),
        Message.understanding["fallback"].as_boolean(),
        Message.id.in_(proposed),
        Message.conversation_id.in_(talks),
    )
    rows = session.execute(
        _messages(by, oldest).add_columns(Resident.name).where(worth).order_by(Message.id.desc()).limit(MOST)
    ).mappings()
    found = ((row, _reason(row, proposed, given_up)) for row in rows)
    return tuple(_candidate(row, reason, proposed) for row, reason in found if reason is not None)


def known_messages(session: Session, community_id: int, ids: Sequence[int]) -> frozenset[int]:
    """Those of the ids that are residents' messages of the community."""
    found: set[int] = set()
    for start in range(0, len(ids), _AT_ONCE):
        found |= set(
            session.execute(
                select(Message.id).where(
                    Message.community_id == community_id,
                    Message.direction == Direction.IN,
                    Message.id.in_(ids[start : start + _AT_ONCE]),
                )
            ).scalars()
        )
    return frozenset(found)


def record_export(session: Session, by: Reviewer, shown: int, days: int, now: datetime) -> None:
    """Put on record that messages were taken out to be labelled: how many, and of how many days (domain.md C6)."""
    by.check()
    _record(session, by, "review:exported", {"messages": shown, "days": days}, now)


def record_look(session: Session, by: Reviewer, shown: int, now: datetime) -> None:
    """Put on record that the list was looked at (domain.md C6)."""
    by.check()
    _record(session, by, "review:listed", {"messages": shown}, now)


def record_reviews(session: Session, by: Reviewer, verdicts: Sequence[Verdict], now: datetime) -> int:
    """Mark messages as looked at and return how many were not yet; at most 400 in one call.

    Raises FieldError for a message that is not there, NotAllowedError for who does not edit content.
    """
    by.check()
    labels = {message_id: verdict.label for verdict in verdicts for message_id in verdict.message_ids}
    if missing := sorted(labels.keys() - known_messages(session, by.community_id, sorted(labels))):
        raise FieldError("message", f"{missing[0]} is not there")
    done = set(
        session.execute(
            select(Review.message_id).where(
                Review.community_id == by.community_id, Review.message_id.in_(sorted(labels))
            )
        ).scalars()
    )
    fresh = [(message_id, label) for message_id, label in sorted(labels.items()) if message_id not in done]
    staff_id = None if by.member is None else by.member.staff_id
    if fresh:
        session.execute(
            insert(Review),
            [
                {
                    "community_id": by.community_id,
                    "id": new_id(session, now),
                    "message_id": message_id,
                    "label": label,
                    "staff_id": staff_id,
                    "at": now,
                }
                for message_id, label in fresh
            ],
        )
        passed = sum(not label for _, label in fresh)
        _record(session, by, "review:recorded", {"messages": len(fresh), "passed_over": passed}, now)
    return len(fresh)


def _record(session: Session, by: Reviewer, action: str, detail: Mapping[str, object], now: datetime) -> None:
    write_record(session, by.actor, by.community_id, action, ("review", None), detail=detail, now=now)


def _messages(by: Reviewer, oldest: int) -> Any:
    """Residents' own words that were understood, with whose they are, but for those that were looked at."""
    looked_at = select(Review.id).where(Review.community_id == Message.community_id, Review.message_id == Message.id)
    query = (
        select(
            Message.id,
            Message.text,
            Message.sent_at,
            Message.understanding,
            Message.model_version,
            Message.conversation_id,
            Message.turn,
        )
        .join(
            Conversation,
            and_(Conversation.community_id == Message.community_id, Conversation.id == Message.conversation_id),
        )
        .join(Contact, and_(Contact.community_id == Message.community_id, Contact.id == Conversation.contact_id))
        .outerjoin(Resident, and_(Resident.community_id == Contact.community_id, Resident.id == Contact.resident_id))
        .where(
            Message.community_id == by.community_id,
            Message.id >= oldest,
            Message.direction == Direction.IN,
            Message.understanding.is_not(None),
            ~Message.pressed,
            ~looked_at.exists(),
        )
    )
    return query if by.member is None else query.where(~_about(by.member))


def _about(member: StaffIdentity) -> ColumnElement[bool]:
    return (
        select(Ticket.id)
        .where(
            Ticket.community_id == Message.community_id,
            Ticket.conversation_id == Message.conversation_id,
            Ticket.about_staff_id == member.staff_id,
        )
        .correlate(Message)
        .exists()
    )


def _proposed(session: Session, community_id: int, oldest: int) -> dict[int, str]:
    """The labels that colleagues proposed and nobody refused, by message; the latest counts."""
    rows = session.execute(
        select(Suggestion.message_id, Suggestion.proposed)
        .where(
            Suggestion.community_id == community_id,
            Suggestion.kind == SuggestionKind.LABEL,
            Suggestion.state != SuggestionState.REFUSED,
            Suggestion.message_id >= oldest,
        )
        .order_by(Suggestion.id)
    )
    return {message_id: str(proposed["label"]) for message_id, proposed in rows}


def _given_up(session: Session, community_id: int, oldest: int) -> frozenset[tuple[int, int]]:
    """The turns, by conversation, at which the bot handed over because it had not understood, and the ones before."""
    turn = Message.decision["turn"].as_integer()
    rows = session.execute(
        select(Message.conversation_id, func.min(turn))
        .where(
            Message.community_id == community_id,
            Message.id >= oldest,
            Message.direction == Direction.OUT,
            Message.decision["because"].as_string() == _GIVEN_UP,
        )
        .group_by(Message.conversation_id, turn)
    )
    return frozenset((talk, number - before) for talk, number in rows for before in (0, 1))


def _reason(row: RowMapping, proposed: Mapping[int, str], given_up: frozenset[tuple[int, int]]) -> Reason | None:
    read = row["understanding"]
    if row["id"] in proposed:
        return Reason.CORRECTED
    if (row["conversation_id"], row["turn"]) in given_up and read.get("unsure"):
        return Reason.GIVEN_UP
    if read.get("fallback"):
        return Reason.FALLBACK
    return Reason.UNSURE if read.get("unsure") else None


def _candidate(row: RowMapping, reason: Reason, proposed: Mapping[int, str]) -> Candidate:
    return Candidate(
        row["id"],
        row["text"],
        row["sent_at"],
        row["understanding"],
        row["model_version"] or "",
        reason,
        proposed.get(row["id"], ""),
        (row["name"],) if row["name"] else (),
    )
