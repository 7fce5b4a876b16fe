"""What both engines must hold, against a real server of Rasa Open Source: `make test-rasa`.

The name keeps it out of `make test`, for Rasa takes an environment of its own and minutes to train.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.answering import Mind
from desk.settings import content_folder, read_settings
from nlu.evaluate import Report, evaluate
from nlu.heldout import Heldout
from nlu.labels import Labels
from nlu.rasa import RasaEngine, at_hand
from nlu.rasa_client import RasaClient
from nlu.rasa_server import ENVIRONMENT, Installed, free_port
from nlu.types import Engine, Intent, as_json
from words.content import ContentFiles

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DEVELOPMENT = Path(__file__).parents[1] / "nlu" / "development"
TEXTS = (
    "厨房水龙头一直滴水，3栋2单元1502，明天下午三点后有人，电话13812345678",
    "我是3栋的，漏到2栋501了，物业费怎么交",
    "  你好  ",
    "/emergency.fire",
    '/repair.drain{"room": "1"}',
    "",
    " \n\t",
    "\0\u202e😀\ud800",
    "漏" * 20_000,
    "{{ 7 * 7 }} <script> [水管](object)",
)
# The light pipeline is measured, not praised: below this something is broken.
LEAST_ACCURACY = 0.7


@pytest.fixture(scope="session")
def installed() -> Installed:
    found = Installed(Path(os.environ.get("RASA_ENVIRONMENT", ENVIRONMENT)))
    if not found.python.is_file():
        pytest.skip(f"there is no Rasa in {found.environment}: run `make test-rasa`, which installs it")
    return found


@pytest.fixture(scope="session")
def model() -> Path:
    home = read_settings({name: value for name, value in os.environ.items() if name == "DESK_HOME"}).home
    return home / "rasa" / "light" / "models" / "light.tar.gz"


@pytest.fixture(scope="session")
def labels() -> Labels:
    return Labels.read(ContentFiles.load(content_folder()))


@pytest.fixture(scope="session")
def rasa(installed: Installed, model: Path, mind: Mind, labels: Labels) -> Iterator[RasaEngine]:
    with installed.serve(model) as url:
        engine = RasaEngine(mind.engine, RasaClient(url, 10.0), labels)
        yield engine
        engine.close()


@pytest.fixture(params=["embedded", "rasa"])
def engine(request: pytest.FixtureRequest, mind: Mind) -> Engine:
    chosen: Engine = mind.engine if request.param == "embedded" else request.getfixturevalue("rasa")
    return chosen


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_is_read_into_the_same_form(engine: Engine, text: str) -> None:
    read = engine.understand(text, now=NOW)
    form = as_json(read)
    assert set(form) == {"text", "intent", "confidence", "unsure", "category", "emergency", "requests", "entities"}
    assert read.text == text
    assert 0.0 <= read.confidence <= 1.0
    assert all(text[entity.start : entity.end] == entity.text for entity in read.entities)
    assert all(text[request.start : request.end] == request.text for request in read.requests)
    assert bool(read.requests) == bool(text.strip())
    assert read.entities == at_hand(engine).understand(text, now=NOW).entities


def test_a_label_is_one_that_the_desk_knows(engine: Engine, labels: Labels) -> None:
    for text in TEXTS:
        read = engine.understand(text, now=NOW)
        assert (read.intent.value if read.category is None else f"{read.intent}.{read.category}") in labels
        assert (read.emergency is not None) == (read.intent is Intent.EMERGENCY)


def test_the_development_messages_are_read_about_as_well_as_they_were(
    engine: Engine, labels: Labels, capsys: pytest.CaptureFixture[str]
) -> None:
    report: Report = evaluate(engine, Heldout.read(DEVELOPMENT, labels), now=NOW)
    with capsys.disabled():
        print(f"\n{engine.version}: {str(report).partition('intents (F1)')[0].rstrip()}")  # noqa: T201 - its figures are the point
    assert report.accuracy >= LEAST_ACCURACY


def test_no_alarm_of_the_embedded_engine_is_lost_and_rasa_answered_every_time(rasa: RasaEngine, labels: Labels) -> None:
    for example in Heldout.read(DEVELOPMENT, labels).examples:
        own = rasa.embedded.understand(example.text, now=NOW)
        if own.emergency is not None:
            assert rasa.understand(example.text, now=NOW).emergency == own.emergency
    standing = rasa.standing()
    assert standing.up
    assert standing.answered > 0
    assert not standing.fallbacks
    assert rasa.version.startswith("rasa:light+")


def test_a_server_that_ends_is_missed_by_nobody_and_used_again_when_it_is_back(
    installed: Installed, model: Path, mind: Mind, labels: Labels
) -> None:
    port, text = free_port(), "厨房水龙头一直滴水"
    engine = RasaEngine(mind.engine, RasaClient(f"http://127.0.0.1:{port}", 10.0), labels, rest=0.0)
    versions = []
    for _ in range(2):
        versions.append(engine.understand(text, now=NOW).model_version)
        with installed.serve(model, port):
            versions.append(engine.understand(text, now=NOW).model_version)
    engine.close()
    with_rasa = f"rasa:light+{mind.engine.version}"
    assert versions == [mind.engine.version, with_rasa] * 2
