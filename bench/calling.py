"""One simulated resident on Telegram: writes through a double of the Bot API, which notes what they are told."""

import asyncio
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.telegram.double import BotApi, Fault, RefusedError
from tests.telegram.people import Person

_PER_SECOND, _APART = 30, 0.95
# All chats share one line to the bot, and that does not break more often because there are more of them.
_BREAKS_APART = 20.0


@dataclass(slots=True)
class Exchange(BotApi):
    """The double for a thousand chats: it holds to Telegram's limits, and rings for whom it has something."""

    heard: dict[int, asyncio.Event] = field(default_factory=dict)
    told: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    _last: dict[int, float] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=deque)
    _updates: int = 900_000_000
    _broke: float = 0.0

    def next_update(self) -> int:
        """The number of the bot's next update; numbers only rise, because a poll confirms all lower ones."""
        self._updates += 1
        return self._updates

    def lose_a_poll(self) -> bool:
        """Let the answer to a poll be lost on its way, so that its updates come once more; False when one just was."""
        if self.clock() < self._broke + _BREAKS_APART:
            return False
        self._broke = self.clock()
        self.faults["getUpdates"].append(Fault(drop="after"))
        return True

    def _check_limits(self, chat_id: int, now: float) -> None:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= _PER_SECOND or now < self._last.get(chat_id, 0) + _APART:
            self.refused += 1
            raise RefusedError(429, "Too Many Requests: retry after 1", retry_after=1)
        self._recent.append(now)
        self._last[chat_id] = now

    async def _send_message(self, given: dict[str, Any]) -> dict[str, Any]:
        # The bare `super()` would mean the class as it was before it got its slots.
        answer = await super(Exchange, self)._send_message(given)
        chat_id = int(given["chat_id"])
        self.told[chat_id].append(str(given["text"]).strip())
        # What is kept for tests would be all that this process remembers.
        self.sent.clear()
        self.calls.clear()
        if chat_id in self.heard:
            self.heard[chat_id].set()
        return answer


@dataclass(slots=True)
class Caller:
    """A resident with a private chat; its doings are those of `bench.visiting.Visitor`."""

    api: Exchange
    number: int
    person: Person = field(init=False)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    last: float = 0.0

    def __post_init__(self) -> None:
        self.person = Person(self.api, datetime.now(UTC), self.number, f"住户{self.number}")
        self.api.heard[self.number] = self.answered

    @property
    def address(self) -> str:
        """Under which the desk knows them."""
        return str(self.number)

    async def arrive(self) -> None:
        """Nothing is to be opened: the first message begins the chat."""

    async def look(self) -> None:
        """Telegram shows by itself what comes."""

    async def say(self, client_id: str, text: str) -> None:
        """Send a message; the same `client_id` is never sent again, because Telegram takes care of that."""
        del client_id
        self.person.now = datetime.now(UTC)
        self.person.update_id = self.api.next_update() - 1
        self.person.says(text)
        self.last = time.monotonic()

    async def lose_the_line(self) -> bool:
        """The line of the whole bot, now and then."""
        return self.api.lose_a_poll()

    async def settle(self, seconds: float) -> None:
        """Wait until nothing has come for a while."""
        for _ in range(int(seconds)):
            known = len(self.api.told[self.number])
            await asyncio.sleep(2)
            if len(self.api.told[self.number]) == known:
                return

    async def leave(self) -> None:
        """Nothing is to be closed."""
