"""What every message channel promises."""

from typing import Protocol

from actions.outbox import Parcel
from actions.pacing import Lane


class Channel(Protocol):
    """A way to send messages out; what comes in is stored by the channel's own code through `actions.intake`."""

    @property
    def name(self) -> str:
        """The name under which its contacts are stored."""
        ...

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The bots of a channel that may send only so fast; none where there is no limit."""
        ...

    def pieces(self, text: str) -> int:
        """In how many messages the channel sends a text; each is a send of its own."""
        ...

    async def send(self, parcel: Parcel) -> str:
        """Send one message, or its next piece, and return the channel's id of it.

        Raises ChannelError; see there for what it tells.
        """
        ...
