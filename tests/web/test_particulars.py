"""What is put on record at a ticket's page: whom it is about, an authority's number, whose a fault is, the pauses."""

from datetime import timedelta

import pytest

from actions.tables import Ticket
from tests.actions.factories import HOUR
from tests.web.scene import Scene
from tests.web.test_tickets import at, hidden


async def test_each_is_recorded_shown_and_has_its_consequence(scene: Scene) -> None:
    card = await scene.desk.open("repair", "water_pipe")
    browser = await scene.staff("孙主管")
    limit = (scene.now + 6 * HOUR + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    for verb, fields in (
        ("outside", {"reference": "20261123-00077", "limit_at": limit}),
        ("responsible", {"responsible": "developer", "reason": "在保修期内"}),
        ("about", {"about": str(scene.desk.cast.staff["老周"]), "reason": "住户点名"}),
    ):
        page = (await browser.get(at(card))).text
        answer = await browser.post(at(card, verb), data=hidden(page, verb) | fields)
        assert answer.status_code == 303, verb
    page = (await browser.get(at(card))).text
    for words in ("20261123-00077", "前办结", "开发商（保修期）", "登记被投诉人：老周", "登记外部单号", "登记责任："):
        assert words in page
    assert await scene.desk.ticket(card, Ticket.about_staff_id) == scene.desk.cast.staff["老周"]
    assert (await (await scene.staff("老周")).get(at(card))).status_code == 404


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("about", {"about": ""}),
        ("about", {"about": "12345"}),
        ("outside", {"reference": "找过"}),
        ("outside", {"reference": "20261123-00077", "limit_at": "2020-01-01T08:00"}),
        ("responsible", {"responsible": "nobody", "reason": "x"}),
        ("responsible", {"responsible": "developer", "reason": ""}),
    ],
)
async def test_what_cannot_be_recorded_is_refused(scene: Scene, verb: str, fields: dict[str, str]) -> None:
    card = await scene.desk.open("repair", "water_pipe")
    browser = await scene.staff("孙主管")
    page = (await browser.get(at(card))).text
    assert (await browser.post(at(card, verb), data=hidden(page, verb) | fields)).status_code == 422
    assert await scene.desk.ticket(card, Ticket.reference, Ticket.about_staff_id) == ("", None)


async def test_a_matter_that_an_authority_hands_on_is_registered_with_its_number_and_limit(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    read = await browser.post("/staff/new", data={"text": "12345工单号：20261123000077，3栋楼下噪音"})
    assert 'value="20261123000077"' in read.text
    limit = (scene.now + 5 * HOUR + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    form = {"open": "1", "origin": "authority", "matter": "complaint.noise", "summary": "楼下噪音"}
    about = {"about": str(scene.desk.cast.staff["孙主管"]), "reference": "20261123000077", "limit_at": limit}
    assert (await browser.post("/staff/new", data=form | about)).status_code == 303
    assert await scene.values(Ticket.reference, Ticket.about_staff_id, Ticket.outside_due_at) == [
        ("20261123000077", scene.desk.cast.staff["孙主管"], scene.now + 5 * HOUR)
    ]
