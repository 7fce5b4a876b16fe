"""Sets up the Telegram bots that the settings name: their doors, their loops, and the addresses of their webhooks."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from telegram.error import TelegramError

from actions.doorstep import make_link_key
from actions.estate import find_community
from actions.fetching import Wanted
from actions.intake import Upload
from actions.kept_files import keep_bytes
from actions.store import Store
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.door import TelegramDoor
from bot.channels.telegram.faults import told
from bot.channels.telegram.fetching import Fetcher, RefusedError
from bot.channels.telegram.line import BotSettings, Line
from bot.channels.telegram.phrases import TelegramPhrases
from bot.channels.telegram.polling import Poller
from desk.content import Content
from desk.settings import Problem, Settings, SettingsError, variable_of
from web.forms import PostedFile
from web.uploads import PhotoError, Photos

log = structlog.get_logger(__name__)

Loop = tuple[str, Callable[[], Awaitable[bool]]]

_LONGEST_UPDATE = 1024 * 1024
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of the header
_RETRY_SECONDS = 15.0
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot of this process."""

    line: Line
    door: TelegramDoor


@dataclass(frozen=True, slots=True)
class Telegram:
    """All bots of this process: how they send, and what must run for them."""

    channel: TelegramChannel
    loops: tuple[Loop, ...]
    hooks: dict[str, Bot]
    bots: tuple[Bot, ...]

    def with_hooks(self, application: ASGIApp, ring: Callable[[], None]) -> ASGIApp:
        """The pages with the addresses to which Telegram brings updates; those are no pages and have no visitors."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            bot = self.hooks.get(scope.get("path", "")) if scope["type"] == "http" else None
            if bot is None:
                await application(scope, receive, send)
            else:
                response = await _brought(bot, Request(scope, receive), ring)
                await response(scope, receive, send)

        return answer if self.hooks else application

    async def close(self) -> None:
        """Let go of all connections."""
        for bot in self.bots:
            await bot.line.close()


async def open_telegram(
    settings: Settings, content: Content, store: Store, owner: str, clock: Callable[[], datetime]
) -> Telegram | None:
    """The bots that the settings name, or None where they name none.

    Raises SettingsError for a community that is not in the database.
    """
    phrases = TelegramPhrases.read(content.files)
    bots = []
    for bot_settings in await _bot_settings(settings, store):
        await store.write(partial(make_link_key, community_id=bot_settings.community_id, now=clock()))
        line = Line(bot_settings)
        bots.append(Bot(line, TelegramDoor(line, store, content.replies, phrases, clock)))
    if not bots:
        return None
    lines = {bot.line.community_id: bot.line for bot in bots}
    keep = partial(_keep, settings.home / "uploads", Photos(settings.home / "uploads"))
    largest = settings.max_upload_mb * _MEGABYTE
    fetcher = Fetcher(lines, store, keep, content.replies, phrases, clock, largest=largest)
    loops: list[Loop] = [("telegram_files", fetcher.step)]
    for bot in bots:
        name = f"telegram_{bot.line.settings.community}"
        if bot.line.settings.webhook:
            loops.append((name, partial(_stay_connected, bot.line, phrases)))
        else:
            loops.append((name, Poller(bot.line, bot.door, store, owner, clock, phrases.commands).step))
    hooks = {bot.line.settings.path: bot for bot in bots if bot.line.settings.webhook}
    return Telegram(TelegramChannel(lines), tuple(loops), hooks, tuple(bots))


async def _brought(bot: Bot, request: Request, ring: Callable[[], None]) -> Response:
    """An update that Telegram brings; answered only when it is stored, so that one that fails is brought again."""
    shown = request.headers.get(_SECRET_HEADER, "")
    if request.method != "POST" or not hmac.compare_digest(shown.encode(), bot.line.settings.secret.encode()):
        return PlainTextResponse("", status_code=404)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_UPDATE:
            return PlainTextResponse("", status_code=413)
    try:
        update = json.loads(bytes(body))
        me = bot.line.me
        if not isinstance(update, dict):
            return PlainTextResponse("", status_code=400)
    except (ValueError, RecursionError):
        return PlainTextResponse("", status_code=400)
    if me is None:
        # Who the bot is tells whether it is spoken to in a group; until that is known Telegram keeps the update.
        return PlainTextResponse("", status_code=503)
    await bot.door.take_all([update], me)
    ring()
    return PlainTextResponse("")


async def _stay_connected(line: Line, phrases: TelegramPhrases) -> bool:
    try:
        await line.connect(phrases.commands)
    except TelegramError as error:
        log.warning("telegram_not_connected", community=line.settings.community, error=told(error))
        await asyncio.sleep(_RETRY_SECONDS)
    return False


async def _bot_settings(settings: Settings, store: Store) -> list[BotSettings]:
    found = []
    webhook = "" if settings.telegram_webhook == "no" else settings.telegram_webhook
    for given in settings.telegram_token:
        code, _, token = given.rpartition("=")
        code = code or settings.community
        community_id = await store.read(partial(find_community, code=code))
        if community_id is None:
            problem = Problem(variable_of("telegram_token"), f"names the community {code}, which the database lacks")
            raise SettingsError((problem,))
        found.append(BotSettings(community_id, code, token, settings.telegram_api, webhook))
    return found


async def _keep(folder: Path, photos: Photos, wanted: Wanted, content: bytes) -> Upload:
    """Keep what was fetched: a photo made small and freed of everything but the picture, anything else as it is."""
    if wanted.kind != "photo":
        digest = await asyncio.to_thread(keep_bytes, folder, content)
        return Upload(wanted.kind, digest, wanted.content_type, len(content), wanted.name)
    with SpooledTemporaryFile[bytes]() as data:
        data.write(content)
        try:
            return await photos.keep(PostedFile(wanted.name, data, len(content)))
        except PhotoError as error:
            raise RefusedError("unreadable") from error
