"""What reading one message costs: time beside plain work on the same text, and growth with the length."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from nlu.engine import EmbeddedEngine

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_ROUNDS = 3
_SEED = 20240824


def measure_speed(engine: EmbeddedEngine, texts: Sequence[str]) -> None:
    """Print the time of a message and how many one core reads, beside two raw limits on the same messages."""
    now = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    for text in texts[:200]:
        engine.understand(text, now=now)
    waits, whole = _timed(texts, lambda text: engine.understand(text, now=now))
    median, high, most = np.quantile(waits, (0.5, 0.99, 1.0))
    print(
        f"{len(texts)} messages, load {os.getloadavg()[0]:.1f}: p50 {median:.2f} ms, p99 {high:.2f} ms, max {most:.2f}"
    )
    _, intents = _timed(texts, lambda text: engine.model.read(engine.featuriser.blocks(text)))
    print(f"a second of one core: {1 / whole:.0f} messages with entities, {1 / intents:.0f} intents alone")
    _, loop = _timed(texts, _plain_loop)
    hashing = _hashing(engine.model.bias.size)
    _, stock = _timed(texts, hashing)
    for name, raw in (("a loop over characters and pairs", loop), ("HashingVectorizer and one product", stock)):
        print(f"{name}: {1 / raw:.0f} a second; a message costs {whole / raw:.1f} of it, an intent {intents / raw:.1f}")


def measure_growth(engine: EmbeddedEngine, texts: Sequence[str]) -> None:
    """Print how long texts of a thousand to a million characters take, beside a plain loop over them."""
    now = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    shapes = {"messages": "".join(texts[:200]), "numerals": "一二三", "an answer": "3栋在家的", "digits": "1"}
    for name, piece in shapes.items():
        told: list[str] = []
        for size in _SIZES:
            text = (piece * (size // len(piece) + 1))[: size - 1] + "!"
            took = min(_timed([text], lambda text: engine.understand(text, now=now))[1] for _ in range(_ROUNDS))
            raw = min(_timed([text], _plain_loop)[1] for _ in range(_ROUNDS))
            told.append(f"{size}: {1000 * took:.1f} ms ({took / raw:.2f} of a loop)")
        print(f"{name} – " + ", ".join(told))


def _timed(texts: Sequence[str], read: Callable[[str], object]) -> tuple[list[float], float]:
    """How long each text took in milliseconds, and the processor's seconds for one on average."""
    waits: list[float] = []
    began = time.process_time()
    for text in texts:
        start = time.perf_counter()
        read(text)
        waits.append(1000 * (time.perf_counter() - start))
    return waits, (time.process_time() - began) / len(texts)


def _plain_loop(text: str) -> dict[str, int]:
    """The least that Python can do with the characters of a text and their pairs: count them."""
    counts: dict[str, int] = {}
    for char in text:
        counts[char] = counts.get(char, 0) + 1
    for first, second in pairwise(text):
        counts[first + second] = counts.get(first + second, 0) + 1
    return counts


def _hashing(labels: int) -> Callable[[str], object]:
    """What scikit-learn needs to score as many labels from characters and pairs alone."""
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415

    vectoriser = HashingVectorizer(analyzer="char", ngram_range=(1, 2), n_features=2**16, dtype=np.float32)
    weights = np.random.default_rng(_SEED).normal(size=(2**16, labels)).astype(np.float32)
    return lambda text: vectoriser.transform([text]) @ weights
