"""Lets residents through at a human pace, and tells whoever is faster how long to wait."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from actions.rates import Counted, Rate, forget_passed, take
from actions.store import Session, Store
from actions.views import conversation_of
from web.deps import Limits
from web.limits import Buckets, unnamed
from web.resident_visit import Visit

_FORGET_EVERY = timedelta(minutes=10)
_BUSY_SECONDS = 5


class Gate:
    """Two lines: buckets of this process, which cost nothing, then counts that all processes share in the database.

    A visitor without a cookie is counted by network alone: new cookies must not buy new tokens.
    """

    def __init__(self, limits: Limits, store: Store) -> None:
        self._limits = limits
        self._store = store
        self._visitors = Buckets(limits.visitor_burst, limits.visitor_per_minute)
        self._networks = Buckets(limits.address_burst, limits.address_per_minute)
        self._looks = Buckets(limits.address_looks, limits.address_looks_per_minute)
        self._visitor_photos = Buckets(limits.visitor_photos, limits.visitor_photos_per_minute)
        self._network_photos = Buckets(limits.address_photos, limits.address_photos_per_minute)
        self._posting: Counter[str] = Counter()
        self._forgot_at: datetime | None = None

    def look(self, visit: Visit, now: datetime) -> int:
        """Seconds to wait before the page is shown again; 0 when it may be shown now."""
        return 0 if self._looks.take(visit.network, now) else self._looks.seconds_until_next(visit.network, now)

    def send(self, visit: Visit, now: datetime) -> int:
        """Seconds to wait before this visitor may send again; 0 when they may now. Asked before a body is read."""
        if visit.known and not self._visitors.take(visit.address, now):
            return self._visitors.seconds_until_next(visit.address, now)
        if not self._networks.take(visit.network, now):
            return self._networks.seconds_until_next(visit.network, now)
        busy = (
            self._posting[visit.address] >= self._limits.visitor_posts_at_once
            or self._posting[visit.network] >= self._limits.address_posts_at_once
        )
        return _BUSY_SECONDS if busy else 0

    @contextmanager
    def posting(self, visit: Visit) -> Iterator[None]:
        """Count a post while it is read and stored, so that slow ones do not take all the room."""
        keys = (visit.address, visit.network)
        self._posting.update(keys)
        try:
            yield
        finally:
            self._posting.subtract(keys)
            for key in keys:
                if not self._posting[key]:
                    del self._posting[key]

    def photos(self, visit: Visit, count: int, now: datetime) -> int:
        """How many of so many photos are taken now: making one small costs more than anything else that a page asks."""
        for taken in range(count):
            known = not visit.known or self._visitor_photos.take(visit.address, now)
            if not (known and self._network_photos.take(visit.network, now)):
                return taken
        return count

    def shared(self, session: Session, visit: Visit, now: datetime) -> int:
        """Seconds to wait by what all processes have counted; 0 when the message may be stored, in this transaction."""
        limits, network = self._limits, unnamed(visit.network)
        counted = [Counted(f"network:{network}", Rate(limits.address_burst, limits.address_per_minute))]
        if visit.known:
            rate = Rate(limits.visitor_burst, limits.visitor_per_minute)
            counted.append(Counted(f"visitor:{visit.address}", rate))
        if conversation_of(session, visit.community.id, visit.address) is None:
            rate = Rate(limits.address_newcomers, limits.address_newcomers_per_minute)
            counted.append(Counted(f"newcomer:{network}", rate))
        wait = take(session, visit.community.id, counted, now)
        return int(wait.total_seconds()) + 1 if wait else 0

    async def tidy(self, now: datetime) -> None:
        """Every ten minutes, remove counts that say nothing any more."""
        if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
            self._forgot_at = now
            await self._store.write(lambda session: forget_passed(session, now))
