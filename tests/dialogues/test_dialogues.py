"""Every written conversation, on both engines."""

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
