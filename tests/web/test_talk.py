"""The conversation's page by script: sending, what changed meanwhile, help while writing, tickets from it."""

import html
import re

import httpx2
import pytest
from sqlalchemy import update

from actions.tables import Contact, Conversation, Message, Resident, Ticket
from tests.web.scene import ON_BOTH, ROLES, Scene
from tests.web.test_tickets import BAD, GOOD, JSON, at, writes

ADDRESSES = ("canned", "draft", "here", "label", "knowledge", "suggestions", "new", "colleagues")
# What each role gets; a technician and the rest have no part in conversations.
TABLE = {
    "小陈": (200, 204, 200, 303, 303, 403, 200, 200),
    "监控室": (200, 204, 200, 303, 303, 403, 200, 200),
    "孙主管": (200, 204, 200, 303, 303, 200, 200, 200),
    "赵经理": (200, 204, 200, 303, 303, 200, 200, 200),
    "品质部": (200, 403, 200, 303, 303, 403, 403, 403),
    "老周": (403, 403, 403, 403, 403, 403, 403, 200),
    "管理员": (403, 403, 403, 403, 403, 200, 403, 403),
}
XSS = "<img src=x onerror=alert(1)>\"'</textarea><script>alert(2)</script>"


def talk(scene: Scene, name: str = "王芳") -> str:
    return f"/staff/conversations/{scene.desk.cast.conversations[name]}"


async def newest(scene: Scene) -> int:
    ids: list[int] = [row[0] for row in await scene.values(Message.id)]
    return max(ids)


@pytest.mark.parametrize("name", ROLES)
async def test_each_role_gets_its_helps_and_no_others(scene: Scene, name: str) -> None:
    await writes(scene, "灯坏了")
    message, browser, path = await newest(scene), await scene.staff(name), talk(scene)
    whole = {"label": "repair.electrical", "question": "问", "answer": "答", "source": "手册"}
    found = (
        (await browser.get(f"{path}/canned?q=zy")).status_code,
        (await browser.post(f"{path}/draft", data={"text": "您好"})).status_code,
        (await browser.post(f"{path}/here", data={"writing": "1"})).status_code,
        (await browser.post(f"/staff/messages/{message}/label", data=whole)).status_code,
        (await browser.post(f"/staff/messages/{message}/knowledge", data=whole)).status_code,
        (await browser.get("/staff/suggestions")).status_code,
        (await browser.get("/staff/new")).status_code,
        (await browser.get("/staff/colleagues?q=")).status_code,
    )
    assert dict(zip(ADDRESSES, found, strict=True)) == dict(zip(ADDRESSES, TABLE[name], strict=True))


async def test_another_communitys_talk_has_no_helps(scene: Scene) -> None:
    await writes(scene, "灯坏了")
    message = await newest(scene)
    browser = await scene.staff("赵经理")
    for path in (f"/staff/conversations/{2**40}", f"/staff/tickets/{2**40}"):
        assert (await browser.get(f"{path}/canned")).status_code == 404
        assert (await browser.post(f"{path}/draft", data={"text": "x"})).status_code == 404
    assert (await browser.post(f"/staff/conversations/{2**40}/here", data={})).status_code == 404
    assert (await browser.post(f"/staff/messages/{message + 1}/label", data={"label": "repair"})).status_code == 404
    assert (await browser.post(f"/staff/messages/{2**70}/label", data={"label": "repair"})).status_code == 404


