"""The demo community after a busy day, served on a free port, for the scripts that take pictures of its pages.

The clock is its own, so that some matters are late and others fresh whenever a picture is taken.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from argon2 import PasswordHasher
from playwright.async_api import Browser, Page

from actions.contacts import bind
from actions.estate import find_community
from actions.intake import Inbound, reach, receive
from actions.migrate import upgrade
from actions.store import Store, open_store
from actions.transcript import find_resident
from actions.turns import QuietTimes
from desk.content import Content, engine_for, read_content
from desk.demo import load_demo_whole
from desk.loops import Bell, Desk
from desk.settings import Settings, content_folder
from desk.wiring import make_app
from nlu.types import Engine

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = datetime(2026, 11, 23, 15, 20, tzinfo=ZONE)
PASSWORD = "a password of four words"  # noqa: S105 - of a throwaway database
LOGINS = ("chen", "sun", "zhao", "zheng", "zhou", "lin", "admin")
# Who writes what, how long before the picture is taken.
CHATS: tuple[tuple[str, timedelta, tuple[str, ...]], ...] = (
    ("王芳", timedelta(hours=26), ("你好，厨房水龙头一直滴水", "明天上午在家", "对的")),
    ("郑海燕", timedelta(hours=5), ("楼上每天半夜跑跳，我投诉好几次了都没人管", "9栋1单元1601", "是这样")),
    ("李强", timedelta(hours=3), ("停车费怎么多收了一个月？我要退款",)),
    ("黄建华", timedelta(hours=2), ("转人工", "我家8栋那套房子的门禁卡消磁了，怎么办")),
    ("陈静", timedelta(minutes=50), ("楼道灯坏了好几天", "1栋1单元三楼")),
    ("高翔", timedelta(minutes=20), ("电梯里有人被困了！7栋2单元",)),
    ("董洁", timedelta(minutes=9), ("物业费怎么交", "能开电子发票吗")),
    ("沈文博", timedelta(minutes=4), ("转人工", "租客搬走了，想约师傅看看热水器漏水")),
)


@dataclass(slots=True)
class Clock:
    """The script's own time."""

    now: datetime = TODAY.astimezone(UTC) - timedelta(hours=27)

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now


@dataclass(slots=True)
class Town:
    """The demo community with its desk, open for browsers."""

    base: str
    store: Store
    desk: Desk
    clock: Clock
    community_id: int

    async def settle(self) -> None:
        """Let the desk do all that is due."""
        for _ in range(400):
            done = [await self.desk.understand(), await self.desk.answer(), await self.desk.enforce()]
            if not any(done):
                return

    async def say(self, name: str, texts: tuple[str, ...]) -> int:
        """A resident writes by the web chat; returns the conversation."""
        conversation_id = 0
        for place, text in enumerate(texts):
            now = self.clock()

            def write(session: object, text: str = text, place: int = place, now: datetime = now) -> int:
                key, contact = reach(session, self.community_id, "web", f"shot-{name}", now)  # type: ignore[arg-type]
                resident = find_resident(session, self.community_id, name)  # type: ignore[arg-type]
                if resident is not None:
                    bind(session, self.community_id, contact, resident)  # type: ignore[arg-type]
                inbound = Inbound(self.community_id, "web", f"shot-{name}", f"{now}-{place}", text, now)
                receive(session, inbound, now)  # type: ignore[arg-type]
                return key

            conversation_id = await self.store.write(write)
            await self.desk.understand()
            self.clock.now += timedelta(seconds=9)
            await self.settle()
        return conversation_id


def _content() -> tuple[Content, Engine]:
    content = read_content(content_folder(), ZONE)
    home = Path(os.environ.get("DESK_HOME", "var"))
    return content, engine_for(content, home, print)


@asynccontextmanager
async def open_town(folder: Path) -> AsyncIterator[Town]:
    """Load the demo and serve it on a free port."""
    content, engine = _content()
    url = f"sqlite:///{folder / 'desk.sqlite3'}"
    await upgrade(url)
    store = await open_store(url)
    clock = Clock()
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await load_demo_whole(store, clock(), content.files, password_hashes=dict.fromkeys(LOGINS, hashed))
    settings = Settings(home=folder, community="demo")
    app = make_app(settings, content, store, lambda: None, engine, clock=clock)
    quiet = QuietTimes(timedelta(seconds=1.5), timedelta(seconds=4), timedelta(seconds=8))
    desk = Desk(store, content.mind(engine, folder), quiet, {}, "shots", Bell(), clock=clock)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve([listener]))
    community_id = await store.read(lambda session: find_community(session, "demo"))
    yield Town(f"http://127.0.0.1:{listener.getsockname()[1]}", store, desk, clock, community_id or 0)
    server.should_exit = True
    await serving
    await store.close()


async def sign_in(browser: Browser, town: Town, login: str, size: dict[str, int]) -> Page:
    """A page on which a member is signed in with a password of their own."""
    context = await browser.new_context(viewport=size, locale="zh-CN")  # type: ignore[arg-type]
    page = await context.new_page()
    page.on("console", lambda line: print("console:", line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: print("page error:", error))
    await page.goto(f"{town.base}/staff/sign-in")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.click("form.card button")
    if page.url.endswith("/staff/password"):
        await page.fill("#current", PASSWORD)
        await page.fill("#new", PASSWORD + login)
        await page.fill("#again", PASSWORD + login)
        await page.click("form.card button")
    return page


async def day(town: Town) -> dict[str, int]:
    """The chats of the day, each at its own time; returns the conversations by name."""
    talks = {}
    for name, before, texts in CHATS:
        town.clock.now = max(town.clock.now, TODAY.astimezone(UTC) - before)
        await town.settle()
        talks[name] = await town.say(name, texts)
    town.clock.now = TODAY.astimezone(UTC)
    await town.settle()
    return talks
