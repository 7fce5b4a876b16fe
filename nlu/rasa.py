"""The Rasa engine: a server of Rasa Open Source names the intent, and the embedded engine stands behind it.

The embedded engine reads every message first: it finds the entities, the requests, and danger, which is told at once
and never waits for another process. Where Rasa gives no answer, its reading stands.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from nlu.rasa_answer import Answer, Failure, RasaError
from nlu.types import Engine, Intent, Request, Understanding

_ATTEMPTS = 2
# A server that failed twice is left alone for so long, so that no message waits for one that hangs.
_REST_SECONDS = 5.0
_MODEL_KNOWN_SECONDS = 60.0
# Below this probability, or with the runner-up this near, the desk asks back.
_SURE, _LEAD = 0.4, 0.1
# Danger that Rasa alone sees must be this probable: of what it took for danger with less, most was none.
_ALARM = 0.9
_EMERGENCY = Intent.EMERGENCY.value


class Server(Protocol):
    """What is asked: `nlu.rasa_client.RasaClient`."""

    def parse(self, text: str) -> Answer:
        """How Rasa reads a message; raises RasaError."""
        ...

    def model(self) -> str:
        """The name of the loaded model; raises RasaError."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How the engine stands: whether the last message that was asked about got an answer, and how many did not."""

    up: bool
    answered: int
    guarded: int
    retried: int
    fallbacks: Mapping[Failure, int]


@dataclass(slots=True)
class _Tally:
    """What happened so far; several threads write it."""

    up: bool = True
    answered: int = 0
    guarded: int = 0
    retried: int = 0
    fallbacks: Counter[Failure] = field(default_factory=Counter)
    resting_until: float = 0.0
    model: str = ""
    model_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class RasaEngine:
    """Understands messages with a Rasa server; safe to call from any thread, and never within a transaction.

    `labels` are the labels that the desk knows. `changed` is told whenever the server ceases to answer and when it is
    back: whether it is up, and why not. `rest` is how many seconds a server that failed is left alone.
    """

    embedded: Engine
    server: Server
    labels: Container[str]
    changed: Callable[[bool, str], None] = lambda _up, _why: None
    rest: float = _REST_SECONDS
    _tally: _Tally = field(default_factory=_Tally)

    @property
    def version(self) -> str:
        """The name of Rasa's model and the version of the embedded engine behind it."""
        return self._with(self.embedded.version)

    def close(self) -> None:
        """Give the connections to the server back."""
        self.server.close()

    def standing(self) -> Standing:
        """How the engine stands now."""
        tally = self._tally
        with tally.lock:
            return Standing(tally.up, tally.answered, tally.guarded, tally.retried, dict(tally.fallbacks))

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """Read one message; `now` (aware) anchors times such as 明早. Never raises, whatever the text or the server.

        The version of what comes back says which engine read it; `fallback` says that Rasa should have and did not.
        """
        own = self.embedded.understand(text, now=now)
        if own.emergency is not None:
            with self._tally.lock:
                self._tally.guarded += 1
            return own
        # Nothing is asked in an empty message or a bare address, and a classifier would find something in it.
        if own.confidence <= 0.0:
            return own
        try:
            answer = self._asked(text)
        except RasaError as error:
            self._failed(error)
            return own if error.failure is Failure.NOTHING else replace(own, fallback=True)
        # The embedded engine may have another model in its place by now; this is the one that read the message.
        return replace(_joined(own, answer), model_version=self._with(own.model_version))

    def _with(self, embedded: str) -> str:
        return f"rasa:{self._tally.model or '?'}+{embedded}"

    def _asked(self, text: str) -> Answer:
        """The answer of the server, of which every label is known; raises RasaError."""
        if time.monotonic() < self._tally.resting_until:
            raise RasaError(Failure.RESTING, "the server failed just now")
        answer = self._tried(text)
        known = tuple(ranked for ranked in answer.ranking if ranked[0] in self.labels)
        if not known or answer.ranking[0] != known[0]:
            raise RasaError(Failure.UNKNOWN_LABEL, "the server was trained on other data")
        self._answered()
        return replace(answer, ranking=known)

    def _tried(self, text: str) -> Answer:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self.server.parse(text)
            except RasaError as error:
                if attempt == _ATTEMPTS or error.failure is Failure.NOTHING:
                    raise
                with self._tally.lock:
                    self._tally.retried += 1
        raise AssertionError

    def _answered(self) -> None:
        tally = self._tally
        moment = time.monotonic()
        with tally.lock:
            back, tally.up = not tally.up, True
            tally.answered += 1
            tally.resting_until = 0.0
            stale, tally.model_until = (
                moment >= tally.model_until,
                max(tally.model_until, moment + _MODEL_KNOWN_SECONDS),
            )
        if stale or back:
            self._name_model()
        if back:
            self.changed(True, "")  # noqa: FBT003 - its only two words are up and down

    def _name_model(self) -> None:
        """Learn the name of the model anew: somebody may have trained another."""
        try:
            self._tally.model = self.server.model()
        except RasaError:
            self._tally.model_until = time.monotonic() + self.rest

    def _failed(self, error: RasaError) -> None:
        tally = self._tally
        with tally.lock:
            tally.fallbacks[error.failure] += 1
            if error.failure in {Failure.RESTING, Failure.NOTHING}:
                return
            was_up, tally.up = tally.up, False
            # A server with strange labels answers in time; asking it again hurts nobody.
            if error.failure is not Failure.UNKNOWN_LABEL:
                tally.resting_until = time.monotonic() + self.rest
        if was_up:
            self.changed(False, str(error))  # noqa: FBT003


def at_hand(engine: Engine) -> Engine:
    """The engine to ask where nothing may wait for another process, such as within a transaction."""
    return engine.embedded if isinstance(engine, RasaEngine) else engine


def _joined(own: Understanding, answer: Answer) -> Understanding:
    """Rasa's intent with the embedded engine's entities, and with its requests where both agree on what is asked."""
    chances: defaultdict[str, float] = defaultdict(float)
    for label, chance in answer.ranking:
        chances[label.partition(".")[0]] += chance
    order = sorted(chances, key=lambda intent: -chances[intent])
    lead = chances[order[0]] - (chances[order[1]] if len(order) > 1 else 0.0)
    unsure = chances[order[0]] < _SURE or lead < _LEAD
    if order[0] == _EMERGENCY and chances[_EMERGENCY] < _ALARM and len(order) > 1:
        order, unsure = order[1:], True
    intent = order[0]
    label = next(label for label, _ in answer.ranking if label.partition(".")[0] == intent)
    category = label.partition(".")[2] or None
    return replace(
        own,
        intent=Intent(intent),
        category=category,
        confidence=min(1.0, chances[intent]),
        unsure=unsure,
        emergency=(category or "other") if intent == _EMERGENCY else None,
        requests=_requests(own, Intent(intent), category, min(1.0, chances[intent])),
        trace=(),
    )


def _requests(own: Understanding, intent: Intent, category: str | None, confidence: float) -> tuple[Request, ...]:
    """The requests as the embedded engine cut them when Rasa's is among them, else the one that Rasa sees."""
    if len(own.requests) > 1 and any(request.intent is intent for request in own.requests):
        return own.requests
    start = min((request.start for request in own.requests), default=0)
    end = max((request.end for request in own.requests), default=len(own.text))
    return (Request(intent, category, own.text[start:end], start, end, confidence),)
