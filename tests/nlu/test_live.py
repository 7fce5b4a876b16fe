"""An engine is exchanged between two messages, and each message says which one read it."""

from datetime import datetime

from nlu.live import LiveEngine
from nlu.types import Intent, Understanding


class Named:
    """An engine of a version that exchanges itself while it reads."""

    def __init__(self, version: str, live: list[LiveEngine]) -> None:
        self.version = version
        self.live = live

    def understand(self, text: str, *, now: datetime) -> Understanding:
        assert now.tzinfo is not None
        for live in self.live:
            live.exchange(Named("b", []))
        return Understanding(text, Intent.BYE, 1.0, unsure=False, category=None, emergency=None, requests=(),
                             entities=(), model_version=self.version)  # fmt: skip


def test_a_message_is_read_to_its_end_by_the_engine_that_began_it(now: datetime) -> None:
    held: list[LiveEngine] = []
    live = LiveEngine(Named("a", held))
    held.append(live)
    assert live.version == "a"
    assert live.understand("再见", now=now).model_version == "a"
    assert live.version == "b"
    assert live.understand("再见", now=now).model_version == "b"
