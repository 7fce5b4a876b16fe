"""The board in the browser: figures with what is behind them, and giving away what runs out."""

import re

import pytest

from actions.board import Figure
from actions.tables import Severity, Ticket
from tests.actions.factories import HOUR
from tests.web.scene import Scene


async def test_each_figure_leads_to_the_tickets_behind_it(scene: Scene) -> None:
    card = await scene.desk.open(summary="水龙头<i>滴水")
    await scene.desk.open("emergency", "lift_trapped", summary="电梯困人", severity=Severity.ALARM)
    manager = await scene.staff("赵经理")
    page = (await manager.get("/staff/today")).text
    for figure in Figure:
        assert f"/staff/today?show={figure.value}" in page
    behind = (await manager.get("/staff/today?show=unassigned")).text
    assert f"/staff/tickets/{card.id}" in behind
    assert "<i>" not in behind
    assert (await manager.get("/staff/today?show=nonsense")).status_code == 200
    assert "没有。" in (await manager.get("/staff/today/piece?show=age_older")).text


async def test_what_runs_out_is_given_to_somebody_else_from_there(scene: Scene) -> None:
    card = await scene.desk.open()
    assert card.reply_due_at is not None
    scene.now = card.reply_due_at - HOUR
    supervisor = await scene.staff("孙主管")
    page = (await supervisor.get("/staff/today")).text
    form = re.search(r'action="/staff/today/assign"(.*?)</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[1]))
    assert hidden["ticket"] == str(card.id)
    to = {"staff_id": str(scene.desk.cast.staff["小陈"]), "reason": "快超时"}
    done = await supervisor.post("/staff/today/assign", data=hidden | to)
    assert done.headers["location"] == "/staff/today?told=done_assign"
    assert await scene.desk.ticket(card, Ticket.assignee_id) == scene.desk.cast.staff["小陈"]
    again = await supervisor.post("/staff/today/assign", data=hidden | to)
    assert again.headers["location"] == "/staff/today?told=changed"
    assert "有了变化" in (await supervisor.get(again.headers["location"])).text
    nobody = await supervisor.post("/staff/today/assign", data={"ticket": "x"})
    assert nobody.headers["location"] == "/staff/today?told=bulk_nothing"


@pytest.mark.parametrize("name", ["小陈", "老周", "监控室", "品质部", "管理员"])
async def test_who_does_not_lead_has_no_board(scene: Scene, name: str) -> None:
    card = await scene.desk.open()
    browser = await scene.staff(name)
    assert (await browser.get("/staff/today")).status_code == 403
    assert 'href="/staff/today"' not in (await browser.get("/staff/account")).text
    data = {"ticket": str(card.id), "staff_id": str(scene.desk.cast.staff["小陈"])}
    assert (await browser.post("/staff/today/assign", data=data)).status_code == 403
