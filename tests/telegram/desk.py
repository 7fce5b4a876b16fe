"""A desk on a stage that is joined to the double by the real door, poller and channel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from actions.pacing import Pace
from actions.store import Store, open_store
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.door import TelegramDoor
from bot.channels.telegram.line import BotSettings, Line
from bot.channels.telegram.phrases import TelegramPhrases
from bot.channels.telegram.polling import Poller
from desk.loops import Bell
from desk.settings import content_folder
from desk.stage import Stage
from tests.telegram.double import TOKEN, BotApi
from tests.telegram.people import Person
from words.content import ContentFiles

PHRASES = TelegramPhrases.read(ContentFiles.load(content_folder()))


@dataclass(slots=True)
class TelegramDesk:
    """What a test works with."""

    stage: Stage
    api: BotApi
    line: Line
    door: TelegramDoor = field(init=False)
    poller: Poller = field(init=False)
    channel: TelegramChannel = field(init=False)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.channel = TelegramChannel({self.line.community_id: self.line}, Pace())
        self.stage.desk = replace(self.stage.desk, channels={self.channel.name: self.channel})
        self.join(self.stage.store)

    def join(self, store: Store) -> None:
        """Put door and poller before a store, as a process does when it starts."""

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        replies = self.stage.mind.replies
        self.door = TelegramDoor(self.line, store, replies, PHRASES, lambda: self.stage.now)
        self.poller = Poller(self.line, self.door, store, "one", lambda: self.stage.now, PHRASES.commands, sleep)

    async def restart(self) -> None:
        """Close the database and open it anew; what was only in memory is gone."""
        assert self.stage.url is not None
        await self.stage.store.close()
        self.stage.store = await open_store(self.stage.url)
        self.stage.desk = replace(self.stage.desk, store=self.stage.store, bell=Bell())
        self.join(self.stage.store)

    def person(self, number: int = 7001, name: str = "王芳") -> Person:
        return Person(self.api, self.stage.now, number, name, update_id=900_000_000 + 1000 * (number - 7001))

    async def settle(self, after: timedelta = timedelta(seconds=10)) -> None:
        """Fetch what has arrived, and let the desk answer."""
        while self.api.updates and await self.poller.step():
            await self.confirm()
        await self.stage.settle(after)

    async def confirm(self) -> None:
        """The next poll confirms; the double would wait for news, so it is asked without the poller."""
        if self.poller._confirm is not None:
            await self.line.updates(self.poller._confirm, 0)
            self.poller._confirm = None


@asynccontextmanager
async def joined(stage: Stage, api: BotApi) -> AsyncIterator[TelegramDesk]:
    """A desk joined to the double."""
    line = Line(BotSettings(stage.community_id, "demo", TOKEN, api.url))
    try:
        yield TelegramDesk(stage, api, line)
    finally:
        await line.close()
