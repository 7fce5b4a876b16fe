"""A store that is killed at random moments: before a commit, or after it and before anybody hears of it."""

from collections.abc import Callable
from random import Random
from typing import TypeVar

from actions.store import Session, Store, open_store

T = TypeVar("T")


class KilledError(Exception):
    """The process that held the store is gone; what it had not committed never happened."""


class CrashingStore:
    """A store whose process is killed `kills` times, on average once in so many writes; otherwise a store as any."""

    def __init__(self, url: str, store: Store, *, kills: int, every: int, seed: int) -> None:
        self._url = url
        self._store = store
        self._dice = Random(f"{seed}:kills")
        self._left = kills
        self._every = every
        self._until = self._next() if kills else -1
        self.writes = 0
        self.kills = 0

    @property
    def dialect(self) -> str:
        """The engine below."""
        return self._store.dialect

    async def write(self, fn: Callable[[Session], T]) -> T:
        """As `Store.write`; raises KilledError where the process ends."""
        self.writes += 1
        self._until -= 1
        if self._until != 0:
            return await self._store.write(fn)
        self._left -= 1
        self.kills += 1
        self._until = self._next() if self._left else -1
        if self._dice.random() < 0.5:  # noqa: PLR2004 - as often before the commit as after it
            await self._store.write(fn)
            raise KilledError

        def cut_off(session: Session) -> None:
            fn(session)
            session.flush()
            raise KilledError

        await self._store.write(cut_off)
        raise KilledError

    async def quietly(self, fn: Callable[[Session], T]) -> T:
        """Write without ever being killed."""
        return await self._store.write(fn)

    async def read(self, fn: Callable[[Session], T]) -> T:
        """As `Store.read`."""
        return await self._store.read(fn)

    async def restart(self) -> None:
        """Begin a new life on the same database."""
        await self._store.close()
        self._store = await open_store(self._url)

    async def close(self) -> None:
        """As `Store.close`."""
        await self._store.close()

    def _next(self) -> int:
        return self._dice.randrange(1, 2 * self._every)
