"""Fetches updates by long polling: Telegram is told that they arrived only when they are committed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from actions import pacing
from actions.pacing import Lane
from actions.store import Store
from bot.channels.telegram.door import TelegramDoor
from bot.channels.telegram.faults import as_channel_error, told
from bot.channels.telegram.line import CHANNEL, Line

log = structlog.get_logger(__name__)

_WAIT_SECONDS = 25.0
# Of several processes one polls; when it dies another goes on after so long.
_LEASE_SECONDS = 30.0
_SHARED_WAIT_SECONDS = 10.0
_LONGEST_PAUSE = 30.0
_ANSWERED_AT_ONCE = timedelta(seconds=1)
_CONFLICT_SECONDS = 15.0
_REFUSED_SECONDS = 60.0


class Poller:
    """Fetches for one bot.

    In memory is only what is to be confirmed next: after a restart everything not confirmed comes again and is found
    stored.
    """

    def __init__(
        self,
        line: Line,
        door: TelegramDoor,
        store: Store,
        owner: str,
        clock: Callable[[], datetime],
        commands: Mapping[str, str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._line = line
        self._door = door
        self._store = store
        self._owner = owner
        self._clock = clock
        self._commands = commands
        self._sleep = sleep
        self._confirm: int | None = None
        self._failures = 0
        # An embedded database has a single server, which need not ask whether it is the one.
        self._shared = store.dialect != "sqlite"

    async def step(self) -> bool:
        """Fetch once and store what came; False when it went wrong, or nothing came and the loop should rest."""
        if self._shared and not await self._is_mine():
            return False
        begun = self._clock()
        try:
            me = await self._line.connect(self._commands)
            raw = await self._line.updates(self._confirm, _SHARED_WAIT_SECONDS if self._shared else _WAIT_SECONDS)
        except (TelegramError, TimeoutError) as error:
            await self._went_wrong(error)
            return False
        self._failures = 0
        # Confirmed is confirmed. Numbers begin anew, and may be lower, after a week without updates: none is kept.
        self._confirm = None
        if not raw:
            # Whoever is answered at once, with nothing, must not ask again at once.
            return self._clock() - begun >= _ANSWERED_AT_ONCE
        await self._door.take_all(raw, me)
        self._confirm = 1 + max(int(one["update_id"]) for one in raw)
        return True

    async def _is_mine(self) -> bool:
        lane = Lane(self._line.community_id, CHANNEL)
        now = self._clock()
        return await self._store.write(
            lambda session: pacing.take_lease(session, lane, self._owner, now, seconds=_LEASE_SECONDS)
        )

    async def _went_wrong(self, error: BaseException) -> None:
        self._failures += 1
        # A line that broke once is mostly there again at once; half a second, then one, two, four …
        pause = min(2.0 ** min(self._failures - 2, 10), _LONGEST_PAUSE)
        match error:
            case Conflict():
                # Somebody else polls with the same token; who is told to stop by it is decided by Telegram.
                pause = _CONFLICT_SECONDS
            case InvalidToken():
                pause = _REFUSED_SECONDS
            case RetryAfter():
                pause = as_channel_error(error).retry_after or pause
        community = self._line.settings.community
        log.warning("telegram_poll_failed", community=community, error=told(error), pause=pause)
        await self._sleep(pause)
