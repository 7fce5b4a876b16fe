"""Messages on their way out: claimed one at a time, recorded after the send, never forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from actions import undelivered
from actions.statements import table
from actions.tables import Contact, Message, OutboxRow, OutboxState

LEASE = timedelta(seconds=90)
_GIVE_UP_AFTER = 12
_LEASES_ALIKE = 3
_LONGEST_WAIT = timedelta(minutes=30)

_OUTBOX, _CONTACT, _MESSAGE = table(OutboxRow), table(Contact), table(Message)
_EARLIER = _OUTBOX.alias()
_WAITS_BEHIND = (
    select(_EARLIER.c.id)
    .where(
        _EARLIER.c.community_id == _OUTBOX.c.community_id,
        _EARLIER.c.contact_id == _OUTBOX.c.contact_id,
        _EARLIER.c.next_attempt_at.is_not(None),
        _EARLIER.c.id < _OUTBOX.c.id,
        # What goes to many waits for everybody's reply; no reply waits for it.
        or_(_EARLIER.c.bulk.is_(False), _OUTBOX.c.bulk.is_(True)),
    )
    .exists()
)
DUE_ROWS = (
    select(
        _OUTBOX.c.community_id,
        _OUTBOX.c.id,
        _OUTBOX.c.channel,
        _CONTACT.c.address,
        _MESSAGE.c.text,
        _MESSAGE.c.buttons,
        _OUTBOX.c.attempts,
        _OUTBOX.c.state,
        _MESSAGE.c.id.label("message_id"),
        _OUTBOX.c.contact_id,
        _OUTBOX.c.piece,
        _OUTBOX.c.bulk,
        _CONTACT.c.send_after,
        _OUTBOX.c.purpose,
    )
    .select_from(_OUTBOX)
    .join(_CONTACT, and_(_CONTACT.c.community_id == _OUTBOX.c.community_id, _CONTACT.c.id == _OUTBOX.c.contact_id))
    .join(_MESSAGE, and_(_MESSAGE.c.community_id == _OUTBOX.c.community_id, _MESSAGE.c.id == _OUTBOX.c.message_id))
    .where(_OUTBOX.c.next_attempt_at <= bindparam("now"), ~_WAITS_BEHIND)
    .order_by(_OUTBOX.c.next_attempt_at, _OUTBOX.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=_OUTBOX)
)
"""The message that is due next, locked; who claims it adds on which channels to look."""

_DUE = DUE_ROWS.where(_OUTBOX.c.channel.in_(bindparam("channels", expanding=True)))
NEXT_MOMENT = (
    select(_OUTBOX.c.next_attempt_at)
    .where(_OUTBOX.c.next_attempt_at.is_not(None), ~_WAITS_BEHIND)
    .order_by(_OUTBOX.c.next_attempt_at)
    .limit(1)
)
"""When the next message is due; what waits behind another does not count."""
_THIS_ROW = and_(_OUTBOX.c.community_id == bindparam("this_community"), _OUTBOX.c.id == bindparam("this_row"))
# A row is a claim's own as long as the claim is its last one: who comes back after the lease has nothing to say any
# more.
_THIS_CLAIM = and_(_THIS_ROW, _OUTBOX.c.attempts == bindparam("this_attempt"))
_CLAIM = (
    update(_OUTBOX)
    .where(_THIS_ROW)
    .values(
        state=OutboxState.CLAIMED,
        claimed_by=bindparam("claimed_by"),
        attempts=bindparam("attempts"),
        next_attempt_at=bindparam("next_attempt_at"),
    )
)
_SETTLE = (
    update(_OUTBOX)
    .where(_THIS_CLAIM)
    .values(
        state=bindparam("state"),
        next_attempt_at=None,
        external_id=bindparam("external_id"),
        last_error=bindparam("last_error"),
        sent_at=bindparam("sent_at"),
    )
)
_NEXT_PIECE = (
    update(_OUTBOX)
    .where(_THIS_CLAIM)
    .values(
        state=bindparam("state"),
        piece=_OUTBOX.c.piece + 1,
        attempts=0,
        next_attempt_at=bindparam("next_attempt_at"),
        last_error=None,
        claimed_by=None,
    )
)
_RETRY = (
    update(_OUTBOX)
    .where(_THIS_CLAIM)
    .values(
        state=bindparam("state"),
        next_attempt_at=bindparam("next_attempt_at"),
        last_error=bindparam("last_error"),
        claimed_by=None,
    )
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message claimed for sending; of a message that goes out in pieces, `piece` were sent before."""

    community_id: int
    row_id: int
    channel: str
    address: str
    text: str
    buttons: tuple[dict[str, str], ...]
    attempts: int
    ambiguous: bool
    message_id: int = 0
    contact_id: int = 0
    piece: int = 0
    bulk: bool = False


def claim(session: Session, channels: frozenset[str], owner: str, now: datetime) -> Parcel | None:
    """Claim the next message that is due on one of the channels; messages to one contact go out in order.

    A claim that outlived its lease means that a process died between sending and recording: the message is sent again
    and marked as ambiguous, and stays so, whatever becomes of this attempt.
    """
    row = session.execute(_DUE, {"now": now, "channels": list(channels)}).one_or_none()
    return None if row is None else take(session, row, owner, now)


