"""Who holds a conversation, when it changes hands by itself, and who is looking at it (domain.md C3, C4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from actions.access import Permission, StaffIdentity, access_conversation
from actions.conversations import give_to_bot, lock_conversation, mark
from actions.errors import ConflictError, FieldError
from actions.live import emit
from actions.mentions import call
from actions.roster import is_active, recipients
from actions.rulefile import Section
from actions.tables import Conversation, Direction, Message, Role, RosterEntry, TurnOwner
from actions.views.timeline import staff_names
from words.content import ContentFiles

SOURCE = "rules/console.yml"


@dataclass(frozen=True, slots=True)
class HoldingRules:
    """When a conversation that a person holds goes on by itself.

    After `silence` since the person's last word without an answer the bot takes it back; `after_shift` is the grace
    after the holder's shift has ended.
    """

    silence: timedelta
    after_shift: timedelta

    @classmethod
    def read(cls, files: ContentFiles) -> "HoldingRules":
        """Read rules/console.yml. Raises ContentError for a length of time that is none."""
        section = Section.read(files, SOURCE).section("hand_back")
        section.only("silence", "after_shift")
        return cls(section.duration("silence"), section.duration("after_shift"))


def transfer(
    session: Session,
    staff: StaffIdentity,
    conversation_id: int,
    *,
    staff_id: int,
    reason: str,
    version: int | None,
    now: datetime,
) -> int:
    """Give a conversation to a colleague, with the reason on record; returns the new version.

    Raises FieldError without a reason or for somebody who does not work here, ConflictError when another member holds
    it or it changed since `version`.
    """
    access_conversation(session, staff, conversation_id, Permission.CONVERSATION_TAKE_OVER)
    if not reason.strip():
        raise FieldError("reason", "is missing; say why it is given away")
    if not is_active(session, staff.community_id, staff_id):
        raise FieldError("staff_id", "is nobody who works here; choose a member of the staff list")
    conversation = lock_conversation(session, staff.community_id, conversation_id)
    if conversation.owner is TurnOwner.STAFF and conversation.staff_id != staff.staff_id:
        names = staff_names(session, staff.community_id, {conversation.staff_id})
        raise ConflictError("the conversation is held by somebody else", current=next(iter(names.values()), ""))
    if version is not None and conversation.version != version:
        raise ConflictError("the conversation changed since the page was read")
    _give(session, conversation, staff_id, now)
    detail = {"to": _name(session, staff.community_id, staff_id), "reason": reason.strip()}
    mark(session, staff.community_id, conversation_id, "transferred", now, staff_id=staff.staff_id, detail=detail)
    call(session, staff, (staff_id,), reason.strip(), conversation_id=conversation_id, ticket_id=None, now=now)
    return conversation.version


def anything_to_release(session: Session, rules: HoldingRules, now: datetime) -> bool:
    """Whether `release_one` would find something; a look that writes nothing."""
    return session.execute(_candidates(rules, now)).first() is not None


def release_one(session: Session, rules: HoldingRules, now: datetime) -> int | None:
    """Let one held conversation go on that waits for nobody; its id, or None when there is none.

    When the resident is silent after the holder's word, the bot takes it back. When the holder's shift has ended and
    the resident waits, it goes to whoever is on duty next; if nobody is, it waits for a person to come.
    """
    found = session.execute(_candidates(rules, now)).first()
    if found is None:
        return None
    community_id, conversation_id, version, direction = found
    done: int = conversation_id
    conversation = lock_conversation(session, community_id, conversation_id)
    if conversation.version != version or conversation.staff_id is None:
        return done  # somebody was faster; it is looked at afresh
    over = _shift_over(rules, now)
    ended = session.execute(select(Conversation.id).where(_this(conversation), over)).first() is not None
    why = "shift_end" if ended else "silence"
    if direction is not Direction.IN:
        give_to_bot(session, conversation, why, now)
        return done
    _pass_on(session, conversation, "shift_end", now)
    return done


def take_from(session: Session, conversation: Conversation, staff_id: int, now: datetime) -> None:
    """Give a locked conversation to whoever is on duty, if this member holds it: somebody complains about them."""
    if conversation.owner is TurnOwner.STAFF and conversation.staff_id == staff_id:
        _pass_on(session, conversation, "accused", now)


def release_all_of(session: Session, community_id: int, staff_id: int, now: datetime, *, limit: int) -> int:
    """Let conversations go on whose holder works here no more, at most `limit` of them; how many there were.

    As at the end of a shift: where the resident waits, whoever is on duty takes over; else the bot does.
    """
    held = select(Conversation.id).where(
        Conversation.community_id == community_id,
        Conversation.staff_id == staff_id,
        Conversation.held_since.is_not(None),
    )
    found = session.execute(held.order_by(Conversation.id).limit(limit)).scalars().all()
    for conversation_id in found:
        conversation = lock_conversation(session, community_id, conversation_id)
        if conversation.staff_id != staff_id:
            continue  # somebody was faster
        spoken = select(Message.direction).where(
            Message.community_id == community_id,
            Message.conversation_id == conversation_id,
            Message.direction != Direction.NOTE,
        )
        last = session.execute(spoken.order_by(Message.seq.desc()).limit(1)).scalar_one_or_none()
        if last is Direction.IN:
            _pass_on(session, conversation, "left", now)
        else:
            give_to_bot(session, conversation, "left", now)
    return len(found)


def _pass_on(session: Session, conversation: Conversation, why: str, now: datetime) -> None:
    holder = conversation.staff_id
    told = recipients(session, conversation.community_id, Role.AGENT, now, without={holder} if holder else ())
    detail: dict[str, Any] = {"nobody": True}
    if told.staff_ids:
        _give(session, conversation, told.staff_ids[0], now)
        detail = {"to": _name(session, conversation.community_id, told.staff_ids[0])}
    else:
        conversation.owner, conversation.staff_id, conversation.held_since = TurnOwner.NOBODY, None, None
        conversation.version += 1
        session.flush()
    mark(session, conversation.community_id, conversation.id, why, now, detail=detail)
    emit(session, conversation.community_id, "conversation:taken_over", conversation_id=conversation.id, now=now)


def _give(session: Session, conversation: Conversation, staff_id: int, now: datetime) -> None:
    conversation.owner = TurnOwner.STAFF
    conversation.staff_id = staff_id
    conversation.held_since = now
    conversation.version += 1
    session.flush()
    emit(session, conversation.community_id, "conversation:taken_over", conversation_id=conversation.id, now=now)


def _name(session: Session, community_id: int, staff_id: int) -> str:
    return staff_names(session, community_id, {staff_id}).get(staff_id, "")


def _this(conversation: Conversation) -> ColumnElement[bool]:
    return and_(Conversation.community_id == conversation.community_id, Conversation.id == conversation.id)


def _shift_over(rules: HoldingRules, now: datetime) -> ColumnElement[bool]:
    """The holder's shift ended since they took the conversation over, and none of theirs runs now."""
    mine = (RosterEntry.community_id == Conversation.community_id, RosterEntry.staff_id == Conversation.staff_id)
    ended = exists().where(
        *mine, RosterEntry.ends_at > Conversation.held_since, RosterEntry.ends_at <= now - rules.after_shift
    )
    running = exists().where(*mine, RosterEntry.starts_at <= now, RosterEntry.ends_at > now)
    return and_(ended, ~running)


def _candidates(rules: HoldingRules, now: datetime) -> Any:
    last, spoken = aliased(Message), aliased(Message)
    last_seq = (
        select(func.max(spoken.seq))
        .where(
            spoken.community_id == Conversation.community_id,
            spoken.conversation_id == Conversation.id,
            spoken.direction != Direction.NOTE,
        )
        .correlate(Conversation)
        .scalar_subquery()
    )
    before = now - rules.silence
    silent = and_(
        Conversation.held_since <= before, last.direction.is_distinct_from(Direction.IN),
        or_(last.sent_at.is_(None), last.sent_at <= before),
    )  # fmt: skip
    return (
        select(Conversation.community_id, Conversation.id, Conversation.version, last.direction)
        .outerjoin(
            last,
            and_(
                last.community_id == Conversation.community_id,
                last.conversation_id == Conversation.id,
                last.seq == last_seq,
            ),
        )
        .where(Conversation.held_since.is_not(None), or_(silent, _shift_over(rules, now)))
        .order_by(Conversation.held_since)
        .limit(1)
    )
