"""A training begun from the console runs apart, one at a time, and its end is told."""

import asyncio
import sys

import pytest

from desk.retraining import Retraining
from web.reviewing import TrainingState


@pytest.mark.parametrize(
    ("code", "state"), [(0, TrainingState.ACCEPTED), (1, TrainingState.REFUSED), (2, TrainingState.FAILED)]
)
async def test_how_it_ended_and_what_it_said_is_told(code: int, state: TrainingState) -> None:
    training = Retraining((sys.executable, "-c", f"print('worse: 甲'); raise SystemExit({code})"))
    assert (training.state, training.told) == (TrainingState.IDLE, ())
    assert training.begin()
    assert not training.begin(), "one at a time"
    await training.finish()
    assert (training.state, training.told) == (state, ("worse: 甲",))
    assert training.begin()
    await training.finish()
    assert training.told == ("worse: 甲",)


async def test_what_cannot_be_begun_has_failed() -> None:
    training = Retraining(("/nowhere/python",))
    training.begin()
    await training.finish()
    assert training.state is TrainingState.FAILED


async def test_a_server_that_stops_takes_its_training_with_it() -> None:
    training = Retraining((sys.executable, "-c", "print('begun', flush=True); import time; time.sleep(600)"))
    training.begin()
    async with asyncio.timeout(60):
        while not training.told:  # noqa: ASYNC110 - the process tells nobody else
            await asyncio.sleep(0.01)
    task = training._task
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await training.finish()
    assert training.state is TrainingState.FAILED
