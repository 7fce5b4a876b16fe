"""Reads texts with a model of Rasa in Rasa's own process, without HTTP; run by the Python of Rasa's environment.

Standard input holds one JSON string a line; standard output gets one JSON object: the labels, the milliseconds that
each took, and the megabytes that the process holds.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

_MB = 1024
_WARM_UP = 20


def main() -> None:
    """Load the model named by the first word, read every text, and tell."""
    # Only Rasa's environment has it.
    from rasa.core.agent import Agent  # type: ignore[import-not-found]  # noqa: PLC0415

    texts = [json.loads(line) for line in sys.stdin]
    began = time.perf_counter()
    agent = Agent.load(sys.argv[1])
    loaded = time.perf_counter() - began

    async def read() -> tuple[list[str], list[float]]:
        labels, took = [], []
        for text in texts[:_WARM_UP]:
            await agent.parse_message(text)
        for text in texts:
            start = time.perf_counter()
            told = await agent.parse_message(text)
            took.append(1000 * (time.perf_counter() - start))
            labels.append(told["intent"]["name"] or "-")
        return labels, took

    labels, took = asyncio.run(read())
    held = next(line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmRSS" in line)
    told = {"labels": labels, "took": took, "loaded": loaded, "mb": int(held.split()[1]) / _MB}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
