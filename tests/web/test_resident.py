"""The residents' page, in a browser with a script and in one without."""

import re

import pytest

from actions.conversations import Words, say, write_note
from actions.store import Store
from actions.tables import Contact, Conversation, Message
from tests.actions.factories import MINUTE
from tests.conftest import NOW
from tests.web.scene import ON_BOTH, Scene, open_scene
from web.deps import Limits, WebSettings
from web.sessions import VISITOR_COOKIE, address_of

JSON = {"accept": "application/json"}
IMPORTED = ("chat-log", "chat-outbox", "chat-photos", "live")


def once(page: str) -> str:
    """The one-time id in the page's form."""
    found = re.search(r'id="compose".*?name="id" value="([^"]+)"', page, re.DOTALL)
    assert found
    return found.group(1)


async def answer(scene: Scene, text: str, **details: object) -> None:
    """The desk says something in the only new conversation."""
    (conversation_id,) = (await scene.values(Conversation.id))[-1]
    words = Words(text, **details)  # type: ignore[arg-type]
    community = scene.desk.cast.community_id
    await scene.store.write(lambda session: say(session, community, conversation_id, words, scene.now))


async def test_a_new_visitor_is_greeted_and_shown_what_can_be_done_here(scene: Scene) -> None:
    page = await scene.browser().get("/")
    assert page.status_code == 200
    assert "翠湖花园" in page.text
    assert "请问有什么可以帮您" in page.text
    assert all(name in page.text for name in ("报修", "投诉", "费用", "咨询"))
    assert 'href="tel:0571-88880110"' in page.text


async def test_the_greeting_knows_the_hour_and_whether_the_desk_is_open(scene: Scene) -> None:
    assert "前台在岗" in (await scene.browser().get("/")).text
    scene.now = NOW + 12 * 60 * MINUTE
    page = (await scene.browser().get("/")).text
    assert "晚上好" in page
    assert "监控中心24小时值守" in page


async def test_a_visitor_is_known_by_a_random_cookie_of_which_only_the_hash_is_kept(scene: Scene) -> None:
    browser = scene.browser()
    page = await browser.get("/")
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=31536000" in cookie
    token = browser.cookies[VISITOR_COOKIE]
    await browser.post("/messages", data={"text": "门铃不响"})
    addresses = [address for (address,) in await scene.values(Contact.address)]
    assert address_of(token) in addresses
    assert token not in str(await scene.values(Contact.address, Contact.display_name))


async def test_two_visitors_never_see_each_other(scene: Scene) -> None:
    first, second = scene.browser(), scene.browser()
    for browser, text in ((first, "我家漏水"), (second, "我要开发票")):
        await browser.get("/")
        await browser.post("/messages", data={"text": text})
    assert "我要开发票" not in (await first.get("/")).text
    assert "我家漏水" not in (await second.get("/")).text


@pytest.mark.parametrize("token", ["", "short", "x" * 44, "a" * 42 + "é", "../../../../etc/passwd" + "a" * 21])
async def test_a_cookie_that_is_not_ours_by_its_form_is_replaced(scene: Scene, token: str) -> None:
    browser = scene.browser()
    page = await browser.get("/", headers=[(b"cookie", f"{VISITOR_COOKIE}={token}".encode())])
    assert VISITOR_COOKIE in page.headers["set-cookie"]


@ON_BOTH
async def test_without_a_script_a_message_is_posted_stored_and_shown(scene: Scene) -> None:
    browser = scene.browser()
    page = await browser.get("/")
    sent = await browser.post("/messages", data={"id": once(page.text), "text": "厨房水龙头一直滴水"})
    assert sent.status_code == 303
    assert sent.headers["location"] == "/#latest"
    assert scene.rung == 1
    await answer(scene, "请问是哪一栋哪个单元？", buttons=({"label": "找人工", "says": "转人工"},))
    page = await browser.get("/")
    assert "厨房水龙头一直滴水" in page.text
    assert "请问是哪一栋哪个单元？" in page.text
    assert 'value="转人工"' in page.text


@ON_BOTH
async def test_a_form_that_is_posted_twice_is_stored_once(scene: Scene) -> None:
    browser = scene.browser()
    form = {"id": once((await browser.get("/")).text), "text": "楼道灯坏了"}
    for _ in range(3):
        assert (await browser.post("/messages", data=form)).status_code == 303
    assert await scene.messages() == [("in", "楼道灯坏了")]


async def test_the_same_id_of_another_visitor_is_another_message(scene: Scene) -> None:
    for text in ("一", "二"):
        browser = scene.browser()
        await browser.get("/")
        await browser.post("/messages", data={"id": "the-same-id-1234", "text": text})
    assert [text for _, text in await scene.messages()] == ["一", "二"]


