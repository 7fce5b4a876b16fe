"""What Telegram's refusals mean for a message on its way out; a bot's token never gets into any of them."""

import re

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.errors import ChannelError

_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
# Where nothing was sent because Telegram was not reached at all, the whole bot waits a little.
_NOT_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_REACHED_SECONDS = 10.0
_REFUSED_TOKEN_SECONDS = 60.0
_GONE = (
    "chat not found",
    "peer_id_invalid",
    "user is deactivated",
    "user not found",
    "group chat was deactivated",
    "group chat was upgraded",
    "bot is not a member",
    "bot was kicked",
    "have no rights",
    "not enough rights",
    "need administrator rights",
    "chat_write_forbidden",
    "user_is_blocked",
    "input_user_deactivated",
)
# A gateway that lost the answer says nothing about whether the message was taken.
_LOST_ANSWERS = ("bad gateway", "gateway timeout", "(502)", "(504)")


def told(error: BaseException) -> str:
    """An error in words that may be logged and stored."""
    return _TOKEN.sub("TOKEN", f"{type(error).__name__}: {error}")


def as_channel_error(error: TelegramError) -> ChannelError:
    """What an error means for the message: try again, and when; give it up; or it may have arrived."""
    text = told(error)
    match error:
        case RetryAfter():
            return ChannelError(text, retry_after=_seconds(error))
        case ChatMigrated():
            return ChannelError(text, moved_to=str(error.new_chat_id))
        case Forbidden():
            return ChannelError(text, permanent=True)
        case BadRequest():
            gone = any(words in text.lower() for words in _GONE)
            return ChannelError(text, permanent=True, unreachable=gone)
        case InvalidToken():
            return ChannelError(text, retry_after=_REFUSED_TOKEN_SECONDS)
        case NetworkError() if isinstance(error.__cause__, _NOT_REACHED):
            return ChannelError(text, retry_after=_NOT_REACHED_SECONDS)
        case NetworkError() if isinstance(error.__cause__, httpx.HTTPError):
            return ChannelError(text, ambiguous=True)
        case _:
            return ChannelError(text, ambiguous=any(words in text.lower() for words in _LOST_ANSWERS))


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return float(wait) if isinstance(wait, int | float) else wait.total_seconds()
