"""A ticket's page: answering, giving away, putting off, closing, and what happens when two do it at once."""

import html
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions import handling
from actions.intake import Inbound, receive
from actions.tables import AuditEntry, Conversation, Message, Severity, Ticket, TurnOwner
from actions.tickets import TicketCard
from tests.actions.factories import HOUR, MINUTE
from tests.web.scene import ON_BOTH, Scene

GOOD = "王女士您好，水龙头是阀芯老化，物业免费更换，谢谢您的耐心。"
SHORT = "收到，谢谢您。"
BAD = "不知道，这个不归我管，你自己看"
JSON = {"accept": "application/json"}


def hidden(page: str, form: str = "reply") -> dict[str, str]:
    """What a form of the page carries along: the versions that it showed."""
    found = re.search(rf'action="[^"]*/{form}"(.*?)</form>', page, re.DOTALL)
    assert found, form
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found.group(1)))


def at(card: TicketCard, verb: str = "") -> str:
    return f"/staff/tickets/{card.id}" + (f"/{verb}" if verb else "")


async def status(scene: Scene, card: TicketCard) -> str:
    found = await scene.store.read(
        lambda session: session.execute(select(Ticket.status).where(Ticket.id == card.id)).scalar_one()
    )
    return str(found.value)


async def writes(scene: Scene, text: str, name: str = "王芳") -> None:
    """A resident of the cast writes."""
    cast = scene.desk.cast
    inbound = Inbound(cast.community_id, "web", name, f"id-{text}", text, scene.now)
    await scene.store.write(lambda session: receive(session, inbound, scene.now))


async def audit(scene: Scene) -> list[tuple[str, str]]:
    rows = await scene.values(AuditEntry.action, AuditEntry.reason)
    return [(action, reason) for action, reason in rows if not action.startswith("session")]


