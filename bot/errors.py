"""Errors of the bot package."""


class ChannelError(Exception):
    """A channel could not deliver; `permanent` tells the delivery to give up.

    `retry_after` is the wait in seconds that the channel asked for; `ambiguous` means that the message may have
    arrived all the same.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: float | None = None, ambiguous: bool = False
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous
