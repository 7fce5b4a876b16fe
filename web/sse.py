"""Live pages: one reader of the feed for the whole process, and any number of streams that follow it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent

from actions.live import Change, newest, since
from actions.store import Store

log = structlog.get_logger(__name__)
_BATCH = 500
_QUEUED = 2_000
_PING_SECONDS = 20
_RETRY_MS = 2_000

# What of a batch the reader of a stream may see; None when they may see nothing any more and the stream ends.
Visible = Callable[[tuple[Change, ...]], Awaitable[tuple[Change, ...] | None]]


@dataclass(eq=False, slots=True)
class _Follower:
    """One open stream: what waits to be sent to it, and whether it fell too far behind.

    One that follows a conversation is left asleep by everything else, so that a thousand open pages cost little.
    """

    conversation_id: int | None = None
    waiting: asyncio.Queue[tuple[Change, ...]] = field(default_factory=lambda: asyncio.Queue(_QUEUED))
    lost: bool = False


class Feed:
    """Reads the feed of changes once for all streams.

    The reader runs while somebody follows. It looks every `every` seconds, which is the truth, and at once when it is
    rung, which is a hint.
    """

    def __init__(self, store: Store, *, every: float = 1.0) -> None:
        self._store = store
        self._every = every
        self._followers: set[_Follower] = set()
        self._bell = asyncio.Event()
        self._cursor = ""
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    def ring(self) -> None:
        """Look soon: something was just committed."""
        self._bell.set()

    def end(self) -> None:
        """End all streams as if their browsers had left; these come back when there is a server again."""
        for follower in self._followers:
            follower.lost = True
            with contextlib.suppress(asyncio.QueueFull):
                follower.waiting.put_nowait(())

    async def newest(self) -> str:
        """The cursor after everything that is visible now; a page carries it so that its stream misses nothing."""
        return await self._store.read(newest)

    async def follow(self, cursor: str, conversation_id: int | None = None) -> AsyncIterator[tuple[Change, ...]]:
        """All changes after a cursor, in order and without gaps: first those of the past, then as they come.

        Given a conversation, those that come may lack what concerns others only.
        """
        follower = _Follower(conversation_id)
        reached = _place(cursor)
        async with self._following(follower):
            while batch := await self._past(cursor, conversation_id):
                cursor = batch[-1].cursor
                reached = _place(cursor)
                yield batch
            while not follower.lost:
                fresh = tuple(change for change in await follower.waiting.get() if _place(change.cursor) > reached)
                if fresh:
                    reached = _place(fresh[-1].cursor)
                    yield fresh

    async def _past(self, cursor: str, conversation_id: int | None = None) -> tuple[Change, ...]:
        return await self._store.read(
            lambda session: since(session, cursor, limit=_BATCH, conversation_id=conversation_id)
        )

    @contextlib.asynccontextmanager
    async def _following(self, follower: _Follower) -> AsyncIterator[None]:
        self._followers.add(follower)
        try:
            async with self._starting:
                if self._reader is None or self._reader.done():
                    self._cursor = await self.newest()
                    self._reader = asyncio.create_task(self._read())
                    self._reader.add_done_callback(self._reader_ended)
            yield
        finally:
            self._followers.discard(follower)
            if not self._followers and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def _read(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), self._every)
            self._bell.clear()
            while batch := await self._past(self._cursor):
                self._cursor = batch[-1].cursor
                self._hand_out(batch)

    def _reader_ended(self, reader: "asyncio.Task[None]") -> None:
        """When the database could not be read the streams end too: their browsers come back and start it anew."""
        if reader.cancelled() or (error := reader.exception()) is None:
            return
        log.error("feed_reader_failed", error=repr(error))
        self.end()

    def _hand_out(self, batch: tuple[Change, ...]) -> None:
        concerned = {change.conversation_id for change in batch} | {None}
        for follower in self._followers:
            if follower.conversation_id not in concerned:
                continue
            try:
                follower.waiting.put_nowait(batch)
            except asyncio.QueueFull:
                # The browser comes back with the last id that it has seen and gets the rest from the past.
                follower.lost = True


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told, and how much.

    `address` is the network address that is counted. Without `details` an event says only that something changed,
    which is all that a resident may learn.
    """

    count: "StreamCount"
    address: str
    details: bool


def stream(
    feed: Feed, cursor: str, visible: Visible, told: Told, conversation_id: int | None = None
) -> EventSourceResponse:
    """A stream of the changes that its reader may see, of one conversation or of all.

    Each event carries the cursor to go on from.
    """

    async def events() -> AsyncIterator[ServerSentEvent]:
        with told.count.held(told.address):
            yield ServerSentEvent(event="open", data="{}", id=cursor, retry=_RETRY_MS)
            async for batch in feed.follow(cursor, conversation_id):
                seen = await visible(batch)
                if seen is None:
                    return
                for change in seen:
                    yield ServerSentEvent(
                        event="change", data=_details(change) if told.details else "{}", id=change.cursor
                    )

    return EventSourceResponse(events(), ping=_PING_SECONDS)


class StreamCount:
    """How many streams each address holds open, so that one browser cannot take them all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[str, int] = {}

    def full(self, address: str) -> bool:
        """Whether the address has as many as it may have."""
        return self._open.get(address, 0) >= self._most

    @contextlib.contextmanager
    def held(self, address: str) -> Iterator[None]:
        """Count one while it is open."""
        self._open[address] = self._open.get(address, 0) + 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


def _details(change: Change) -> str:
    """Ids are strings: a browser's numbers have 53 bits."""
    return json.dumps(
        {
            "kind": change.kind,
            "conversation": None if change.conversation_id is None else str(change.conversation_id),
            "ticket": None if change.ticket_id is None else str(change.ticket_id),
        },
        separators=(",", ":"),
    )


def _place(cursor: str) -> tuple[int, int]:
    transaction, _, position = cursor.partition("-")
    plain = transaction.isdecimal() and position.isdecimal()
    return (int(transaction), int(position)) if plain else (0, 0)
