"""Every written conversation, on both engines."""

import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from actions.audit import audit
from bot.answering import Mind
from desk.stage import Stage
from tests.dialogues.runner import Conversation, play, read_conversations

CONVERSATIONS = read_conversations(Path(__file__).parent)


def _case(conversation: Conversation) -> Any:
    """A conversation as a case; a known failure must fail, so that it is struck off the list when it is mended."""
    failure = conversation.known_failure
    marks = [pytest.mark.xfail(reason=failure, strict=True, raises=AssertionError)] if failure else []
    return pytest.param(conversation, id=conversation.name, marks=marks)


@pytest.fixture(autouse=True)
def _variants(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which variants are said depends on the case alone, so that a run can be repeated.

    The two engines hear different ones; `DIALOGUE_VARIANT=0`, `1`, `2` … hears them all, one after another.
    """
    wanted = os.environ.get("DIALOGUE_VARIANT")
    seed = int(wanted) if wanted else zlib.crc32(request.node.name.encode())
    monkeypatch.setattr("bot.performing.seed_of", lambda _turn, step: seed + step)


@pytest.mark.parametrize("conversation", [_case(conversation) for conversation in CONVERSATIONS])
async def test_conversation(conversation: Conversation, demo_url: str, mind: Mind) -> None:
    async with Stage(mind, conversation.start, demo_url) as stage:
        await play(stage, conversation)
        now = stage.now
        findings = await stage.store.read(lambda session: audit(session, now))
        assert not findings


def test_there_are_enough_conversations_and_no_name_twice() -> None:
    names = [conversation.name for conversation in CONVERSATIONS]
    assert len(names) >= 30
    assert len(set(names)) == len(names)
