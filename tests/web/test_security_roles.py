"""Every page for those who lead and every page of one's own: each role, other communities' rows, markup, numbers."""

import re

import httpx2
import pytest
from sqlalchemy import select, update

from actions.intake import Inbound, Upload, receive
from actions.tables import Attachment, Community, Contact, Conversation, Message, Resident, StaffSession, Ticket
from tests.conftest import NOW
from tests.web.scene import ROLES, Scene
from tests.web.test_logs import looked

XSS = "<img src=x onerror=alert(1)>\"'</textarea><script>alert(2)</script>"
PAGES = (
    "/staff/logs",
    "/staff/logs/record",
    "/staff/today",
    "/staff/today/piece",
    "/staff/account",
    "/staff/assistant",
)
# What each role gets of the pages above; then a look is begun, a ticket given away, somebody's codes taken away.
TABLE = {
    "小陈": (403, 403, 403, 403, 200, 200, 403, 403, 403),
    "老周": (403, 403, 403, 403, 200, 200, 403, 403, 403),
    "监控室": (403, 403, 403, 403, 200, 200, 403, 403, 403),
    "孙主管": (200, 403, 200, 200, 200, 200, 303, 303, 403),
    "赵经理": (200, 200, 200, 200, 200, 200, 303, 303, 403),
    "品质部": (200, 200, 403, 403, 200, 200, 303, 403, 403),
    "管理员": (403, 200, 403, 403, 200, 200, 403, 403, 303),
}


@pytest.mark.parametrize("name", ROLES)
async def test_each_role_gets_what_the_table_says_and_its_links_lead_nowhere_else(scene: Scene, name: str) -> None:
    card = await scene.desk.open()
    browser = await scene.staff(name)
    got = [(await browser.get(path)).status_code for path in PAGES]
    chen = scene.desk.cast.staff["小陈"]
    given = {"ticket": str(card.id), "staff_id": str(chen)}
    for path, data in (
        ("/staff/logs/look", {"reason": "核对"}),
        ("/staff/today/assign", given),
        (f"/staff/members/{chen}/totp/remove", {"reason": "核对了本人"}),
    ):
        got.append((await browser.post(path, data=data)).status_code)
    assert tuple(got) == TABLE[name]
    linked = set(
        re.findall(r'<a href="(/staff[^"]*)"', (await browser.get("/staff/account")).text.partition("</nav>")[0])
    )
    assert {(await browser.get(path)).status_code for path in sorted(linked)} == {200}


async def stranger(scene: Scene) -> tuple[int, int]:
    """A conversation of another community, and its message."""
    own = scene.desk.cast.community_id
    (other,) = [row[0] for row in await scene.values(Community.id) if row[0] != own]
    inbound = Inbound(other, "web", "elsewhere", "1", "别处的电梯", NOW)
    received = await scene.store.write(lambda s: receive(s, inbound, NOW))
    return received.conversation_id, received.message_id


async def test_another_communitys_rows_are_not_there(scene: Scene) -> None:
    talk, _message = await stranger(scene)
    browser, look = await looked(scene)
    for path in (f"/staff/logs/{talk}?look={look}", f"/staff/logs/{talk}/transcript?look={look}"):
        answer = await browser.get(path)
        assert answer.status_code == 404
        assert "别处的电梯" not in answer.text
    assert (await browser.post(f"/staff/logs/{talk}/export", data={"look": look})).status_code == 404
    found = await browser.get("/staff/logs", params={"look": look, "go": "1", "q": "电梯"})
    assert "别处的电梯" not in found.text
    given = {"ticket": str(talk), "staff_id": str(scene.desk.cast.staff["小陈"])}
    assert (await browser.post("/staff/today/assign", data=given)).headers["location"].endswith("told=changed")
    administrator = await scene.staff("管理员")
    sessions = [row[0] for row in await scene.values(StaffSession.id)]
    assert (await administrator.post(f"/staff/account/sessions/{min(sessions)}/end")).status_code == 404


@pytest.mark.parametrize("path", ["/staff/logs/{}", "/staff/logs/{}/transcript", "/staff/account/sessions/{}/end"])
async def test_a_number_that_no_row_has_says_nothing(scene: Scene, path: str) -> None:
    browser, look = await looked(scene)
    for number in (1, 2**63 - 1, 2**63, 10**30):
        method = "POST" if path.endswith("end") else "GET"
        answer = await browser.request(method, path.format(number), params={"look": look})
        assert answer.status_code == 404, number


