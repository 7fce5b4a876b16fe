"""The engine that the settings name: the embedded one, or a Rasa server with the embedded one behind it."""

from pathlib import Path

import structlog

from desk.content import Content
from desk.settings import Settings
from nlu.evaluate import Report, evaluate_folders
from nlu.labels import Labels
from nlu.rasa import RasaEngine
from nlu.types import Engine, EngineKind
from words.content import ContentFiles

log = structlog.get_logger(__name__)


def with_rasa(settings: Settings, content: Content, embedded: Engine) -> Engine:
    """The engine by `DESK_NLU`; a Rasa server need not be up, for until it is the embedded engine reads alone."""
    if settings.nlu is not EngineKind.RASA:
        return embedded
    # The HTTP client takes a while to import, and a desk without Rasa does without it.
    from nlu.rasa_client import RasaClient  # noqa: PLC0415

    client = RasaClient(str(settings.rasa_url), settings.rasa_seconds)
    return RasaEngine(embedded, client, Labels.read(content.files), _log_change)


def measured_on(train_on: Path, test_on: Path, settings: Settings, pipeline: str) -> Report:
    """Train the engine that the settings name on one folder in Rasa's format and measure it on another.

    Raises ContentError when the data cannot be read; RasaMissingError or RasaError when Rasa cannot be measured.
    """
    if settings.nlu is not EngineKind.RASA:
        return evaluate_folders(train_on, test_on)
    from nlu.rasa_evaluate import evaluate_folders_with_rasa  # noqa: PLC0415  As above.
    from nlu.rasa_server import Installed  # noqa: PLC0415

    return evaluate_folders_with_rasa(train_on, test_on, ContentFiles.load(settings.content), Installed(), pipeline)


def _log_change(up: bool, why: str) -> None:
    if up:
        log.info("rasa_answers_again")
    else:
        log.warning("rasa_does_not_answer", why=why)
