"""Files that a messenger still holds: which to fetch next, and what became of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.orm import Session

from actions.intake import Upload
from actions.live import emit
from actions.statements import table
from actions.tables import Attachment, Contact, Conversation, Message

_LEASE = timedelta(seconds=120)
_MOST_ATTEMPTS = 6
_LONGEST_WAIT = timedelta(minutes=15)

_ATTACHMENT, _MESSAGE, _CONTACT = table(Attachment), table(Message), table(Contact)
_CONVERSATION = table(Conversation)
_NEXT = (
    select(
        _ATTACHMENT.c.community_id,
        _ATTACHMENT.c.id,
        _ATTACHMENT.c.remote,
        _ATTACHMENT.c.kind,
        _ATTACHMENT.c.name,
        _ATTACHMENT.c.content_type,
        _ATTACHMENT.c.size,
        _ATTACHMENT.c.fetch_attempts,
        _MESSAGE.c.conversation_id,
    )
    .join(
        _MESSAGE,
        and_(_MESSAGE.c.community_id == _ATTACHMENT.c.community_id, _MESSAGE.c.id == _ATTACHMENT.c.message_id),
    )
    .join(
        _CONVERSATION,
        and_(_CONVERSATION.c.community_id == _MESSAGE.c.community_id, _CONVERSATION.c.id == _MESSAGE.c.conversation_id),
    )
    .join(
        _CONTACT,
        and_(_CONTACT.c.community_id == _CONVERSATION.c.community_id, _CONTACT.c.id == _CONVERSATION.c.contact_id),
    )
    .where(
        _ATTACHMENT.c.fetch_at <= bindparam("now"),
        _ATTACHMENT.c.community_id.in_(bindparam("communities", expanding=True)),
        _CONTACT.c.channel == bindparam("this_channel"),
    )
    .order_by(_ATTACHMENT.c.fetch_at, _ATTACHMENT.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=_ATTACHMENT)
)
_THIS = and_(_ATTACHMENT.c.community_id == bindparam("this_community"), _ATTACHMENT.c.id == bindparam("this_file"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be fetched, claimed for a while; `remote` is the channel's own number of it, `size` in bytes or 0."""

    community_id: int
    attachment_id: int
    remote: str
    kind: str
    name: str
    content_type: str
    size: int
    attempts: int
    conversation_id: int


def claim(session: Session, channel: str, communities: frozenset[int], now: datetime) -> Wanted | None:
    """Claim the file that has waited longest."""
    given = {"now": now, "communities": list(communities), "this_channel": channel}
    row = session.execute(_NEXT, given).one_or_none()
    if row is None:
        return None
    values = {"fetch_at": now + _LEASE, "fetch_attempts": row.fetch_attempts + 1}
    session.execute(update(_ATTACHMENT).where(_THIS).values(values), _key(row.community_id, row.id))
    return Wanted(*row[:7], row.fetch_attempts + 1, row.conversation_id)


def record_fetched(session: Session, wanted: Wanted, upload: Upload, now: datetime) -> None:
    """The bytes are here."""
    values = {
        "sha256": upload.sha256,
        "content_type": upload.content_type,
        "size": upload.size,
        "kind": upload.kind,
        "fetch_at": None,
    }
    session.execute(update(_ATTACHMENT).where(_THIS).values(values), _key(wanted.community_id, wanted.attachment_id))
    emit(session, wanted.community_id, "message:in", conversation_id=wanted.conversation_id, now=now)


def record_failure(session: Session, wanted: Wanted, now: datetime, *, for_good: bool) -> bool:
    """The bytes could not be fetched: try again ever more slowly, or give the file up. Whether it was given up."""
    given_up = for_good or wanted.attempts >= _MOST_ATTEMPTS
    wait = min(timedelta(seconds=2.0 ** (wanted.attempts + 1)), _LONGEST_WAIT)
    values = {"fetch_at": None if given_up else now + wait}
    session.execute(update(_ATTACHMENT).where(_THIS).values(values), _key(wanted.community_id, wanted.attachment_id))
    return given_up


def _key(community_id: int, attachment_id: int) -> dict[str, int]:
    return {"this_community": community_id, "this_file": attachment_id}
