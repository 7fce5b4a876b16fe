"""The queue's page: views and filters in the address, saved views, bulk assignment, calls."""

import html
import re

import httpx2
import pytest

from actions import console
from actions.tables import Severity, Ticket
from tests.actions.test_holding import member
from tests.web.scene import Scene
from web.queue import filter_of, query_of


async def numbers(browser: httpx2.AsyncClient, **query: str) -> list[str]:
    """The ids of the tickets that a page shows."""
    return re.findall(r'id="t(\d+)"', (await browser.get("/staff", params=query)).text)


async def test_views_and_filters_are_in_the_address_and_the_tabs_count(scene: Scene) -> None:
    card = await scene.desk.open()
    other = await scene.desk.open("complaint", "noise", summary="楼上很吵", place="12栋902", room_id=None)
    browser = await scene.staff("小陈")
    assert await numbers(browser, view="complaints") == [str(other.id)]
    assert await numbers(browser, building="3栋") == [str(card.id)]
    assert await numbers(browser, q="很吵") == [str(other.id)]
    # The name of its category stands in the row, whatever the summary says.
    assert await numbers(browser, q="噪音") == [str(other.id)]
    assert await numbers(browser, q="投诉") == [str(other.id)]
    found = (await browser.get("/staff/find", params={"q": "噪音"})).json()
    assert [one["to"] for one in found] == [f"/staff/tickets/{other.id}"]
    page = (await browser.get("/staff", params={"view": "complaints", "q": "很吵"})).text
    assert re.search(r'href="/staff\?view=complaints&amp;q=[^"]*"[^>]*aria-current="true">投诉 <b>1</b>', page)
    assert 'data-piece="/staff/queue?view=complaints' in page
    assert await numbers(browser, view="<b>", kind="x'\"", page="-1", department="zz") == []


def test_an_address_is_read_and_written_the_same_and_nothing_else_comes_through() -> None:
    asked = {"view": "mine", "kind": "fee", "severity": "major", "department": "7", "building": "3栋", "q": " 漏水 "}
    chosen = filter_of(asked)
    assert filter_of({name: str(value) for name, value in query_of(chosen).items()}) == chosen
    assert query_of(filter_of({"view": "nothing", "severity": "huge", "page": "1", "evil": "x"})) == {}
    assert query_of(filter_of({"page": "3"})) == {"page": 3}
    assert query_of(filter_of({"page": "3", "kind": "fee"}), view="mine") == {"kind": "fee", "view": "mine"}


async def test_many_are_given_to_one_colleague_and_what_somebody_changed_is_left(scene: Scene) -> None:
    first, second = await scene.desk.open(), await scene.desk.open(summary="门铃")
    browser, zhou = await scene.staff("小陈"), scene.desk.cast.staff["老周"]
    boxes = dict(re.findall(r'name="(t\d+)" value="(\d+)"', (await browser.get("/staff")).text))
    assert len(boxes) == 2
    await scene.store.write(lambda s: console.note(s, member(scene.desk, "孙主管"), second.id, "先别派", scene.now))
    data = boxes | {"staff_id": str(zhou), "reason": "同一栋", "back": "view=unassigned"}
    done = await browser.post("/staff/queue/assign", data=data)
    assert done.headers["location"].startswith("/staff?view=unassigned&told=bulk_left")
    assert "已指派 1 张；另有 1 张" in (await browser.get(done.headers["location"])).text
    assert await scene.desk.ticket(first, Ticket.assignee_id) == zhou
    assert await scene.desk.ticket(second, Ticket.assignee_id) is None
    nothing = await browser.post("/staff/queue/assign", data={"staff_id": "1", "back": "next=//evil"})
    assert nothing.headers["location"] == "/staff?told=bulk_nothing"


@pytest.mark.parametrize("name", ["品质部", "管理员", "老周"])
async def test_who_may_not_assign_assigns_nothing_in_bulk(scene: Scene, name: str) -> None:
    card = await scene.desk.open()
    browser = await scene.staff(name)
    assert 'class="pick"' not in (await browser.get("/staff")).text
    await browser.post("/staff/queue/assign", data={f"t{card.id}": "1", "staff_id": str(scene.desk.cast.staff["老周"])})
    assert await scene.desk.ticket(card, Ticket.assignee_id) is None


async def test_a_view_is_kept_shown_and_dropped(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    data = {"name": "三栋<b>投诉", "back": "view=complaints&building=3%E6%A0%8B&next=x"}
    kept = await browser.post("/staff/views", data=data)
    assert kept.headers["location"] == "/staff?view=complaints&building=3%E6%A0%8B"
    page = (await browser.get("/staff")).text
    assert "三栋&lt;b&gt;投诉" in page
    assert "三栋&lt;b&gt;投诉" not in (await (await scene.staff("孙主管")).get("/staff")).text
    (drop,) = re.findall(r'action="(/staff/views/\d+/drop)"', page)
    await browser.post(drop)
    assert "投诉</a><form" not in (await browser.get("/staff")).text
    wrong = await browser.post("/staff/views", data={"name": "", "back": ""})
    assert "told=view_name" in wrong.headers["location"]


async def test_a_call_by_name_leads_to_the_ticket_until_it_was_noted(scene: Scene) -> None:
    card = await scene.desk.open()
    await (await scene.staff("小陈")).post(f"/staff/tickets/{card.id}/note", data={"text": "@孙主管 请看 <i>"})
    browser = await scene.staff("孙主管")
    page = (await browser.get("/staff")).text
    assert "小陈 叫您" in page
    assert "请看 &lt;i&gt;" in page
    assert 'data-waiting="1"' in page
    (take,) = re.findall(r'action="(/staff/mentions/\d+)"', page)
    await (await scene.staff("赵经理")).post(take)
    assert "小陈 叫您" in (await browser.get("/staff")).text
    await browser.post(take)
    assert "小陈 叫您" not in (await browser.get("/staff")).text


async def test_the_command_bar_finds_open_tickets_one_may_see(scene: Scene) -> None:
    card = await scene.desk.open(summary="水龙头<script>")
    await scene.desk.open("complaint", "staff", summary="水龙头和小陈", about_staff_id=scene.desk.cast.staff["小陈"])
    found = (await (await scene.staff("小陈")).get("/staff/find", params={"q": "水龙头"})).json()
    assert found == [
        {"title": f"{card.number} 水龙头<script>", "sample": "3栋2单元1502", "to": f"/staff/tickets/{card.id}"}
    ]
    for name in ("老周", "管理员"):
        assert (await (await scene.staff(name)).get("/staff/find", params={"q": "水龙头"})).json() == []
    assert (await (await scene.staff("小陈")).get("/staff/find")).json() == []


async def test_the_number_of_untaken_alarms_is_the_same_on_every_view(scene: Scene) -> None:
    await scene.desk.open("emergency", "lift_trapped", severity=Severity.ALARM, summary="困人")
    browser = await scene.staff("监控室")
    for query in ({}, {"view": "mine"}, {"q": "没有这个"}):
        assert 'data-alarms="1"' in html.unescape((await browser.get("/staff", params=query)).text)


@pytest.mark.parametrize(("hour", "quiet"), [(10, False), (23, True)])
async def test_the_page_says_when_it_is_quiet(scene: Scene, hour: int, quiet: bool) -> None:
    scene.now = scene.now.replace(hour=(hour - 8) % 24)
    assert ('data-quiet="1"' in (await (await scene.staff("小陈")).get("/staff")).text) is quiet
