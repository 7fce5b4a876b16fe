"""The doors of the desk behind one face, so that the same tests hold for each: what goes in, and what comes out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from actions.intake import Inbound, Received, Upload, receive
from actions.store import open_store
from actions.views import resident_view
from bot.channels.base import Channel
from bot.channels.memory import MemoryChannel
from bot.errors import ChannelError
from desk.loops import Bell
from desk.stage import TERMINAL, Stage

ADDRESS = "someone"


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the desk as it reaches the resident."""

    text: str
    buttons: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Door:
    """A channel on a stage. `pushes` says that messages are sent to the resident, rather than fetched."""

    stage: Stage
    name: str = "memory"
    pushes: bool = True
    channel: MemoryChannel = field(default_factory=MemoryChannel)

    def open(self, stage: Stage) -> None:
        """Stand on a stage."""
        self.stage = stage
        channels: dict[str, Channel] = {self.name: self.channel} if self.pushes else {}
        stage.desk = replace(stage.desk, channels=channels)

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
            stage.community_id, self.name, ADDRESS, key, text, stage.now, attachments=uploads, pressed=pressed
        )
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


def memory_door(stage: Stage) -> Door:
    """A channel that pushes."""
    return Door(stage)


def terminal_door(stage: Stage) -> Door:
    """The terminal."""
    return TerminalDoor(stage, TERMINAL, channel=MemoryChannel(TERMINAL))


def web_door(stage: Stage) -> Door:
    """The chat page."""
    return WebDoor(stage, "web", pushes=False)


DOORS: dict[str, Callable[[Stage], Door]] = {"memory": memory_door, "terminal": terminal_door, "web": web_door}
PUSHING = ("memory", "terminal")
