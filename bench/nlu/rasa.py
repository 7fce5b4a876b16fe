"""The embedded engine beside Rasa Open Source, made from the same files and asked about the same unseen messages.

The embedded engine is trained here from the project that Rasa was trained from: its examples, lookups, synonyms and
regexes. A project that was written anew since Rasa's training is refused. Only numbers are printed: who looks at the
messages behind them has seen the held-out set.
"""

import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.heldout import Heldout
from nlu.rasa_answer import Failure, RasaError
from nlu.rasa_client import RasaClient
from nlu.rasa_server import Facts, Installed, digest_of, facts_of, variables

_SEED = 20240824
_RESAMPLES = 10_000
_SECONDS = 60.0
_AT_ONCE = 100
_PIPE = subprocess.PIPE
_INSIDE = Path(__file__).parents[2] / "scripts" / "rasa_inside.py"
_EMBEDDED = [sys.executable, "-m", "bench.nlu.embedded"]
_METADATA = "metadata.json"

Hits = npt.NDArray[np.bool_]
Reader = Callable[[Sequence[str]], Mapping[str, Any]]


def measure(heldout: Path, home: Path, environment: Path, pipeline: str) -> None:
    """Print accuracy, training, latency and memory of both, and how sure the difference is."""
    examples = Heldout.read(heldout).examples
    texts, real = [example.text for example in examples], [example.intent for example in examples]
    installed = Installed(environment)
    installed.check()
    project = home / "rasa" / pipeline
    model = project / "models" / f"{pipeline}.tar.gz"
    facts = facts_of(model)
    if facts is None or facts.data != digest_of(project):
        raise SystemExit(f"{model} is missing, or {project} was written anew since; train it: make rasa")
    print(f"{len(texts)} messages of {heldout}, load {os.getloadavg()[0]:.1f}")
    print(f"{pipeline}: {_of_the_model(model)}")
    with tempfile.TemporaryDirectory(prefix="embedded-") as folder:
        trained = _own_training(project, facts.data, folder)
        with (
            _reader([*_EMBEDDED, "read", folder], os.environ) as own,
            _reader([str(installed.python), str(_INSIDE), str(model.absolute())], variables()) as inside,
            installed.serve(model) as url,
        ):
            told = _in_turn(texts, {"own": own, "inside": inside, "http": _Asked(url)})
    _accuracy(real, told["own"]["labels"], told["inside"]["labels"], told["http"]["labels"], pipeline)
    _cost(told["own"], told["inside"], told["http"]["took"], pipeline)
    _training(trained, facts, pipeline)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def _of_the_model(path: Path) -> str:
    """What the model says of itself: Rasa's version, when it was trained, and its classifier."""
    with tarfile.open(path) as archive:
        member = next(member for member in archive if Path(member.name).name == _METADATA)
        file = archive.extractfile(member)
        assert file is not None
        told = json.load(file)
    parts = [f"Rasa {told['rasa_open_source_version']}, trained {told['trained_at'][:16]}"]
    for node in told["train_schema"]["nodes"].values():
        name = node["uses"].rpartition(".")[2]
        if name.endswith("Classifier") and node["fn"] == "train":
            parts.append(name + "".join(f", {key} {value}" for key, value in node["config"].items()))
    return ", ".join(parts)


def _own_training(project: Path, data: str, folder: str) -> Facts:
    """What training the embedded engine takes: a process of its own, from its start to its end."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run([*_EMBEDDED, "train", project, folder], check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"both learn from {project}: {json.loads(ended.stdout)['examples']} examples, {data[:12]}")
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Facts(time.monotonic() - began, busy, data)


def _in_turn(texts: Sequence[str], readers: Mapping[str, Reader]) -> Mapping[str, dict[str, Any]]:
    """What each says of the texts: they read by turns, some texts at a time, so that all see the same machine."""
    told: dict[str, dict[str, Any]] = {name: {} for name in readers}
    for reader in readers.values():
        reader(texts[:_AT_ONCE])
    for start in range(0, len(texts), _AT_ONCE):
        for name, reader in readers.items():
            for key, value in reader(texts[start : start + _AT_ONCE]).items():
                told[name][key] = told[name].get(key, []) + value if isinstance(value, list) else value
    return told


@contextmanager
def _reader(words: list[str], environ: Mapping[str, str]) -> Iterator[Reader]:
    """A process that gets texts a line and answers with a line."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(words, stdin=_PIPE, stdout=_PIPE, stderr=log, text=True, env=environ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        into, out = process.stdin, process.stdout

        def ask(texts: Sequence[str]) -> Mapping[str, Any]:
            print(json.dumps(texts), file=into, flush=True)
            line = out.readline()
            # Rasa says more than it was asked.
            while line and not line.startswith("{"):
                line = out.readline()
            if not line:
                log.seek(0)
                raise SystemExit(f"{words[0]} failed:\n{log.read()[-2000:]}")
            told: Mapping[str, Any] = json.loads(line)
            return told

        try:
            yield ask
        finally:
            into.close()


