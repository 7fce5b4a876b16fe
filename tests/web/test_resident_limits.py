"""Nobody is put off by one who floods the residents' page."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from actions.rates import Counted, Rate, take
from actions.store import Store
from actions.tables import Message, RateCount
from tests.actions.factories import MINUTE
from tests.web.scene import ON_BOTH, Scene, open_scene
from tests.web.test_resident import JSON
from tests.web.test_uploads import picture
from web.deps import Limits, WebSettings
from web.limits import network_of, unnamed

USUAL = Limits()


async def limited(store: Store, folder: Path, **limits: float) -> Scene:
    """A desk with limits of its own."""
    return await open_scene(store, folder, WebSettings(limits=replace(USUAL, **limits)))  # type: ignore[arg-type]


async def say(browser: httpx2.AsyncClient, text: str = "在吗") -> int:
    """Send a text as a script does; the status of the answer."""
    return (await browser.post("/messages", data={"text": text}, headers=JSON)).status_code


@ON_BOTH
async def test_what_other_processes_have_counted_counts_here(scene: Scene) -> None:
    browser = scene.browser(address="10.0.0.77")
    rate = Rate(USUAL.address_burst, USUAL.address_per_minute)
    counted = (Counted(f"network:{unnamed('10.0.0.77')}", rate),)
    community = scene.desk.cast.community_id

    def elsewhere(session: object) -> None:
        for _ in range(USUAL.address_burst - 1):
            take(session, community, counted, scene.now)  # type: ignore[arg-type]

    await scene.store.write(elsewhere)
    assert await say(browser, "这里的第一条") == 200
    refused = await browser.post("/messages", data={"text": "这里的第二条"}, headers=JSON)
    assert refused.status_code == 429
    assert refused.json()["wait"] == int(refused.headers["retry-after"]) > 0
    assert "110" in refused.json()["notes"][0]
    plain = await browser.post("/messages", data={"text": "没有脚本也不丢字"})
    assert "没有脚本也不丢字</textarea>" in plain.text
    assert [text for _, text in await scene.messages()] == ["这里的第一条"]
    assert await say(scene.browser(address="10.0.0.78")) == 200


async def test_no_network_address_is_kept(scene: Scene) -> None:
    browser = scene.browser(address="10.1.2.3")
    await browser.get("/")
    await say(browser)
    keys = [key for (key,) in await scene.values(RateCount.key)]
    assert sorted(key.split(":")[0] for key in keys) == ["network", "newcomer", "visitor"]
    assert "10.1.2.3" not in str(keys)


async def test_counts_are_removed_when_they_say_nothing_any_more(scene: Scene) -> None:
    await say(scene.browser(address="10.1.2.3"))
    scene.now += 11 * MINUTE
    await say(scene.browser(address="10.1.2.4"))
    assert len(await scene.values(RateCount.key)) == 2


async def test_one_network_brings_new_visitors_at_a_human_pace(store: Store, tmp_path: Path) -> None:
    scene = await limited(store, tmp_path, address_newcomers=3, address_newcomers_per_minute=1)
    old = scene.browser()
    await old.get("/")
    assert await say(old) == 200
    assert [await say(scene.browser()) for _ in range(4)] == [200, 200, 429, 429]
    assert await say(old) == 200, "who is known already goes on"
    await scene.close()


async def test_photos_come_at_a_pace_and_their_text_is_kept(store: Store, tmp_path: Path) -> None:
    scene = await limited(store, tmp_path, visitor_photos=3, visitor_photos_per_minute=6)
    browser = scene.browser()
    await browser.get("/")

    async def send(count: int) -> dict[str, object]:
        files = [("photo", (f"{n}.jpg", io.BytesIO(picture(size=(20 + n, 20))), "image/jpeg")) for n in range(count)]
        posted = await browser.post("/messages", data={"text": "看"}, files=files, headers=JSON)
        told: dict[str, object] = posted.json()
        return told

    assert await send(2) == {"stored": True, "notes": []}
    told = await send(3)
    assert told["stored"] is True
    assert "过一分钟再发" in str(told["notes"])
    assert await scene.values(Message.photos) == [(2,), (1,)]
    scene.now += MINUTE
    assert await send(3) == {"stored": True, "notes": []}
    await scene.close()


async def test_whoever_asks_for_the_page_without_end_is_asked_to_wait(store: Store, tmp_path: Path) -> None:
    scene = await limited(store, tmp_path, address_looks=3, address_looks_per_minute=60)
    browser = scene.browser()
    assert [(await browser.get("/")).status_code for _ in range(4)] == [200, 200, 200, 429]
    page = await browser.get("/")
    assert "请稍等一会儿" in page.text
    assert page.headers["retry-after"] == "2"
    script = await browser.get("/updates", headers=JSON)
    assert (script.status_code, script.json()["wait"]) == (429, 2)
    english = await browser.get("/", headers={"accept-language": "en"})
    assert "One moment, please" in english.text
    assert (await scene.browser(address="10.0.0.10").get("/")).status_code == 200
    await scene.close()


async def test_slow_posts_do_not_take_all_the_room(store: Store, tmp_path: Path) -> None:
    scene = await limited(store, tmp_path, visitor_posts_at_once=2, post_seconds=0.6)
    browser = scene.browser()
    await browser.get("/")

    async def slowly() -> object:
        yield b"text="
        await asyncio.sleep(5)
        yield "慢".encode()

    kind = {"content-type": "application/x-www-form-urlencoded", **JSON}
    slow = [asyncio.create_task(browser.post("/messages", content=slowly(), headers=kind)) for _ in range(2)]  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    assert await say(browser) == 429
    assert await say(scene.browser()) == 200
    assert {(await one).status_code for one in slow} == {400}, "what does not come to its end is let go of"
    assert await say(browser) == 200
    await scene.close()


async def test_a_flood_of_one_visitor_leaves_the_others_alone(scene: Scene) -> None:
    flood, other = scene.browser(), scene.browser(address="10.0.0.10")
    await flood.get("/")
    statuses = await asyncio.gather(*(say(flood, f"刷{n}") for n in range(60)))
    assert statuses.count(200) <= USUAL.visitor_burst
    assert set(statuses) == {200, 429}
    assert await say(other, "我家漏水了") == 200


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("10.0.0.9", "10.0.0.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:/run/desk.sock", "unix:/run/desk.sock"),
    ],
)
def test_a_home_counts_as_one_address(host: str, network: str) -> None:
    assert network_of(host) == network
