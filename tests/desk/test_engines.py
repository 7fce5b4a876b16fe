"""The settings choose who understands messages."""

from bot.answering import Mind
from desk.content import read_content
from desk.engines import with_rasa
from desk.settings import read_settings
from nlu.rasa import RasaEngine
from nlu.types import Intent
from tests.conftest import NOW
from tests.nlu.rasa_double import rasa_double, reading


def test_the_embedded_engine_reads_unless_rasa_is_chosen(mind: Mind) -> None:
    settings = read_settings({})
    content = read_content(settings.content, settings.timezone)
    assert with_rasa(settings, content, mind.engine) is mind.engine


def test_rasa_reads_where_it_is_chosen_and_knows_the_labels_of_the_desk(mind: Mind) -> None:
    with rasa_double() as double:
        double.says = reading("complaint.noise", 0.9)
        settings = read_settings({"DESK_NLU": "rasa", "DESK_RASA_URL": double.url, "DESK_RASA_SECONDS": "30"})
        engine = with_rasa(settings, read_content(settings.content, settings.timezone), mind.engine)
        assert isinstance(engine, RasaEngine)
        read = engine.understand("水龙头滴水", now=NOW)
        engine.close()
    assert (read.intent, read.category, read.model_version) == (
        Intent.COMPLAINT,
        "noise",
        f"rasa:light+{mind.engine.version}",
    )
