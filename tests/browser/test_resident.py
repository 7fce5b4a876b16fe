"""The residents' page in a real browser: what is sent stands once, whatever happens on the way."""

import asyncio
import contextlib
import io
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from PIL import Image
from playwright.async_api import FilePayload, Page, Route
from sqlalchemy import update

from actions import handling
from actions.tables import Attachment, Conversation, Message, Ticket
from tests.browser.axe import PHONE, faults
from tests.browser.conftest import House
from tests.web.test_resident import answer

CHECK = ({"label": "没错", "says": "没错"}, {"label": "要改", "says": "要改一下"})


async def phone(house: House, **details: Any) -> Page:
    """The page on a phone, in a browser of its own."""
    usual: dict[str, Any] = {"viewport": PHONE, "locale": "zh-CN", "has_touch": True, "reduced_motion": "reduce"}
    page = await house._page(await house.browser.new_context(**(usual | details)))
    await page.goto(house.base + "/")
    return page


async def say(page: Page, text: str) -> None:
    """Write something and touch the button."""
    await page.fill("#text", text)
    await page.click("#send")


async def reply(house: House, text: str, **details: Any) -> None:
    """The desk answers everything that was said."""
    await answer(house.scene, text, **details)
    await house.scene.alter(update(Conversation).values(taken_seq=Conversation.last_seq))
    house.scene.app.state.feed.ring()


async def shown(page: Page) -> list[str]:
    """The texts of all bubbles, in their order."""
    texts: list[str] = await page.locator("#log .bubble .text").all_inner_texts()
    return texts


async def shows(page: Page, texts: list[str]) -> None:
    """These are all bubbles, at once or as soon as the page has come."""
    with contextlib.suppress(TimeoutError):
        await until(lambda: _are_shown(page, texts))
    assert await shown(page) == texts


async def _are_shown(page: Page, texts: list[str]) -> bool:
    return await shown(page) == texts


async def stored(house: House) -> list[str]:
    """What residents have said, in its order."""
    return [text for way, text in await house.scene.messages() if way == "in"]


