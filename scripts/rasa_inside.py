"""Reads texts with a model of Rasa in Rasa's own process, without HTTP; run by the Python of Rasa's environment.

Each line of standard input is a JSON list of texts, and gets one JSON object on standard output: the labels, the
milliseconds that each took, how long the model took to load, and the megabytes that the process holds.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

_MB = 1024


def main() -> None:
    """Load the model named by the first word, read every text, and tell."""
    # Only Rasa's environment has it.
    from rasa.core.agent import Agent  # type: ignore[import-not-found]  # noqa: PLC0415

    began = time.perf_counter()
    agent = Agent.load(sys.argv[1])
    loaded = time.perf_counter() - began

    async def read(texts: list[str]) -> dict[str, object]:
        labels, took = [], []
        for text in texts:
            start = time.perf_counter()
            told = await agent.parse_message(text)
            took.append(1000 * (time.perf_counter() - start))
            labels.append(told["intent"]["name"] or "-")
        return {"labels": labels, "took": took}

    loop = asyncio.new_event_loop()
    for line in sys.stdin:
        told = loop.run_until_complete(read(json.loads(line)))
        print(json.dumps(told | {"loaded": loaded, "mb": _held()}), flush=True)
    loop.close()


def _held() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if "VmRSS" in line).split()[1]) / _MB


if __name__ == "__main__":
    main()
