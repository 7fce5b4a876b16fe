"""Takes pictures of the residents' page into docs/: a phone by day and by night, large text, English, a desktop.

    .venv/bin/python scripts/screenshots_resident.py [FOLDER]

It needs playwright and a Chromium; the demo community and its clock are those of scripts/screenshots.py.
"""

import asyncio
import io
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session
from town import Town, open_town

from actions import handling
from actions.actors import Actor
from actions.tables import Staff, Ticket

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 768}


def leak() -> bytes:
    """A photo of a puddle below a sink, as far as a drawing can be one."""
    picture = Image.new("RGB", (1200, 1600), "#cfc6b8")
    pen = ImageDraw.Draw(picture)
    for row in range(0, 1600, 200):
        pen.line([(0, row), (1200, row)], fill="#b9ae9e", width=6)
    for column in range(0, 1200, 200):
        pen.line([(column, 0), (column, 1600)], fill="#b9ae9e", width=6)
    pen.rectangle([520, 0, 640, 760], fill="#8f979c")
    pen.ellipse([180, 980, 1040, 1440], fill="#7fa6bd")
    pen.ellipse([300, 1060, 820, 1300], fill="#a9cbdc")
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(5)).save(out, "JPEG", quality=85)
    return out.getvalue()


async def opened(browser: Browser, town: Town, **details: object) -> Page:
    """The page in a browser of its own."""
    usual: dict[str, object] = {"viewport": PHONE, "device_scale_factor": 2, "locale": "zh-CN", "has_touch": True}
    context: BrowserContext = await browser.new_context(**(usual | details))  # type: ignore[arg-type]
    page = await context.new_page()
    page.on("console", lambda line: print("console:", line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: print("page error:", error))
    await page.goto(f"{town.base}/")
    return page


async def answered(town: Town, page: Page) -> None:
    """Let the desk answer and the page show it."""
    await page.wait_for_selector("#log .pending", state="detached")
    await town.desk.understand()
    town.clock.now += timedelta(seconds=9)
    await town.settle()
    await page.wait_for_timeout(1_600)


async def talk(town: Town, page: Page, *said: str) -> None:
    """Say one thing after the other, each after the answer to the last."""
    for text in said:
        await page.fill("#text", text)
        await page.click("#send")
        await answered(town, page)


async def shoot(page: Page, folder: Path, name: str) -> None:
    """One picture, after the page has come to rest."""
    await page.wait_for_timeout(400)
    await page.screenshot(path=folder / f"{name}.png")
    print(f"{name}.png")


async def chinese(browser: Browser, town: Town, folder: Path) -> None:
    """A repair from the first word to the rating."""
    page = await opened(browser, town)
    await shoot(page, folder, "resident-welcome")
    await page.set_input_files(
        ".choice:not(.camera) input", {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": leak()}
    )
    await page.wait_for_selector("#picked img")
    await page.fill("#text", "厨房水槽下面一直漏水，地上都是水")
    await shoot(page, folder, "resident-photo")
    await page.click("#send")
    await answered(town, page)
    await talk(town, page, "3栋2单元1502，今天下午五点以后，16012346688")
    await shoot(page, folder, "resident")
    await page.emulate_media(color_scheme="dark")
    await shoot(page, folder, "resident-dark")
    await page.emulate_media(color_scheme="light")
    await page.click("#text-size")
    await shoot(page, folder, "resident-large")
    await page.click("#menu summary")
    await page.click("#contrast")
    await page.click("#scroll", position={"x": 5, "y": 5})
    await shoot(page, folder, "resident-contrast")
    await page.click("#text-size")
    await page.click("#menu summary")
    await page.click("#contrast")
    await page.click("#replies button >> nth=0")
    await answered(town, page)
    await work(town)
    town.clock.now += timedelta(minutes=40)
    await talk(town, page, "3栋2单元五楼的楼道灯也坏了")
    await page.click("#cards summary")
    await shoot(page, folder, "resident-cards")
    await page.click("#cards summary")
    await page.context.set_offline(True)
    await page.fill("#text", "师傅说还要再来一次吗？")
    await page.click("#send")
    await shoot(page, folder, "resident-offline")


async def work(town: Town) -> None:
    """The last matter is put right."""

    def wanted(session: Session) -> tuple[int, int]:
        ticket_id = session.execute(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).scalar_one()
        return ticket_id, session.execute(select(Staff.id).where(Staff.login == "zhou")).scalar_one()

    ticket_id, zhou = await town.store.read(wanted)
    now, by, policy = town.clock(), Actor.staff(zhou), town.desk.mind.rules.policy
    told = "水槽下面的角阀已经更换，试水不漏了，谢谢您。"
    await town.store.write(lambda s: handling.assign(s, by, town.community_id, ticket_id, staff_id=zhou, now=now))
    await town.store.write(
        lambda s: handling.resolve(s, by, town.community_id, ticket_id, text=told, policy=policy, now=now)
    )


async def main(folder: Path) -> None:
    """Serve the demo and take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(prefix="desk-shots-") as temporary:
        async with open_town(Path(temporary)) as town, async_playwright() as playwright:
            town.clock.now += timedelta(hours=27)
            await town.settle()
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            await chinese(browser, town, folder)
            english = await opened(browser, town, locale="en-GB")
            await shoot(english, folder, "resident-english-welcome")
            await talk(town, english, "The lamp in the corridor of building 3 is broken")
            await shoot(english, folder, "resident-english")
            wide = await opened(browser, town, viewport=DESKTOP, device_scale_factor=1, has_touch=False)
            await talk(town, wide, "物业费怎么交，顺便我家门铃坏了", "3栋2单元1502")
            await shoot(wide, folder, "resident-desktop")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs")))
