"""`python -m bench.nlu.size CONTENT HOME HELDOUT`: how long a model takes to load, and what reading holds in memory.

A process of its own, because the other measurements import much that reading does not need.
"""

import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from nlu.heldout import Heldout
from nlu.store import load_or_train
from words.content import ContentFiles

_KB = 1024


def main(content: Path, home: Path, heldout: Path) -> None:
    """Load, read every held-out message once, and print the time and the memory."""
    files = ContentFiles.load(content)
    bare = _resident()
    began = time.process_time()
    engine = load_or_train(files, home)
    took, loaded = time.process_time() - began, _resident()
    now = datetime.now(UTC)
    for example in Heldout.read(heldout).examples:
        engine.understand(example.text, now=now)
    print(f"model {engine.version} loaded in {took:.2f} s of one core")
    print(f"resident memory at most {bare:.0f} MB before, {loaded:.0f} MB loaded, {_resident():.0f} MB after reading")


def _resident() -> float:
    """The most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KB


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
