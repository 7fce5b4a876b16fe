"""One simulated resident on the web page: the requests of its script over plain sockets, so that a thousand fit.

Each has a network address of its own below 127.0.0.0/8, as homes have, so that limits and counts apply as they would.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

_SEQ = re.compile(r'data-seq="(\d+)"[^>]*data-who="(\w+)"')
_CURSOR = re.compile(r'data-cursor="([^"]+)"')


class RefusedError(Exception):
    """An answer that is neither a page nor what was asked for."""


@dataclass(slots=True)
class Wire:
    """A connection that is kept open, and opened again when the other side has closed it."""

    port: int
    address: str
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """One request and its whole answer."""
        async with self.turn:
            for _ in range(2):
                try:
                    if self.writer is None or self.writer.is_closing():
                        await self.open()
                    await self.send(method, path, headers, body)
                    return await self._answer()
                except (ConnectionError, asyncio.IncompleteReadError):
                    await self.close()
        raise ConnectionError(f"{path} was not answered")

    async def open(self) -> None:
        """Connect from the resident's own address."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.address, 0))

    async def close(self) -> None:
        """Hang up."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> None:
        """The request alone."""
        assert self.writer is not None
        lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{self.port}", "sec-fetch-site: same-origin"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if method == "POST":
            lines.append(f"content-length: {len(body)}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of an answer."""
        assert self.reader is not None
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in raw[1:]) if value}
        return int(raw[0].split()[1]), headers

    async def _answer(self) -> tuple[int, dict[str, str], bytes]:
        status, headers = await self.head()
        assert self.reader is not None
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
        else:
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return status, headers, body


@dataclass(slots=True)
class Visitor:
    """A resident with a page open: what the page has shown, and whether the desk has answered."""

    port: int
    address: str
    wire: Wire = field(init=False)
    stream: Wire = field(init=False)
    cookie: str = ""
    cursor: str = ""
    seq: int = 0
    shown: list[int] = field(default_factory=list)
    doubled: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    fresh: asyncio.Event = field(default_factory=asyncio.Event)
    working: bool = False
    refused: int = 0
    _updating: asyncio.Lock = field(default_factory=asyncio.Lock)
    _following: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.wire, self.stream = Wire(self.port, self.address), Wire(self.port, self.address)

    async def arrive(self) -> None:
        """Open the page."""
        status, headers, body = await self.wire.ask("GET", "/", {})
        if status != 200:
            raise RefusedError(f"the page was answered by {status}")
        self.cookie = headers["set-cookie"].split(";")[0]
        found = _CURSOR.search(body.decode())
        assert found is not None
        self.cursor = found.group(1)

    async def say(self, client_id: str, text: str) -> None:
        """Send a message, and again until it is confirmed; then follow the conversation."""
        body = urlencode({"id": client_id, "text": text}).encode()
        headers = self._headers() | {"content-type": "application/x-www-form-urlencoded"}
        while True:
            status, _, answer = await self.wire.ask("POST", "/messages", headers, body)
            if status == 200 and json.loads(answer)["stored"]:
                break
            self.refused += 1
            await asyncio.sleep(json.loads(answer).get("wait", 1) if status == 429 else 1)
        if self._following is None:
            self._following = asyncio.create_task(self._follow())

    async def update(self) -> None:
        """Fetch what is new, as the page's script does: never twice at once."""
        async with self._updating:
            status, _, body = await self.wire.ask("GET", f"/updates?after={self.seq}", self._headers())
            if status != 200:
                self.refused += 1
                return
            told = json.loads(body)
            for seq, who in _SEQ.findall(told["messages"]):
                if int(seq) in self.shown[-50:]:
                    self.doubled += 1
                    continue
                self.shown.append(int(seq))
                if who != "me":
                    self.answered.set()
            self.seq = max(self.seq, told["seq"])
            self.working = told["working"]

    async def settle(self, seconds: float) -> None:
        """Wait until the desk has nothing more to say."""
        for _ in range(int(seconds)):
            await self.update()
            if not self.working:
                return
            await asyncio.sleep(1)

    async def look(self) -> None:
        """Go on fetching whenever the stream says that something changed."""
        while True:
            await self.fresh.wait()
            self.fresh.clear()
            await self.update()

    async def lose_the_line(self) -> bool:
        """The stream breaks off; the page comes back with the last id that it has seen."""
        await self.stream.close()
        return True

    async def leave(self) -> None:
        """Close the page."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.stream.close()
        await self.wire.close()

    def _headers(self) -> dict[str, str]:
        return {"cookie": self.cookie, "accept": "application/json"}

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except (ConnectionError, asyncio.IncompleteReadError, AttributeError):
                await asyncio.sleep(0.2)  # a browser waits as the stream tells it to; this one is impatient

    async def _listen(self) -> None:
        await self.stream.open()
        headers = {"cookie": self.cookie, "accept": "text/event-stream", "last-event-id": self.cursor}
        await self.stream.send("GET", "/events", headers)
        status, _ = await self.stream.head()
        if status != 200:
            raise ConnectionError(f"the stream was answered by {status}")
        self.fresh.set()
        reader = self.stream.reader
        while reader is not None:
            line = await reader.readline()
            if not line:
                raise ConnectionError("the stream ended")
            if line.startswith(b"id: "):
                self.cursor = line[4:].strip().decode()
            elif line.startswith(b"event: change"):
                self.fresh.set()