@pytest.mark.parametrize("given", ["", "x", "id with spaces", "'; drop table messages; --", "a" * 200])
async def test_an_id_that_is_none_is_replaced(scene: Scene, given: str) -> None:
    browser = scene.browser()
    await browser.get("/")
    for _ in range(2):
        await browser.post("/messages", data={"id": given, "text": "你好"})
    assert len(await scene.messages()) == 2


async def test_a_pressed_button_is_marked_as_one(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "没错", "pressed": "1"})
    await browser.post("/messages", data={"text": "没错"})
    assert await scene.values(Message.pressed) == [(True,), (False,)]


async def test_quick_replies_are_gone_once_something_was_answered(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "漏水"})
    await answer(scene, "对吗？", buttons=({"label": "没错", "says": "没错"},))
    assert 'value="没错"' in (await browser.get("/")).text
    await browser.post("/messages", data={"text": "不是3栋，是5栋"})
    assert 'value="没错"' not in (await browser.get("/")).text


async def test_an_empty_message_is_answered_and_not_stored(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    sent = await browser.post("/messages", data={"text": "  \n "})
    assert sent.headers["location"] == "/?note=empty#latest"
    assert "请您" in (await browser.get("/?note=empty")).text
    assert await scene.messages() == []
    assert scene.rung == 0


async def test_a_very_long_message_is_kept_to_its_limit_and_the_sender_is_told(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    comfortable = await browser.post("/messages", data={"text": "长" * 4000}, headers=JSON)
    assert comfortable.json() == {"stored": True, "notes": []}
    long = await browser.post("/messages", data={"text": "长" * 25_000}, headers=JSON)
    assert long.json()["stored"] is True
    assert len(long.json()["notes"]) == 1
    assert [len(text) for _, text in await scene.messages()] == [4000, 20_000]


async def test_a_note_that_a_stranger_put_into_the_address_is_not_shown(scene: Scene) -> None:
    page = await scene.browser().get("/?note=<script>alert(1)</script>,__class__,has_text,empty")
    assert "alert(1)" not in page.text
    assert page.status_code == 200


async def test_whoever_writes_too_fast_is_told_so_and_keeps_the_text(store: Store, tmp_path: object) -> None:
    limits = Limits(visitor_burst=2, visitor_per_minute=6)
    scene = await open_scene(store, tmp_path, WebSettings(limits=limits))  # type: ignore[arg-type]
    browser = scene.browser()
    await browser.get("/")
    for _ in range(2):
        assert (await browser.post("/messages", data={"text": "在吗"})).status_code == 303
    refused = await browser.post("/messages", data={"text": "第三条很重要"})
    assert refused.status_code == 429
    assert "第三条很重要</textarea>" in refused.text
    scripted = await browser.post("/messages", data={"text": "第四条"}, headers=JSON)
    assert scripted.status_code == 429
    assert scripted.json()["stored"] is False
    assert scripted.json()["notes"][0]
    scene.now += MINUTE
    assert (await browser.post("/messages", data={"text": "过了一分钟"})).status_code == 303
    assert len(await scene.messages()) == 3
    await scene.close()


async def test_new_cookies_do_not_buy_an_address_more_messages(store: Store, tmp_path: object) -> None:
    scene = await open_scene(store, tmp_path, WebSettings(limits=Limits(address_burst=5, address_per_minute=1)))  # type: ignore[arg-type]
    sent = [(await scene.browser().post("/messages", data={"text": "刷"})).status_code for _ in range(8)]
    assert sent == [303] * 5 + [429] * 3
    other = scene.browser(address="10.0.0.10")
    assert (await other.post("/messages", data={"text": "我是别家"})).status_code == 303
    await scene.close()


async def test_a_script_gets_what_is_new_as_pieces_of_the_page(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    assert (await browser.get("/updates?after=0", headers=JSON)).json()["seq"] == 0
    await browser.post("/messages", data={"id": "client-id-0001", "text": "漏水"}, headers=JSON)
    fresh = (await browser.get("/updates?after=0", headers=JSON)).json()
    assert 'data-client="client-id-0001"' in fresh["messages"]
    assert fresh["working"] is True
    await answer(scene, "请问是哪一栋？", buttons=({"label": "找人工", "says": "转人工"},))
    later = (await browser.get(f"/updates?after={fresh['seq']}", headers=JSON)).json()
    assert "漏水" not in later["messages"]
    assert "请问是哪一栋？" in later["messages"]
    assert "转人工" in later["replies"]
    assert later["more"] is False


@pytest.mark.parametrize(
    "query", ["after=abc", "after=-1", "after=99999999999999999999", "after=1&at=yesterday", "at=2026"]
)
async def test_a_script_that_asks_nonsense_gets_an_answer_all_the_same(scene: Scene, query: str) -> None:
    browser = scene.browser()
    await browser.post("/messages", data={"text": "漏水"})
    assert (await browser.get(f"/updates?{query}", headers=JSON)).status_code == 200


async def test_older_messages_are_a_page_away(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "最早的一条"})
    for number in range(205):
        await answer(scene, f"第{number}条")
    page = (await browser.get("/")).text
    assert "最早的一条" not in page
    link = re.search(r'href="(/\?before=\d+)"', page)
    assert link
    assert "最早的一条" in (await browser.get(link.group(1))).text


async def test_notes_of_staff_and_the_reasons_of_the_bot_stay_inside(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "投诉"})
    await answer(scene, "给您添麻烦了。", reply_id="complaint.soothe_restate", decision={"because": "complaint"})
    (conversation_id,) = (await scene.values(Conversation.id))[-1]
    member = scene.identity("小陈")
    await scene.store.write(lambda session: write_note(session, member, conversation_id, "这位住户情绪激动", NOW))
    shown = (await browser.get("/")).text + (await browser.get("/updates?after=0")).text
    assert "情绪激动" not in shown
    assert "soothe_restate" not in shown
    assert "小陈" not in shown


async def test_a_resident_sees_the_state_of_their_own_tickets(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "漏水"})
    (conversation_id,) = (await scene.values(Conversation.id))[-1]
    card = await scene.desk.open(conversation_id=conversation_id, resident_id=None)
    other = await scene.desk.open(summary="别人家的门铃坏了")
    page = (await browser.get("/")).text
    assert card.number in page
    assert "已登记，待派单" in page
    assert "前给您答复" in page
    assert other.summary not in page
    assert other.number not in page
    scene.now += 30 * 60 * MINUTE
    assert "让您久等了" in (await browser.get("/")).text


