"""Two members and one resident at once, in real browsers."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from actions.tables import Conversation, Draft, Message, TurnOwner
from tests.browser.conftest import House
from tests.web.test_tickets import writes

GOOD = "王女士，水龙头是阀芯老化，物业免费更换，谢谢您的耐心。"
BAD = "这个不归我管，请您自己看。"
# A sound card that counts what is played, three tones to one ring.
_COUNTS_TONES = """
window.rung = 0;
window.AudioContext = class {
  createOscillator() { return { frequency: {}, connect: (next) => next, start: () => window.rung++, stop() {} }; }
  createGain() { return { gain: {}, connect() {} }; }
};
"""


async def sent(house: House) -> list[str]:
    """What was said to residents."""
    return [text for way, text in await house.scene.messages() if way == "out"]


async def test_of_two_who_take_over_at_once_the_second_reads_who_was_first(house: House) -> None:
    chen, sun = await house.staff("小陈", house.talk()), await house.staff("孙主管", house.talk())
    button = "form[data-turn=take_over] button"
    await asyncio.gather(chen.click(button), sun.click(button))
    for page in (chen, sun):
        await page.wait_for_selector("#turn:has-text('正在接待')")
    ((owner, holder),) = [
        row for row in await house.scene.values(Conversation.owner, Conversation.staff_id) if row[0] is TurnOwner.STAFF
    ]
    assert owner is TurnOwner.STAFF
    first, second, name = (chen, sun, "小陈") if holder == house.desk.cast.staff["小陈"] else (sun, chen, "孙主管")
    assert "您正在接待" in await first.inner_text("#turn")
    assert f"{name}正在接待" in await second.inner_text("#turn")
    assert name in await second.inner_text("#said")
    assert await first.locator("#log .marker").count() == 1


async def test_a_reply_shows_at_once_and_is_stored_once_though_it_was_sent_again(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    await chen.fill("#reply-text", GOOD)
    # The answer to the first attempt is lost on its way back.
    lost = []

    async def lose(route: object) -> None:
        lost.append(await route.fetch())  # type: ignore[attr-defined]
        await route.abort()  # type: ignore[attr-defined]

    await chen.route("**/reply", lose, times=1)
    await chen.click("#reply .btn.main")
    await chen.wait_for_selector(".failed .mini")
    assert await chen.input_value("#reply-text") == ""
    await chen.click(".failed .mini")
    await chen.wait_for_selector("#said:has-text('已发送')")
    assert await chen.locator("#pending .line").count() == 0
    assert await chen.locator("#log .out.staff").count() == 1
    assert len(lost) == 1
    assert await sent(house) == [GOOD]


async def test_a_reply_written_before_a_new_message_waits_until_it_was_seen(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    await chen.fill("#reply-text", GOOD)
    await writes(house.scene, "等等，是浴室的龙头")
    house.scene.app.state.feed.ring()
    await chen.wait_for_selector("#news:has-text('浴室的龙头')")
    assert await chen.input_value("#reply-text") == GOOD
    await chen.click("#reply .btn.main")
    await chen.wait_for_selector("#said:has-text('情况有了变化')")
    assert await chen.input_value("#reply-text") == GOOD
    assert await sent(house) == []
    await chen.click("#seen-news")
    await chen.click("#reply .btn.main")
    await chen.wait_for_selector("#log .out.staff:not(.sending)")
    assert await sent(house) == [GOOD]


async def test_who_looks_and_who_writes_is_shown_to_the_other(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    sun = await house.staff("孙主管", house.talk())
    await sun.wait_for_selector("#here:has-text('小陈')")
    await chen.wait_for_selector("#here:has-text('孙主管正在看')")
    await sun.type("#reply-text", "王女士，")
    await chen.wait_for_selector("#here:has-text('孙主管正在输入')")


async def test_a_forbidden_phrase_is_mended_by_one_key_or_sent_with_a_reason(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    await chen.fill("#reply-text", BAD)
    await chen.wait_for_selector(".findings .block")
    assert await chen.is_visible("#override-field")
    await chen.click("#reply .btn.main")
    await chen.wait_for_selector("#said:has-text('写明理由')")
    assert await chen.input_value("#reply-text") == BAD
    before = await chen.locator(".findings .block").count()
    await chen.focus("#reply-text")
    await chen.keyboard.press("Alt+1")
    await chen.wait_for_function("count => document.querySelectorAll('.findings .block').length < count", arg=before)
    assert "不归我管" not in await chen.input_value("#reply-text")
    await chen.fill("#reply-text", BAD)
    await chen.wait_for_selector(".findings .block")
    await chen.fill("#override", "住户要求原话")
    await chen.click("#reply .btn.main")
    await chen.wait_for_selector("#log .out.staff:not(.sending)")
    assert await sent(house) == [BAD]


async def test_enter_inside_an_input_method_chooses_and_sends_nothing(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    await chen.focus("#reply-text")
    session = await chen.context.new_cdp_session(chen)
    await session.send("Input.imeSetComposition", {"text": "xie xie", "selectionStart": 7, "selectionEnd": 7})
    for modifiers in (0, 2):
        event = {"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
        await session.send("Input.dispatchKeyEvent", event | {"modifiers": modifiers})
    await session.send("Input.insertText", {"text": "谢谢您"})
    assert await chen.input_value("#reply-text") == "谢谢您"
    await chen.wait_for_timeout(100)
    assert await sent(house) == []
    await chen.keyboard.press("Enter")
    assert await sent(house) == []


async def test_what_was_begun_is_there_again_on_another_machine(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    await chen.fill("#reply-text", "王女士，师傅明天")
    await chen.wait_for_selector("#draft-state:has-text('草稿已保存')")
    elsewhere = await house.staff("小陈", house.talk())
    assert await elsewhere.input_value("#reply-text") == "王女士，师傅明天"
    assert await (await house.staff("孙主管", house.talk())).input_value("#reply-text") == ""
    assert len(await house.scene.values(Draft.id)) == 1


async def test_a_slash_finds_a_canned_reply_and_puts_it_in_without_sending(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    for typed in ("/wx", "/安排维修", "/yapwx"):
        await chen.fill("#reply-text", "")
        await chen.type("#reply-text", typed)
        await chen.wait_for_selector("#choices li[aria-selected=true]:has-text('已安排维修')")
        await chen.keyboard.press("Enter")
        text = await chen.input_value("#reply-text")
        assert text.startswith("王女士，已请工程师傅〔")
        assert "3栋2单元1502" in text
    assert await sent(house) == []


async def test_a_restart_of_the_server_loses_nothing_and_doubles_nothing(house: House) -> None:
    chen = await house.staff("小陈", house.talk())
    await writes(house.scene, "第一条")
    house.scene.app.state.feed.ring()
    await chen.wait_for_selector("#log .in:has-text('第一条')")
    listener = house.listener.dup()
    await house.stop()
    await writes(house.scene, "停机时的一条")
    house.listener = listener
    await house.start()
    await chen.wait_for_selector("#log .in:has-text('停机时的一条')")
    await writes(house.scene, "恢复后的一条")
    house.scene.app.state.feed.ring()
    await chen.wait_for_selector("#log .in:has-text('恢复后的一条')")
    texts = await chen.locator("#log .in .bubble").all_inner_texts()
    assert texts == ["第一条", "停机时的一条", "恢复后的一条"]


async def test_eight_tabs_of_one_browser_share_one_stream(house: House) -> None:
    first = await house.staff("小陈", house.talk())
    tabs = [first, *[await house.tab(first, house.talk()) for _ in range(7)]]
    await writes(house.scene, "大家都看得到吗")
    house.scene.app.state.feed.ring()
    for tab in tabs:
        await tab.wait_for_selector("#log .in:has-text('大家都看得到吗')")
    (followers,) = [len(house.scene.app.state.feed._followers)]
    assert followers == 1


async def test_an_answer_that_the_bot_computed_before_the_takeover_is_not_sent(house: House) -> None:
    conversation = house.desk.cast.conversations["王芳"]
    before = await house.scene.store.read(
        lambda session: session.execute(
            select(Conversation.version).where(Conversation.id == conversation)
        ).scalar_one()
    )
    chen = await house.staff("小陈", house.talk())
    await chen.click("form[data-turn=take_over] button")
    await chen.wait_for_selector("form[data-turn=hand_back]")
    late = update(Conversation).where(Conversation.id == conversation, Conversation.version == before).values(state={})
    changed = await house.scene.store.write(lambda session: session.execute(late).rowcount)  # type: ignore[attr-defined]
    assert changed == 0
    await chen.click("form[data-turn=hand_back] button")
    await chen.wait_for_selector("#log .marker:has-text('交还智能客服')")
    assert len([one for one in await house.scene.values(Message.reply_id) if one[0]]) == 2


async def test_a_promise_beside_a_reply_is_a_deadline_in_the_queue(house: House) -> None:
    card = await house.desk.open()
    chen = await house.staff("小陈", f"/staff/tickets/{card.id}")
    text = "王女士，配件缺货，工程组周师傅到货后上门更换，给您准信，谢谢您。"
    await chen.fill("#reply-text", text)
    promised = (house.scene.now + timedelta(hours=32)).strftime("%Y-%m-%dT%H:%M")
    await chen.fill("[name=promised_at]", promised)
    await chen.click("#reply .btn.main")
    await chen.wait_for_selector("#said:has-text('已发送')")
    await chen.goto(f"{house.base}/staff?view=mine")
    assert "承诺时限" in await chen.inner_text(f"#t{card.id}")


async def test_a_whole_case_by_keyboard_alone(house: House) -> None:
    card = await house.desk.open(summary="水龙头滴水")
    chen = await house.staff("小陈")
    keys = chen.keyboard
    await keys.press("j")
    await keys.press("Enter")
    await chen.wait_for_url(f"**/staff/tickets/{card.id}")
    await keys.press("t")
    await chen.wait_for_selector("form[data-turn=hand_back]")
    await keys.press("n")
    await keys.type("已电话确认")
    await keys.press("Tab")
    await keys.press("Enter")
    await chen.wait_for_selector("#log .note-msg:has-text('已电话确认')")
    await chen.wait_for_load_state()
    await keys.press("r")
    await keys.type(GOOD)
    await keys.press("Control+Enter")
    await chen.wait_for_selector("#said:has-text('已发送')")
    await keys.press("Escape")
    await chen.evaluate("document.activeElement.blur()")
    await keys.press("b")
    await chen.wait_for_selector("form[data-turn=take_over]")
    await keys.press("?")
    await chen.wait_for_selector("#keys[open]")
    await keys.press("Escape")
    await keys.press("Control+k")
    await keys.type("警情")
    await keys.press("Enter")
    await chen.wait_for_url("**/staff/alarms")
    # A key leads only where the member may go: an agent has no board, but an assistant.
    for key in "gtgh":
        await keys.press(key)
    await chen.wait_for_url("**/staff/assistant")
    assert await sent(house) == [GOOD]


async def test_an_alarm_rings_again_and_again_until_somebody_has_taken_it(house: House) -> None:
    card = await house.desk.open("emergency", "fire", summary="楼道冒烟")
    page = await house.staff("监控室", f"{house.base}/staff/alarms")
    await page.add_init_script(_COUNTS_TONES)
    await page.clock.install()
    await page.reload()
    await page.wait_for_selector(f"#a{card.id}.open")
    await page.mouse.click(2, 2)
    for _ in range(3):
        await page.clock.run_for(5_000)
    rung = await page.evaluate("window.rung")
    assert rung >= 9
    await page.click(f"#a{card.id} button")
    await page.wait_for_selector(f"#a{card.id}:not(.open)")
    await page.clock.run_for(30_000)
    assert await page.evaluate("window.rung") == 0
