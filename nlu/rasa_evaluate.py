"""Measures Rasa on anybody's data in its own format, as `nlu.evaluate` measures the embedded engine."""

import re
import tempfile
import time
from pathlib import Path

from nlu.evaluate import Report, Told, intents_only
from nlu.rasa_answer import Failure, RasaError
from nlu.rasa_client import RasaClient
from nlu.rasa_project import pipeline_of, write_project
from nlu.rasa_server import Installed
from nlu.training_data import TrainingData
from words.content import ContentFiles

_HAN = re.compile(r"[\u3400-\u9fff]")
_SECONDS = 60.0


def evaluate_folders_with_rasa(
    train_on: Path, test_on: Path, files: ContentFiles, installed: Installed, pipeline: str
) -> Report:
    """Train Rasa on one folder and ask its server about another; only intents are compared, latency includes HTTP.

    Raises ContentError as the reader does, RasaMissingError when Rasa is not there, RasaError when it does not answer.
    """
    data, tests = TrainingData.read_path(train_on), TrainingData.read_path(test_on)
    with tempfile.TemporaryDirectory(prefix="rasa-") as folder:
        project = Path(folder)
        write_project(data, pipeline_of(files, pipeline, language=language_of(data)), project)
        with installed.serve(installed.train(project)) as url:
            client = RasaClient(url, _SECONDS)
            try:
                took: list[float] = []
                told: list[Told] = []
                for example in tests.examples:
                    start = time.perf_counter()
                    taken, sure = _best(client, example.text)
                    took.append(1000 * (time.perf_counter() - start))
                    told.append(Told(example.text, example.intent, taken, sure))
            finally:
                client.close()
    return intents_only(told, took)


def _best(client: RasaClient, text: str) -> tuple[str, float]:
    """The likeliest label and how likely it is; where Rasa knows no word there is none, which counts as wrong."""
    try:
        return client.parse(text).ranking[0]
    except RasaError as error:
        if error.failure is not Failure.NOTHING:
            raise
        return "-", 0.0


def language_of(data: TrainingData) -> str:
    """`zh` for data of which most messages hold Chinese characters, whose words no blank divides; else `en`."""
    chinese = sum(_HAN.search(example.text) is not None for example in data.examples)
    return "zh" if 2 * chinese > len(data.examples) else "en"
