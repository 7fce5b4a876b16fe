"""The logs in the browser: a reason first, then words and filters, the whole talk, transcripts, and the record."""

import re

import httpx2
import pytest

from actions.tables import AuditEntry
from tests.web.scene import Scene
from tests.web.test_tickets import writes

BAD = "<img src=x onerror=alert(1)>电梯\"'&"


async def looked(scene: Scene, name: str = "赵经理") -> tuple[httpx2.AsyncClient, str]:
    browser = await scene.staff(name)
    answer = await browser.post("/staff/logs/look", data={"reason": "核对投诉"})
    return browser, answer.headers["location"].partition("look=")[2]


async def test_nothing_is_shown_before_a_reason_is_given(scene: Scene) -> None:
    await writes(scene, "3栋A座的电梯又坏了")
    manager = await scene.staff("赵经理")
    talk = scene.desk.cast.conversations["王芳"]
    for path in ("/staff/logs", "/staff/logs?go=1&q=电梯", "/staff/logs?go=1&q=电梯&look=1", f"/staff/logs/{talk}"):
        page = await manager.get(path)
        assert page.status_code == 200
        assert "查阅原因" in page.text
        assert "电梯又坏了" not in page.text
    assert (await manager.get(f"/staff/logs/{talk}/transcript")).status_code == 422
    assert (await manager.post(f"/staff/logs/{talk}/export", data={"look": "1"})).status_code == 422
    assert (await manager.post("/staff/logs/look", data={"reason": " "})).status_code == 422


async def test_a_word_is_found_marked_and_leads_to_the_whole_talk(scene: Scene) -> None:
    card = await scene.desk.open("repair", "outage", summary="电梯坏了")
    await writes(scene, "3栋A座的电梯又坏了，我的电话13812345678")
    manager, look = await looked(scene)
    page = (await manager.get("/staff/logs", params={"look": look, "go": "1", "q": "3栋a座"})).text
    assert "<mark>3栋A座</mark>" in page
    assert "138****5678" in page
    assert "13812345678" not in page
    assert card.number in page
    to = re.search(r'href="(/staff/logs/\d+\?look=\d+)#s\d+"', page)
    assert to
    whole = (await manager.get(to[1])).text
    assert "电梯又坏了" in whole
    assert f"{card.number}</a> 智能客服登记" in whole
    assert "13812345678" not in whole


async def test_a_transcript_is_printed_and_exported_as_plain_text(scene: Scene) -> None:
    await writes(scene, BAD)
    manager, look = await looked(scene)
    talk = scene.desk.cast.conversations["王芳"]
    sheet = await manager.get(f"/staff/logs/{talk}/transcript?look={look}")
    assert "<img" not in sheet.text
    assert "核对投诉" in sheet.text
    file = await manager.post(f"/staff/logs/{talk}/export", data={"look": look})
    assert file.headers["content-type"].startswith("text/plain")
    assert file.headers["content-disposition"] == f'attachment; filename="conversation-{talk}.txt"'
    assert BAD in file.text
    assert "王芳" in file.text


async def test_every_look_is_on_record_for_managers_to_read(scene: Scene) -> None:
    await writes(scene, "电梯又坏了")
    supervisor, look = await looked(scene, "孙主管")
    talk = scene.desk.cast.conversations["王芳"]
    await supervisor.get("/staff/logs", params={"look": look, "go": "1", "q": "电梯", "since": "2026-11-01"})
    asked = {"look": look, "go": "1", "person": "13812345678", "label": "repair.outage", "staff": "1", "status": "open"}
    await supervisor.get("/staff/logs", params=asked | {"channel": "web", "breached": "1", "matter": "fee"})
    await supervisor.get(f"/staff/logs/{talk}?look={look}")
    await supervisor.post(f"/staff/logs/{talk}/export", data={"look": look})
    actions = [row[0] for row in await scene.values(AuditEntry.action, AuditEntry.id) if row[0].startswith("logs:")]
    assert sorted(actions) == ["logs:exported", "logs:opened", "logs:replayed", "logs:searched", "logs:searched"]
    manager = await scene.staff("赵经理")
    record = (await manager.get("/staff/logs/record?action=logs")).text
    for words in (
        "孙主管",
        "核对投诉",
        "取走会话记录",
        "字词：电梯",
        "条数：1",
        "从：2026-11-01",
        "理解为：停水停电",
        "138****5678",
    ):
        assert words in record
    assert "13812345678" not in record
    assert (await supervisor.get("/staff/logs/record")).status_code == 403


async def test_a_forbidden_phrase_that_was_sent_with_a_reason_is_read_by_managers(scene: Scene) -> None:
    agent = await scene.staff("小陈")
    talk = scene.desk.cast.conversations["王芳"]
    said = {"text": "这个不归我管。", "override": "住户要求原话", "conversation_version": "0"}
    assert (await agent.post(f"/staff/conversations/{talk}/reply", data=said)).status_code == 303
    manager = await scene.staff("赵经理")
    record = (await manager.get("/staff/logs/record?action=etiquette:overruled")).text
    assert "住户要求原话" in record
    assert "这个不归我管。" in record
    administrator = await scene.staff("管理员")
    unread = (await administrator.get("/staff/logs/record?action=etiquette:overruled")).text
    assert "住户要求原话" in unread
    assert "不归我管" not in unread


@pytest.mark.parametrize(
    "query",
    ["go=1&q=%00", "go=1&since=0001-01-01&until=9999-12-31", "go=1&staff=x&before=-1", "go=1&q=" + "电" * 500],
)
async def test_whatever_an_address_asks_for_is_answered(scene: Scene, query: str) -> None:
    manager, look = await looked(scene)
    assert (await manager.get(f"/staff/logs?look={look}&{query}")).status_code == 200
