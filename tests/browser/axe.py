"""What axe finds on a page, and whether the page is wider than its window."""

import json

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

WIDE = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


async def faults(page: Page, *rules: str) -> list[str]:
    """What is wrong with a page as it is shown now, by the rules named or by all of them."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    options = json.dumps({"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})})
    found = await page.evaluate(f"axe.run({options}).then(results => results.violations)")
    told = [f"{page.url} {one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
        told.append(f"{page.url} is wider than its window")
    return told


async def faults_in_every_look(page: Page) -> list[str]:
    """The same wide, in the dark, and on a phone; darkness changes nothing but the colours."""
    told = await faults(page)
    await page.emulate_media(color_scheme="dark")
    told += await faults(page, "color-contrast", "link-in-text-block")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    told += await faults(page)
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return told
