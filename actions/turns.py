"""From stored messages to turns: what is not understood yet, what is ready to be answered, and what was taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import BigInteger, Column, RowMapping, Select, and_, bindparam, func, select, update
from sqlalchemy.orm import Session

from actions.errors import ConflictError
from actions.statements import table
from actions.tables import Contact, Conversation, Direction, Message, MessageKind, TurnOwner
from actions.unread import Unread

# What is waited for after the understood part of a conversation has been answered.
_LOOK_AGAIN = timedelta(milliseconds=200)
# A turn is one transaction: whoever floods the desk is answered in pieces, between the turns of others.
_MOST_IN_A_TURN = 50


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """How long the desk waits for more before it answers.

    `usual` after an everyday message, `complaint` while a complaint is poured out, and never longer than `longest`
    after the first unanswered message.
    """

    usual: timedelta
    complaint: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Pending:
    """An understood message that waits to be answered."""

    message_id: int
    seq: int
    text: str
    sent_at: datetime
    stored_at: datetime
    pressed: bool
    photos: int
    understanding: Mapping[str, Any]
    kind: MessageKind = MessageKind.TEXT
    quote: str = ""
    edit_of: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A conversation that was claimed for one turn; the claim lasts as long as the transaction.

    `messages` is empty when the conversation was woken by time alone.
    """

    community_id: int
    conversation_id: int
    contact_id: int
    channel: str
    owner: TurnOwner
    version: int
    number: int
    state: Mapping[str, Any]
    messages: tuple[Pending, ...]
    more_waiting: bool


_CONVERSATION, _CONTACT, _MESSAGE = table(Conversation), table(Contact), table(Message)
_THIS_CONVERSATION = and_(
    _CONVERSATION.c.community_id == bindparam("this_community"),
    _CONVERSATION.c.id == bindparam("this_conversation"),
)
_UNDERSTOOD = (
    update(_MESSAGE)
    .where(
        _MESSAGE.c.community_id == bindparam("this_community"),
        _MESSAGE.c.id == bindparam("this_message"),
        _MESSAGE.c.needs_understanding,
    )
    .values(
        needs_understanding=False, understanding=bindparam("understanding"), model_version=bindparam("model_version")
    )
    .returning(_MESSAGE.c.conversation_id, _MESSAGE.c.pressed)
)
_WAITING = (
    select(_CONVERSATION.c.pending_since, _CONVERSATION.c.ready_at, _CONVERSATION.c.state)
    .where(_THIS_CONVERSATION)
    .with_for_update()
)
_WAIT = (
    update(_CONVERSATION)
    .where(_THIS_CONVERSATION)
    .values(pending_since=bindparam("pending_since"), ready_at=bindparam("ready_at"))
)
_POSTPONE = update(_CONVERSATION).where(_THIS_CONVERSATION).values(ready_at=bindparam("ready_at"))
_FINISH = (
    update(_CONVERSATION)
    .where(_THIS_CONVERSATION, _CONVERSATION.c.version == bindparam("claimed_version"))
    .values(
        version=_CONVERSATION.c.version + 1,
        turn_count=bindparam("turn_count"),
        owner=bindparam("owner"),
        state=bindparam("state"),
        # A turn woken by time alone took no message.
        taken_seq=func.coalesce(bindparam("last_taken", type_=BigInteger()), _CONVERSATION.c.taken_seq),
        pending_since=bindparam("pending_since"),
        ready_at=bindparam("ready_at"),
        wake_at=bindparam("wake_at"),
    )
)
_TAKE = (
    update(_MESSAGE)
    .where(
        _MESSAGE.c.community_id == bindparam("this_community"),
        _MESSAGE.c.conversation_id == bindparam("this_conversation"),
        _MESSAGE.c.seq.between(bindparam("first_taken"), bindparam("last_taken")),
        _MESSAGE.c.direction == Direction.IN,
    )
    .values(turn=bindparam("turn_number"))
)
_PENDING = (
    select(
        _MESSAGE.c.id,
        _MESSAGE.c.seq,
        _MESSAGE.c.text,
        _MESSAGE.c.sent_at,
        _MESSAGE.c.stored_at,
        _MESSAGE.c.pressed,
        _MESSAGE.c.photos,
        _MESSAGE.c.understanding,
        _MESSAGE.c.needs_understanding,
        _MESSAGE.c.kind,
        _MESSAGE.c.quote,
        _MESSAGE.c.edit_of,
    )
    .where(
        _MESSAGE.c.community_id == bindparam("this_community"),
        _MESSAGE.c.conversation_id == bindparam("this_conversation"),
        _MESSAGE.c.seq > bindparam("taken_seq"),
        _MESSAGE.c.direction == Direction.IN,
    )
    .order_by(_MESSAGE.c.seq)
    .limit(_MOST_IN_A_TURN + 1)
)


