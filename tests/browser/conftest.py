"""Real browsers before a real server: two members and a resident, each with a page of their own."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from actions.store import Store, open_store
from actions.tables import Conversation
from tests.actions.factories import Desk
from tests.browser.axe import WIDE
from tests.web.conftest import database_url
from tests.web.scene import PASSWORD, Scene, login, open_scene

__all__ = ["database_url"]


def _chromium() -> str | None:
    """A browser of the machine; without one, Playwright's own where it was installed."""
    named = os.environ.get("TEST_CHROMIUM")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


_NAMES = ("chromium", "chromium-browser", "google-chrome")


class _Server(uvicorn.Server):
    """Leaves the signals to the tests."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class House:
    """A served desk and the browser that opens its pages."""

    scene: Scene
    browser: Browser
    base: str
    listener: socket.socket
    server: _Server | None = None
    faults: list[str] = field(default_factory=list)
    _serving: "asyncio.Task[None] | None" = None

    @property
    def desk(self) -> Desk:
        """The desk's rows, for a test to look at."""
        return self.scene.desk

    def talk(self, name: str = "王芳") -> str:
        """The address of a resident's conversation."""
        return f"{self.base}/staff/conversations/{self.desk.cast.conversations[name]}"

    async def start(self) -> None:
        """Serve on the port that was taken."""
        config = uvicorn.Config(self.scene.app, log_config=None, access_log=False, lifespan="off")
        self.server = _Server(config)
        self._serving = asyncio.create_task(self.server.serve([self.listener]))
        async with asyncio.timeout(10):
            while not self.server.started:  # noqa: ASYNC110 - the library has no event for it
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop serving; the port stays taken, so that browsers wait instead of failing."""
        assert self.server is not None
        assert self._serving is not None
        self.server.force_exit = self.server.should_exit = True
        await self._serving

    async def staff(self, name: str, path: str = "/staff") -> Page:
        """A page on which a member is signed in."""
        context = await self._context()
        answer = await context.request.post(
            f"{self.base}/staff/sign-in",
            form={"login": login(name), "password": PASSWORD},
            headers={"sec-fetch-site": "same-origin"},
            max_redirects=0,
        )
        assert answer.status == 303, await answer.text()
        page = await self._page(context)
        await page.goto(path if path.startswith("http") else self.base + path)
        return page

    async def tab(self, page: Page, path: str) -> Page:
        """Another tab of the same browser."""
        opened = await self._page(page.context)
        await opened.goto(path if path.startswith("http") else self.base + path)
        return opened

    async def resident(self) -> Page:
        """The residents' page in a browser of its own."""
        page = await self._page(await self._context())
        await page.goto(self.base + "/")
        return page

    async def newest_talk(self) -> int:
        """The conversation that was begun last."""
        ids: list[int] = [row[0] for row in await self.scene.values(Conversation.id)]
        return max(ids)

    async def _context(self) -> BrowserContext:
        return await self.browser.new_context(viewport=WIDE, locale="zh-CN")  # type: ignore[arg-type]

    async def _page(self, context: BrowserContext) -> Page:
        page = await context.new_page()
        page.set_default_timeout(8_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        # The library hangs a note on a bound method's object, which has slots.
        page.on("console", lambda line: self._heard(line))  # noqa: PLW0108
        return page

    def _heard(self, line: Any) -> None:
        # A refused change is answered by a status that the browser writes down as an error of the network.
        if line.type == "error" and "Failed to load resource" not in line.text and "net::ERR" not in line.text:
            self.faults.append(line.text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here run in one loop, because the browser that they share belongs to it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of this process; every page is opened in a profile of its own."""
    chromium = _chromium()
    async with async_playwright() as playwright:
        if chromium is None and not Path(playwright.chromium.executable_path).exists():  # noqa: ASYNC240 - once
            pytest.skip("NO CHROMIUM: install one (apt-get install chromium), or name it with TEST_CHROMIUM")
        opened = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def store(database_url: str) -> AsyncIterator[Store]:
    """The store of `tests.conftest`, in the loop of the browser."""
    opened = await open_store(database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house(store: Store, browser: Browser, tmp_path: Path) -> AsyncIterator[House]:
    """A served desk; a fault of any page's script fails the test."""
    scene = await open_scene(store, tmp_path / "uploads")
    listener = socket.create_server(("127.0.0.1", 0))
    opened = House(scene, browser, f"http://127.0.0.1:{listener.getsockname()[1]}", listener)
    await opened.start()
    yield opened
    for context in browser.contexts:
        for page in context.pages:
            # What a test still holds up ends with it, and is nothing to the next.
            await page.unroute_all(behavior="ignoreErrors")
        await context.close()
    await opened.stop()
    listener.close()
    await scene.close()
    assert opened.faults == []
