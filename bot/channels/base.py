"""What every message channel promises."""

from typing import Protocol

from actions.outbox import Parcel


class Channel(Protocol):
    """A way to send messages out; what comes in is stored by the channel's own code through `actions.intake`."""

    @property
    def name(self) -> str:
        """The name under which its contacts are stored."""
        ...

    async def send(self, parcel: Parcel) -> str:
        """Send one message and return the channel's id of it. Raises ChannelError; see there for what it tells."""
        ...
