"""The check of a member's words knows how the matter stands: what is on record, who is late, who else is in it."""

import re
from datetime import timedelta

from actions import handling, merging
from actions.conversations import Words, say
from tests.conftest import NOW
from tests.web.scene import Scene
from tests.web.test_talk import talk
from tests.web.test_tickets import JSON, at, writes


async def test_what_is_on_record_may_be_said_and_what_is_not_needs_a_reason(scene: Scene) -> None:
    card = await scene.desk.open(summary="水龙头滴水")
    browser = await scene.staff("小陈")

    async def rules_of(text: str, path: str = at(card), **more: str) -> set[str]:
        answer = await browser.post(f"{path}/check", data={"text": text, **more}, headers=JSON)
        return set(re.findall(r'title="(A\d+\.\w+)', answer.json()["html"]))

    assert "A11.unrecorded" not in await rules_of("王女士，已登记，谢谢您。")
    assert "A11.unrecorded" in await rules_of("王女士，已登记，谢谢您。", talk(scene, "李强"))
    accepted = "王女士，师傅已接单，谢谢您。"
    assert "A11.unrecorded" in await rules_of(accepted)
    chen = scene.desk.cast.staff["小陈"]
    await scene.desk.do(handling.assign, scene.desk.staff("小陈"), card, staff_id=chen, reason="")
    assert "A11.unrecorded" not in await rules_of(accepted)
    done = "王女士，水龙头已经修好了，谢谢您。"
    assert "A11.unrecorded" not in await rules_of(done)
    await scene.desk.do(
        handling.assign, scene.desk.staff("孙主管"), card, staff_id=scene.desk.cast.staff["孙主管"], reason=""
    )
    assert "A11.unrecorded" in await rules_of(done)
    assert "A11.unrecorded" not in await rules_of(done, concludes="1")
    assert "A7.closing" in await rules_of("王女士，水龙头是阀芯老化，请放心。", concludes="1")


async def test_whoever_waited_too_long_is_first_told_that_we_are_sorry(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    text = "王女士，水龙头是阀芯老化，物业免费更换，谢谢您。"
    early = (await browser.post(at(card, "check"), data={"text": text}, headers=JSON)).json()
    assert early["blocked"] is False
    assert card.reply_due_at is not None
    scene.now = card.reply_due_at + timedelta(minutes=1)
    await scene.desk.enforce_all(scene.now)
    browser = await scene.staff("小陈")
    late = (await browser.post(at(card, "check"), data={"text": text}, headers=JSON)).json()
    assert late["blocked"] is True
    assert "A4.apology" in late["html"]
    sorry = (await browser.post(at(card, "check"), data={"text": f"对不起，{text}"}, headers=JSON)).json()
    assert "A4.apology" not in sorry["html"]


async def test_the_desk_that_is_closed_names_its_hours_and_others_are_not_named(scene: Scene) -> None:
    card = await scene.desk.open("complaint", "noise", summary="楼上吵")
    other = await scene.desk.open(
        "complaint", "noise", resident_id=scene.desk.cast.residents["李强"], place="12栋902", conversation_id=None
    )
    await scene.desk.do(merging.link, scene.desk.staff("孙主管"), card, other_id=other.id)
    browser = await scene.staff("小陈")

    async def html_of(text: str) -> str:
        return str((await browser.post(at(card, "check"), data={"text": text}, headers=JSON)).json()["html"])

    assert "A12.other_resident" in await html_of("王女士，12栋902的李强先生也反映过，谢谢您。")
    assert "A10.contact" not in await html_of("王女士，请您到前台办理，谢谢您。")
    scene.now = NOW.replace(hour=13, minute=30)  # half past nine in the evening
    assert "A10.contact" in await html_of("王女士，请您到前台办理，谢谢您。")
    assert "A1.hour" in await html_of("王女士，早上好，请您放心，谢谢您。")


async def test_whoever_steps_into_a_running_talk_asks_pardon(scene: Scene) -> None:
    await writes(scene, "物业费怎么交")
    community, conversation = scene.desk.cast.community_id, scene.desk.cast.conversations["王芳"]
    words = Words("您好，物业费可以在线交。", reply_id="fee.how")
    await scene.store.write(lambda s: say(s, community, conversation, words, scene.now))
    browser = await scene.staff("小陈")
    text = {"text": "王女士，水龙头是阀芯老化，谢谢您。"}
    at_once = (await browser.post(f"{talk(scene)}/check", data=text, headers=JSON)).json()
    assert "A9.pardon" in at_once["html"]
    scene.now += timedelta(minutes=20)
    later = (await browser.post(f"{talk(scene)}/check", data=text, headers=JSON)).json()
    assert "A9.pardon" not in later["html"]
