"""What has been stored and not been understood yet, in an order in which nobody waits for somebody else's flood."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from actions.statements import table
from actions.tables import Message

_MESSAGE = table(Message)
# The first unread message of every conversation, then the second of each: a flood in one waits behind all others.
_UNREAD_PLACES = (
    select(
        _MESSAGE.c.community_id,
        _MESSAGE.c.id,
        func.row_number()
        .over(partition_by=(_MESSAGE.c.community_id, _MESSAGE.c.conversation_id), order_by=_MESSAGE.c.id)
        .label("place"),
    )
    .where(_MESSAGE.c.needs_understanding)
    .subquery()
)
_UNREAD = (
    select(_MESSAGE.c.community_id, _MESSAGE.c.id, _MESSAGE.c.text, _MESSAGE.c.sent_at)
    .join(
        _UNREAD_PLACES,
        and_(_UNREAD_PLACES.c.community_id == _MESSAGE.c.community_id, _UNREAD_PLACES.c.id == _MESSAGE.c.id),
    )
    .order_by(_UNREAD_PLACES.c.place, _MESSAGE.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Unread:
    """A stored message that has not been understood yet."""

    community_id: int
    message_id: int
    text: str
    sent_at: datetime


def unread(session: Session, limit: int) -> tuple[Unread, ...]:
    """Messages that have been stored but not understood: of each conversation its oldest first, then its next."""
    return tuple(Unread(*row) for row in session.execute(_UNREAD, {"most": limit}))
