"""A channel that keeps what it is given, for tests, simulations and the terminal."""

from collections.abc import Callable

from actions.outbox import Parcel
from actions.pacing import Lane
from bot.errors import ChannelError


class MemoryChannel:
    """Collects sent messages in order; `fail` may be set to have the next sends refused."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.lanes: tuple[Lane, ...] = ()
        self.sent: list[Parcel] = []
        self.fail: Callable[[Parcel], ChannelError | None] = lambda _parcel: None

    def pieces(self, _text: str) -> int:
        """Whatever its length, a text is one message."""
        return 1

    async def send(self, parcel: Parcel) -> str:
        """Keep the message, or raise what `fail` says."""
        error = self.fail(parcel)
        if error is not None:
            raise error
        self.sent.append(parcel)
        return str(len(self.sent))
