"""Removes the bytes of photos whose messages were erased; what is erased in the database must not stay on the disk."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from actions.files import still_held
from actions.store import Store, read_beside

_HASH = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 400
# A file is written before its message is stored, so only one that has lain for a while can be left over.
_LEFT_OVER_AFTER = timedelta(hours=6)


Held = Callable[[frozenset[str]], Awaitable[frozenset[str]]]


async def sweep(store: Store, uploads: Path, now: datetime) -> int:
    """Remove every file under its hash that no message holds; returns how many there were."""

    async def held(names: frozenset[str]) -> frozenset[str]:
        return await store.read(partial(still_held, hashes=names))

    return await _sweep(held, uploads, now)


async def sweep_beside(database_url: str, uploads: Path, now: datetime) -> int:
    """The same from a process of its own; the server may be running, since the database is only read."""

    async def held(names: frozenset[str]) -> frozenset[str]:
        return await read_beside(database_url, partial(still_held, hashes=names))

    return await _sweep(held, uploads, now)


async def _sweep(held: Held, uploads: Path, now: datetime) -> int:
    removed = 0
    old = await asyncio.to_thread(lambda: list(_old_files(uploads, now)))
    for start in range(0, len(old), _AT_ONCE):
        part = old[start : start + _AT_ONCE]
        kept = await held(frozenset(path.name for path in part))
        for path in part:
            if path.name not in kept:
                await asyncio.to_thread(path.unlink, missing_ok=True)
                removed += 1
    return removed


def _old_files(uploads: Path, now: datetime) -> Iterator[Path]:
    for path in sorted(uploads.glob("??/*")):
        if _HASH.fullmatch(path.name) and path.stat().st_mtime < (now - _LEFT_OVER_AFTER).timestamp():
            yield path
