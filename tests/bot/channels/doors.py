"""The doors of the desk behind one face, so that the same tests hold for each: what goes in, and what comes out."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from actions.intake import MAX_TEXT, Inbound, Received, Upload, receive
from actions.store import open_store
from actions.views import resident_view
from bot.channels.base import Channel
from bot.channels.memory import MemoryChannel
from bot.channels.telegram.lengths import split
from bot.errors import ChannelError
from desk.loops import Bell
from desk.stage import TERMINAL, Stage
from tests.telegram.desk import TelegramDesk, joined
from tests.telegram.double import BotApi, Fault
from tests.telegram.people import Person

ADDRESS = "someone"


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the desk as it reaches the resident."""

    text: str
    buttons: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Door:
    """A channel on a stage.

    `pushes` says that messages are sent to the resident, rather than fetched; `longest` is the longest message that a
    resident can write there.
    """

    stage: Stage
    name: str = "memory"
    pushes: bool = True
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    longest: int = 10 * MAX_TEXT

    async def open(self) -> None:
        """Stand on the stage."""
        channels: dict[str, Channel] = {self.name: self.channel} if self.pushes else {}
        self.stage.desk = replace(self.stage.desk, channels=channels)

    async def close(self) -> None:
        """Leave the stage."""

    async def restart(self) -> None:
        """Close the database and open it anew, as a new process would; what was only in memory is gone."""
        stage = self.stage
        assert stage.url is not None
        await stage.store.close()
        stage.store = await open_store(stage.url)
        stage.desk = replace(stage.desk, store=stage.store, bell=Bell())

    async def say(self, text: str, *, key: str, photos: int = 0, pressed: bool = False) -> Received:
        """Let a message come in by this door."""
        stage = self.stage
        uploads = tuple(Upload("photo", f"{number:064x}", "image/jpeg", 1024) for number in range(photos))
        inbound = Inbound(
            stage.community_id, self.name, ADDRESS, key, text, stage.now, uploads, pressed=pressed, ref=key
        )
        return await stage.store.write(lambda session: receive(session, inbound, stage.now))

    async def edit(self, key: str, text: str) -> Received:
        """Let a new version of an earlier message come in."""
        stage = self.stage
        inbound = Inbound(stage.community_id, self.name, ADDRESS, f"{key}-edit", text, stage.now, ref=key, edits=key)
        return await stage.store.write(lambda session: receive(session, inbound, stage.now))

    async def shown(self) -> list[Shown]:
        """Everything that has reached the resident so far, in order."""
        return [
            Shown(parcel.text, tuple((button["label"], button["says"]) for button in parcel.buttons))
            for parcel in self.channel.sent
        ]

    def fail(self, *errors: ChannelError) -> None:
        """Let the next sends meet these errors."""
        left = list(errors)
        self.channel.fail = lambda _parcel: left.pop(0) if left else None


class TerminalDoor(Door):
    """The terminal's door: what is typed goes through the stage."""

    __slots__ = ()

    async def say(self, text: str, *, key: str, photos: int = 0, pressed: bool = False) -> Received:
        """Type a line."""
        return await self.stage.write(text, address=ADDRESS, external_id=key, photos=photos, pressed=pressed)


class WebDoor(Door):
    """The chat page's door: what is stored is delivered, and the page shows the residents' view of it."""

    __slots__ = ()

    async def shown(self) -> list[Shown]:
        """What the page shows of the desk's messages; the buttons are those below the last one."""
        stage = self.stage
        view = await stage.store.read(lambda session: resident_view(session, stage.community_id, ADDRESS, stage.now))
        return [
            Shown(message.text, tuple((button.label, button.says) for button in message.buttons))
            for message in (view.messages if view else ())
            if message.direction == "out"
        ]


@dataclass(slots=True)
class TelegramDoor(Door):
    """Telegram's door: a double of the Bot API, and before it the real poller, door and channel."""

    api: BotApi = field(default_factory=BotApi)
    updates: dict[str, dict[str, Any]] = field(default_factory=dict)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _desk: TelegramDesk | None = None

    @property
    def desk(self) -> TelegramDesk:
        assert self._desk is not None
        return self._desk

    @property
    def person(self) -> Person:
        return Person(self.api, self.stage.now, update_id=900_000_000 + len(self.updates))

    async def open(self) -> None:
        """Let the double listen, and join the desk to it."""
        self.api.clock = lambda: self.stage.now.timestamp()  # noqa: PLW0108 - the clock moves
        await self._open.enter_async_context(self.api)
        self._desk = await self._open.enter_async_context(joined(self.stage, self.api))

    async def close(self) -> None:
        """Let go of the double."""
        await self._open.aclose()

    async def restart(self) -> None:
        """As a new process: what is not confirmed comes again."""
        await self.desk.restart()

    async def say(self, text: str, *, key: str, photos: int = 0, pressed: bool = False) -> Received:
        """Write, press, or send an album."""
        if key in self.updates:
            self.api.push(self.updates[key])
        elif pressed:
            asked = next(s for s in reversed(self.api.sent) if text in {button["text"] for button in s.buttons})
            self.updates[key] = self.person.presses(asked, text)
        elif photos:
            for number in range(photos):
                content = {"caption": text} if text and not number else {}
                self.updates[f"{key}-{number}"] = self.person.photo(f"{key}-{number}", media_group_id=key, **content)
        else:
            for number, part in enumerate(split(text)):
                self.updates[f"{key}-{number}" if number else key] = self.person.says(part)
        return await self._taken()

    async def edit(self, key: str, text: str) -> Received:
        """Change what was written."""
        self.updates[f"{key}-edit"] = self.person.edits(self.updates[key], text)
        return await self._taken()

    async def _taken(self) -> Received:
        me = await self.desk.line.connect({})
        taken = await self.desk.door.take_all(await self.desk.line.updates(None, 0), me)
        await self.desk.line.updates(1 + max(update["update_id"] for update in self.api.updates), 0)
        return taken[-1]

    async def shown(self) -> list[Shown]:
        """What the chat shows of the bot; a button says what stands on it."""
        return [
            Shown(sent.text, tuple((button["text"], button["text"]) for button in sent.buttons))
            for sent in self.api.sent
        ]

    def fail(self, *errors: ChannelError) -> None:
        """Let the next sends meet these errors."""
        for error in errors:
            wait = () if error.retry_after is None else (("retry_after", int(error.retry_after)),)
            status = 403 if error.permanent else 429 if wait else 500
            self.api.faults["sendMessage"].append(Fault(status, "Forbidden: bot was blocked by the user", wait))


def memory_door(stage: Stage) -> Door:
    """A channel that pushes."""
    return Door(stage)


def terminal_door(stage: Stage) -> Door:
    """The terminal."""
    return TerminalDoor(stage, TERMINAL, channel=MemoryChannel(TERMINAL))


def web_door(stage: Stage) -> Door:
    """The chat page."""
    return WebDoor(stage, "web", pushes=False)


def telegram_door(stage: Stage) -> Door:
    """Telegram."""
    return TelegramDoor(stage, "telegram", longest=4096)


DOORS: dict[str, Callable[[Stage], Door]] = {
    "memory": memory_door,
    "terminal": terminal_door,
    "web": web_door,
    "telegram": telegram_door,
}
# What was typed into a terminal stays as it was typed.
EDITING = ("memory", "web", "telegram")
PUSHING = ("memory", "terminal", "telegram")
