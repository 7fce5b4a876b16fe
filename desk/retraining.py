"""A training begun from the console: `desk train` in a process of its own, beside the server and after it in turn."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import structlog

from desk.learning import REFUSED
from web.reviewing import TrainingState

log = structlog.get_logger(__name__)

_LINES = 40
# The residents who write meanwhile go first.
_LOWER = 10


class Retraining:
    """One training at a time; it inherits the environment, so it sees the same settings."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "desk", "train")) -> None:
        self._command = command
        self._task: asyncio.Task[None] | None = None
        self._told: deque[str] = deque(maxlen=_LINES)
        self._state = TrainingState.IDLE

    @property
    def state(self) -> TrainingState:
        """How the last training stands."""
        return self._state

    @property
    def told(self) -> Sequence[str]:
        """The last lines that it printed."""
        return tuple(self._told)

    def begin(self) -> bool:
        """Begin, unless one runs."""
        if self._state is TrainingState.RUNNING:
            return False
        self._state = TrainingState.RUNNING
        self._told.clear()
        # Kept, or the task could be collected while it runs.
        self._task = asyncio.create_task(self._run())
        return True

    async def finish(self) -> None:
        """Wait until the training that runs has ended."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        ended = TrainingState.FAILED
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            try:
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, _LOWER)
                ended = _ENDS.get(await self._listen(process), ended)
            finally:
                # A server that stops takes its training with it; the model in use is as good as before.
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        except OSError as error:
            log.error("training_not_begun", error=str(error))  # noqa: TRY400 - no traceback
        finally:
            self._state = ended
            log.info("training_ended", state=ended.value)

    async def _listen(self, process: asyncio.subprocess.Process) -> int:
        if process.stdout is not None:
            async for line in process.stdout:
                self._told.append(line.decode(errors="replace").rstrip())
        return await process.wait()


_ENDS = {0: TrainingState.ACCEPTED, REFUSED: TrainingState.REFUSED}
