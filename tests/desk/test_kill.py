"""The desk may be killed at any moment: nothing is lost, nothing is done twice."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actions.store import read_beside
from bot.answering import Mind
from tests.conftest import NOW
from tests.desk.killing import Nursery, Victim, conversations, nursery, run
from tests.desk.verdict import delivered, judge

SEED = 20261123


@pytest.fixture(scope="module")
def bearer(mind: Mind, request: pytest.FixtureRequest) -> Iterator[Nursery]:
    with nursery(request.config.cache.mkdir("desk")) as process:
        yield process


async def test_a_desk_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice(
    demo_url: str, bearer: Nursery, tmp_path: Path
) -> None:
    victim = Victim(bearer, demo_url, tmp_path, pause=0.06, ahead=NOW - datetime.now(UTC))
    dice = random.Random(SEED)
    said = conversations(120, 6, dice)
    await run(victim, said, dice, (0.1, 1.0))
    now, arrived = victim.now(), delivered(victim.folder / "delivered.jsonl")
    verdict = await read_beside(victim.url, lambda session: judge(session, said, arrived, now))
    assert not verdict.problems, "\n".join(verdict.problems)
    assert (victim.folder / "errors.log").read_text(encoding="utf-8") == ""
    assert verdict.counts["messages"] == 120
    assert verdict.counts["tickets"] > 3
    assert victim.kills > 3
