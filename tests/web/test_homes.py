"""The console's pages about homes: codes, requests to be bound, move-outs."""

import re
from typing import Any

import pytest

from actions.binding_requests import NewRequest, ask_binding
from actions.contacts import known
from actions.tables import AuditEntry, Binding, BindingCode, BindingRequest, BindingRole, RequestState, Role
from tests.actions.factories import add_conversation
from tests.conftest import NOW
from tests.web.scene import ROLES, Scene

_DESK = {Role.AGENT, Role.SUPERVISOR, Role.MANAGER}


async def _asked(scene: Scene, *, name: str = "周敏", phone: str | None = None) -> int:
    """A stranger's request; its id."""
    desk = scene.desk
    community = desk.cast.community_id
    contact, conversation = await scene.store.write(lambda s: add_conversation(s, community, "stranger", None))
    card = await desk.open("inquiry", None, conversation_id=conversation, resident_id=None, room_id=None)
    new = NewRequest(card.id, desk.cast.rooms["王芳"], "3栋2单元1502", BindingRole.TENANT, name, phone)
    return await scene.store.write(lambda s: ask_binding(s, community, contact, new, NOW))


@pytest.mark.parametrize("name", ROLES)
async def test_only_the_desk_looks_after_homes(scene: Scene, name: str) -> None:
    wish, room = await _asked(scene), scene.desk.cast.rooms["王芳"]
    browser = await scene.staff(name)
    allowed = ROLES[name] in _DESK
    for path in ("/staff/homes", f"/staff/homes/{room}"):
        assert (await browser.get(path)).status_code == (200 if allowed else 403), path
    posts: dict[str, dict[str, Any]] = {
        f"/staff/homes/{room}/codes": {"resident_id": scene.desk.cast.residents["王芳"], "role": "owner"},
        f"/staff/homes/{room}/end": {"resident_id": scene.desk.cast.residents["王芳"], "reason": "搬走"},
        f"/staff/bindings/{wish}/refuse": {"reason": "对不上"},
    }
    for path, data in posts.items():
        assert (await browser.post(path, data=data)).status_code == (303 if allowed else 403) or (
            path.endswith("codes") and allowed
        ), path
    assert (await scene.values(BindingRequest.state))[0][0] is (
        RequestState.REFUSED if allowed else RequestState.WAITING
    )


async def test_nobody_opens_them_without_signing_in(scene: Scene) -> None:
    answer = await scene.browser().get("/staff/homes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in?next=%2Fstaff%2Fhomes")


async def test_a_code_is_shown_once_on_a_slip(scene: Scene) -> None:
    browser, room = await scene.staff("小陈"), scene.desk.cast.rooms["王芳"]
    answer = await browser.post(
        f"/staff/homes/{room}/codes", data={"resident_id": scene.desk.cast.residents["王芳"], "role": "owner"}
    )
    assert answer.status_code == 200
    (code,) = re.findall(r'class="code">([A-Z0-9]{4}-[A-Z0-9]{2})<', answer.text)
    assert "3栋2单元1502" in answer.text
    home = (await browser.get(f"/staff/homes/{room}")).text
    assert "未使用的绑定码" in home
    assert code not in home
    assert code.replace("-", "") not in str(await scene.values(BindingCode.code_hash))


async def test_a_new_person_is_put_on_record_with_a_code_or_told_what_is_missing(scene: Scene) -> None:
    browser, room = await scene.staff("小陈"), scene.desk.cast.rooms["王芳"]
    path = f"/staff/homes/{room}/codes"
    whole = {"name": "周敏", "title": "女士", "phone": "137 0000 0001", "role": "tenant"}
    assert "周敏（租户）" in (await browser.post(path, data=whole)).text
    for wrong, told in (
        ({"name": ""}, "请写明姓名"),
        ({"role": "king"}, "请选择身份"),
        ({"name": "别人", "phone": "13812346688"}, "登记的是另一位住户"),
    ):
        answer = await browser.post(path, data=whole | wrong)
        assert (answer.status_code, told in answer.text) == (422, True), wrong


async def test_a_home_shows_its_people_with_masked_numbers(scene: Scene) -> None:
    browser, room = await scene.staff("小陈"), scene.desk.cast.rooms["王芳"]
    text = (await browser.get(f"/staff/homes/{room}")).text
    assert "王芳女士" in text
    assert "138****6688" in text
    assert "13812346688" not in text
    assert (await browser.get("/staff/homes/5")).status_code == 404
    assert ("home:seen",) in await scene.values(AuditEntry.action)


async def test_a_home_is_searched_by_its_address(scene: Scene) -> None:
    browser, room = await scene.staff("小陈"), scene.desk.cast.rooms["王芳"]
    assert f"/staff/homes/{room}" in (await browser.get("/staff/homes?q=3-2-1502")).text
    assert "没有找到" in (await browser.get("/staff/homes?q=99栋<b>")).text


async def test_slips_of_a_building_are_for_those_who_are_not_reached(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    building = scene.desk.cast.buildings["3栋"]
    answer = await browser.post("/staff/homes/slips", data={"building": building})
    assert (answer.status_code, "没有需要发码的住户" in answer.text) == (422, True)


async def test_a_request_is_approved_and_the_resident_is_told(scene: Scene) -> None:
    wish = await _asked(scene)
    browser = await scene.staff("小陈")
    page = (await browser.get("/staff/homes")).text
    assert "自述租户" in page
    assert "电话不一致" in page
    data = {"room_id": scene.desk.cast.rooms["王芳"], "resident_id": "", "name": "周敏", "role": "tenant"}
    answer = await browser.post(f"/staff/bindings/{wish}/approve", data=data)
    assert answer.headers["location"] == "/staff/homes?done=done_bound"
    told = "\n".join(text for way, text in await scene.messages() if way == "out")
    assert "已绑定3栋2单元1502（租户）" in told
    contacts = await scene.values(BindingRequest.contact_id)
    person = await scene.store.read(lambda s: known(s, scene.desk.cast.community_id, contacts[0][0]))
    assert [home.role for home in person.homes] == [BindingRole.TENANT]
    again = await browser.post(f"/staff/bindings/{wish}/approve", data=data)
    assert (again.status_code, "已经有同事处理过" in again.text) == (409, True)


async def test_a_request_is_refused_with_the_reason_that_the_resident_hears(scene: Scene) -> None:
    wish = await _asked(scene)
    browser = await scene.staff("小陈")
    assert (await browser.post(f"/staff/bindings/{wish}/refuse", data={"reason": " "})).status_code == 422
    await browser.post(f"/staff/bindings/{wish}/refuse", data={"reason": "姓名和档案不一致"})
    told = "\n".join(text for way, text in await scene.messages() if way == "out")
    assert "姓名和档案不一致" in told


async def test_at_move_out_the_tie_ends_and_it_goes_on_record(scene: Scene) -> None:
    browser, cast = await scene.staff("小陈"), scene.desk.cast
    room, resident = cast.rooms["王芳"], cast.residents["王芳"]
    path = f"/staff/homes/{room}/end"
    assert (await browser.post(path, data={"resident_id": resident, "reason": ""})).status_code == 422
    answer = await browser.post(path, data={"resident_id": resident, "reason": "退租搬走"})
    assert answer.headers["location"] == f"/staff/homes/{room}?done=done_unbound"
    assert "已解除绑定" in (await browser.get(answer.headers["location"])).text
    assert [until is None for (until,) in await scene.values(Binding.until)].count(False) == 1
    assert ("binding:ended", "退租搬走") in await scene.values(AuditEntry.action, AuditEntry.reason)
