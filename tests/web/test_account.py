"""A member's own account: where they are signed in, the second factor, and its recovery."""

import re
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from actions.store import Store
from actions.tables import AuditEntry, Staff, StaffSession
from actions.totp import code_at, step_of
from tests.web.scene import ON_BOTH, PASSWORD, Scene, login, open_scene
from web.deps import Limits, WebSettings


async def enrol(scene: Scene, browser: httpx2.AsyncClient) -> str:
    """Switch the second factor on; the secret."""
    await browser.post("/staff/account/totp")
    page = (await browser.get("/staff/account")).text
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found
    assert "<svg" in page
    done = await browser.post("/staff/account/totp/confirm", data={"code": code(scene, found[1])})
    assert done.status_code == 303
    return found[1]


def code(scene: Scene, secret: str, steps: int = 0) -> str:
    return code_at(secret, step_of(scene.now) + steps)


async def sign_in(scene: Scene, name: str, one_time: str = "") -> int:
    data = {"login": login(name), "password": PASSWORD, "one_time": one_time}
    return (await scene.browser().post("/staff/sign-in", data=data)).status_code


@ON_BOTH
async def test_with_a_second_factor_the_password_alone_signs_nobody_in(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    secret = await enrol(scene, browser)
    assert "已启用" in (await browser.get("/staff/account")).text
    assert secret not in (await browser.get("/staff/account")).text
    assert await sign_in(scene, "小陈") == 403
    assert await sign_in(scene, "小陈", "000000") == 403
    # The code that switched it on was used.
    assert await sign_in(scene, "小陈", code(scene, secret)) == 403
    scene.now += timedelta(minutes=1)
    assert await sign_in(scene, "小陈", code(scene, secret)) == 303
    assert await sign_in(scene, "小陈", code(scene, secret)) == 403
    assert await sign_in(scene, "孙主管") == 303


async def test_a_wrong_first_code_switches_nothing_on_and_it_can_be_let_be(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    await browser.post("/staff/account/totp")
    refused = await browser.post("/staff/account/totp/confirm", data={"code": "123"})
    assert refused.status_code == 422
    assert "动态验证码不对" in refused.text
    await browser.post("/staff/account/totp/remove")
    assert "开始启用" in (await browser.get("/staff/account")).text
    assert await sign_in(scene, "小陈") == 303


async def test_it_is_switched_off_by_a_code_alone(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    secret = await enrol(scene, browser)
    assert (await browser.post("/staff/account/totp/remove", data={"code": "000000"})).status_code == 422
    assert (await browser.post("/staff/account/totp")).status_code == 422
    scene.now += timedelta(minutes=1)
    assert (await browser.post("/staff/account/totp/remove", data={"code": code(scene, secret)})).status_code == 303
    assert await sign_in(scene, "小陈") == 303


async def test_an_administrator_takes_it_away_with_a_reason_on_record(scene: Scene) -> None:
    await enrol(scene, await scene.staff("小陈"))
    chen = scene.desk.cast.staff["小陈"]
    path = f"/staff/members/{chen}/totp/remove"
    for name in ("小陈", "孙主管", "赵经理", "品质部"):
        if name != "小陈":
            assert (await (await scene.staff(name)).post(path, data={"reason": "丢了手机"})).status_code == 403
    administrator = await scene.staff("管理员")
    assert "小陈" in (await administrator.get("/staff/account")).text
    assert (await administrator.post(path, data={"reason": " "})).status_code == 422
    assert (await administrator.post(path, data={"reason": "当面核对了工牌"})).status_code == 303
    assert await sign_in(scene, "小陈") == 303
    rows = await scene.values(AuditEntry.action, AuditEntry.subject_id, AuditEntry.reason)
    assert ("staff:totp_recovered", chen, "当面核对了工牌") in rows
    own = scene.desk.cast.staff["管理员"]
    assert (await administrator.post(f"/staff/members/{own}/totp/remove", data={"reason": "x"})).status_code == 422
    assert (await administrator.post("/staff/members/1/totp/remove", data={"reason": "x"})).status_code == 404


async def test_codes_cannot_be_tried_out_even_from_many_addresses(store: Store, tmp_path: Path) -> None:
    limits = Limits(sign_in_attempts=3, sign_in_per_minute=0.5, address_sign_ins=500)
    scene = await open_scene(store, tmp_path, WebSettings(limits=limits))
    secret = await enrol(scene, await scene.staff("小陈"))
    scene.now += timedelta(minutes=1)
    data = {"login": "chen", "password": PASSWORD}
    for number in range(3):
        browser = scene.browser(address=f"10.0.1.{number}")
        assert (await browser.post("/staff/sign-in", data=data | {"one_time": "000000"})).status_code == 403
    right = data | {"one_time": code(scene, secret)}
    assert (await scene.browser(address="10.0.2.1").post("/staff/sign-in", data=right)).status_code == 403
    scene.now += timedelta(minutes=10)
    right = data | {"one_time": code(scene, secret)}
    assert (await scene.browser(address="10.0.2.2").post("/staff/sign-in", data=right)).status_code == 303
    await scene.close()


async def test_ones_own_browsers_are_listed_and_signed_out_one_by_one(scene: Scene) -> None:
    here, there = await scene.staff("小陈"), await scene.staff("小陈")
    other = await scene.staff("孙主管")
    page = (await here.get("/staff/account")).text
    ends = re.findall(r'action="(/staff/account/sessions/\d+/end)"', page)
    assert page.count("自动退出") == 2
    assert len(ends) == 1
    assert (await other.post(ends[0])).status_code == 404
    assert (await here.post(ends[0])).status_code == 303
    assert (await there.get("/staff")).status_code == 303
    assert (await here.get("/staff")).status_code == 200
    assert (await here.post(ends[0])).status_code == 404


@pytest.mark.parametrize("agent", ["<script>alert(1)</script>", "Mozilla/5.0 (iPhone) MicroMessenger/8.0", ""])
async def test_what_a_browser_calls_itself_is_shown_as_text(scene: Scene, agent: str) -> None:
    browser = await scene.staff("小陈")
    await scene.alter(update(StaffSession).values(user_agent=agent))
    page = (await browser.get("/staff/account")).text
    assert "<script>alert" not in page
    assert ("iPhone · 微信" in page) is ("iPhone" in agent)


async def test_a_name_cannot_become_markup_on_the_account_page(scene: Scene) -> None:
    browser = await scene.staff("管理员")
    await enrol(scene, await scene.staff("小陈"))
    await scene.alter(update(Staff).where(Staff.login == "chen").values(name="<b>x"))
    assert "<b>x" not in (await browser.get("/staff/account")).text