def take(session: Session, row: Row[*tuple[Any, ...]], owner: str, now: datetime) -> Parcel | None:
    """Claim a row of `DUE_ROWS` for as long as the lease; None for one that is not to be sent once more.

    A send that never comes to an end, whatever the fault, is tried ever more slowly and given up; a reminder to pay
    that may have arrived is held for a person.
    """
    if row.state is OutboxState.CLAIMED and row.attempts >= _GIVE_UP_AFTER:
        error = f"no send came to an end in {row.attempts} attempts"
        undelivered.give_up(session, row.community_id, row.id, error, now)
        return None
    if row.state in {OutboxState.CLAIMED, OutboxState.AMBIGUOUS} and row.purpose in undelivered.HELD_PURPOSES:
        error = "it may have arrived already; a person decides whether it is sent again"
        undelivered.hold_back(session, row.community_id, row.id, error, now)
        return None
    lease = min(LEASE * 2 ** max(0, row.attempts - _LEASES_ALIKE), max(LEASE, _LONGEST_WAIT))
    session.execute(
        _CLAIM,
        {
            "this_community": row.community_id,
            "this_row": row.id,
            "claimed_by": owner,
            "attempts": row.attempts + 1,
            "next_attempt_at": now + lease,
        },
    )
    return Parcel(
        row.community_id,
        row.id,
        row.channel,
        row.address,
        row.text,
        tuple(row.buttons or ()),
        row.attempts + 1,
        row.state in {OutboxState.CLAIMED, OutboxState.AMBIGUOUS},
        row.message_id,
        row.contact_id,
        row.piece,
        row.bulk,
    )


def record_piece(session: Session, parcel: Parcel, now: datetime) -> None:
    """The channel took a piece of the message, and more pieces follow."""
    state = OutboxState.AMBIGUOUS if parcel.ambiguous else OutboxState.PENDING
    session.execute(_NEXT_PIECE, {**_claim_of(parcel), "state": state, "next_attempt_at": now})


def record_sent(session: Session, parcel: Parcel, external_id: str, now: datetime) -> None:
    """The channel took the message."""
    state = OutboxState.AMBIGUOUS if parcel.ambiguous else OutboxState.SENT
    _settle(session, parcel, state, now, external_id=external_id)


def record_failure(
    session: Session,
    parcel: Parcel,
    error: str,
    *,
    permanent: bool,
    retry_after: float | None,
    now: datetime,
    ambiguous: bool = False,
    unreachable: bool = True,
) -> None:
    """The channel did not take it: try again later as told or ever more slowly, or give up for good.

    A message given up marks the contact as unreachable, which staff see, unless it is the message that was refused.
    `ambiguous` says that it may have arrived all the same.
    """
    # A wait that the channel asked for says nothing against the message.
    if permanent or (retry_after is None and parcel.attempts >= _GIVE_UP_AFTER):
        if _settle(session, parcel, OutboxState.GIVEN_UP, now, error=error):
            if unreachable:
                _mark_unreachable(session, parcel)
            undelivered.note_given_up(session, parcel.community_id, parcel.row_id, now)
        return
    wait = (
        timedelta(seconds=retry_after)
        if retry_after is not None
        else min(timedelta(seconds=2**parcel.attempts), _LONGEST_WAIT)
    )
    state = OutboxState.AMBIGUOUS if ambiguous or parcel.ambiguous else OutboxState.PENDING
    values = {"state": state, "next_attempt_at": now + wait, "last_error": error}
    session.execute(_RETRY, {**_claim_of(parcel), **values})


def next_moment(session: Session) -> datetime | None:
    """When the next message is due to be sent, or None when none waits; what waits behind another does not count."""
    return session.execute(NEXT_MOMENT).scalar_one_or_none()


def waiting(session: Session) -> int:
    """How many messages wait to be sent."""
    return session.execute(
        select(func.count()).select_from(OutboxRow).where(OutboxRow.next_attempt_at.is_not(None))
    ).scalar_one()


def _settle(
    session: Session,
    parcel: Parcel,
    state: OutboxState,
    now: datetime,
    *,
    external_id: str | None = None,
    error: str | None = None,
) -> bool:
    sent_at = now if error is None else None
    values = {"state": state, "external_id": external_id, "last_error": error, "sent_at": sent_at}
    settled = session.execute(_SETTLE, {**_claim_of(parcel), **values})
    return bool(settled.rowcount == 1)  # type: ignore[attr-defined]


def _claim_of(parcel: Parcel) -> dict[str, int]:
    return {"this_community": parcel.community_id, "this_row": parcel.row_id, "this_attempt": parcel.attempts}


def _mark_unreachable(session: Session, parcel: Parcel) -> None:
    session.execute(
        update(Contact)
        .where(
            Contact.community_id == parcel.community_id,
            Contact.channel == parcel.channel,
            Contact.address == parcel.address,
        )
        .values(reachable=False)
    )