@ON_BOTH
async def test_a_reply_reaches_the_resident_and_stops_the_clock(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    page = await browser.get(at(card))
    sent = await browser.post(at(card, "reply"), data=hidden(page.text) | {"text": GOOD, "concludes": "1"})
    assert sent.headers["location"] == f"{at(card)}?done=done_reply"
    assert await scene.messages() == [("out", GOOD)]
    ((author, staff_id, reply_id),) = await scene.values(Message.author, Message.staff_id, Message.reply_id)
    assert (author.value, staff_id, reply_id) == ("staff", scene.desk.cast.staff["小陈"], "ticket.reply")
    assert (await scene.desk.clocks(card))["reply"] == "met"
    assert await scene.desk.ticket(card, Ticket.awaiting_reply_since) is None
    assert "已发送给住户" in (await browser.get(sent.headers["location"])).text
    assert scene.rung == 1


async def test_a_reply_that_says_nothing_is_sent_but_stops_no_clock_and_the_page_says_so(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    sent = await browser.post(at(card, "reply"), data={"text": SHORT})
    assert sent.headers["location"].endswith("done_reply_short")
    assert (await scene.desk.clocks(card))["reply"] == "running"
    assert "还不算正式回复" in (await browser.get(sent.headers["location"])).text


async def test_a_reply_with_a_time_makes_the_time_a_deadline(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    text = "王女士您好，配件缺货，工程组周师傅明天到货后上门更换，明天10:00前给您准信，谢谢您。"
    await browser.post(at(card, "reply"), data={"text": text, "promised_at": "2026-11-24T10:00"})
    due = (await scene.desk.due(card))["promise"]
    assert due.astimezone(ZoneInfo("Asia/Shanghai")).isoformat() == "2026-11-24T10:00:00+08:00"


@pytest.mark.parametrize("given", ["2026-11-22T10:00", "2027-11-22T10:00", "yesterday", "2026-13-45T99:99"])
async def test_a_time_that_cannot_be_promised_is_refused_and_the_text_kept(scene: Scene, given: str) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    refused = await browser.post(at(card, "reply"), data={"text": GOOD, "promised_at": given})
    assert refused.status_code == 422
    assert "重新选择" in refused.text
    assert GOOD in refused.text
    assert await scene.messages() == []


async def test_a_discourteous_reply_is_stopped_with_what_is_wrong_and_how_to_mend_it(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    refused = await browser.post(at(card, "reply"), data={"text": BAD})
    assert refused.status_code == 422
    assert "不知道" in refused.text
    assert "须改 A8" in refused.text
    assert "可改为" in refused.text
    assert BAD in html.unescape(refused.text)
    assert await scene.messages() == []
    assert await audit(scene) == []


@ON_BOTH
async def test_it_is_sent_all_the_same_with_a_reason_that_goes_on_record(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    sent = await browser.post(at(card, "reply"), data={"text": BAD, "override": "住户要求原话"})
    assert sent.status_code == 303
    assert await scene.messages() == [("out", BAD)]
    assert await audit(scene) == [("etiquette:overruled", "住户要求原话")]


async def test_a_courteous_reply_leaves_no_such_record(scene: Scene) -> None:
    card = await scene.desk.open()
    await (await scene.staff("小陈")).post(at(card, "reply"), data={"text": GOOD, "override": "随便写写"})
    assert await audit(scene) == []


async def test_the_check_answers_while_one_is_writing_and_stores_nothing(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    found = (await browser.post(at(card, "check"), data={"text": BAD}, headers=JSON)).json()
    assert found["blocked"] is True
    assert "不归我管" in found["html"]
    fine = (await browser.post(at(card, "check"), data={"text": GOOD, "concludes": "1"}, headers=JSON)).json()
    assert (fine["blocked"], fine["counts"]) == (False, True)
    hollow = (await browser.post(at(card, "check"), data={"text": "收到", "concludes": "1"}, headers=JSON)).json()
    assert hollow["counts"] is False
    empty = (await browser.post(at(card, "check"), data={"text": " "}, headers=JSON)).json()
    assert empty == {"html": "", "blocked": False, "counts": False, "promises": ""}
    assert await scene.messages() == []


async def test_the_residents_own_number_and_the_desks_may_be_named_others_may_not(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    for number, blocked in (("13812346688", False), ("0571-88880110", False), ("13999990000", True)):
        text = f"王女士您好，时间请您定，请您拨打 {number} 联系，谢谢您。"
        found = (await browser.post(at(card, "check"), data={"text": text}, headers=JSON)).json()
        assert found["blocked"] is blocked, number


@ON_BOTH
async def test_whoever_answers_what_has_changed_meanwhile_is_told_and_keeps_the_text(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    seen = hidden((await browser.get(at(card))).text)
    await writes(scene, "又漏了，厨房全是水")
    refused = await browser.post(at(card, "reply"), data=seen | {"text": GOOD})
    assert refused.status_code == 409
    assert "情况有了变化" in refused.text
    assert "又漏了，厨房全是水" in refused.text
    assert GOOD in refused.text
    assert [way for way, _ in await scene.messages()] == ["in"]
    again = await browser.post(at(card, "reply"), data=hidden(refused.text) | {"text": GOOD})
    assert again.status_code == 303


async def test_a_ticket_that_a_colleague_changed_is_not_overwritten(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    page = (await browser.get(at(card))).text
    await scene.desk.do(
        handling.assign, scene.desk.staff("孙主管"), card, staff_id=scene.desk.cast.staff["老周"], now=scene.now
    )
    for verb, data in (
        ("reply", {"text": GOOD}),
        ("resolve", {"text": GOOD}),
        ("hold", {"reason": "等配件", "promised_at": "2026-11-24T10:00", "contact": "0571-88880100"}),
        ("assign", {"staff_id": str(scene.desk.cast.staff["小陈"])}),
    ):
        refused = await browser.post(at(card, verb), data=hidden(page, verb) | data)
        assert refused.status_code == 409, verb
    assert await scene.messages() == []


async def test_nobody_talks_into_a_conversation_that_a_colleague_holds(scene: Scene) -> None:
    card = await scene.desk.open()
    first, second = await scene.staff("孙主管"), await scene.staff("小陈")
    page = (await first.get(at(card))).text
    taken = await first.post(at(card, "take_over"), data=hidden(page, "take_over"))
    assert taken.headers["location"].endswith("done_take_over")
    refused = await second.post(at(card, "reply"), data={"text": GOOD})
    assert refused.status_code == 409
    assert "正由孙主管接待" in refused.text
    late = await second.post(at(card, "take_over"), data=hidden(page, "take_over"))
    assert late.status_code == 409
    assert (await first.post(at(card, "reply"), data={"text": GOOD})).status_code == 303


@ON_BOTH
async def test_taking_over_silences_the_bot_and_handing_back_lets_it_speak(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    await browser.post(at(card, "take_over"), data=hidden((await browser.get(at(card))).text, "take_over"))
    owner = select(Conversation.owner).where(Conversation.id == scene.desk.cast.conversations["王芳"])
    assert await scene.store.read(lambda session: session.execute(owner).scalar_one()) is TurnOwner.STAFF
    page = (await browser.get(at(card))).text
    assert "您正在接待" in page
    done = await browser.post(at(card, "hand_back"), data={})
    assert done.headers["location"].endswith("done_hand_back")
    assert await scene.store.read(lambda session: session.execute(owner).scalar_one()) is TurnOwner.BOT


async def test_a_ticket_is_given_to_a_colleague_from_the_list_of_those_on_duty(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    page = (await browser.get(at(card))).text
    zhou = scene.desk.cast.staff["老周"]
    assert f'<option value="{zhou}">老周（工程组） · 手上0张 · 在岗</option>' in page
    data = hidden(page, "assign") | {"staff_id": str(zhou), "reason": "水电"}
    assert (await browser.post(at(card, "assign"), data=data)).headers["location"].endswith("done_assign")
    page = (await browser.get(at(card))).text
    assert "小陈指派给老周：水电" in page
    assert await status(scene, card) == "assigned"


@pytest.mark.parametrize("chosen", ["", "x", "0", "12345", "9" * 30])
async def test_a_ticket_cannot_be_given_to_nobody(scene: Scene, chosen: str) -> None:
    card = await scene.desk.open()
    refused = await (await scene.staff("小陈")).post(at(card, "assign"), data={"staff_id": chosen, "reason": "试试"})
    assert refused.status_code == 422
    assert "请选择要指派的同事" in refused.text
    assert 'value="试试"' in refused.text


async def test_when_the_technician_accepts_the_resident_is_told(scene: Scene) -> None:
    card = await scene.desk.open()
    zhou = scene.desk.cast.staff["老周"]
    await scene.desk.do(handling.assign, scene.desk.staff("小陈"), card, staff_id=zhou, now=scene.now)
    browser = await scene.staff("老周")
    page = (await browser.get(at(card))).text
    assert 'role="log"' not in page  # the conversation is not the technician's to read
    assert (await browser.post(at(card, "accept"), data=hidden(page, "accept"))).status_code == 303
    ((way, text),) = await scene.messages()
    assert way == "out"
    assert card.number in text
    assert "工程组" in text


async def test_a_technician_answers_without_reading_the_conversation(scene: Scene) -> None:
    card = await scene.desk.open()
    zhou = scene.desk.cast.staff["老周"]
    await scene.desk.do(handling.assign, scene.desk.staff("小陈"), card, staff_id=zhou, now=scene.now)
    browser = await scene.staff("老周")
    page = (await browser.get(at(card))).text
    sent = await browser.post(at(card, "reply"), data=hidden(page) | {"text": GOOD, "concludes": "1"})
    assert sent.status_code == 303
    assert await scene.messages() == [("out", GOOD)]


@ON_BOTH
async def test_putting_off_tells_the_reason_the_time_and_whom_to_reach_and_becomes_the_new_clock(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    page = (await browser.get(at(card))).text
    data = {"reason": "这个型号的阀芯要从厂家调货", "promised_at": "2026-11-24T17:30", "contact": "0571-88880100"}
    assert (await browser.post(at(card, "hold"), data=hidden(page, "hold") | data)).status_code == 303
    ((_, text),) = await scene.messages()
    assert "这个型号的阀芯要从厂家调货" in text
    assert "明天17:30前给您答复" in text
    assert "0571-88880100" in text
    assert (await scene.desk.clocks(card))["promise"] == "running"
    assert (await scene.desk.clocks(card))["reply"] == "replaced"


@pytest.mark.parametrize(
    ("lacking", "words"),
    [("reason", "请写明原因"), ("contact", "联系方式"), ("promised_at", "承诺时间")],
)
async def test_putting_off_needs_all_three(scene: Scene, lacking: str, words: str) -> None:
    card = await scene.desk.open()
    data = {"reason": "等配件", "promised_at": "2026-11-24T17:30", "contact": "0571-88880100"} | {lacking: ""}
    refused = await (await scene.staff("小陈")).post(at(card, "hold"), data=data)
    assert refused.status_code == 422
    assert words in refused.text
    assert await scene.messages() == []


async def test_a_discourteous_reason_is_stopped_as_well(scene: Scene) -> None:
    card = await scene.desk.open()
    data = {"reason": "你自己弄坏的，随便你", "promised_at": "2026-11-24T17:30", "contact": "0571-88880100"}
    browser = await scene.staff("小陈")
    refused = await browser.post(at(card, "hold"), data=data)
    assert refused.status_code == 422
    assert "随便你" in refused.text
    assert (await browser.post(at(card, "hold"), data=data | {"override": "原话"})).status_code == 303


@ON_BOTH
async def test_closing_tells_the_conclusion_and_asks_for_a_rating(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    page = (await browser.get(at(card))).text
    done = await browser.post(at(card, "resolve"), data=hidden(page, "resolve") | {"text": GOOD})
    assert done.headers["location"].endswith("done_resolve")
    assert await status(scene, card) == "resolved"
    texts = [text for _, text in await scene.messages()]
    assert texts[0] == GOOD
    assert card.number in texts[1]
    buttons = (await scene.values(Message.buttons))[1][0]
    assert {button["label"] for button in buttons} >= {"满意", "不满意"}


@pytest.mark.parametrize("text", ["", "收到", "  "])
async def test_closing_without_a_conclusion_is_refused(scene: Scene, text: str) -> None:
    card = await scene.desk.open()
    refused = await (await scene.staff("小陈")).post(at(card, "resolve"), data={"text": text, "override": "试试"})
    assert refused.status_code == 422
    assert await status(scene, card) == "open"
    assert await scene.messages() == []


async def test_a_ticket_is_opened_again_with_an_apology_and_a_clean_clock(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    await browser.post(at(card, "resolve"), data={"text": GOOD})
    scene.now += HOUR
    page = (await browser.get(at(card))).text
    assert (
        await browser.post(at(card, "reopen"), data=hidden(page, "reopen") | {"reason": "住户来电还在漏"})
    ).status_code == 303
    assert await status(scene, card) == "open"
    apology = (await scene.messages())[-1][1]
    assert card.number in apology
    assert re.search(r"抱歉|对不起", apology)
    refused = await browser.post(at(card, "reopen"), data={"reason": "再开一次"})
    assert refused.status_code == 409
    assert "不能这样操作" in refused.text
    assert (await browser.post(at(card, "reopen"), data={"reason": ""})).status_code == 422


async def test_a_note_is_for_colleagues_only(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    await browser.post(at(card, "note"), data={"text": "住户上次也反映过"})
    assert await scene.messages() == [("note", "住户上次也反映过")]
    page = (await browser.get(at(card))).text
    assert "内部备注" in page
    assert "小陈备注：住户上次也反映过" in page
    assert (await browser.post(at(card, "note"), data={"text": " "})).status_code == 422


@ON_BOTH
async def test_taking_an_alarm_tells_the_resident_once(scene: Scene) -> None:
    card = await scene.desk.open("emergency", "lift_trapped", summary="电梯困人", severity=Severity.ALARM)
    first, second = await scene.staff("监控室"), await scene.staff("小陈")
    for browser in (first, second):
        assert (await browser.post(at(card, "acknowledge"), data={})).status_code == 303
    ((_, text),) = await scene.messages()
    assert "接警" in text
    assert "0571-88880110" in text
    assert (await scene.desk.events(card, subject="alarm")) == ["alarm:acknowledged"]


async def test_only_an_alarm_can_be_acknowledged(scene: Scene) -> None:
    card = await scene.desk.open()
    refused = await (await scene.staff("监控室")).post(at(card, "acknowledge"), data={})
    assert refused.status_code == 409


@ON_BOTH
async def test_a_phone_number_is_masked_until_somebody_asks_and_the_look_goes_on_record(scene: Scene) -> None:
    card = await scene.desk.open(phone="13812346688")
    browser = await scene.staff("小陈")
    page = (await browser.get(at(card))).text
    assert "138****6688" in page
    assert "13812346688" not in page
    assert await audit(scene) == []
    without = await browser.post(at(card, "phone"), data={})
    assert without.status_code == 422
    assert "13812346688" not in without.text
    assert "请写明原因" in without.text
    why = {"reason": "约上门"}
    shown = await browser.post(at(card, "phone"), data=why)
    assert 'href="tel:13812346688"' in shown.text
    assert (await browser.post(at(card, "phone"), data=why, headers=JSON)).json() == {"phone": "13812346688"}
    assert await audit(scene) == [("phone:revealed", "约上门")] * 2


async def test_the_page_tells_why_the_bot_said_what_it_said(scene: Scene) -> None:
    from actions.conversations import Words, say

    card = await scene.desk.open()
    cast = scene.desk.cast
    await writes(scene, "厨房水龙头一直滴水")
    read = {
        "intent": "repair",
        "category": "water_pipe",
        "confidence": 0.973,
        "trace": [["水龙头", 2.1], ["滴水", 1.7]],
    }
    words = Words("请您核对。", reply_id="repair.confirm", decision={"because": "form", "missing": ["time", "phone"]})

    def fill(session: Session) -> None:
        session.execute(update(Message).values(understanding=read))
        say(session, cast.community_id, cast.conversations["王芳"], words, scene.now)

    await scene.store.write(fill)
    page = (await (await scene.staff("小陈")).get(at(card))).text
    for told in ("为什么这样回答", "水管龙头", "把握 97%", "水龙头、滴水", "repair.confirm", "missing: time · phone"):
        assert told in page


async def test_other_open_tickets_of_the_same_resident_are_a_step_away(scene: Scene) -> None:
    card, other = await scene.desk.open(), await scene.desk.open(summary="门铃不响")
    page = (await (await scene.staff("小陈")).get(at(card))).text
    assert f'href="/staff/tickets/{other.id}"' in page


async def test_the_live_piece_carries_what_an_answer_is_checked_against(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    before = (await browser.get(at(card, "live"))).json()
    await writes(scene, "师傅什么时候到？")
    after = (await browser.get(at(card, "live"))).json()
    assert int(after["seq"]) == int(before["seq"]) + 1
    assert "师傅什么时候到？" in after["log"]
    assert after["ticket_version"] == str(card.version)


async def test_a_ticket_that_came_by_phone_can_be_answered_without_a_conversation(scene: Scene) -> None:
    card = await scene.desk.open(conversation_id=None)
    browser = await scene.staff("小陈")
    page = (await browser.get(at(card))).text
    assert "没有在线对话" in page
    sent = await browser.post(at(card, "reply"), data=hidden(page) | {"text": GOOD, "concludes": "1"})
    assert sent.status_code == 303
    assert await scene.messages() == []
    assert (await browser.post(at(card, "take_over"), data={})).status_code == 422
    done = await browser.post(at(card, "resolve"), data={"text": GOOD})
    assert done.status_code == 303


@pytest.mark.parametrize("verb", ["delete", "cancel", "__class__", "phone2", "rate"])
async def test_there_are_no_other_verbs(scene: Scene, verb: str) -> None:
    card = await scene.desk.open()
    assert (await (await scene.staff("小陈")).post(at(card, verb), data={})).status_code == 404


async def conversation(scene: Scene, name: str = "小陈") -> tuple[httpx2.AsyncClient, str]:
    return await scene.staff(name), f"/staff/conversations/{scene.desk.cast.conversations['李强']}"


async def test_a_conversation_without_a_ticket_can_be_answered(scene: Scene) -> None:
    await writes(scene, "在吗", "李强")
    browser, path = await conversation(scene)
    page = (await browser.get(path)).text
    taken = await browser.post(f"{path}/take_over", data=hidden(page, "take_over"))
    assert taken.status_code == 303
    page = (await browser.get(path)).text
    sent = await browser.post(f"{path}/reply", data=hidden(page) | {"text": "李先生您好，请问有什么可以帮您？"})
    assert sent.status_code == 303
    assert [way for way, _ in await scene.messages()] == ["in", "note", "out"]
    assert (await browser.post(f"{path}/reply", data={"text": BAD})).status_code == 422
    assert (await browser.post(f"{path}/reply", data={"text": ""})).status_code == 422
    assert (await browser.post(f"{path}/assign", data={})).status_code == 404
    assert (await browser.post(f"{path}/phone", data={"reason": "回电"})).status_code == 200
    assert (await browser.get(f"{path}/live")).json()["ticket_version"] == ""
    assert (await browser.post(f"{path}/hand_back", data={})).status_code == 303


async def test_a_conversation_that_waits_disappears_from_the_top_once_it_is_answered(scene: Scene) -> None:
    await writes(scene, "转人工", "李强")
    browser, path = await conversation(scene)
    await browser.post(f"{path}/take_over", data=hidden((await browser.get(path)).text, "take_over"))
    assert path in (await browser.get("/staff")).text
    scene.now += 5 * MINUTE
    await browser.post(f"{path}/reply", data={"text": "李先生您好，我是客服小陈，请问有什么可以帮您？"})
    assert path not in (await browser.get("/staff")).text


async def test_a_long_record_is_told_in_words(scene: Scene) -> None:
    card = await scene.desk.open()
    await scene.desk.enforce_all(scene.now + timedelta(hours=30))
    page = (await (await scene.staff("小陈")).get(at(card))).text
    for words in ("智能客服登记", "升级上报", "超过时限"):
        assert words in page
    record = page[page.index('class="events"') : page.index("</ol></details>")]
    assert not re.search(r">(ticket|deadline|alarm):", record)
