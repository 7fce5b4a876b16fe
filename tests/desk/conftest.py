"""What the tests of the desk share: a stage on each engine, and the command as an operator runs it."""

import asyncio
import io
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from bot.answering import Mind
from desk.__main__ import main
from desk.stage import Stage
from tests.conftest import NOW

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def stage(demo_url: str, mind: Mind) -> AsyncIterator[Stage]:
    """A desk whose clock moves only when told, on each engine."""
    async with Stage(mind, NOW, demo_url) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def model_home(mind: Mind, request: pytest.FixtureRequest) -> Path:
    """A home that holds the trained model, and is shared between runs."""
    return request.config.cache.mkdir("desk")


@pytest.fixture
def command(model_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Run `desk` inside this process, which spares the start; settings are given as words."""
    before = structlog.get_config()

    def run(*args: str, stdin: bytes = b"", **settings: str) -> Ran:
        for name in [name for name in os.environ if name.startswith("DESK_") or name == "DATABASE_URL"]:
            monkeypatch.delenv(name)
        for name, value in ({"DESK_HOME": str(model_home)} | settings).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["desk", *args])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    yield run
    structlog.configure(**before)


async def start_desk(*args: str, settings: Mapping[str, str]) -> Process:
    """Start `desk` as a process of its own."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("DESK_") and name != "DATABASE_URL"
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "desk", *args, stdout=PIPE, stderr=PIPE, cwd=ROOT, env={**kept, **settings}
    )


async def run_desk(*args: str, settings: Mapping[str, str]) -> Ran:
    """Run `desk` in a process of its own until it ends by itself."""
    process = await start_desk(*args, settings=settings)
    try:
        async with asyncio.timeout(120):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())
