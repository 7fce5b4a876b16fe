"""Takes a picture of every page of the console into docs/, from the demo community after a busy day.

    .venv/bin/python scripts/screenshots.py [FOLDER]

It needs playwright and a Chromium; the model is trained on the first run. The clock is the script's own, so that some
matters are late and others fresh whenever it runs.
"""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from argon2 import PasswordHasher
from playwright.async_api import Browser, Page, async_playwright

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
WIDE, NARROW = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
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


async def shoot(page: Page, folder: Path, name: str, *, whole: bool = False) -> None:
    """One picture, after the page has come to rest."""
    await page.wait_for_timeout(400)
    await page.screenshot(path=folder / f"{name}.png", full_page=whole)
    print(f"{name}.png")


async def console(browser: Browser, town: Town, folder: Path, talks: dict[str, int]) -> None:
    """All pages of the console, wide and narrow."""
    chen = await sign_in(browser, town, "chen", WIDE)
    await chen.goto(f"{town.base}/staff")
    await shoot(chen, folder, "console-queue")
    await chen.check("tbody tr:nth-child(2) input[type=checkbox]")
    await chen.check("tbody tr:nth-child(3) input[type=checkbox]")
    await shoot(chen, folder, "console-bulk")
    await chen.goto(f"{town.base}/staff/conversations/{talks['董洁']}")
    await shoot(chen, folder, "console-conversation")
    await chen.goto(f"{town.base}/staff?q=噪音&view=complaints")
    await shoot(chen, folder, "console-filter")
    await chen.goto(f"{town.base}/staff?view=complaints")
    await chen.click(".queue .what a")
    await chen.click("form[data-turn=take_over] button")
    await chen.wait_for_selector("form[data-turn=hand_back]")
    await chen.fill("#reply-text", "您好，这个不归我管，你自己看看合同吧。明天上午10点前我给您答复")
    await chen.wait_for_timeout(900)
    await shoot(chen, folder, "console-etiquette")
    await chen.fill("#reply-text", "")
    await chen.type("#reply-text", "/zy")
    await chen.wait_for_selector("#choices li")
    await shoot(chen, folder, "console-canned")
    await chen.keyboard.press("Enter")
    await chen.click("#note-box summary")
    await chen.fill("#note-text", "楼上住户电话打不通，明早再去一次 @林悦")
    await chen.click("#note-box button")
    await helps(chen, town, folder, talks)
    await others(browser, town, folder, talks)


async def helps(chen: Page, town: Town, folder: Path, talks: dict[str, int]) -> None:
    """What an agent has at hand: the command bar, the keys, a pasted message."""
    await chen.goto(f"{town.base}/staff/conversations/{talks['沈文博']}")
    await shoot(chen, folder, "console-waiting")
    await chen.keyboard.press("Control+k")
    await chen.keyboard.type("水")
    await shoot(chen, folder, "console-commands")
    await chen.keyboard.press("Escape")
    await chen.wait_for_selector("#commands", state="hidden")
    await chen.keyboard.press("?")
    await chen.wait_for_selector("#keys[open]")
    await shoot(chen, folder, "console-keys")
    await chen.goto(f"{town.base}/staff/new")
    await chen.fill("#pasted", "老张 14:32\n3栋2单元1502厨房下水道堵了，水漫出来了，电话16012346688")
    await chen.click("form.card button")
    await shoot(chen, folder, "console-paste", whole=True)


async def others(browser: Browser, town: Town, folder: Path, talks: dict[str, int]) -> None:
    """The pages of the monitoring centre and of a supervisor, and an agent's telephone."""
    zheng = await sign_in(browser, town, "zheng", WIDE)
    await zheng.goto(f"{town.base}/staff/alarms")
    await shoot(zheng, folder, "console-alarms")
    sun = await sign_in(browser, town, "sun", WIDE)
    await sun.goto(f"{town.base}/staff/conversations/{talks['董洁']}")
    await sun.click("[data-open=wrong-label]")
    await shoot(sun, folder, "console-wrong-label")
    await sun.select_option("#right-label", "fee.invoice")
    await sun.click("#wrong-label .btn.main")
    await sun.wait_for_selector("#said")
    await sun.goto(f"{town.base}/staff/suggestions")
    await shoot(sun, folder, "console-suggestions")
    await leaders(browser, town, folder)
    phone = await sign_in(browser, town, "lin", NARROW)
    await phone.goto(f"{town.base}/staff")
    await shoot(phone, folder, "console-queue-phone", whole=True)
    await phone.click(".queue .what a")
    await shoot(phone, folder, "console-ticket-phone", whole=True)
    await administration(browser, town, folder)


async def administration(browser: Browser, town: Town, folder: Path) -> None:
    """The administrator's pages, and the roster on a telephone."""
    admin = await sign_in(browser, town, "admin", WIDE)
    for name in ("office", "duty", "notices", "facts"):
        await admin.goto(f"{town.base}/staff/{name}")
        await shoot(admin, folder, f"console-{name}")
    await admin.goto(f"{town.base}/staff/members")
    await shoot(admin, folder, "console-staff")
    await admin.goto(f"{town.base}/staff/notices/new")
    await admin.fill("#title", "9栋水箱清洗停水")
    await admin.fill("#body", "因清洗水箱，明天9:00–12:00，9栋停水。请提前储水，你们自己看着办，敬请谅解。")
    await admin.check("[name='label_repair.outage']")
    await admin.check("[name='in_9栋']")
    await admin.click("button[value=hear]")
    await shoot(admin, folder, "console-notice")
    await admin.set_viewport_size(NARROW)  # type: ignore[arg-type]
    await admin.goto(f"{town.base}/staff/duty")
    await shoot(admin, folder, "console-duty-phone")


async def leaders(browser: Browser, town: Town, folder: Path) -> None:
    """The pages of a manager, wide and on a telephone: logs and their record, board, account, assistant."""
    zhao = await sign_in(browser, town, "zhao", WIDE)
    await zhao.goto(f"{town.base}/staff/logs")
    await zhao.fill("#reason", "核对本周漏水报修的经过")
    await zhao.click(".look button")
    await zhao.fill("#q", "水")
    await zhao.click(".find-words button")
    await shoot(zhao, folder, "console-logs")
    found = zhao.url
    await zhao.click(".found h3 a")
    await zhao.wait_for_selector(".talk-read")
    await shoot(zhao, folder, "console-replay")
    await zhao.goto(f"{town.base}/staff/logs/record")
    await shoot(zhao, folder, "console-record")
    await zhao.goto(f"{town.base}/staff/today")
    await shoot(zhao, folder, "console-today")
    await zhao.goto(f"{town.base}/staff/account")
    await zhao.click("#totp .btn.main")
    await zhao.wait_for_selector(".qr svg")
    await zhao.evaluate("scrollTo(0, 0)")
    await shoot(zhao, folder, "console-account")
    await zhao.goto(f"{town.base}/staff/assistant?q=业主来投诉怎么接待")
    await shoot(zhao, folder, "console-assistant")
    await zhao.set_viewport_size(NARROW)  # type: ignore[arg-type]
    await zhao.goto(f"{town.base}/staff/today")
    await shoot(zhao, folder, "console-today-phone", whole=True)
    await zhao.goto(found)
    await shoot(zhao, folder, "console-logs-phone", whole=True)


async def main(folder: Path) -> None:
    """Serve, live through a day, and take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(prefix="desk-shots-") as temporary:
        async with open_town(Path(temporary)) as town, async_playwright() as playwright:
            talks = await day(town)
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            await console(browser, town, folder, talks)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs")))
