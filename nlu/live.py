"""An engine that can be exchanged while it is being used."""

from datetime import datetime

from nlu.types import Engine, Understanding


class LiveEngine:
    """Reads with the engine that was put in last; a message is read from beginning to end by one of them.

    Safe to call from any thread: an exchange is one assignment.
    """

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def version(self) -> str:
        """The version of the engine that reads now."""
        return self._engine.version

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """Read one message; see `Engine`."""
        return self._engine.understand(text, now=now)

    def exchange(self, engine: Engine) -> None:
        """Read with this engine from now on."""
        self._engine = engine
