"""Sends several messages at once, so that a slow answer to one holds up no other."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from actions.outbox import Parcel
from actions.store import Store
from bot.channels.base import Channel
from bot.delivery import claim_next, send_claimed

log = structlog.get_logger(__name__)

# A claim is one transaction, which others wait for.
_MOST_IN_A_CLAIM = 5


class Postman:
    """Claims messages and has them sent beside each other; one contact's still go out in their order.

    Of the `at_once` sends under way at most `bulk_at_once` go to many, so that a reply always finds a place. `sent` is
    called whenever one has ended: what waited behind it may go.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        owner: str,
        clock: Callable[[], datetime],
        sent: Callable[[], None],
        *,
        at_once: int = 10,
        bulk_at_once: int = 6,
    ) -> None:
        self._store = store
        self._channels = channels
        self._owner = owner
        self._clock = clock
        self._sent = sent
        self._at_once = at_once
        self._bulk_at_once = bulk_at_once
        self._under_way: dict[asyncio.Task[None], Parcel] = {}

    async def step(self) -> bool:
        """Begin to send the next messages that may go; False when there are none. Waits while all places are taken."""
        if not self._channels:
            return False
        if len(self._under_way) >= self._at_once:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        places = min(self._at_once - len(self._under_way), _MOST_IN_A_CLAIM)
        bulk_places = max(0, self._bulk_at_once - sum(parcel.bulk for parcel in self._under_way.values()))
        parcels = await claim_next(
            self._store, self._channels, self._owner, self._clock(), places=places, bulk_places=bulk_places
        )
        for parcel in parcels:
            task = asyncio.create_task(send_claimed(self._store, self._channels, parcel, self._clock))
            self._under_way[task] = parcel
            task.add_done_callback(self._ended)
        return bool(parcels)

    async def finish(self, seconds: float) -> None:
        """Let what is under way come to its end, for so long at most."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        for task in tuple(self._under_way):
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        parcel = self._under_way.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The claim runs out, and the message is sent again as one that may have arrived.
            log.error("step_failed", loop="deliver", channel=parcel.channel, row=parcel.row_id, exc_info=error)
        self._sent()
