import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.telegram.faults import as_channel_error, told

TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"


def _caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


def test_a_refusal_with_a_wait_is_tried_again_exactly_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    error = as_channel_error(RetryAfter(37))
    assert (error.retry_after, error.permanent, error.ambiguous) == (37, False, False)


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("Forbidden: bot was blocked by the user"),
        Forbidden("Forbidden: user is deactivated"),
        Forbidden("Forbidden: bot can't initiate conversation with a user"),
        BadRequest("Bad Request: chat not found"),
        BadRequest("Bad Request: not enough rights to send text messages to the chat"),
    ],
)
def test_who_is_gone_is_unreachable(error: TelegramError) -> None:
    meant = as_channel_error(error)
    assert (meant.permanent, meant.unreachable) == (True, True)


@pytest.mark.parametrize("words", ["message is too long", "can't parse entities: x", "BUTTON_DATA_INVALID"])
def test_a_message_that_is_refused_says_nothing_about_its_reader(words: str) -> None:
    meant = as_channel_error(BadRequest(f"Bad Request: {words}"))
    assert (meant.permanent, meant.unreachable) == (True, False)


def test_a_group_that_moved_is_written_to_at_its_new_address() -> None:
    meant = as_channel_error(ChatMigrated(-1007))
    assert (meant.moved_to, meant.permanent) == ("-1007", False)


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (_caused(TimedOut(), httpx.ReadTimeout("")), True),
        (_caused(NetworkError("x"), httpx.RemoteProtocolError("closed")), True),
        (_caused(NetworkError("x"), httpx.ReadError("reset")), True),
        (_caused(TimedOut(), httpx.ConnectTimeout("")), False),
        (_caused(TimedOut("Pool timeout"), httpx.PoolTimeout("")), False),
        (_caused(NetworkError("x"), httpx.ConnectError("refused")), False),
        (NetworkError("Internal Server Error (500)"), False),
        (NetworkError("Bad Gateway"), True),
        (NetworkError("Gateway Timeout (504)"), True),
        (Conflict("Conflict"), False),
    ],
)
def test_only_what_may_have_been_taken_is_ambiguous(error: TelegramError, ambiguous: bool) -> None:
    meant = as_channel_error(error)
    assert (meant.ambiguous, meant.permanent) == (ambiguous, False)


def test_a_network_that_is_down_gives_no_message_up() -> None:
    assert as_channel_error(_caused(NetworkError("x"), httpx.ConnectError("refused"))).retry_after == 10


def test_no_error_tells_the_token() -> None:
    for error in (InvalidToken(f"The token `{TOKEN}` was rejected"), NetworkError(f"https://x/bot{TOKEN}/getMe")):
        assert TOKEN not in told(error)
        assert TOKEN not in str(as_channel_error(error))
        assert "TOKEN" in told(error)
