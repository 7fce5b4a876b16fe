"""The page of what else a person has to see to: what did not arrive, group complaints, alerts put together."""

from datetime import timedelta

import pytest

from actions.conversations import Words, say
from actions.intake import reach
from actions.store import Session
from actions.tables import AuditEntry, Author, OutboxRow, OutboxState, TicketEvent
from tests.actions.factories import add_conversation
from tests.actions.world import add_room
from tests.conftest import NOW
from tests.web.scene import ON_BOTH, ROLES, Scene

SEES = {"小陈": 200, "老周": 200, "监控室": 200, "孙主管": 200, "赵经理": 200, "品质部": 200, "管理员": 403}


async def given_up(scene: Scene) -> int:
    """A message that did not arrive; its row."""
    community_id = scene.desk.cast.community_id

    def run(session: Session) -> int:
        conversation_id, _ = reach(session, community_id, "sms", "138", NOW)
        say(session, community_id, conversation_id, Words("<b>您好</b>，明天停水", author=Author.BOT), NOW)
        row = session.query(OutboxRow).one()
        row.state, row.next_attempt_at, row.last_error = OutboxState.GIVEN_UP, None, "blocked"
        return row.id

    return await scene.store.write(run)


async def group(scene: Scene, homes: int = 5) -> list[int]:
    """So many homes with one complaint; their tickets."""
    cast = scene.desk.cast

    def rooms(session: Session) -> list[tuple[int, int]]:
        found = []
        for number in range(homes):
            room = add_room(session, cast.community_id, cast.buildings["3栋"], None, f"{number}01")
            found.append((room, add_conversation(session, cast.community_id, f"g{number}", None)[1]))
        return found

    return [
        (await scene.desk.open("complaint", "noise", room_id=room, conversation_id=conversation)).id
        for room, conversation in await scene.store.write(rooms)
    ]


@pytest.mark.parametrize("name", ROLES)
async def test_each_role_opens_it_or_not(scene: Scene, name: str) -> None:
    assert (await (await scene.staff(name)).get("/staff/follow-up")).status_code == SEES[name]


@ON_BOTH
async def test_a_message_that_did_not_arrive_is_sent_again_by_a_person(scene: Scene) -> None:
    row = await given_up(scene)
    browser = await scene.staff("小陈")
    page = (await browser.get("/staff/follow-up")).text
    assert "没有送达" in page
    assert "&lt;b&gt;您好" in page
    assert (await browser.post(f"/staff/outbox/{row}/release")).status_code == 303
    assert await scene.values(OutboxRow.state, OutboxRow.attempts) == [(OutboxState.PENDING, 0)]
    assert ("outbox:released",) in await scene.values(AuditEntry.action)
    assert (await browser.post(f"/staff/outbox/{row}/release")).status_code == 404


async def test_who_told_the_resident_otherwise_says_how(scene: Scene) -> None:
    row = await given_up(scene)
    browser = await scene.staff("小陈")
    assert (await browser.post(f"/staff/outbox/{row}/settle", data={"reason": " "})).status_code == 422
    done = await browser.post(f"/staff/outbox/{row}/settle", data={"reason": "电话告知"})
    assert done.status_code == 303
    assert await scene.values(OutboxRow.state) == [(OutboxState.SENT,)]
    assert ("outbox:settled", "电话告知") in await scene.values(AuditEntry.action, AuditEntry.reason)


@pytest.mark.parametrize("name", ["老周", "品质部", "管理员"])
async def test_who_may_not_write_to_residents_neither_sees_nor_sends_it(scene: Scene, name: str) -> None:
    row = await given_up(scene)
    browser = await scene.staff(name)
    assert "明天停水" not in (await browser.get("/staff/follow-up")).text
    for verb in ("release", "settle"):
        assert (await browser.post(f"/staff/outbox/{row}/{verb}", data={"reason": "x"})).status_code == 403


async def test_a_row_of_another_community_is_not_there(scene: Scene) -> None:
    await given_up(scene)
    browser = await scene.staff("小陈")
    assert (await browser.post("/staff/outbox/1/release")).status_code == 404


@ON_BOTH
async def test_the_manager_answers_all_homes_of_a_group_in_one_wording(scene: Scene) -> None:
    tickets = await group(scene)
    manager = await scene.staff("赵经理")
    assert "5户反映，5户等待答复" in (await manager.get("/staff/follow-up")).text
    text = "您好，经现场核实，施工已经停止，给您添麻烦了，非常抱歉。"
    done = await manager.post(f"/staff/groups/{tickets[0]}/answer", data={"text": text})
    assert done.status_code == 303
    said = [words for way, words in await scene.messages() if way == "out"]
    assert said.count(text) == 5
    kinds = [kind for (kind,) in await scene.values(TicketEvent.kind)]
    assert kinds.count("ticket:replied") == 5
    assert "没有等待答复的群诉" in (await manager.get("/staff/follow-up")).text


async def test_a_rude_or_empty_word_reaches_no_home(scene: Scene) -> None:
    tickets = await group(scene)
    manager = await scene.staff("赵经理")
    for text in ("", "不归我管，你自己看着办"):
        answer = await manager.post(f"/staff/groups/{tickets[0]}/answer", data={"text": text})
        assert answer.status_code == 422
    assert not [words for way, words in await scene.messages() if way == "out"]


async def test_nobody_but_the_manager_answers_a_group(scene: Scene) -> None:
    tickets = await group(scene)
    sun = await scene.staff("孙主管")
    assert "由项目经理统一答复" in (await sun.get("/staff/follow-up")).text
    answer = await sun.post(f"/staff/groups/{tickets[0]}/answer", data={"text": "您好，经核实已处理，谢谢您。"})
    assert answer.status_code == 403


async def test_alerts_that_came_together_are_one_entry(scene: Scene) -> None:
    for _ in range(4):
        await scene.desk.open("complaint", "other")
    await scene.desk.enforce_all(NOW + timedelta(minutes=15))
    page = (await (await scene.staff("孙主管")).get("/staff/follow-up")).text
    assert "升级（4件）" in page


async def test_a_year_whose_holidays_are_not_known_is_told_to_those_who_can_enter_them(scene: Scene) -> None:
    warning = "2027年的放假和调休安排还没有录入"
    assert warning in (await (await scene.staff("赵经理")).get("/staff/follow-up")).text
    assert warning not in (await (await scene.staff("小陈")).get("/staff/follow-up")).text