def _claiming(moment: Column[Any]) -> Select[Any]:
    """The conversation whose moment came first, locked; one that another process works on is passed over."""
    return (
        select(
            _CONVERSATION.c.community_id,
            _CONVERSATION.c.id,
            _CONVERSATION.c.contact_id,
            _CONTACT.c.channel,
            _CONVERSATION.c.owner,
            _CONVERSATION.c.version,
            _CONVERSATION.c.turn_count,
            _CONVERSATION.c.state,
            _CONVERSATION.c.taken_seq,
        )
        .join(
            _CONTACT,
            and_(_CONTACT.c.community_id == _CONVERSATION.c.community_id, _CONTACT.c.id == _CONVERSATION.c.contact_id),
        )
        .where(moment <= bindparam("now"))
        .order_by(moment)
        .limit(1)
        .with_for_update(skip_locked=True, of=_CONVERSATION)
    )


# What somebody wrote goes before what time alone has woken.
_CLAIMS = (_claiming(_CONVERSATION.c.ready_at), _claiming(_CONVERSATION.c.wake_at))
_NEXT_MOMENTS = tuple(
    select(moment).where(moment.is_not(None)).order_by(moment).limit(1)
    for moment in (_CONVERSATION.c.ready_at, _CONVERSATION.c.wake_at)
)


def record_understanding(
    session: Session,
    unread_message: Unread,
    understanding: Mapping[str, Any],
    model_version: str,
    quiet: QuietTimes,
    now: datetime,
) -> bool:
    """Store what was understood and set when the conversation may be answered; False when somebody else did."""
    message = {"this_community": unread_message.community_id, "this_message": unread_message.message_id}
    changed = session.execute(
        _UNDERSTOOD, {**message, "understanding": dict(understanding), "model_version": model_version}
    ).one_or_none()
    if changed is None:
        return False
    key = {"this_community": unread_message.community_id, "this_conversation": changed.conversation_id}
    pending_since, ready_at, state = session.execute(_WAITING, key).one()
    pending_since = pending_since or now
    if changed.pressed or understanding.get("emergency"):
        ready_at = min(now, ready_at or now)
    elif ready_at is None or ready_at > now:  # what is already due is not put off by what follows
        pouring = understanding.get("intent") == "complaint" or bool(state.get("pouring"))
        wait = quiet.complaint if pouring else quiet.usual
        # A fragment that is no complaint by itself does not cut short the wait that the complaint before it asked for.
        ready_at = min(max(now + wait, ready_at or now), pending_since + quiet.longest)
    session.execute(_WAIT, {**key, "pending_since": pending_since, "ready_at": ready_at})
    return True


def next_moment(session: Session) -> datetime | None:
    """When the next conversation is to be looked at, or None when nothing waits."""
    moments = (session.execute(statement).scalar_one_or_none() for statement in _NEXT_MOMENTS)
    return min((moment for moment in moments if moment is not None), default=None)


def claim_turn(session: Session, now: datetime) -> Turn | None:
    """Claim the conversation that has been ready longest, with the understood prefix of its pending messages."""
    claims = (session.execute(statement, {"now": now}).mappings().one_or_none() for statement in _CLAIMS)
    row = next((row for row in claims if row is not None), None)
    if row is None:
        return None
    messages, more = _pending(session, row)
    return Turn(
        row["community_id"],
        row["id"],
        row["contact_id"],
        row["channel"],
        row["owner"],
        row["version"],
        row["turn_count"] + 1,
        row["state"],
        messages,
        more,
    )


def _pending(session: Session, claimed: RowMapping) -> tuple[tuple[Pending, ...], bool]:
    key = {"this_community": claimed["community_id"], "this_conversation": claimed["id"]}
    rows = session.execute(_PENDING, {**key, "taken_seq": claimed["taken_seq"]}).all()
    understood = tuple(
        Pending(*row[:7], row.understanding or {}, row.kind, row.quote, row.edit_of)
        for row in takewhile(lambda row: not row.needs_understanding, rows[:_MOST_IN_A_TURN])
    )
    return understood, len(understood) < len(rows)


def finish_turn(
    session: Session, turn: Turn, *, state: Mapping[str, Any], wake_at: datetime | None, owner: TurnOwner, now: datetime
) -> None:
    """Mark the messages as taken and store the new state; in the transaction that claimed the turn."""
    key = {"this_community": turn.community_id, "this_conversation": turn.conversation_id}
    last_taken = turn.messages[-1].seq if turn.messages else None
    # The rest is taken as soon as it is understood; until then somebody must look again.
    changed = session.execute(
        _FINISH,
        {
            **key,
            "claimed_version": turn.version,
            "turn_count": turn.number,
            "owner": owner,
            "state": dict(state),
            "last_taken": last_taken,
            "pending_since": now if turn.more_waiting else None,
            "ready_at": now + _LOOK_AGAIN if turn.more_waiting else None,
            "wake_at": wake_at,
        },
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise ConflictError("the conversation changed while its turn was being answered")
    if turn.messages:
        # The pending messages were taken without a gap, so their first and last say which they are.
        taken = {"first_taken": turn.messages[0].seq, "last_taken": last_taken, "turn_number": turn.number}
        session.execute(_TAKE, {**key, **taken})


def postpone(session: Session, turn: Turn, until: datetime) -> None:
    """Look at a claimed conversation again later, because what arrived has not been understood yet."""
    key = {"this_community": turn.community_id, "this_conversation": turn.conversation_id}
    session.execute(_POSTPONE, {**key, "ready_at": until})
