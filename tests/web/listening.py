"""A browser that listens to a stream: it drives the application itself, because a stream has no end to wait for."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.types import Message


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    name: str
    id: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Listener:
    """An open stream."""

    status: int = 0
    events: "asyncio.Queue[Event]" = field(default_factory=asyncio.Queue)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> Event:
        """The next event."""
        return await asyncio.wait_for(self.events.get(), 5)

    async def nothing(self, seconds: float = 0.4) -> bool:
        """Whether nothing comes for a while."""
        try:
            await asyncio.wait_for(self.events.get(), seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def listening(
    app: Starlette, path: str, *, cookie: str = "", last: str | None = None, address: str = "10.0.0.9"
) -> AsyncIterator[Listener]:
    """Open a stream, and hang up at the end."""
    listener = Listener()
    hung_up = asyncio.Event()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            listener.status = message["status"]
        elif message["type"] == "http.response.body":
            _collect(listener, message.get("body", b"").decode())
            if not message.get("more_body"):
                listener.ended.set()

    headers = [(b"accept", b"text/event-stream"), (b"host", b"desk.test"), (b"cookie", cookie.encode())]
    if last is not None:
        headers.append((b"last-event-id", last.encode()))
    split = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": split.path,
        "raw_path": split.path.encode(),
        "query_string": split.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": (address, 4000),
        "server": ("desk.test", 80),
    }
    running = asyncio.create_task(app(scope, receive, send))
    for _ in range(500):
        if listener.status or running.done():
            break
        await asyncio.sleep(0.01)
    try:
        yield listener
    finally:
        hung_up.set()
        await asyncio.wait_for(running, 5)


def _collect(listener: Listener, text: str) -> None:
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in lines:
            listener.events.put_nowait(Event(lines.get("event", ""), lines.get("id", ""), json.loads(lines["data"])))
