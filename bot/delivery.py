"""Sends what waits in the outbox: one message a step, recorded after it was sent."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import structlog

from actions import outbox
from actions.outbox import Parcel
from actions.store import Session, Store
from bot.channels.base import Channel
from bot.errors import ChannelError

log = structlog.get_logger(__name__)


async def deliver_one(store: Store, channels: Mapping[str, Channel], owner: str, now: datetime) -> bool:
    """Send the next message that is due; False when there is none."""
    if not channels:
        return False
    names = frozenset(channels)
    parcel: Parcel | None = await store.write(lambda session: outbox.claim(session, names, owner, now))
    if parcel is None:
        return False
    try:
        external_id = await channels[parcel.channel].send(parcel)
    except ChannelError as error:
        log.warning("not_delivered", channel=parcel.channel, row=parcel.row_id, error=str(error))
        await store.write(partial(_record_failure, parcel, error, now))
        return True
    await store.write(lambda session: outbox.record_sent(session, parcel, external_id, now))
    return True


def _record_failure(parcel: Parcel, error: ChannelError, now: datetime, session: Session) -> None:
    outbox.record_failure(
        session,
        parcel,
        str(error),
        permanent=error.permanent,
        retry_after=error.retry_after,
        ambiguous=error.ambiguous,
        now=now,
    )
