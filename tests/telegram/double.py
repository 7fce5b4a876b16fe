"""A double of the Bot API that speaks HTTP on loopback and is as strict as the real one is documented to be."""

import asyncio
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote

TOKEN = "4242:double-of-the-bot-api-token"
BOT_ID = 4242
BOT_NAME = "guiyuan_bot"
_LONGEST_BODY = 64 * 1024
_KNOWN = {
    "getMe": set(),
    "getUpdates": {"offset", "limit", "timeout", "allowed_updates"},
    "setWebhook": {"url", "secret_token", "allowed_updates"},
    "deleteWebhook": {"drop_pending_updates"},
    "setMyCommands": {"commands"},
    "sendMessage": {"chat_id", "text", "reply_markup", "link_preview_options"},
    "sendChatAction": {"chat_id", "action"},
    "answerCallbackQuery": {"callback_query_id", "text", "show_alert"},
    "editMessageReplyMarkup": {"chat_id", "message_id", "reply_markup"},
    "getFile": {"file_id"},
}


class RefusedError(Exception):
    """A call is answered with an error; `extra` goes into its `parameters`."""

    def __init__(self, status: int, description: str, **extra: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a call instead: `status` refuses it, `drop` closes the connection, before or after it is done."""

    status: int = 0
    description: str = "Internal Server Error"
    extra: tuple[tuple[str, int], ...] = ()
    drop: str = ""
    page: bytes = b""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a chat received."""

    chat_id: int
    message_id: int
    text: str
    rows: tuple[tuple[dict[str, str], ...], ...]
    at: float

    @property
    def buttons(self) -> tuple[dict[str, str], ...]:
        return tuple(button for row in self.rows for button in row)


@dataclass(slots=True)
class BotApi:
    """The server; what the tests arrange and look at are plain attributes."""

    clock: Callable[[], float] = lambda: asyncio.get_running_loop().time()
    limits: bool = False
    chats: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    updates: list[dict[str, Any]] = field(default_factory=list)
    queries: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    webhook: str = ""
    port: int = 0
    _server: asyncio.Server | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _poll: int = 0
    _numbers: int = 100
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()
        await self._server.wait_closed()

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def push(self, *updates: dict[str, Any]) -> None:
        """Let updates arrive; they wait until they are confirmed."""
        self.updates += updates
        self._news.set()

    def of(self, method: str) -> list[dict[str, Any]]:
        """The arguments of the calls of one method that were carried out."""
        return [given for name, given in self.calls if name == method]

    def texts(self, chat_id: int) -> list[str]:
        return [sent.text for sent in self.sent if sent.chat_id == chat_id]

    # --- HTTP -----------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) and await self._request(head, reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The loop ends with us in the middle of an answer; Python 3.11 would complain of a cancelled task.
        finally:
            self._open.discard(writer)
            writer.close()

    async def _request(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = head.decode("latin-1").split("\r\n")
        path = unquote(lines[0].split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        length = int(headers.get("content-length", "0"))
        assert length <= _LONGEST_BODY
        body = await reader.readexactly(length) if length else b""
        if path.startswith(f"/file/bot{TOKEN}/"):
            content = self.files.get(path.rsplit("/", 1)[1])
            return await _answer(
                writer, 200 if content is not None else 404, content or b"", "application/octet-stream"
            )
        found = re.fullmatch(rf"/bot({re.escape(TOKEN)}|[^/]*)/(\w+)", path)
        assert found, path
        method = found[2]
        fault = self.faults[method].popleft() if self.faults[method] else None
        if fault is not None and fault.drop == "before":
            return False
        status, answer = await self._call(found[1], method, _parameters(headers, body), fault)
        if fault is not None and fault.drop == "after":
            return False
        if fault is not None and fault.page:
            return await _answer(writer, fault.status, fault.page, "text/html")
        return await _answer(writer, status, json.dumps(answer).encode(), "application/json")

    async def _call(
        self, token: str, method: str, given: dict[str, Any], fault: Fault | None
    ) -> tuple[int, dict[str, Any]]:
        try:
            _check_call(token, method, given, fault)
            result = await getattr(self, f"_{_snake(method)}")(given)
        except RefusedError as error:
            refused: dict[str, Any] = {"ok": False, "error_code": error.status, "description": error.description}
            return error.status, refused | ({"parameters": error.extra} if error.extra else {})
        self.calls.append((method, given))
        return 200, {"ok": True, "result": result}

    # --- methods --------------------------------------------------------------------------------------------------

    async def _get_me(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {"id": BOT_ID, "is_bot": True, "first_name": "桂苑物业", "username": BOT_NAME}

    async def _get_updates(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        self._poll += 1
        mine = self._poll
        self._news.set()
        if "offset" in given:
            self.updates = [update for update in self.updates if update["update_id"] >= int(given["offset"])]
        end = asyncio.get_running_loop().time() + float(given.get("timeout", 0))
        while not self.updates:
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                break
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                break
            if mine != self._poll:
                raise RefusedError(409, "Conflict: terminated by other getUpdates request")
        wanted = set(given.get("allowed_updates") or ())
        heard = [update for update in self.updates if not wanted or wanted & update.keys()]
        return heard[: int(given.get("limit", 100))]

    async def _set_webhook(self, given: dict[str, Any]) -> bool:
        if not str(given["url"]).startswith("http") or not re.fullmatch(r"[\w-]{1,256}", given["secret_token"]):
            raise RefusedError(400, "Bad Request: bad webhook")
        self.webhook = given["url"]
        return True

    async def _delete_webhook(self, given: dict[str, Any]) -> bool:
        self.webhook = ""
        if given.get("drop_pending_updates"):
            self.updates.clear()
        return True

    async def _set_my_commands(self, given: dict[str, Any]) -> bool:
        for command in given["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise RefusedError(400, "Bad Request: BOT_COMMAND_INVALID")
        return True

    async def _send_message(self, given: dict[str, Any]) -> dict[str, Any]:
        chat_id, text = int(given["chat_id"]), str(given.get("text", ""))
        self._check_chat(chat_id)
        if not text.strip():
            raise RefusedError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise RefusedError(400, "Bad Request: message is too long")
        rows = _keyboard(given.get("reply_markup"))
        now = self.clock()
        if self.limits:
            self._check_limits(chat_id, now)
        sent = Sent(chat_id, self.number(), text.strip(), rows, now)
        self.sent.append(sent)
        chat = {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"}
        return {"message_id": sent.message_id, "date": 1_790_000_000, "chat": chat, "text": text}

    def _check_chat(self, chat_id: int) -> None:
        if chat_id in self.moved:
            raise RefusedError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moved[chat_id],
            )
        if chat_id in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        if chat_id not in self.chats:
            raise RefusedError(400, "Bad Request: chat not found")

    def _check_limits(self, chat_id: int, now: float) -> None:
        """30 a second for the bot, one a second for a chat, 20 a minute for a group."""
        own = [sent.at for sent in self.sent if sent.chat_id == chat_id]
        too_many = (
            sum(sent.at > now - 1 for sent in self.sent[-40:]) >= 30
            or (chat_id > 0 and any(at > now - 0.95 for at in own[-1:]))
            or (chat_id < 0 and sum(at > now - 60 for at in own) >= 20)
        )
        if too_many:
            raise RefusedError(429, "Too Many Requests: retry after 1", retry_after=1)

    async def _send_chat_action(self, given: dict[str, Any]) -> bool:
        self._check_chat(int(given["chat_id"]))
        return True

    async def _answer_callback_query(self, given: dict[str, Any]) -> bool:
        query = str(given["callback_query_id"])
        if query not in self.queries or self.queries[query] is not None:
            raise RefusedError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(given.get("text", "")) > 200:
            raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.queries[query] = given.get("text", "")
        return True

    async def _edit_message_reply_markup(self, given: dict[str, Any]) -> bool:
        number = int(given["message_id"])
        place = next((place for place, sent in enumerate(self.sent) if sent.message_id == number), None)
        if place is None:
            raise RefusedError(400, "Bad Request: message to edit not found")
        rows = _keyboard(given.get("reply_markup"))
        old = self.sent[place]
        if old.rows == rows:
            raise RefusedError(400, "Bad Request: message is not modified")
        self.sent[place] = Sent(old.chat_id, old.message_id, old.text, rows, old.at)
        return True

    async def _get_file(self, given: dict[str, Any]) -> dict[str, Any]:
        file_id = given["file_id"]
        if file_id not in self.files:
            raise RefusedError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(self.files[file_id]) > 20_000_000:
            raise RefusedError(400, "Bad Request: file is too big")
        size = len(self.files[file_id])
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": size, "file_path": f"files/{file_id}"}


def _check_call(token: str, method: str, given: dict[str, Any], fault: Fault | None) -> None:
    if token != TOKEN:
        raise RefusedError(401, "Unauthorized")
    if fault is not None and fault.status:
        raise RefusedError(fault.status, fault.description, **dict(fault.extra))
    if method not in _KNOWN:
        raise RefusedError(404, "Not Found")
    if unknown := given.keys() - _KNOWN[method]:
        raise RefusedError(400, f"Bad Request: the double knows no {sorted(unknown)}")


def _parameters(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    kind = headers.get("content-type", "")
    if "json" in kind:
        return dict(json.loads(body or b"{}"))
    assert not body or "x-www-form-urlencoded" in kind, kind
    given: dict[str, Any] = (
        {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()} if body else {}
    )
    for name, value in given.items():
        if value[:1] in "[{" and name != "text":
            given[name] = json.loads(value)
        elif value in {"true", "false"}:
            given[name] = value == "true"
    return given


def _keyboard(markup: dict[str, Any] | None) -> tuple[tuple[dict[str, str], ...], ...]:
    rows = (markup or {}).get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        data = button.get("callback_data")
        if not button["text"] or (data is None) == ("url" not in button):
            raise RefusedError(400, "Bad Request: can't parse inline keyboard button")
        if data is not None and not 1 <= len(data.encode()) <= 64:
            raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
        if "url" in button and not button["url"].startswith("https://"):
            raise RefusedError(400, "Bad Request: BUTTON_URL_INVALID")
    return tuple(tuple(row) for row in rows)


def _snake(method: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", method)


async def _answer(writer: asyncio.StreamWriter, status: int, body: bytes, kind: str) -> bool:
    head = f"HTTP/1.1 {status} Told\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True
