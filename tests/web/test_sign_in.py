"""Signing in, the first password, and what happens to those who guess."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from actions.staffing import set_password
from actions.store import Store
from actions.tables import AuditEntry, StaffSession
from tests.actions.factories import MINUTE
from tests.web.scene import ON_BOTH, PASSWORD, QUICK, Scene, open_scene
from web.deps import Limits, WebSettings
from web.passwords import Passwords
from web.sessions import STAFF_COOKIE, safe_next

NEW = "another long password"


async def sign_in(browser: httpx2.AsyncClient, login: str, password: str, **fields: str) -> httpx2.Response:
    return await browser.post("/staff/sign-in", data={"login": login, "password": password} | fields)


@ON_BOTH
async def test_the_right_password_opens_the_queue(scene: Scene) -> None:
    browser = scene.browser()
    answer = await sign_in(browser, "chen", PASSWORD)
    assert answer.headers["location"] == "/staff"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Path=/staff" in cookie
    assert (await browser.get("/staff")).status_code == 200
    assert browser.cookies[STAFF_COOKIE] not in str(await scene.values(StaffSession.token_hash))


@pytest.mark.parametrize("login", ["Chen", " chen ", "CHEN"])
async def test_a_login_may_be_typed_with_capitals_and_spaces(scene: Scene, login: str) -> None:
    assert (await sign_in(scene.browser(), login, PASSWORD)).status_code == 303


@pytest.mark.parametrize(
    ("login", "password"),
    [("chen", "wrong"), ("nobody", PASSWORD), ("", ""), ("chen", ""), ("chen' or 1=1 --", "x"), ("chen", "x" * 10_000)],
)
async def test_a_wrong_login_and_a_wrong_password_look_the_same(scene: Scene, login: str, password: str) -> None:
    answer = await sign_in(scene.browser(), login, password)
    assert answer.status_code == 403
    assert "账号、密码或动态验证码不对" in answer.text
    assert "set-cookie" not in answer.headers


async def test_an_unknown_login_costs_as_much_work_as_a_known_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = Passwords._verify

    def counted(self: Passwords, password: str, stored: str) -> bool:
        checked.append(stored)
        return verify(self, password, stored)

    monkeypatch.setattr(Passwords, "_verify", counted)
    for login in ("chen", "nobody"):
        await sign_in(scene.browser(), login, "wrong")
    assert len(checked) == 2
    assert [stored.rsplit("$", 2)[0] for stored in checked] == [checked[0].rsplit("$", 2)[0]] * 2


async def test_guessing_is_slowed_down_by_address_and_login(store: Store, tmp_path: Path) -> None:
    scene = await open_scene(store, tmp_path, WebSettings(limits=Limits()))
    browser = scene.browser()
    for _ in range(5):
        assert (await sign_in(browser, "chen", "wrong")).status_code == 403
    refused = await sign_in(browser, "chen", PASSWORD)
    assert refused.status_code == 429
    assert "分钟后再试" in refused.text
    assert (await sign_in(scene.browser(address="10.0.0.77"), "chen", PASSWORD)).status_code == 303
    scene.now += 3 * MINUTE
    assert (await sign_in(browser, "chen", PASSWORD)).status_code == 303
    await scene.close()


async def test_guessing_over_many_logins_is_slowed_down_by_address(store: Store, tmp_path: Path) -> None:
    limits = Limits(address_sign_ins=6, address_sign_ins_per_minute=1)
    scene = await open_scene(store, tmp_path, WebSettings(limits=limits))
    browser = scene.browser()
    statuses = [(await sign_in(browser, f"user{number}", "wrong")).status_code for number in range(8)]
    assert statuses == [403] * 6 + [429] * 2
    await scene.close()


async def test_the_right_password_makes_earlier_slips_forgotten(store: Store, tmp_path: Path) -> None:
    scene = await open_scene(store, tmp_path, WebSettings(limits=Limits()))
    for _ in range(3):
        browser = scene.browser()
        for _ in range(3):
            await sign_in(browser, "chen", "wrong")
        assert (await sign_in(browser, "chen", PASSWORD)).status_code == 303
    await scene.close()


async def _must_change(scene: Scene, name: str) -> None:
    cast = scene.desk.cast
    hashed = QUICK.hash(PASSWORD)
    await scene.store.write(
        lambda session: set_password(session, cast.community_id, cast.staff[name], hashed, must_change=True)
    )


async def change(browser: httpx2.AsyncClient, **fields: Any) -> httpx2.Response:
    data = {"current": PASSWORD, "new": NEW, "again": NEW} | fields
    return await browser.post("/staff/password", data=data)


@ON_BOTH
async def test_the_first_password_must_be_changed_before_anything_else(scene: Scene) -> None:
    await _must_change(scene, "小陈")
    browser = await scene.staff("小陈")
    for path in ("/staff", "/staff/alarms", "/staff/tickets/1", "/staff/events", "/staff/photos/1"):
        assert (await browser.get(path)).headers["location"] == "/staff/password"
    assert (await browser.post("/staff/tickets/1/reply", data={"text": "您好"})).headers[
        "location"
    ] == "/staff/password"
    assert "首次登录" in (await browser.get("/staff/password")).text
    assert (await change(browser)).headers["location"] == "/staff"
    assert (await browser.get("/staff")).status_code == 200
    assert (await sign_in(scene.browser(), "chen", PASSWORD)).status_code == 403
    assert (await sign_in(scene.browser(), "chen", NEW)).status_code == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"current": "wrong"}, "原来的密码不对"),
        ({"new": "short", "again": "short"}, "至少要10位"),
        ({"again": "something else"}, "两次输入的新密码不一样"),
        ({"new": PASSWORD, "again": PASSWORD}, "和原来的不同"),
        ({"new": "x" * 201, "again": "x" * 201}, "至少要10位"),
    ],
)
async def test_a_password_that_will_not_do_is_refused_with_a_reason(
    scene: Scene, fields: dict[str, str], words: str
) -> None:
    answer = await change(await scene.staff("小陈"), **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert (await sign_in(scene.browser(), "chen", PASSWORD)).status_code == 303


async def test_changing_the_password_signs_out_every_other_browser(scene: Scene) -> None:
    here, elsewhere = await scene.staff("小陈"), await scene.staff("小陈")
    await change(here)
    assert (await here.get("/staff")).status_code == 200
    assert (await elsewhere.get("/staff")).headers["location"].startswith("/staff/sign-in")


async def test_signing_out_ends_the_session_for_good(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    token = browser.cookies[STAFF_COOKIE]
    assert (await browser.post("/staff/sign-out")).headers["location"] == "/staff/sign-in"
    stolen = await scene.browser().get("/staff", headers={"cookie": f"{STAFF_COOKIE}={token}"})
    assert stolen.status_code == 303
    assert (await scene.browser().post("/staff/sign-out")).status_code == 303


async def test_a_session_ends_by_itself_after_a_long_shift(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    scene.now += 13 * 60 * MINUTE
    assert (await browser.get("/staff")).status_code == 200
    scene.now += 61 * MINUTE
    assert (await browser.get("/staff")).headers["location"].startswith("/staff/sign-in")


async def test_the_use_of_a_session_is_written_down_now_and_then(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    opened = scene.now
    scene.now += 2 * MINUTE
    await browser.get("/staff")
    assert await scene.values(StaffSession.last_seen_at) == [(opened,)]
    scene.now += 5 * MINUTE
    await browser.get("/staff")
    assert await scene.values(StaffSession.last_seen_at) == [(scene.now,)]


async def test_a_visitor_without_a_session_is_led_to_sign_in_and_back(scene: Scene) -> None:
    browser = scene.browser()
    led = await browser.get("/staff/tickets/123?before=7")
    assert led.headers["location"] == "/staff/sign-in?next=%2Fstaff%2Ftickets%2F123%3Fbefore%3D7"
    page = await browser.get(led.headers["location"])
    assert 'value="/staff/tickets/123?before=7"' in page.text
    back = await sign_in(browser, "chen", PASSWORD, next="/staff/tickets/123?before=7")
    assert back.headers["location"] == "/staff/tickets/123?before=7"


async def test_scripts_and_forms_without_a_session_are_refused(scene: Scene) -> None:
    browser = scene.browser()
    assert (await browser.get("/staff/events", headers={"accept": "text/event-stream"})).status_code == 401
    assert (await browser.get("/staff/queue", headers={"accept": "application/json"})).status_code == 401
    assert (await browser.post("/staff/tickets/1/reply", data={"text": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/staff/alarms", "/staff/alarms"),
        ("https://evil.test", "/staff"),
        ("//evil.test", "/staff"),
        ("/\\evil.test", "/staff"),
        ("/staff\\..\\evil", "/staff"),
        ("/staff\r\nSet-Cookie: a=b", "/staff"),
        ("/messages", "/staff"),
        ("", "/staff"),
    ],
)
def test_after_signing_in_one_never_lands_on_another_site(given: str, path: str) -> None:
    assert safe_next(given) == path


async def test_members_of_another_estate_sign_in_under_its_code(scene: Scene) -> None:
    assert (await scene.browser().get("/staff/sign-in?c=other")).status_code == 200
    assert (await scene.browser().get("/staff/sign-in?c=nowhere")).status_code == 404
    assert (await sign_in(scene.browser(), "chen", PASSWORD, c="other")).status_code == 403


async def test_sessions_and_passwords_leave_a_record(scene: Scene) -> None:
    await change(await scene.staff("小陈"))
    actions = [action for (action,) in await scene.values(AuditEntry.action)]
    assert actions == ["session:opened", "staff:password_changed"]