async def until(there: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(8):
        while not await there():  # noqa: ASYNC110 - a page has no event for it
            await asyncio.sleep(0.05)


async def test_what_is_sent_stands_at_once_and_the_answer_comes_by_itself(house: House) -> None:
    page = await phone(house)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/messages", hold, times=1)
    await say(page, "厨房水龙头一直滴水")
    await page.wait_for_selector(".msg.pending .state:has-text('发送中')")
    assert await page.input_value("#text") == ""
    await until(lambda: _true(bool(held)))
    await held[0].continue_()
    await page.wait_for_selector(".msg:not(.pending) .state:has-text('已送达')")
    await page.wait_for_selector(".typing")
    assert await page.inner_text("#busy") == "正在回复…"
    await reply(house, "请您核对：3栋2单元1502，水龙头滴水。", buttons=CHECK)
    await page.wait_for_selector("#replies button:has-text('没错')")
    await page.wait_for_selector(".typing", state="detached")
    await page.click("#replies button:has-text('没错')")
    await page.wait_for_selector(".mine:has-text('没错') .state:has-text('已送达')")
    assert await page.locator("#replies button").count() == 0
    await shows(page, ["厨房水龙头一直滴水", "请您核对：3栋2单元1502，水龙头滴水。", "没错"])
    assert await house.scene.values(Message.pressed) == [(False,), (False,), (True,)]
    await page.reload()
    assert (await shown(page))[-1] == "没错", "the history is there on return"


async def _true(value: bool) -> bool:
    return value


async def test_an_answer_that_is_lost_on_its_way_back_leads_to_one_message(house: House) -> None:
    page = await phone(house)
    arrived: list[int] = []

    async def lose(route: Route) -> None:
        arrived.append((await route.fetch()).status)
        await route.abort()

    await page.route("**/messages", lose, times=1)
    await say(page, "楼道灯坏了")
    await page.wait_for_selector(".state.queued button")
    await page.click(".state.queued button")
    await page.wait_for_selector(".msg:not(.pending) .state:has-text('已送达')")
    assert arrived == [200]
    assert await stored(house) == ["楼道灯坏了"]
    await shows(page, ["楼道灯坏了"])


async def test_what_was_written_without_a_network_is_sent_in_order_even_by_the_next_page(house: House) -> None:
    page = await phone(house)
    await say(page, "第一句")
    await page.wait_for_selector(".state:has-text('已送达')")
    await page.context.set_offline(True)
    await page.wait_for_selector("#offline:has-text('网络断开了')")
    for text in ("第二句", "第三句"):
        await say(page, text)
    await page.wait_for_selector(".mine:has-text('第三句') .state.queued")
    await page.close()
    await page.context.set_offline(False)
    again = await house.tab(page, "/")
    await until(lambda: _same(stored(house), ["第一句", "第二句", "第三句"]))
    await again.wait_for_selector(".msg:not(.pending):has-text('第三句')")
    await shows(again, ["第一句", "第二句", "第三句"])
    await again.reload()
    await again.wait_for_timeout(300)
    assert await stored(house) == ["第一句", "第二句", "第三句"], "and not a second time"
    assert await again.locator(".pending").count() == 0


async def _same(found: Awaitable[list[str]], wanted: list[str]) -> bool:
    return await found == wanted


async def test_a_page_that_lost_its_server_misses_nothing_and_doubles_nothing(house: House) -> None:
    page, tab = await phone(house), None
    await say(page, "在吗")
    await page.wait_for_selector(".state:has-text('已送达')")
    tab = await house.tab(page, "/")
    await reply(house, "在的，请问有什么可以帮您？")
    for one in (page, tab):
        await one.wait_for_selector("#log :text('在的')")
    await house.stop()
    await reply(house, "服务器重启时说的话。")
    await say(page, "重启时写的")
    await page.wait_for_selector(".state.queued")
    house.listener = socket.create_server(("127.0.0.1", int(house.base.rpartition(":")[2])))
    await house.start()
    for one in (page, tab):
        await one.wait_for_selector("#log :text('服务器重启时说的话。')")
        await one.wait_for_selector(".msg:not(.pending):has-text('重启时写的')")
        texts = await shown(one)
        assert sorted(texts) == sorted(["在吗", "在的，请问有什么可以帮您？", "服务器重启时说的话。", "重启时写的"])
    assert await stored(house) == ["在吗", "重启时写的"]


def photo() -> bytes:
    """A large photo, on its side, that says where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRETPHONE"
    out = io.BytesIO()
    Image.effect_noise((3_000, 2_000), 90).convert("RGB").save(out, "JPEG", exif=exif, quality=92)
    return out.getvalue()


async def test_photos_are_shown_before_they_are_sent_and_leave_the_phone_small(house: House) -> None:
    page = await phone(house)
    large = photo()
    assert len(large) > 3_000_000
    await page.click("#add summary")
    camera = page.locator(".choice.camera input")
    assert await camera.get_attribute("capture") == "environment"
    await camera.set_input_files({"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": large})
    await page.wait_for_selector("#picked img")
    assert await page.evaluate("document.querySelector('#picked img').decode().then(() => 1)") == 1
    sides = "(({naturalWidth, naturalHeight}) => [naturalWidth, naturalHeight])(document.querySelector('#picked img'))"
    assert await page.evaluate(sides) == [1_365, 2_048], "made small before it is sent"
    album = page.locator(".choice:not(.camera) input")
    small: FilePayload = {"name": "b.png", "mimeType": "image/png", "buffer": _png()}
    sheet: FilePayload = {"name": "c.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    await album.set_input_files([small, sheet])
    await page.wait_for_selector("#picked figure:nth-child(2)")
    assert "不是照片" in await page.inner_text("#note")
    await page.click("#picked figure:nth-child(2) button")
    await page.click("#send")
    await page.wait_for_selector(".msg:not(.pending) .photos a img")
    ((size, name),) = await house.scene.values(Attachment.size, Attachment.name)
    assert name == "IMG_1.jpg"
    assert size < len(large)
    picture = await page.request.get(house.base + str(await page.get_attribute(".photos a", "href")))
    image = Image.open(io.BytesIO(await picture.body()))
    assert image.size == (1_365, 2_048), "upright"
    assert not image.getexif()
    assert await page.locator("#picked figure").count() == 0


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


async def test_a_card_follows_its_matter_and_takes_the_rating(house: House) -> None:
    page = await phone(house)
    await say(page, "漏水")
    await page.wait_for_selector(".state:has-text('已送达')")
    await reply(house, "已登记。")
    talk = await house.newest_talk()
    card = await house.desk.open(conversation_id=talk, resident_id=None)
    house.scene.app.state.feed.ring()
    await page.wait_for_selector("#cards summary:has-text('1 件事正在处理')")
    await page.click("#cards summary")
    assert await page.inner_text(".steps .here") == "登记"
    by = house.desk.staff("老周")
    await house.desk.do(handling.assign, house.desk.staff("小陈"), card, staff_id=house.desk.cast.staff["老周"])
    await house.desk.do(handling.resolve, by, card, text="水龙头已更换", policy=house.desk.policy)
    house.scene.app.state.feed.ring()
    await page.wait_for_selector(".rating button")
    await page.click(".rating button:has-text('不满意')")
    await page.wait_for_selector("#note:has-text('谢谢您的评价')")
    await page.wait_for_selector("#log :text('重新')")
    await until(lambda: _is(page.inner_text("#cards summary"), "1 件事正在处理"))
    assert await house.scene.values(Ticket.rating, Ticket.reopened_count) == [(1, 1)]


async def _is(found: Awaitable[str], wanted: str) -> bool:
    return (await found).strip() == wanted


async def test_the_keyboard_is_enough_and_composing_chinese_sends_nothing(house: House) -> None:
    page = await phone(house, has_touch=False)
    reached = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.id || document.activeElement.value"))
    assert {"text-size", "text", "我要报修", "send"} <= set(reached)
    await page.focus("#text")
    await page.keyboard.type("a")
    await page.evaluate(
        "document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    await page.keyboard.press("Shift+Enter")
    assert await page.input_value("#text") == "a\n"
    assert await page.locator(".mine").count() == 0
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".state:has-text('已送达')")
    await reply(house, "对吗？", buttons=CHECK)
    await page.wait_for_selector("#replies button")
    await page.focus("#replies button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".mine:has-text('没错')")
    assert await page.evaluate("document.activeElement.id") == "text"
    await page.focus("#menu summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    assert await page.get_attribute("#menu", "open") is None
    assert await page.evaluate("document.activeElement.parentElement.id") == "menu"


async def test_one_who_reads_further_up_is_told_of_what_is_new_and_older_messages_come_in(house: House) -> None:
    page = await phone(house)
    await say(page, "最早的一条")
    await page.wait_for_selector(".state:has-text('已送达')")
    for number in range(204):
        await answer(house.scene, f"第{number}条")
    await page.reload()
    assert "最早的一条" not in await shown(page)
    await page.evaluate("document.getElementById('scroll').scrollTop = -3000")
    await reply(house, "最新的一条")
    await page.click(".fresh")
    assert await page.evaluate("document.getElementById('scroll').scrollTop") == 0
    assert await page.locator(".fresh").count() == 0
    await page.click("#older a")
    await page.wait_for_selector("#log :text('最早的一条')")
    texts = await shown(page)
    assert (texts[0], texts[-1], len(texts), len(set(texts))) == ("最早的一条", "最新的一条", 206, 206)
    assert await page.locator("#older").count() == 0


async def test_axe_finds_nothing_in_any_look(house: House) -> None:
    told: list[str] = []
    looks = (
        ("zh-CN", "light", ""),
        ("en-GB", "dark", ""),
        ("zh-CN", "light", "large contrast"),
        ("zh-CN", "dark", "contrast"),
    )
    for locale, scheme, classes in looks:
        page = await phone(house, locale=locale, color_scheme=scheme)
        await page.evaluate(f"document.documentElement.className = 'scripted {classes}'")
        told += await faults(page)
        await say(page, "漏水，请看照片")
        await page.wait_for_selector(".msg:not(.pending)")
        talk = await house.newest_talk()
        card = await house.desk.open(conversation_id=talk, resident_id=None, summary="厨房漏水")
        done = await house.desk.open(conversation_id=talk, resident_id=None, summary="门铃坏了")
        await house.desk.do(
            handling.resolve, house.desk.staff("老周"), done, text="门铃已更换", policy=house.desk.policy
        )
        await reply(house, "请拨0571-88880110。", buttons=CHECK)
        await page.wait_for_selector("#replies button")
        await page.wait_for_selector(f"#ticket-{card.id}", state="attached")
        told += await faults(page)
        await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        await page.context.set_offline(True)
        await say(page, "还在吗")
        await page.wait_for_selector(".state.queued")
        told += await faults(page)
        await page.context.close()
    assert told == [], "\n".join(told)


async def test_everything_comes_from_here_and_is_light(house: House) -> None:
    asked: list[str] = []
    weight: list[int] = []
    context = await house.browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    page = await house._page(context)
    page.on("request", lambda request: asked.append(request.url))

    async def weigh(route: Route) -> None:
        got = await route.fetch()
        weight.append(len(await got.body()))
        await route.fulfill(response=got)

    await page.route(lambda url: "/events" not in url, weigh)
    await page.goto(house.base + "/")
    await say(page, "你好")
    await page.wait_for_selector(".state:has-text('已送达')")
    assert {url.split("/")[2] for url in asked if not url.startswith("blob:")} == {house.base.split("/")[2]}
    assert sum(weight) < 150_000, "before it is compressed"


async def test_without_a_script_everything_is_a_form(house: House) -> None:
    page = await phone(house, java_script_enabled=False)
    await page.click("button:has-text('报修')")
    await shows(page, ["我要报修"])
    await reply(house, "请问是哪一户？", buttons=CHECK)
    await page.click(".plain-tools a")
    await page.click("#replies button:has-text('没错')")
    await shows(page, ["我要报修", "请问是哪一户？", "没错"])
    await page.click("#add summary")
    await page.locator(".choice:not(.camera) input").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": _png()}
    )
    await say(page, "看照片")
    await page.wait_for_selector(".photos img")
    await page.click("#text-size")
    await page.wait_for_selector("html.large")
    await page.click("#menu summary")
    await page.click("text=English")
    await page.wait_for_selector("html[lang=en]")
