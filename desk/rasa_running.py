"""`python -m desk.rasa_running`: train Rasa from the data of the desk and serve it on loopback, as `make rasa` does."""

import argparse
import os
import signal
import sys
from pathlib import Path

from desk.content import content_files
from desk.settings import EXIT_CODE, read_settings
from nlu.masks import Masks
from nlu.own import filled
from nlu.rasa_answer import RasaMissingError
from nlu.rasa_project import PIPELINES, pipeline_of, write_project
from nlu.rasa_server import ENVIRONMENT, Installed
from nlu.training_data import TrainingData


def main() -> None:
    """Write the project, train it, and serve it until interrupted."""
    parser = argparse.ArgumentParser(prog="rasa_running", description=__doc__)
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="where Rasa is installed")
    parser.add_argument("--pipeline", choices=PIPELINES, default=PIPELINES[0])
    parser.add_argument("--epochs", type=int, help="how often DIET goes through the data; else as its pipeline says")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--train-only", action="store_true")
    given = parser.parse_args()
    # Whoever ends this ends the server with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = read_settings(os.environ)
    files = content_files(settings.content, settings.home)
    project = settings.home / "rasa" / given.pipeline
    installed = Installed(given.environment)
    try:
        # What the embedded engine learns from, the estate's own examples among it.
        data = filled(TrainingData.read(files), Masks.read(files))
        write_project(data, pipeline_of(files, given.pipeline, given.epochs), project)
        print(f"training Rasa in {project} (light takes minutes, diet about an hour) …", flush=True)
        model = installed.train(project, given.pipeline)
        print(f"trained: {model}", flush=True)
        if given.train_only:
            return
        with installed.serve(model, given.port) as url:
            print(f"Rasa answers at {url}; in another terminal: make run DESK_NLU=rasa DESK_RASA_URL={url}", flush=True)
            signal.pause()
    except RasaMissingError as error:
        print(f"rasa: {error}", file=sys.stderr)
        raise SystemExit(EXIT_CODE) from error
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