async def test_the_look_of_a_colleague_opens_nothing(scene: Scene) -> None:
    _browser, look = await looked(scene, "赵经理")
    talk = scene.desk.cast.conversations["王芳"]
    other = await scene.staff("孙主管")
    assert "查阅原因" in (await other.get(f"/staff/logs/{talk}?look={look}")).text
    assert (await other.post(f"/staff/logs/{talk}/export", data={"look": look})).status_code == 422


async def test_nothing_that_a_resident_fills_in_becomes_markup(scene: Scene) -> None:
    card = await scene.desk.open(summary=XSS, place=XSS)
    photo = Upload("file", "a" * 64, "text/plain", 10, XSS)
    cast = scene.desk.cast
    inbound = Inbound(
        cast.community_id, "web", "王芳", "xss", f"电梯{XSS}", NOW, (photo,), quote=XSS, origin=XSS, display_name=XSS
    )
    await scene.store.write(lambda s: receive(s, inbound, NOW))
    await scene.alter(update(Contact).values(display_name=XSS))
    await scene.alter(update(Resident).values(name=XSS))
    await scene.alter(update(Ticket).values(place=XSS))
    browser, look = await looked(scene)
    talk = cast.conversations["王芳"]
    for path in (
        f"/staff/logs?look={look}&go=1&q=电梯", f"/staff/logs?look={look}&go=1&q=alert",
        f"/staff/logs/{talk}?look={look}", f"/staff/logs/{talk}/transcript?look={look}",
        "/staff/logs/record", "/staff/today", "/staff/today?show=open", "/staff/account",
    ):  # fmt: skip
        page = await browser.get(path)
        assert page.status_code == 200, path
        assert "<img src=x" not in page.text, path
        assert "<script>alert" not in page.text, path
        assert "</textarea><script" not in page.text, path
    assert card.number in (await browser.get("/staff/today?show=open")).text
    assert await scene.values(Attachment.name) == [(XSS,)]
    assert XSS in (await browser.post(f"/staff/logs/{talk}/export", data={"look": look})).text


@pytest.mark.parametrize("given", ["//evil.test", "https://evil.test", "/\\evil.test", "x\r\nlocation: //evil.test"])
async def test_no_address_or_field_leads_to_another_site(scene: Scene, given: str) -> None:
    browser, look = await looked(scene)
    answers: list[httpx2.Response] = [
        await browser.post("/staff/logs/look", data={"reason": "核对", "conversation": given, "next": given}),
        await browser.post("/staff/today/assign", data={"ticket": given, "staff_id": given, "back": given}),
        await browser.get("/staff/account", params={"done": given}),
        await browser.get("/staff/logs", params={"look": look, "go": "1", "q": given, "next": given}),
    ]
    assert all("evil" not in answer.headers.get("location", "") for answer in answers)
    assert f'href="{given}"' not in answers[-1].text


async def test_who_is_complained_about_reads_nothing_of_it_in_logs_board_or_record(scene: Scene) -> None:
    cast = scene.desk.cast
    inbound = Inbound(cast.community_id, "web", "王芳", "1", "孙主管骂人", NOW)
    await scene.store.write(lambda s: receive(s, inbound, NOW))
    card = await scene.desk.open("complaint", "service", summary="投诉孙主管", about_staff_id=cast.staff["孙主管"])
    browser, look = await looked(scene, "孙主管")
    talk = cast.conversations["王芳"]
    assert "骂人" not in (await browser.get(f"/staff/logs?look={look}&go=1&q=骂人")).text.replace('value="骂人"', "")
    assert (await browser.get(f"/staff/logs/{talk}?look={look}")).status_code == 404
    assert (await browser.post(f"/staff/logs/{talk}/export", data={"look": look})).status_code == 404
    assert card.number not in (await browser.get("/staff/today?show=open")).text
    held = await scene.store.read(lambda s: s.execute(select(Conversation.id).where(Conversation.id == talk)).scalar())
    assert held == talk
    assert len(await scene.values(Message.id)) == 1
