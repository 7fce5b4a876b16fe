"""Puts the photos of a conversation to the ticket that they are about, so that whoever works on it sees them."""

from datetime import datetime

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.orm import Session

from actions.statements import table
from actions.tables import Attachment, Direction, Message

_ATTACHMENT, _MESSAGE = table(Attachment), table(Message)
_ATTACH = (
    update(_ATTACHMENT)
    .where(
        _ATTACHMENT.c.community_id == bindparam("this_community"),
        _ATTACHMENT.c.ticket_id.is_(None),
        _ATTACHMENT.c.message_id.in_(
            select(_MESSAGE.c.id).where(
                and_(
                    _MESSAGE.c.community_id == bindparam("this_community"),
                    _MESSAGE.c.conversation_id == bindparam("this_conversation"),
                    _MESSAGE.c.direction == Direction.IN,
                    _MESSAGE.c.photos > 0,
                    _MESSAGE.c.stored_at >= bindparam("since"),
                )
            )
        ),
    )
    .values(ticket_id=bindparam("this_ticket"))
)


def attach_photos(
    session: Session, community_id: int, conversation_id: int, ticket_id: int, *, since: datetime
) -> None:
    """Give the photos sent since a moment, those that belong to no ticket yet, to this one."""
    values = {"this_community": community_id, "this_conversation": conversation_id}
    session.execute(_ATTACH, {**values, "this_ticket": ticket_id, "since": since})
