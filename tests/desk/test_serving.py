"""The server as an operator starts it: a process of its own, a free port, a home of its own."""

import asyncio
import shutil
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from actions.audit import audit
from actions.store import Session, read_beside
from actions.tables import Direction, Message
from desk.loops import utc_now
from nlu.model import Model
from nlu.store import InUse, choose, in_use
from tests.desk.conftest import run_desk, start_desk


@dataclass(slots=True)
class Served:
    """A running server."""

    process: Process
    port: int
    settings: dict[str, str]
    told: str

    def browser(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", headers={"sec-fetch-site": "same-origin"}, follow_redirects=True
        )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it and return its exit code, and what it wrote to standard error."""
        self.process.send_signal(number)
        async with asyncio.timeout(60):
            _, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, err.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(model_home: Path, tmp_path: Path) -> Path:
    """A home of its own, with the model in it."""
    shutil.copytree(model_home / "model", tmp_path / "home" / "model")
    return tmp_path / "home"


@asynccontextmanager
async def _serving(home: Path, **more: str) -> AsyncIterator[Served]:
    port = _free_port()
    settings = {"DESK_HOME": str(home), "DESK_PORT": str(port), "DESK_QUIET_SECONDS": "0", **more}
    process = await start_desk("serve", settings=settings)
    try:
        yield Served(process, port, settings, await _told(process))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _told(process: Process) -> str:
    """What it says until it is ready."""
    assert process.stdout is not None
    told = ""
    async with asyncio.timeout(180):
        while "stop with Ctrl+C" not in told:
            line = await process.stdout.readline()
            assert line, f"the server ended before it was ready:\n{told}"
            told += line.decode()
    return told


async def _answered(url: str, text: str) -> list[str]:
    """The replies to the conversation in which somebody said this."""
    for _ in range(600):
        found = await read_beside(url, lambda session: _replies(session, text))
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody answered {text!r}")


def _replies(session: Session, text: str) -> list[str]:
    said = select(Message.conversation_id).where(Message.direction == Direction.IN, Message.text == text)
    query = select(Message.reply_id).where(Message.direction == Direction.OUT, Message.conversation_id.in_(said))
    return [reply_id or "" for reply_id in session.execute(query).scalars()]


async def test_a_fresh_home_is_served_and_a_resident_is_answered(home: Path) -> None:
    async with _serving(home) as served:
        assert f"http://127.0.0.1:{served.port}/" in served.told
        assert "shown this once" in served.told, "the first passwords"
        async with served.browser() as browser:
            assert (await browser.get("/healthz")).status_code == 200
            page = await browser.get("/")
            assert page.status_code == 200
            assert "桂苑" in page.text
            assert (await browser.get("/staff")).status_code == 200
            sent = await browser.post("/messages", data={"text": "3栋2单元1502厨房水龙头漏水"})
            assert sent.status_code == 200
            url = f"sqlite:///{home}/desk.sqlite3"
            assert any(name.startswith("repair.") for name in await _answered(url, "3栋2单元1502厨房水龙头漏水"))
            assert "漏水" in (await browser.get("/")).text
            await _ends_cleanly(served, browser, signal.SIGTERM)
    assert await read_beside(url, lambda session: audit(session, utc_now())) == ()


async def _ends_cleanly(served: Served, browser: httpx2.AsyncClient, number: signal.Signals) -> None:
    """It ends without a complaint though a page is listening."""
    async with browser.stream("GET", "/events") as stream:
        assert stream.status_code == 200
        assert await served.stop(number) == (0, "")


async def test_a_killed_server_answers_what_was_stored_before_and_takes_up_another_model(
    home: Path, demo_sqlite: Path
) -> None:
    url = f"sqlite:///{shutil.copyfile(demo_sqlite, home / 'desk.sqlite3')}"
    async with _serving(home, DESK_QUIET_SECONDS="3") as served:
        async with served.browser() as browser:
            assert (await browser.post("/messages", data={"text": "物业费怎么交"})).status_code == 200
        served.process.kill()
    async with _serving(home) as served:
        assert "shown this once" not in served.told
        assert await _answered(url, "物业费怎么交")
        before = await read_beside(url, lambda session: _read_by(session, "物业费怎么交"))
        await _exchange_model(home)
        async with served.browser() as browser:
            await browser.post("/messages", data={"text": "你好"})
            assert await _answered(url, "你好")
            assert await read_beside(url, lambda session: _read_by(session, "你好")) == "another" != before
            await _ends_cleanly(served, browser, signal.SIGINT)


async def _exchange_model(home: Path) -> None:
    """Have a model of another name chosen while the server runs, after one that is broken; wait until it is in use."""
    chosen = in_use(home)
    assert chosen is not None
    model = Model.load(home / "model" / f"{chosen.version}.npz")
    (home / "model" / "broken.npz").write_bytes(b"broken")
    choose(home, InUse("broken", chosen.wanted))
    await _logged(home, "model_refused")
    replace(model, version="another").save(home / "model" / "another.npz")
    choose(home, InUse("another", chosen.wanted))
    await _logged(home, "model_exchanged")


async def _logged(home: Path, event: str) -> None:
    for _ in range(600):
        if event in (home / "desk.log").read_text(encoding="utf-8"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{event} was never logged")


def _read_by(session: Session, text: str) -> str | None:
    query = select(Message.model_version).where(Message.direction == Direction.IN, Message.text == text)
    return session.execute(query).scalar_one()


async def test_a_second_server_on_the_same_database_is_refused(home: Path, demo_sqlite: Path) -> None:
    shutil.copyfile(demo_sqlite, home / "desk.sqlite3")
    async with _serving(home) as served:
        ran = await run_desk("serve", settings={**served.settings, "DESK_PORT": str(_free_port())})
        assert ran.code == 2
        assert "Traceback" not in ran.err
        assert f"another desk (process {served.process.pid}) already serves this database" in ran.err
        audited = await run_desk("audit", settings=served.settings)
        assert (audited.code, audited.out) == (0, "0 findings\n"), "reading beside it is fine"
        async with served.browser() as browser:
            assert (await browser.get("/healthz")).status_code == 200


async def test_a_taken_port_is_told_at_once_with_another_to_try(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = await run_desk("serve", settings={"DESK_HOME": str(home), "DESK_PORT": str(port)})
    assert ran.code == 2
    assert ran.err == (
        f"desk: DESK_PORT: port {port} is taken by another program; choose another, for example DESK_PORT={port + 1}\n"
    )
    assert ran.out == "", "nothing long was done before"


@pytest.mark.parametrize("demo_url", ["postgresql"], indirect=True)
async def test_postgresql_is_served_as_well(home: Path, demo_url: str) -> None:
    async with _serving(home, DATABASE_URL=demo_url) as served:
        async with served.browser() as browser:
            await browser.post("/messages", data={"text": "物业费怎么交"})
        assert await _answered(demo_url, "物业费怎么交")
        code, err = await served.stop()
        assert (code, err) == (0, "")