@ON_BOTH
async def test_sent_by_script_it_is_stored_once_under_its_key_and_the_draft_is_gone(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    await browser.post(at(card, "draft"), data={"text": "王女士，"})
    assert "王女士，</textarea>" in (await browser.get(at(card))).text
    data = {"text": GOOD, "concludes": "1", "key": "abc"}
    for _ in range(2):
        answer = (await browser.post(at(card, "reply"), data=data, headers=JSON)).json()
        assert (answer["ok"], answer["done"]) == (True, "已发送给住户。")
        assert GOOD in html.unescape(answer["log"])
    assert [text for way, text in await scene.messages() if way == "out"] == [GOOD]
    assert "王女士，</textarea>" not in (await browser.get(at(card))).text


async def test_a_stale_reply_is_held_back_with_what_was_said_meanwhile(scene: Scene) -> None:
    await writes(scene, "在吗")
    browser, path = await scene.staff("小陈"), talk(scene)
    seen = (await browser.get(f"{path}/live")).json()
    await writes(scene, "不用来了 <b>")
    data = {"text": GOOD, "seq": seen["seq"], "conversation_version": seen["conversation_version"]}
    held = await browser.post(f"{path}/reply", data=data, headers=JSON)
    told = held.json()
    assert (held.status_code, told["ok"]) == (409, False)
    assert "不用来了 &lt;b&gt;" in told["news"]
    assert "在吗" not in told["news"]
    fresh = (await browser.get(f"{path}/live?seq={seen['seq']}")).json()
    assert "不用来了" in fresh["news"]
    again = await browser.post(f"{path}/reply", data=data | {"seq": told["seq"]}, headers=JSON)
    assert again.json()["ok"] is True


async def test_a_blocked_reply_comes_back_with_its_mends(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    told = (await browser.post(f"{talk(scene)}/reply", data={"text": BAD}, headers=JSON)).json()
    assert (told["ok"], told["blocked"]) == (False, True)
    assert re.search(r'data-taken="[^"]*不归我管', told["html"])
    assert await scene.messages() == []


async def test_a_promise_in_the_words_is_shown_and_kept_as_it_was_confirmed(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    text = "王女士，配件缺货，我请工程组跟进，明天上午10点前给您答复，谢谢您。"
    shown = (await browser.post(at(card, "check"), data={"text": text}, headers=JSON)).json()
    assert shown["counts"] is True
    fields = dict(re.findall(r'name="(promise0|due0|words0)"[^>]*value="([^"]*)"', shown["promises"]))
    assert fields["promise0"] == "answer"
    assert fields["due0"] == "2026-11-24T10:00"
    sent = await browser.post(at(card, "reply"), data=fields | {"text": text, "due0": "2026-11-24T09:30"}, headers=JSON)
    assert sent.json()["ok"] is True
    assert (await scene.desk.due(card))["promise"].isoformat() == "2026-11-24T01:30:00+00:00"
    nothing = (await browser.post(f"{talk(scene)}/check", data={"text": text}, headers=JSON)).json()
    assert nothing["promises"] == ""


async def test_knowledge_answers_the_waiting_resident_with_its_source(scene: Scene) -> None:
    await writes(scene, "物业费几号之前交")
    browser = await scene.staff("小陈")
    page = (await browser.get(talk(scene))).text
    assert 'id="suggested-text"' in page
    assert "来源：物业服务合同" in page
    await browser.post(f"{talk(scene)}/reply", data={"text": GOOD})
    assert 'id="suggested-text"' not in (await browser.get(talk(scene))).text


async def test_canned_replies_are_filled_for_the_resident_of_the_page(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    found = (await browser.get(f"{at(card)}/canned?q=gd")).json()
    assert found[0]["text"].startswith(f"王女士，已为您登记，工单号{card.number}")


async def test_a_talk_is_given_away_and_the_other_is_told(scene: Scene) -> None:
    browser, path = await scene.staff("小陈"), talk(scene)
    await browser.post(f"{path}/take_over", data={"conversation_version": "0"})
    data = {"staff_id": str(scene.desk.cast.staff["孙主管"]), "reason": "要找主管", "conversation_version": "1"}
    assert (await browser.post(f"{path}/transfer", data=data)).status_code == 303
    page = (await (await scene.staff("孙主管")).get(path)).text
    assert "小陈把会话转交孙主管：要找主管" in page
    assert "您正在接待" in page
    assert (await browser.post(f"{path}/transfer", data=data)).status_code == 409


async def test_a_ticket_is_opened_from_the_talk_filled_with_what_was_said(scene: Scene) -> None:
    await writes(scene, "卧室窗户关不上")
    browser, path = await scene.staff("小陈"), talk(scene)
    page = (await browser.get(path)).text
    assert ">卧室窗户关不上</textarea>" in page
    assert 'value="3栋2单元1502"' in page
    data = {"matter": "repair.door_lock_access", "summary": "卧室窗户关不上", "place": "3栋2单元1502"}
    done = await browser.post(f"{path}/open", data=data)
    assert re.fullmatch(r"/staff/tickets/\d+\?done=done_open", done.headers["location"])
    assert await scene.values(Ticket.summary, Ticket.room_id) == [("卧室窗户关不上", scene.desk.cast.rooms["王芳"])]
    assert (await browser.post(f"{path}/open", data=data | {"matter": "thanks"})).status_code == 422
    assert (await browser.post(f"{path}/open", data=data | {"summary": ""})).status_code == 422


async def test_a_pasted_message_is_read_first_and_opened_when_it_was_confirmed(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    text = "老张 14:32\n3栋2单元1502下水堵了，电话13812346688"
    read = (await browser.post("/staff/new", data={"text": text})).text
    assert 'value="3栋2单元1502"' in read
    assert 'value="13812346688"' in read
    assert await scene.values(Ticket.id) == []
    data = {"open": "1", "text": text, "matter": "repair", "summary": "下水堵了", "place": "3栋2单元1502"}
    done = await browser.post("/staff/new", data=data | {"origin": "group"})
    assert done.status_code == 303
    assert "业主群消息" in (await browser.get(done.headers["location"])).text
    kept = await browser.post("/staff/new", data=data | {"summary": " "})
    assert (kept.status_code, "最多300字" in kept.text) == (422, True)


async def test_what_was_proposed_is_decided_on_its_page(scene: Scene) -> None:
    await writes(scene, "灯坏了 <u>")
    message, browser = await newest(scene), await scene.staff("小陈")
    path = f"/staff/messages/{message}/label"
    assert (await browser.post(path, data={"label": "nothing.such"})).status_code == 422
    answer = await browser.post(path, data={"label": "repair.electrical"}, headers=JSON)
    assert answer.json()["ok"] is True
    sun = await scene.staff("孙主管")
    page = (await sun.get("/staff/suggestions")).text
    assert "灯坏了 &lt;u&gt;" in page
    (accept,) = re.findall(r'action="(/staff/suggestions/\d+/accept)"', page)
    assert (await browser.post(accept)).status_code == 403
    assert (await sun.post(accept.replace("accept", "burn"))).status_code == 404
    await sun.post(accept)
    assert "repair.electrical" in (await sun.get("/staff/suggestions")).text
    assert (await sun.post(accept)).status_code == 409


async def test_nothing_that_a_resident_fills_in_becomes_markup(scene: Scene) -> None:
    card = await scene.desk.open(summary=XSS, place=XSS)
    await writes(scene, XSS)
    await scene.alter(update(Resident).values(name=XSS))
    await scene.alter(update(Contact).values(display_name=XSS))
    browser = await scene.staff("赵经理")
    await browser.post(f"{talk(scene)}/note", data={"text": XSS})
    await browser.post(at(card, "draft"), data={"text": XSS})
    paths = ("/staff", "/staff/alarms", at(card), talk(scene), "/staff/queue", f"/staff?q={XSS}", "/staff/suggestions")
    for path in paths:
        page = (await browser.get(path)).text
        assert "<img src=x" not in page, path
        assert "<script>alert" not in page, path
    for path in (at(card, "live"), f"{talk(scene)}/live?seq=0"):
        pieces = (await browser.get(path)).json()
        for name, piece in pieces.items():
            assert "<img src=x" not in piece, name
            assert "<script>alert" not in piece, name


async def test_a_mended_message_is_marked_in_the_timeline(scene: Scene) -> None:
    await writes(scene, "三栋")
    await writes(scene, "五栋")
    first, second = sorted(row[0] for row in await scene.values(Message.id))
    await scene.alter(update(Message).where(Message.id == second).values(edit_of=first))
    page = (await (await scene.staff("小陈")).get(talk(scene))).text
    assert page.count("改自前面的消息") == 1


async def test_residents_see_neither_notes_nor_marks_nor_who_is_present(scene: Scene) -> None:
    resident = scene.browser()
    await resident.get("/")
    await resident.post("/messages", data={"text": "您好"})
    conversation_id = max(row[0] for row in await scene.values(Conversation.id))
    staff, path = await scene.staff("小陈"), f"/staff/conversations/{conversation_id}"
    await staff.post(f"{path}/take_over", data={"conversation_version": "0"})
    await staff.post(f"{path}/note", data={"text": "内部的话"})
    await staff.post(f"{path}/here", data={"writing": "1"})
    page = (await resident.get("/")).text
    for hidden in ("内部的话", "小陈", "接管了会话", "正在输入"):
        assert hidden not in page
    assert len(await scene.values(Message.id)) == 3


async def test_a_script_without_a_session_is_sent_to_sign_in_not_to_a_page(scene: Scene) -> None:
    stranger: httpx2.AsyncClient = scene.browser()
    for path in ("/staff/conversations/1/live", "/staff/find?q=x", "/staff/colleagues"):
        assert (await stranger.get(path, headers=JSON)).status_code == 401
    for path in ("/staff/conversations/1/here", "/staff/tickets/1/draft", "/staff/queue/assign", "/staff/new"):
        assert (await stranger.post(path, data={})).status_code == 401
