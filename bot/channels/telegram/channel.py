"""Sends the desk's messages by Telegram bots, one for each community."""

import asyncio
from collections.abc import Mapping

from telegram import LinkPreviewOptions
from telegram.error import TelegramError

from actions.outbox import Parcel
from actions.pacing import Lane, Pace
from bot.channels.telegram.faults import as_channel_error
from bot.channels.telegram.keyboard import keyboard
from bot.channels.telegram.lengths import split
from bot.channels.telegram.line import CHANNEL, Line
from bot.errors import ChannelError

# A third of the time for which a message is claimed, so that nobody else begins to send it meanwhile.
_SEND_SECONDS = 25.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramChannel:
    """The bots of all communities that this process serves, as one channel.

    Texts go out as they are, without a parse mode: nothing that a resident wrote can break a message.
    """

    def __init__(self, lines: Mapping[int, Line], pace: Pace | None = None) -> None:
        self.name = CHANNEL
        self.lanes = tuple(Lane(community_id, CHANNEL, pace or Pace()) for community_id in lines)
        self._lines = lines

    def pieces(self, text: str) -> int:
        """In how many messages a text is sent; the buttons stand below the last."""
        return len(split(text))

    async def send(self, parcel: Parcel) -> str:
        """Send the next piece of a message; returns Telegram's number of it. Raises ChannelError."""
        pieces = split(parcel.text)
        if parcel.piece >= len(pieces) or not parcel.address.lstrip("-").isdecimal():
            raise ChannelError("there is nothing to send, or no chat to send it to", permanent=True)
        last = parcel.piece + 1 == len(pieces)
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                message = await self._lines[parcel.community_id].bot.send_message(
                    int(parcel.address),
                    pieces[parcel.piece],
                    reply_markup=keyboard(parcel.message_id, parcel.buttons) if last else None,
                    link_preview_options=_NO_PREVIEW,
                )
        except TelegramError as error:
            raise as_channel_error(error) from error
        except TimeoutError as error:
            raise ChannelError("Telegram did not answer in time", ambiguous=True) from error
        return str(message.message_id)
