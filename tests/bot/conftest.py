"""What the tests of the bot share: a stage on each engine."""

from collections.abc import AsyncIterator

import pytest

from bot.answering import Mind
from desk.stage import Stage
from tests.conftest import NOW


@pytest.fixture
async def stage(demo_url: str, mind: Mind) -> AsyncIterator[Stage]:
    """A desk whose clock moves only when told, on each engine."""
    async with Stage(mind, NOW, demo_url) as opened:
        yield opened