class _Asked:
    """Rasa's server: the intent by the sum of its labels' probabilities, as the desk takes it, and each call's time."""

    def __init__(self, url: str) -> None:
        self._client = RasaClient(url, _SECONDS)

    def __call__(self, texts: Sequence[str]) -> Mapping[str, Any]:
        intents, took = [], []
        for text in texts:
            start = time.perf_counter()
            try:
                ranking = self._client.parse(text).ranking
            except RasaError as error:
                if error.failure is not Failure.NOTHING:
                    raise
                ranking = (("-", 1.0),)
            took.append(1000 * (time.perf_counter() - start))
            chances: defaultdict[str, float] = defaultdict(float)
            for label, chance in ranking:
                chances[_intent(label)] += chance
            intents.append(max(chances, key=lambda intent: chances[intent]))
        return {"labels": intents, "took": took}


def _accuracy(real: Sequence[str], own: Sequence[str], rasa: Sequence[str], summed: Sequence[str], name: str) -> None:
    wanted = [_intent(label) for label in real]
    ours = _hits(wanted, [_intent(label) for label in own])
    best, by_sum = _hits(wanted, [_intent(label) for label in rasa]), _hits(wanted, summed)
    theirs = max(best, by_sum, key=lambda hits: float(hits.mean()))
    print(f"right intent: embedded {ours.mean():.4f}")
    print(f"right intent: {name} {best.mean():.4f} by its best label, {by_sum.mean():.4f} by the sum of its labels")
    full = [place for place, label in enumerate(real) if "." in label]
    labels = [real[place] for place in full]
    shares = [_hits(labels, [told[place] for place in full]).mean() for told in (own, rasa)]
    print(f"right full label, of {len(full)}: embedded {shares[0]:.4f}, {name} {shares[1]:.4f}")
    chance = np.random.default_rng(_SEED)
    difference = ours.astype(float) - theirs.astype(float)
    means = [difference[chance.integers(0, len(real), len(real))].mean() for _ in range(_RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    print(f"embedded is right more often by {100 * difference.mean():.2f} points;")
    print(f"paired bootstrap, {_RESAMPLES} resamples, 95 %: from {100 * low:.2f} to {100 * high:.2f} points")


def _cost(own: Mapping[str, Any], rasa: Mapping[str, Any], over_http: Sequence[float], name: str) -> None:
    steps = {"the intent": "alone", "with entities": "both", "with requests and danger, as the desk reads": "whole"}
    places = {"in its own process": np.median(rasa["took"]), "over HTTP": np.median(over_http)}
    print(f"p50: {name} " + ", ".join(f"{took:.2f} ms {place}" for place, took in places.items()))
    for step, key in steps.items():
        took = np.median(own[key])
        ratios = ", ".join(f"{theirs / took:.0f} times that {place}" for place, theirs in places.items())
        print(f"p50: embedded {took:.3f} ms {step}; {name} {ratios}")
    print(f"memory: embedded {own['mb']:.0f} MB, {name} {rasa['mb']:.0f} MB, ratio {rasa['mb'] / own['mb']:.1f}")
    print(f"loading: embedded {own['loaded']:.2f} s, {name} {rasa['loaded']:.1f} s")


def _training(own: Facts, rasa: Facts, name: str) -> None:
    """Either is a whole process; that of Rasa was measured when it was trained, whatever else the machine did then."""
    wall, busy = rasa.seconds / own.seconds, rasa.processor_seconds / own.processor_seconds
    print(f"training: embedded {own.seconds:.1f} s, {name} {rasa.seconds:.0f} s when it was trained, ratio {wall:.0f}")
    both = f"embedded {own.processor_seconds:.1f}, {name} {rasa.processor_seconds:.0f}, ratio {busy:.0f}"
    print(f"training, seconds of processor: {both}")


def _hits(real: Sequence[str], told: Sequence[str]) -> Hits:
    return np.array([one == other for one, other in zip(real, told, strict=True)])


def _intent(label: str) -> str:
    return label.partition(".")[0]
