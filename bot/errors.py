"""Errors of the bot package."""


class ChannelError(Exception):
    """A channel could not deliver; `permanent` tells the delivery to give up.

    `retry_after` is the wait in seconds that the channel asked for; `ambiguous` means that the message may have
    arrived all the same; `moved_to` is the address that has taken the place of the one written to. A permanent failure
    means that nobody can be reached there, unless `unreachable` is false: then only this message is refused.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
        moved_to: str | None = None,
        unreachable: bool = True,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.moved_to = moved_to
        self.unreachable = permanent and unreachable
