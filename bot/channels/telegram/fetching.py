"""Fetches photos, voice messages and files after their messages were stored, so that no download delays an answer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog
from telegram.error import BadRequest, TelegramError

from actions import fetching
from actions.conversations import Words, say
from actions.fetching import Wanted
from actions.intake import Upload
from actions.store import Session, Store
from bot.channels.telegram.faults import told
from bot.channels.telegram.line import CHANNEL, Line
from bot.channels.telegram.phrases import TelegramPhrases
from words.replies import Replies

log = structlog.get_logger(__name__)

# The Bot API hands out no larger files.
_LARGEST = 20_000_000

Keep = Callable[[Wanted, bytes], Awaitable[Upload]]


class RefusedError(Exception):
    """A file cannot be kept; `reason` is the name of the phrase that tells its sender why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fetcher:
    """Fetches for all bots, one file a step; `keep` stores bytes and raises RefusedError for what it cannot take."""

    def __init__(
        self,
        lines: Mapping[int, Line],
        store: Store,
        keep: Keep,
        replies: Replies,
        phrases: TelegramPhrases,
        clock: Callable[[], datetime],
        *,
        largest: int = _LARGEST,
    ) -> None:
        self._lines = lines
        self._store = store
        self._keep = keep
        self._replies = replies
        self._phrases = phrases
        self._clock = clock
        self._largest = min(largest, _LARGEST)

    async def step(self) -> bool:
        """Fetch the next file; False when none is waited for."""
        now = self._clock()
        communities = frozenset(self._lines)
        wanted = await self._store.write(lambda session: fetching.claim(session, CHANNEL, communities, now))
        if wanted is None:
            return False
        try:
            upload = await self._keep(wanted, await self._bytes_of(wanted))
        except RefusedError as error:
            await self._failed(wanted, error.reason, for_good=True)
        except TelegramError as error:
            log.warning("telegram_file_failed", file=wanted.attachment_id, error=told(error))
            # What Telegram calls a bad request it will refuse again.
            await self._failed(wanted, "gone", for_good=isinstance(error, BadRequest))
        else:
            at = self._clock()
            await self._store.write(lambda session: fetching.record_fetched(session, wanted, upload, at))
        return True

    async def _bytes_of(self, wanted: Wanted) -> bytes:
        if wanted.size > self._largest:
            raise RefusedError("too_large")
        file = await self._lines[wanted.community_id].bot.get_file(wanted.remote)
        if (file.file_size or 0) > self._largest:
            raise RefusedError("too_large")
        return bytes(await file.download_as_bytearray())

    async def _failed(self, wanted: Wanted, reason: str, *, for_good: bool) -> None:
        now = self._clock()

        def record(session: Session) -> None:
            if fetching.record_failure(session, wanted, now, for_good=for_good):
                facts = {"reason": self._phrases.refused[reason]}
                rendered = self._replies.render("file.rejected", facts, seed=wanted.attachment_id % 997)
                words = Words(rendered.text, reply_id="file.rejected", decision={"because": f"file {reason}"})
                say(session, wanted.community_id, wanted.conversation_id, words, now)

        await self._store.write(record)
