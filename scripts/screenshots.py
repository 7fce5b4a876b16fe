"""Takes a picture of every page of the console into docs/, from the demo community after a busy day.

    .venv/bin/python scripts/screenshots.py [FOLDER]

It needs playwright and a Chromium; the model is trained on the first run.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright
from town import Town, day, open_town, sign_in

WIDE, NARROW = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


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
    for name in ("follow-up", "homes", "bills"):
        await zhao.goto(f"{town.base}/staff/{name}")
        await shoot(zhao, folder, f"console-{name}")
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
