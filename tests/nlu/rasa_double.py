"""A small double of Rasa's server on loopback: it says what it is told to, or fails as it is told to."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def reading(label: str = "repair.water_pipe", confidence: float = 0.9, **others: float) -> dict[str, Any]:
    """An answer of `/model/parse` with this label first; others by name, where `__` stands for the dot."""
    ranking = [{"name": label, "confidence": confidence}]
    ranking += [{"name": name.replace("__", "."), "confidence": share} for name, share in others.items()]
    return {"text": "", "intent": ranking[0], "intent_ranking": ranking, "entities": []}


@dataclass
class Double:
    """What the server is to do next; `asked` holds the texts that it was asked about."""

    url: str = ""
    says: object = field(default_factory=reading)
    status: int = 200
    body: bytes | None = None
    silent: threading.Event = field(default_factory=threading.Event)
    heard: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    asked: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    double: Double
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, json.dumps({"model_file": "models/light.tar.gz", "num_active_training_jobs": 0}).encode())

    def do_POST(self) -> None:
        double = self.double
        text = json.loads(self.rfile.read(int(self.headers["content-length"])))["text"]
        double.asked.append(text)
        double.heard.set()
        double.silent.wait()
        status = double.status
        if double.failures:
            double.failures -= 1
            status = 500
        self._answer(status, double.body if double.body is not None else json.dumps(double.says).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever gave up waiting has hung up; that is no fault here."""


@contextmanager
def rasa_double(port: int = 0) -> Iterator[Double]:
    """A running double."""
    double = Double()
    double.silent.set()
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"double": double}))
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        double.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with rasa_double(int(sys.argv[1])):
        signal.pause()
