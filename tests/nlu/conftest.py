"""One engine for all tests of understanding, trained once on the real data."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nlu.engine import EmbeddedEngine
from nlu.heldout import Heldout
from nlu.labels import Labels
from nlu.store import load_or_train
from nlu.training_data import TrainingData
from tests.conftest import one_trainer
from words.content import ContentFiles

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def content() -> ContentFiles:
    return ContentFiles.load(ROOT / "data")


@pytest.fixture(scope="session")
def labels(content: ContentFiles) -> Labels:
    return Labels.read(content)


@pytest.fixture(scope="session")
def training(content: ContentFiles, labels: Labels) -> TrainingData:
    return TrainingData.read(content, vocabulary=labels)


@pytest.fixture(scope="session")
def engine(content: ContentFiles, request: pytest.FixtureRequest) -> EmbeddedEngine:
    # Kept between runs under the hash of its data and code: training is most of what these tests take.
    home = request.config.cache.mkdir("desk")
    with one_trainer(home):
        return load_or_train(content, home)


@pytest.fixture(scope="session")
def heldout() -> Heldout:
    """Written by people who had seen neither the training data nor what the engine makes of it."""
    return Heldout.read(ROOT / "tests" / "nlu" / "heldout")


@pytest.fixture(scope="session")
def development() -> Heldout:
    """What the engine may be tuned on: full of traps, and no longer blind."""
    return Heldout.read(ROOT / "tests" / "nlu" / "development")


@pytest.fixture
def now() -> datetime:
    """Monday morning in Shanghai."""
    return datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
