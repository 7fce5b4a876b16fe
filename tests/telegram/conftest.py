"""What the tests of Telegram share: a desk on a stage, joined to a double of the Bot API."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.answering import Mind
from desk.stage import Stage
from tests.conftest import NOW
from tests.telegram.desk import TelegramDesk, joined
from tests.telegram.double import BotApi


@pytest.fixture
async def telegram(demo_sqlite: Path, tmp_path: Path, mind: Mind) -> AsyncIterator[TelegramDesk]:
    """The desk behind a bot; what the engines must agree on is tested where it is written, in actions."""
    path = shutil.copyfile(demo_sqlite, tmp_path / "desk.sqlite3")
    async with (
        Stage(mind, NOW, f"sqlite:///{path}") as stage,
        BotApi(clock=lambda: stage.now.timestamp()) as api,  # noqa: PLW0108 - the clock moves
        joined(stage, api) as desk,
    ):
        yield desk
