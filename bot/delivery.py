"""Sends what waits in the outbox: one message a step, recorded after it was sent."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog

from actions import addresses, outbox, pacing
from actions.outbox import Parcel
from actions.store import Session, Store
from bot.channels.base import Channel
from bot.errors import ChannelError

log = structlog.get_logger(__name__)


async def deliver_one(store: Store, channels: Mapping[str, Channel], owner: str, now: datetime) -> bool:
    """Send the next message that is due; False when there is none."""
    parcels = await claim_next(store, channels, owner, now)
    for parcel in parcels:
        await send_claimed(store, channels, parcel, lambda: now)
    return bool(parcels)


async def claim_next(
    store: Store, channels: Mapping[str, Channel], owner: str, now: datetime, *, places: int = 1, bulk_places: int = 1
) -> tuple[Parcel, ...]:
    """Claim the next messages that may go out: `places` at most, and of those that go to many `bulk_places`."""
    lanes = [lane for channel in channels.values() for lane in channel.lanes]
    unlimited = frozenset(name for name, channel in channels.items() if not channel.lanes)

    def claim(session: Session) -> tuple[Parcel, ...]:
        claimed: list[Parcel] = []
        for lane in lanes:
            left, bulk_left = places - len(claimed), bulk_places - sum(parcel.bulk for parcel in claimed)
            claimed += pacing.claim(session, lane, owner, now, places=left, bulk_places=max(0, bulk_left))
        if unlimited and len(claimed) < places and (parcel := outbox.claim(session, unlimited, owner, now)) is not None:
            claimed.append(parcel)
        return tuple(claimed)

    return await store.write(claim) if channels else ()


async def send_claimed(
    store: Store, channels: Mapping[str, Channel], parcel: Parcel, clock: Callable[[], datetime]
) -> None:
    """Send a claimed message, or its next piece, and record what became of it at the moment it did."""
    channel = channels[parcel.channel]
    try:
        external_id = await channel.send(parcel)
    except ChannelError as error:
        log.warning("not_delivered", channel=parcel.channel, row=parcel.row_id, error=str(error))
        await store.write(partial(_record_failure, parcel, error, clock()))
        return
    now = clock()
    if parcel.piece + 1 < channel.pieces(parcel.text):
        await store.write(lambda session: outbox.record_piece(session, parcel, now))
    else:
        await store.write(lambda session: outbox.record_sent(session, parcel, external_id, now))


def _record_failure(parcel: Parcel, error: ChannelError, now: datetime, session: Session) -> None:
    if error.retry_after is not None:
        pacing.note_flood(session, parcel, error.retry_after, now)
    if error.moved_to is not None:
        addresses.move(session, parcel.community_id, parcel.channel, parcel.address, error.moved_to)
    outbox.record_failure(
        session,
        parcel,
        str(error),
        permanent=error.permanent,
        retry_after=error.retry_after,
        ambiguous=error.ambiguous,
        unreachable=error.unreachable,
        now=now,
    )
