"""Takes up a new model while the desk serves: whole, between two messages, and only when it can be used."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from desk.content import content_files
from nlu.engine import EmbeddedEngine
from nlu.live import LiveEngine
from nlu.store import IN_USE, ModelError, code_version, load_chosen
from words.errors import ContentError

log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int]


class Swapper:
    """Looks at the note of the model in use; when another one is named there, it is loaded beside and put in.

    A model that cannot be used is told once in the log, and the one before goes on; the next one that is chosen is
    looked at again. `content` is the folder of the content, `home` holds the models and the estate's own examples.
    """

    def __init__(self, live: LiveEngine, content: Path, home: Path, clock: Callable[[], datetime]) -> None:
        self._live = live
        self._content = content
        self._home = home
        self._clock = clock
        # The code of this process; what lies on the disk may be newer by the time a model comes.
        self._code = code_version()
        self._seen: Stamp | None = None

    async def step(self) -> bool:
        """Look once; True when another model was put in."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return False
        self._seen = stamp
        try:
            engine = await asyncio.to_thread(self._load)
        except (ModelError, ContentError, OSError) as error:
            log.error("model_refused", reason=str(error), goes_on=self._live.version)  # noqa: TRY400 - no traceback
            return False
        if engine is None:
            return False
        log.info("model_exchanged", before=self._live.version, now=engine.version)
        self._live.exchange(engine)
        return True

    def _stamp(self) -> Stamp | None:
        try:
            told = (self._home / "model" / IN_USE).stat()
        except OSError:
            return None
        return told.st_mtime_ns, told.st_ino, told.st_size

    def _load(self) -> EmbeddedEngine | None:
        """The engine that is in use by now, or None when it is the one that reads already."""
        files = content_files(self._content, self._home)
        return load_chosen(files, self._home, self._code, self._live.version, self._clock())
