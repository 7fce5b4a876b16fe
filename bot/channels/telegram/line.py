"""The line to one bot: whose it is, how it is reached, and the calls that the library makes otherwise than we need."""

import asyncio
import hashlib
import hmac
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext
from typing import Any

import structlog
from httpx import create_ssl_context
from telegram import Bot, BotCommand
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.faults import told
from bot.channels.telegram.reading import Me

log = structlog.get_logger(__name__)

CHANNEL = "telegram"
LISTENED_TO = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that the desk reads."""

_POLL_MARGIN_SECONDS = 10.0
_CALL_SECONDS = 25.0
_CONNECTIONS = 32
# A loop never ends for want of a number: what Telegram allows in one call.
_MOST_UPDATES = 100


@dataclass(frozen=True, slots=True)
class BotSettings:
    """One bot as it is set up; `webhook` is the address under which Telegram reaches the desk, empty for polling."""

    community_id: int
    community: str
    token: str
    api: str = "https://api.telegram.org"
    webhook: str = ""

    @property
    def path(self) -> str:
        """Where the bot's updates arrive when Telegram brings them."""
        return f"/telegram/{self.community}"

    @property
    def secret(self) -> str:
        """What Telegram must show with each update; every process knows it, and the token cannot be told from it."""
        return hmac.new(self.token.encode(), b"webhook of the desk", hashlib.sha256).hexdigest()


class _Bot(Bot):
    """Hands out updates as they came, so that one that cannot be read does not hold up the others."""

    async def updates(self, offset: int | None, seconds: float) -> list[dict[str, Any]]:
        """The updates from `offset` on; waits for one so many seconds."""
        asked: dict[str, Any] = {"timeout": int(seconds), "limit": _MOST_UPDATES, "allowed_updates": list(LISTENED_TO)}
        if offset is not None:
            asked["offset"] = offset
        found: Any = await self._post("getUpdates", asked, read_timeout=seconds + _POLL_MARGIN_SECONDS)
        return list(found)


@cache
def _trusted() -> SSLContext:
    """The authorities that vouch for certificates; reading them takes 20 ms, so all bots of a process share them."""
    return create_ssl_context()


class Line:
    """One bot, connected when it is first needed; nothing here asks the network before `connect`."""

    def __init__(self, settings: BotSettings) -> None:
        # The library changes how it tells lengths of time; the coming way is asked for before it is first used.
        os.environ.setdefault("PTB_TIMEDELTA", "1")
        quieten()
        api = settings.api.rstrip("/")
        self.settings = settings
        self.me: Me | None = None
        trust = {"verify": _trusted()}
        calls = HTTPXRequest(
            connection_pool_size=_CONNECTIONS,
            connect_timeout=5,
            read_timeout=15,
            write_timeout=10,
            pool_timeout=5,
            httpx_kwargs=trust,
        )
        polls = HTTPXRequest(connection_pool_size=2, connect_timeout=5, pool_timeout=5, httpx_kwargs=trust)
        self._requests = (calls, polls)
        self.bot = _Bot(
            settings.token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=calls,
            get_updates_request=polls,
        )

    @property
    def community_id(self) -> int:
        """Whose bot it is."""
        return self.settings.community_id

    async def connect(self, commands: Mapping[str, str]) -> Me:
        """Ask who the bot is, say how updates are to come, and fill the menu. Raises TelegramError."""
        if self.me is not None:
            return self.me
        user = await self.bot.get_me()
        if self.settings.webhook:
            await self.bot.set_webhook(
                f"{self.settings.webhook.rstrip('/')}{self.settings.path}",
                secret_token=self.settings.secret,
                allowed_updates=list(LISTENED_TO),
            )
        else:
            # What waits stays: without this a bot that once had a webhook is refused its updates.
            await self.bot.delete_webhook(drop_pending_updates=False)
        try:
            await self.bot.set_my_commands([BotCommand(name, words) for name, words in commands.items()])
        except TelegramError as error:
            log.warning("telegram_menu_refused", community=self.settings.community, error=told(error))
        self.me = Me(user.id, user.username or "")
        log.info("telegram_connected", community=self.settings.community, bot=self.me.username)
        return self.me

    async def updates(self, offset: int | None, seconds: float) -> list[dict[str, Any]]:
        """The next updates, unread. Raises TelegramError."""
        async with asyncio.timeout(seconds + 2 * _POLL_MARGIN_SECONDS):
            return await self.bot.updates(offset, seconds)

    async def close(self) -> None:
        """Let go of the connections."""
        for request in self._requests:
            await request.shutdown()


def quieten() -> None:
    """Keep the libraries from writing down addresses, of which the token is a part, or what residents wrote."""
    for name in ("httpx", "httpcore", "telegram"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