async def test_phone_numbers_in_replies_can_be_touched_and_amounts_cannot(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "着火了，我打110元的车"})
    await answer(scene, "请马上拨119，或0571-88880110。费用120元，单号 R-1190。")
    page = (await browser.get("/")).text
    log = page[page.index('id="log"') : page.index('id="replies"')]
    assert re.findall(r'href="tel:([^"]+)"', log) == ["119", "0571-88880110"]


async def test_large_text_is_remembered(scene: Scene) -> None:
    browser = scene.browser()
    assert 'class="large"' not in (await browser.get("/")).text
    assert (await browser.get("/display?large=1")).status_code == 303
    assert '<html lang="zh-CN" class="large">' in (await browser.get("/")).text
    assert (await browser.get("/display?contrast=1", headers=JSON)).status_code == 204
    assert '<html lang="zh-CN" class="large contrast">' in (await browser.get("/")).text
    await browser.get("/display?large=0")
    assert '<html lang="zh-CN" class="contrast">' in (await browser.get("/")).text


async def test_each_estate_has_a_page_of_its_own(scene: Scene) -> None:
    browser = scene.browser()
    page = await browser.get("/c/other/")
    assert page.status_code == 200
    sent = await browser.post("/c/other/messages", data={"text": "这里是另一个小区"})
    assert sent.headers["location"] == "/c/other/#latest"
    assert "这里是另一个小区" in (await browser.get("/c/other/")).text
    assert "这里是另一个小区" not in (await browser.get("/")).text
    assert (await browser.get("/c/nowhere/")).status_code == 404
    assert (await browser.post("/c/nowhere/messages", data={"text": "在吗"})).status_code == 404


async def test_what_a_resident_types_is_never_markup(scene: Scene) -> None:
    evil = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": evil})
    await answer(scene, f"您说的是{evil}", buttons=({"label": evil, "says": evil},))
    for shown in ((await browser.get("/")).text, (await browser.get("/updates?after=0")).json()["messages"]):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "&lt;script&gt;alert" in shown


async def test_the_page_is_light(scene: Scene) -> None:
    browser = scene.browser()
    page = await browser.get("/")
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    addresses += ["/assets/js/live-worker.js", *(f"/assets/js/{name}.js" for name in IMPORTED)]
    files = [await browser.get(address, headers={"accept-encoding": "identity"}) for address in addresses]
    assert all(file.status_code == 200 for file in files)
    assert len(page.content) + sum(len(file.content) for file in files) < 100_000, "before it is compressed"
