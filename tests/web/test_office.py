"""The administration: who opens which page, and that a change comes from our own pages and our own estate."""

import re
from collections.abc import Mapping

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from actions.ids import new_id
from actions.staffing import NewStaff, create_staff
from actions.tables import Alert, AuditEntry, Community, Notice, Role, RosterEntry, Staff, StaffRole
from actions.views import estate
from tests.web.scene import PASSWORD, QUICK, ROLES, Scene

PAGES = ("office", "members", "duty", "notices", "notices/new", "facts")
_LEADER = (200, 403, 200, 200, 200, 200)
MATRIX: Mapping[Role, tuple[int, ...]] = {
    Role.AGENT: (403,) * 6,
    Role.TECHNICIAN: (403,) * 6,
    Role.MONITORING: (403,) * 6,
    Role.SUPERVISOR: _LEADER,
    Role.MANAGER: _LEADER,
    Role.QUALITY: (403,) * 6,
    Role.ADMINISTRATOR: (200,) * 6,
}
CHANGES = (
    "members",
    "members/{member}",
    "members/{member}/password",
    "members/{member}/close",
    "members/{member}/open",
    "members/{member}/return",
    "duty",
    "duty/copy",
    "duty/{shift}/remove",
    "notices/new",
    "notices/{notice}",
    "notices/{notice}/withdraw",
    "facts",
)
_STAFF_ONLY = ("members",)


async def rows_of(scene: Scene) -> dict[str, int]:
    """One row of everything: a member, a shift, a notice."""
    community = scene.desk.cast.community_id

    def add(session: Session) -> int:
        notice = new_id(session, scene.now)
        moments = dict.fromkeys(("published_at", "starts_at"), scene.now) | {"ends_at": scene.now.replace(year=2027)}
        row = {
            "community_id": community,
            "id": notice,
            "title": "停水",
            "body": "甲乙丙丁",
            "explains": [],
            "buildings": [],
        }
        session.execute(insert(Notice), row | moments)
        return notice

    notice = await scene.store.write(add)
    shift = (await scene.values(RosterEntry.id))[0][0]
    return {"member": scene.desk.cast.staff["老周"], "shift": shift, "notice": notice}


@pytest.mark.parametrize("name", ROLES)
async def test_each_role_opens_its_pages_and_changes_what_is_its_own(scene: Scene, name: str) -> None:
    browser, ids = await scene.staff(name), await rows_of(scene)
    role = ROLES[name]
    got = tuple([(await browser.get(f"/staff/{page}")).status_code for page in PAGES])
    assert got == MATRIX[role]
    for change in CHANGES:
        allowed = role is Role.ADMINISTRATOR or (
            role in {Role.SUPERVISOR, Role.MANAGER} and not change.startswith(_STAFF_ONLY)
        )
        status = (await browser.post(f"/staff/{change.format(**ids)}", data={"x": "1"})).status_code
        assert status in ({200, 303, 409, 422} if allowed else {403}), (change, status)
    if role not in {Role.ADMINISTRATOR, Role.SUPERVISOR, Role.MANAGER}:
        assert "管理</a>" not in (await browser.get("/staff")).text


async def test_nobody_opens_them_without_signing_in_and_nothing_comes_from_elsewhere(scene: Scene) -> None:
    ids = await rows_of(scene)
    for page in PAGES:
        assert (await scene.browser().get(f"/staff/{page}")).status_code == 303
    admin = await scene.staff("管理员")
    before = await scene.values(AuditEntry.id)
    for change in CHANGES:
        answer = await admin.post(f"/staff/{change.format(**ids)}", headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403, change
    assert await scene.values(AuditEntry.id) == before


async def test_rows_of_another_estate_are_not_there(scene: Scene) -> None:
    ids = await rows_of(scene)
    hashed = QUICK.hash(PASSWORD)

    def hire(session: Session) -> None:
        other = estate(session, "other")
        assert other
        new = NewStaff("boss", "外人", frozenset({Role.ADMINISTRATOR}), hashed, must_change_password=False)
        create_staff(session, other.id, new, scene.now)

    await scene.store.write(hire)
    browser = scene.browser()
    await browser.post("/staff/sign-in", data={"login": "boss", "password": PASSWORD, "c": "other"})
    for page in PAGES:
        text = (await browser.get(f"/staff/{page}")).text
        assert "老周" not in text
        assert "甲乙丙丁" not in text
    for page in ("members/{member}", "notices/{notice}"):
        assert (await browser.get(f"/staff/{page.format(**ids)}")).status_code == 404
    whole = {"name": "别人", "role_agent": "1", "title": "a", "body": "b", "do": "publish", "mark": ""}
    whole |= {"starts_at": "2027-01-01T10:00", "ends_at": "2027-01-01T12:00"}
    for change in CHANGES:
        if "{" in change:
            answer = await browser.post(f"/staff/{change.format(**ids)}", data=whole)
            assert answer.status_code == 404, change
    post = {"post": f"{ids['member']}:technician", "first": "2027-01-01", "begins": "08:00", "ends": "12:00"}
    assert (await browser.post("/staff/duty", data=post)).status_code == 404
    assert ("停水", None) in await scene.values(Notice.title, Notice.withdrawn_at)


async def test_an_administrator_begins_where_there_is_something_to_do(scene: Scene) -> None:
    browser = await scene.staff("管理员")
    begun = await browser.get("/staff")
    assert (begun.status_code, begun.headers["location"]) == (303, "/staff/office")
    text = (await browser.get("/staff/office")).text
    assert re.search(r"在职7人", text)
    assert re.search(r"还缺\d+项", text)
    assert "两周内都有人" in text
    await scene.alter(update(RosterEntry).values(ends_at=scene.now))
    assert "两周内有空岗：监控中心" in (await browser.get("/staff/office")).text


async def test_a_word_for_an_administrator_is_seen_there(scene: Scene) -> None:
    card = await scene.desk.open()
    cast = scene.desk.cast

    def alert(session: Session) -> None:
        row = {"community_id": cast.community_id, "id": new_id(session, scene.now), "ticket_id": card.id}
        more = {
            "staff_id": cast.staff["管理员"],
            "kind": "escalation",
            "created_at": scene.now,
            "role": "administrator",
        }
        session.execute(insert(Alert), row | more)

    await scene.store.write(alert)
    browser = await scene.staff("管理员")
    page = (await browser.get("/staff/office")).text
    assert card.number in page
    assert f"/staff/tickets/{card.id}" not in page
    assert (scene.now,) in await scene.values(Alert.seen_at)
    (address,) = re.findall(r'action="(/staff/alerts/\d+)"', page)
    await browser.post(address)
    assert card.number not in (await browser.get("/staff/office")).text


async def test_what_people_typed_is_never_markup(scene: Scene) -> None:
    ids = await rows_of(scene)
    evil = "<script>alert(1)</script>"
    await scene.alter(update(Staff).values(name=evil, login=Staff.login))
    await scene.alter(update(Notice).values(title=evil, body=evil))
    await scene.alter(update(Community).where(Community.code == "guiyuan").values(facts={"phone_duty": evil}))
    await scene.alter(update(StaffRole).values(role=StaffRole.role))
    browser = await scene.staff("管理员")
    pages = (*PAGES, f"members/{ids['member']}", f"notices/{ids['notice']}")
    for page in pages:
        text = (await browser.get(f"/staff/{page}")).text
        assert "<script>alert" not in text, page
        assert "&lt;script&gt;alert" in text, page
    told = await browser.post("/staff/members", data={"login": evil, "name": evil})
    assert (told.status_code, "<script>alert" in told.text) == (422, False)
