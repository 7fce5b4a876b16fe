"""The page of messages that wait for a label: who opens it, what it shows, what it learns, and a new training."""

import io
import re
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from actions.intake import Inbound, receive
from actions.tables import AuditEntry, Message, Review, Role
from nlu.own import own_examples
from tests.conftest import NOW
from tests.web.scene import ROLES, Scene
from web.reviewing import TrainingState

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LEADERS = {Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}
SAID = "王芳：3栋1502的<b>那个</b>又响了，打13812345678"
SHOWN = "某某：XX栋XXX室的&lt;b&gt;那个&lt;/b&gt;又响了，打某电话"


async def unsure(scene: Scene, text: str = SAID) -> int:
    """A message that was read unsurely; its id."""
    inbound = Inbound(scene.desk.cast.community_id, "web", "王芳", text, text, NOW)
    received = await scene.store.write(lambda session: receive(session, inbound, NOW))
    read = {"intent": "repair", "category": "drain", "confidence": 0.31, "unsure": True}
    await scene.alter(update(Message).where(Message.id == received.message_id).values(understanding=read))
    return received.message_id


def learned(scene: Scene) -> str:
    return "".join(own_examples(scene.uploads.parent / "home").values())


@pytest.mark.parametrize("name", ROLES)
async def test_only_those_who_edit_content_open_it_and_change_anything(scene: Scene, name: str) -> None:
    message_id = await unsure(scene)
    browser, leads = await scene.staff(name), ROLES[name] in _LEADERS
    for path in ("/staff/review", "/staff/review/sheet"):
        assert (await browser.get(path)).status_code == (200 if leads else 403)
    given = {"ids": str(message_id), "text": "那个又响了，楼道里的", "label": "repair.public_facility"}
    assert (await browser.post("/staff/review", data=given)).status_code == (303 if leads else 403)
    assert (await browser.post("/staff/review/train")).status_code == (303 if leads else 403)
    nothing = await browser.post("/staff/review/sheet", data={"x": "1"})
    assert nothing.status_code == (422 if leads else 403)
    assert len(await scene.values(Review.id)) == (1 if leads else 0)
    assert scene.training.begun == (1 if leads else 0)
    assert ("那个又响了" in learned(scene)) is leads


async def test_messages_are_shown_without_personal_data_and_each_look_is_on_record(scene: Scene) -> None:
    await unsure(scene)
    await unsure(scene, "是这个吗")
    browser = await scene.staff("孙主管")
    text = (await browser.get("/staff/review")).text
    assert SHOWN in text
    assert "13812345678" not in text
    assert '<option value="repair.drain" selected>报修 · 下水排污</option>' in text
    assert "没把握；系统理解为：报修 · 下水排污（把握31%）" in text
    assert ("review:listed", {"messages": 2}) in await scene.values(AuditEntry.action, AuditEntry.detail)
    record = await (await scene.staff("赵经理")).get("/staff/logs/record?action=review")
    assert "查看待复核的留言" in record.text
    assert "/staff/review" in (await browser.get("/staff/office")).text


async def test_a_label_is_learned_once_and_a_line_may_be_passed_over(scene: Scene) -> None:
    first, second = await unsure(scene), await unsure(scene, "是这个吗")
    browser = await scene.staff("孙主管")
    given = {"ids": str(first), "text": "XX栋那个灯箱又响了", "label": "repair.public_facility"}
    answer = await browser.post("/staff/review", data=given, follow_redirects=True)
    assert "下次训练就会学到" in answer.text
    assert SHOWN not in answer.text
    answer = await browser.post(
        "/staff/review", data={"ids": str(second), "text": "是这个吗", "do": "pass"}, follow_redirects=True
    )
    assert "已跳过" in answer.text
    assert "没有等待复核的留言" in answer.text
    assert "- XX栋那个灯箱又响了" in learned(scene)
    assert "是这个吗" not in learned(scene)
    assert sorted(await scene.values(Review.message_id, Review.label)) == [
        (first, "repair.public_facility"),
        (second, ""),
    ]


@pytest.mark.parametrize(
    ("text", "label", "told"),
    [
        ("打13812345678", "repair.drain", "还有个人信息，请换成“某电话”“XXX室”这样的记号：13812345678"),
        ("堵了", "repair.nothing", "没有这个类别"),
        ("？？", "repair.drain", "原话里没有字"),
    ],
)
async def test_what_cannot_be_learned_is_told_beside_what_was_typed(
    scene: Scene, text: str, label: str, told: str
) -> None:
    message_id = await unsure(scene)
    browser = await scene.staff("孙主管")
    answer = await browser.post("/staff/review", data={"ids": str(message_id), "text": text, "label": label})
    assert answer.status_code == 422
    assert told in answer.text
    assert f">{text}</textarea>" in answer.text
    assert (learned(scene), await scene.values(Review.id)) == ("", [])


async def test_a_message_that_is_not_there_and_a_line_without_a_label_change_nothing(scene: Scene) -> None:
    browser = await scene.staff("孙主管")
    answer = await browser.post("/staff/review", data={"ids": "77 x", "text": "堵了没水了", "label": "repair.drain"})
    assert answer.status_code == 422
    assert "没有这条留言" in answer.text
    assert (await browser.post("/staff/review", data={"ids": "77", "text": "堵了"})).status_code == 303
    assert (learned(scene), await scene.values(Review.id)) == ("", [])


def sheet(filled: bytes, **cells: str) -> dict[str, Any]:
    book = load_workbook(io.BytesIO(filled))
    for place, value in cells.items():
        book.worksheets[0][place] = value
    made = io.BytesIO()
    book.save(made)
    return {"sheet": ("复核.xlsx", made.getvalue(), _XLSX)}


async def test_a_sheet_goes_out_and_comes_back_all_or_nothing(scene: Scene) -> None:
    await unsure(scene)
    await unsure(scene, "是这个吗")
    browser = await scene.staff("孙主管")
    out = (await browser.get("/staff/review/sheet")).content
    assert ("review:exported", {"messages": 2, "days": 30}) in await scene.values(AuditEntry.action, AuditEntry.detail)
    bad = await browser.post("/staff/review/sheet", files=sheet(out, H2="报修 · 电梯", H3="没有的类别"))
    assert bad.status_code == 422
    assert re.search("<td>3</td><td>没有这个类别</td><td>没有的类别</td>", bad.text)
    assert learned(scene) == ""
    good = await browser.post("/staff/review/sheet", files=sheet(out, H2="跳过", H3="报修 · 公共设施"))
    assert good.status_code == 200, good.text
    assert "新记下1条，原来就会0条，跳过1条" in good.text
    assert "没有等待复核的留言" in good.text
    other = {"sheet": ("a.xlsx", b"no sheet", _XLSX)}
    assert "不是 Excel 表格" in (await browser.post("/staff/review/sheet", files=other)).text


async def test_a_training_is_begun_once_and_its_end_is_told(scene: Scene) -> None:
    browser = await scene.staff("管理员")
    assert "已开始训练" in (await browser.post("/staff/review/train", follow_redirects=True)).text
    await browser.post("/staff/review/train")
    assert scene.training.begun == 1
    assert [action for (action,) in await scene.values(AuditEntry.action)].count("review:trained") == 1
    scene.training.state, scene.training.told = TrainingState.REFUSED, ("worse: accuracy <falls>",)
    text = (await browser.get("/staff/review")).text
    assert "没有启用，仍用原来的" in text
    assert "worse: accuracy &lt;falls&gt;" in text
    scene.training.state = TrainingState.ACCEPTED
    assert "新模型已启用" in (await browser.get("/staff/review")).text
