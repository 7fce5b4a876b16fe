"""Trains with an installed Rasa Open Source and runs its server on loopback, for measurements and tests."""

import hashlib
import json
import os
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from nlu.rasa_answer import RasaError, RasaMissingError
from nlu.rasa_client import RasaClient
from nlu.rasa_project import DATA

ENVIRONMENT = Path(".venv-rasa")
"""Where `make rasa` installs Rasa."""
_LOOPBACK = "127.0.0.1"
_START_SECONDS = 300.0
_LOOK_SECONDS = 0.5
_TOLD_LINES = 15
# Rasa keeps the parts that it trained; when all are there, starting and looking takes less than this.
_NOTHING_DONE_SECONDS = 60.0
# Rasa reports its use to its makers unless it is told not to; the rest only quietens what it is made of.
_VARIABLES = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What training a model of Rasa took, and the digest of the data that it was trained from."""

    seconds: float
    processor_seconds: float
    data: str


def facts_of(model: Path) -> Facts | None:
    """What is known of the training of a model, or None when nothing is."""
    try:
        return Facts(**json.loads(_beside(model).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def digest_of(project: Path) -> str:
    """The hash of the examples and lists of a project. Raises OSError when there are none."""
    return hashlib.sha256((project / DATA).read_bytes()).hexdigest()


def _beside(model: Path) -> Path:
    return model.with_suffix("").with_suffix(".json")


@dataclass(frozen=True, slots=True)
class Installed:
    """A Python environment with Rasa Open Source in it."""

    environment: Path = ENVIRONMENT

    @property
    def python(self) -> Path:
        """The Python of the environment; it is never that of the desk."""
        return self.environment.absolute() / "bin" / "python"

    def check(self) -> None:
        """Raise RasaMissingError when Rasa is not there."""
        if not (self.environment / "bin" / "rasa").is_file():
            raise RasaMissingError(f"there is no Rasa in {self.environment}; `make rasa` installs it")

    def train(self, project: Path, name: str = "model") -> Path:
        """Train the project that `nlu.rasa_project` wrote; returns the file of the model. Raises RasaMissingError.

        What it took and the digest of its data are kept beside the model (`facts_of`), unless Rasa found nothing to do.
        """
        self.check()
        began, before = time.monotonic(), _seconds_of_children()
        words = ["train", "nlu", "-u", DATA, "-c", "config.yml", "-d", "domain.yml"]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
            ended = subprocess.run(  # noqa: S603 - our own command
                self._command(*words, "--out", "models", "--fixed-model-name", name),
                cwd=project,
                env=variables(),
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
            model = project / "models" / f"{name}.tar.gz"
            if ended.returncode or not model.is_file():
                raise RasaMissingError(f"the training failed with code {ended.returncode}:\n{_end_of(log)}")
        took = Facts(time.monotonic() - began, _seconds_of_children() - before, digest_of(project))
        known = facts_of(model)
        if took.processor_seconds > _NOTHING_DONE_SECONDS or known is None or known.data != took.data:
            _beside(model).write_text(json.dumps(asdict(took)), encoding="utf-8")
        return model

    @contextmanager
    def serve(self, model: Path, port: int = 0) -> Iterator[str]:
        """Run the server with a model on loopback; yields its address once it answers. Raises RasaMissingError."""
        self.check()
        port = port or free_port()
        words = ["run", "--enable-api", "--model", str(model.absolute()), "--interface", _LOOPBACK, "--port", str(port)]
        with (
            tempfile.TemporaryDirectory(prefix="rasa-") as folder,
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        ):
            process = subprocess.Popen(  # noqa: S603 - our own command
                self._command(*words), cwd=folder, env=variables(), stdout=log, stderr=subprocess.STDOUT
            )
            try:
                url = f"http://{_LOOPBACK}:{port}"
                if not _answers(process, url):
                    raise RasaMissingError(f"the server did not start:\n{_end_of(log)}")
                yield url
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _command(self, *words: str) -> list[str]:
        return [str(self.python), "-m", "rasa", *words]


def variables() -> Mapping[str, str]:
    """The environment in which Rasa runs: ours without the Python of the desk, and nothing is reported."""
    ours = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return ours | _VARIABLES


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((_LOOPBACK, 0))
        return int(listener.getsockname()[1])


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until the server has its model; False when it ended, or took too long."""
    client = RasaClient(url, 2.0)
    deadline = time.monotonic() + _START_SECONDS
    try:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.model()
            except RasaError:
                time.sleep(_LOOK_SECONDS)
            else:
                return True
        return False
    finally:
        client.close()


def _end_of(log: TextIO) -> str:
    log.seek(0)
    return "\n".join(log.read().splitlines()[-_TOLD_LINES:])
