"""Asks a server of Rasa Open Source how it reads a message: one bounded call of `/model/parse`."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any, TypeGuard

import httpx

from nlu.rasa_answer import Answer, Failure, RasaError
from nlu.rasa_project import from_rasa

# Far more than any resident writes; what lies beyond tells a classifier nothing and costs it time.
_LONGEST_TEXT = 2_000
_LARGEST_ANSWER = 1_000_000
_OK = 200
_MOST = 1.001
# To Rasa a message that begins with a slash is a command that names its own intent, and blanks at the ends are nothing.
_COMMAND = re.compile(r"^[\s/]+")


class RasaClient:
    """Asks one server; safe to call from any thread. `seconds` bounds each call, however slowly the answer drips."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = httpx.URL(url)
        self._seconds = seconds
        # Nothing of the environment: a proxy has no business between the desk and its Rasa.
        self._http = httpx.Client(timeout=seconds, trust_env=False)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def parse(self, text: str) -> Answer:
        """How Rasa reads a message; raises RasaError for whatever goes wrong."""
        asked = _COMMAND.sub("", text)[:_LONGEST_TEXT]
        if not asked:
            raise RasaError(Failure.NOTHING, "the message has no words")
        # Half a surrogate pair goes through JSON's own escapes, which UTF-8 would refuse.
        return _answer(self._call("POST", "model/parse", json.dumps({"text": asked}).encode()))

    def model(self) -> str:
        """The name of the model that the server has loaded; raises RasaError."""
        name = self._call("GET", "status", None).get("model_file")
        if not isinstance(name, str) or not name:
            raise RasaError(Failure.BROKEN, "no model is loaded")
        return name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".tar.gz")

    def _call(self, method: str, path: str, content: bytes | None) -> Mapping[str, Any]:
        url = self._url.copy_with(path=f"{self._url.path.rstrip('/')}/{path}")
        deadline = time.monotonic() + self._seconds
        kind = {"content-type": "application/json"}
        try:
            with self._http.stream(method, url, content=content, headers=kind) as response:
                if response.status_code != _OK:
                    raise RasaError(Failure.STATUS, str(response.status_code))
                body = _body(response, deadline)
        except httpx.TimeoutException as error:
            raise RasaError(Failure.TIMEOUT, type(error).__name__) from error
        except httpx.TransportError as error:
            raise RasaError(Failure.UNREACHABLE, type(error).__name__) from error
        except httpx.DecodingError as error:
            raise RasaError(Failure.BROKEN, type(error).__name__) from error
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RasaError(Failure.BROKEN, "the answer is not JSON") from error
        if not isinstance(told, dict):
            raise RasaError(Failure.BROKEN, "the answer is not an object")
        return told


def _body(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _LARGEST_ANSWER:
            raise RasaError(Failure.BROKEN, "the answer is too large")
        # The library's timeout is for each piece; a server that drips would never end.
        if time.monotonic() > deadline:
            raise RasaError(Failure.TIMEOUT, "the answer drips")
    return bytes(body)


def _answer(told: Mapping[str, Any]) -> Answer:
    first = told.get("intent")
    if isinstance(first, dict) and "name" in first and first["name"] is None:
        raise RasaError(Failure.NOTHING, "Rasa knows no word of the message")
    listed = told.get("intent_ranking") or [first]
    if not isinstance(listed, list):
        raise RasaError(Failure.BROKEN, "intent_ranking is no list")
    ranking: dict[str, float] = {}
    for item in listed:
        name, confidence = (item.get("name"), item.get("confidence")) if isinstance(item, dict) else (None, None)
        if not isinstance(name, str) or not _is_share(confidence):
            raise RasaError(Failure.BROKEN, "an intent lacks its name or its confidence")
        ranking[from_rasa(name)] = float(confidence)
    return Answer(tuple(sorted(ranking.items(), key=lambda item: -item[1])))


def _is_share(value: object) -> TypeGuard[float]:
    """Whether a value of JSON is a probability, give or take the rounding; NaN is none."""
    return isinstance(value, int | float) and 0 <= value <= _MOST
