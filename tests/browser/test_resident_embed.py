"""The residents' page inside a page of another site, and nowhere where it may not be."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from playwright.async_api import Frame, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from actions.store import open_store
from actions.tables import Message
from tests.browser.conftest import House, _Server
from tests.web.scene import GENEROUS, Scene, open_scene
from web.deps import WebSettings


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket) -> AsyncIterator[int]:
    """An application on the port of a listener."""
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.force_exit = server.should_exit = True
    await serving


def site(desk: int) -> Starlette:
    """A page of another site that shows the desk in a frame."""

    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse(f'<h1>site</h1><iframe title="desk" src="http://localhost:{desk}/" width="390"></iframe>')

    return Starlette(routes=[Route("/", page)])


async def framed(page: Page) -> Frame:
    """The frame of the desk, or what the browser shows instead of it."""
    handle = await page.wait_for_selector("iframe")
    assert handle is not None
    frame = await handle.content_frame()
    assert frame is not None
    await frame.wait_for_load_state()
    return frame


async def said(scene: Scene) -> list[str]:
    """All messages."""
    return [text for (text,) in await scene.values(Message.text)]


async def test_an_allowed_site_shows_the_page_and_the_visitor_is_known_again(
    house: House, sqlite_template: Path, tmp_path: Path
) -> None:
    desk, ours, theirs = (socket.create_server(("127.0.0.1", 0)) for _ in range(3))
    allowed = f"http://127.0.0.1:{ours.getsockname()[1]}"
    settings = WebSettings(secure=True, embed_origins=(allowed,), limits=GENEROUS)
    store = await open_store(f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'embedded.sqlite3')}")
    scene = await open_scene(store, tmp_path / "embedded", settings)
    port = desk.getsockname()[1]
    async with served(scene.app, desk), served(site(port), ours), served(site(port), theirs) as foreign:
        page = await house._page(await house.browser.new_context(locale="zh-CN"))
        await page.goto(allowed)
        frame = await framed(page)
        await frame.fill("#text", "在别的网站里写的")
        await frame.click("#send")
        await frame.wait_for_selector(".msg:not(.pending) .state:has-text('已送达')")
        async with page.expect_response(lambda answer: "=1" in answer.url):
            await frame.click("#text-size")
        await page.reload()
        frame = await framed(page)
        await frame.wait_for_selector("#log :text('在别的网站里写的')")
        assert await frame.get_attribute("html", "class") == "large scripted"
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == "desk_visitor"]
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "None")
        assert cookie.get("partitionKey")
        await page.goto(f"http://127.0.0.1:{foreign}")
        assert await (await framed(page)).locator("#text").count() == 0
        assert any("frame-ancestors" in fault for fault in house.faults)
        house.faults.clear()
    assert await said(scene) == ["在别的网站里写的"]
    await scene.close()
    await store.close()
