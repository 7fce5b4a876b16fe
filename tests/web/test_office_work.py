"""What is done on the administration's pages: accounts, notices, facts, shifts."""

import re
from typing import Any

from sqlalchemy import update

from actions.tables import AuditEntry, Community, Notice, Role, RosterEntry, Staff, StaffRole, Ticket
from tests.web.scene import FACTS, PASSWORD, Scene
from tests.web.test_staff import given_to

_SECRET = re.compile(r'class="secret">([a-z0-9-]{19})<')
_MARK = re.compile(r'name="mark" value="([0-9a-f]+)"')


async def _mark(browser: Any, path: str) -> str:
    found = _MARK.search((await browser.get(path)).text)
    assert found
    return found[1]


async def test_a_new_member_gets_a_password_once_and_must_change_it(scene: Scene) -> None:
    admin = await scene.staff("管理员")
    new = {"login": "Lin", "name": "林悦", "role_agent": "1", "phone": "160 0000 0002"}
    new[f"area_{scene.desk.cast.buildings['3栋']}"] = "1"
    answer = await admin.post("/staff/members", data=new)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    (password,) = _SECRET.findall(answer.text)
    listed = (await admin.get("/staff/members")).text
    assert "160****0002" in listed
    assert "待改初始密码" in listed
    assert password not in listed
    assert password not in str(await scene.values(Staff.password_hash) + await scene.values(AuditEntry.detail))
    lin = scene.browser()
    await lin.post("/staff/sign-in", data={"login": "lin", "password": password})
    assert (await lin.get("/staff")).headers["location"] == "/staff/password"
    changed = {"current": password, "new": PASSWORD, "again": PASSWORD}
    assert (await lin.post("/staff/password", data=changed)).status_code == 303
    assert (await lin.get("/staff")).status_code == 200
    again = await admin.post("/staff/members", data=new)
    assert (again.status_code, "不能和别人的一样" in again.text, 'value="林悦"' in again.text) == (422, True, True)


async def test_an_account_is_changed_reset_closed_and_opened(scene: Scene) -> None:
    admin, zhou = await scene.staff("管理员"), await scene.staff("老周")
    card = await given_to(scene, await scene.desk.open(), "老周")
    path = f"/staff/members/{scene.desk.cast.staff['老周']}"
    data = {"name": "周建国", "role_technician": "1", "mark": await _mark(admin, path)}
    assert (await admin.post(path, data=data)).headers["location"] == f"{path}?done=changed"
    stale = await admin.post(path, data=data | {"name": "别的名字"})
    assert (stale.status_code, "刚刚改过这里" in stale.text) == (409, True)
    assert _SECRET.search((await admin.post(f"{path}/password")).text)
    assert (await zhou.get("/staff")).status_code == 303
    page = (await admin.get(path)).text
    assert "名下1张未办结工单退回" in page
    closed = await admin.post(f"{path}/close", data={"mark": await _mark(admin, path)})
    assert "已退回“未派单”" in (await admin.get(closed.headers["location"])).text
    assert (None, card.id) in await scene.values(Ticket.assignee_id, Ticket.id)
    sun = await scene.staff("孙主管")
    assert "负责人停用账号，退回未派单" in (await sun.get(f"/staff/tickets/{card.id}")).text
    refused = await admin.post(f"{path}/password")
    assert (refused.status_code, "请先重新启用" in refused.text) == (422, True)
    opened = await admin.post(f"{path}/open", data={"mark": await _mark(admin, path)})
    assert _SECRET.search(opened.text)


async def test_the_last_administrator_is_told_why_they_cannot_go(scene: Scene) -> None:
    admin = await scene.staff("管理员")
    path = f"/staff/members/{scene.desk.cast.staff['管理员']}"
    mark = await _mark(admin, path)
    for change, data in ((f"{path}/close", {}), (path, {"name": "管理员", "role_agent": "1"})):
        answer = await admin.post(change, data=data | {"mark": mark})
        assert (answer.status_code, "最后一位系统管理员" in answer.text) == (422, True)
    own = await admin.post(f"{path}/password")
    assert (own.status_code, "自己的密码" in own.text) == (422, True)
    forged = {"name": "赵经理", "role_administrator": "1", "mark": ""}
    manager = await scene.staff("赵经理")
    assert (await manager.post(f"/staff/members/{scene.desk.cast.staff['赵经理']}", data=forged)).status_code == 403
    assert (await scene.values(StaffRole.role)).count((Role.ADMINISTRATOR,)) == 1


_NOTICE = {
    "title": "3栋检修停水",
    "body": "因水泵检修，3栋停水。请提前储水，给您带来不便，敬请谅解。",
    "starts_at": "2026-11-23T09:00",
    "ends_at": "2026-11-23T18:00",
    "label_repair.outage": "1",
    "in_3栋": "1",
}


async def test_a_notice_is_checked_heard_published_corrected_and_withdrawn(scene: Scene) -> None:
    sun = await scene.staff("孙主管")
    heard = await sun.post("/staff/notices/new", data=_NOTICE | {"do": "hear"})
    assert "礼仪检查没有发现问题" in heard.text
    assert "3栋检修停水，给您添麻烦了。若今天18:00后" in heard.text
    assert await scene.values(Notice.id) == []
    rude = await sun.post("/staff/notices/new", data=_NOTICE | {"do": "publish", "body": "停水，你们自己看着办。"})
    assert (rude.status_code, "看着办" in rude.text, 'class="block"' in rude.text) == (422, True, True)
    assert (await sun.post("/staff/notices/new", data=_NOTICE | {"do": "publish"})).status_code == 303
    page = (await sun.get("/staff/notices?done=published")).text
    assert "生效中（1）" in page
    assert "停水停电</span>" in page
    assert "已告诉0位住户" in page
    ((notice,),) = await scene.values(Notice.id)
    path = f"/staff/notices/{notice}"
    longer = _NOTICE | {"do": "publish", "ends_at": "2026-11-23T20:00", "mark": await _mark(sun, path)}
    assert (await sun.post(path, data=longer)).status_code == 303
    stale = await sun.post(path, data=longer)
    assert (stale.status_code, "刚刚改过这里" in stale.text, "现在的内容" in stale.text) == (409, True, True)
    assert (await sun.post(f"{path}/withdraw")).status_code == 303
    assert (await sun.post(f"{path}/withdraw")).status_code == 409
    assert "已撤回（1）" in (await sun.get("/staff/notices")).text
    assert "已撤回" in (await sun.get(path)).text


async def test_what_is_missing_in_a_notice_is_told_and_nothing_typed_is_lost(scene: Scene) -> None:
    sun = await scene.staff("孙主管")
    for wrong, told in (
        ({"starts_at": ""}, "请选择开始时间"),
        ({"ends_at": "2026-11-22T18:00"}, "请选择结束时间"),
        ({"ends_at": "soon"}, "请选择结束时间"),
        ({"label_repair.king": "1"}, "没有这个事项"),
        ({"in_99栋": "1"}, "没有这个楼栋"),
        ({"published_at": "2026-11-24T09:00"}, "发布时间要在结束之前"),
    ):
        answer = await sun.post("/staff/notices/new", data=_NOTICE | {"do": "publish"} | wrong)
        assert (answer.status_code, told in answer.text, "水泵检修" in answer.text) == (422, True, True), wrong


async def test_a_fact_is_told_at_once_and_a_wrong_one_is_marked(scene: Scene) -> None:
    sun = await scene.staff("孙主管")
    page = (await sun.get("/staff/facts")).text
    assert "健身房开放时间" in page
    assert "还缺" in page
    data = {"fact_phone_duty": "0571-66660110", "was_phone_duty": FACTS["phone_duty"], "fact_gym_hours": "早上"}
    wrong = await sun.post("/staff/facts", data=data | {"was_gym_hours": ""})
    assert (wrong.status_code, "这里要填时间" in wrong.text, 'value="早上"' in wrong.text) == (422, True, True)
    assert (await scene.values(Community.facts))[0][0]["phone_duty"] == FACTS["phone_duty"]
    assert (await sun.post("/staff/facts", data=data | {"fact_gym_hours": ""})).status_code == 303
    browser = scene.browser()
    assert "0571-66660110" in (await browser.get("/")).text
    late = await sun.post("/staff/facts", data=data | {"fact_phone_duty": "0571-77770110", "fact_gym_hours": ""})
    assert (late.status_code, "同事刚刚改成了“0571-66660110”" in late.text) == (409, True)
    empty = {"fact_phone_duty": "", "was_phone_duty": "0571-66660110"}
    assert "不能留空" in (await sun.post("/staff/facts", data=empty)).text


async def test_shifts_are_added_copied_and_removed_and_gaps_told_in_red(scene: Scene) -> None:
    admin = await scene.staff("管理员")
    await scene.alter(update(RosterEntry).values(ends_at=scene.now))
    page = (await admin.get("/staff/duty")).text
    assert page.count("没有人") > 6
    assert "段空岗" in page
    post = f"{scene.desk.cast.staff['监控室']}:monitoring"
    data = {"post": post, "first": "2026-11-24", "last": "2026-11-29", "begins": "08:00", "ends": "08:00"}
    assert (await admin.post("/staff/duty", data=data)).status_code == 303
    page = (await admin.get("/staff/duty?done=added")).text
    assert "已排班" in page
    assert "监控室 8:00–8:00" in page
    again = await admin.post("/staff/duty", data=data)
    assert (again.status_code, "已经排了这个岗位" in again.text) == (422, True)
    for wrong in ({"post": "x"}, {"first": "x"}, {"begins": "8点"}, {"ends": "08:00+08:00"}):
        assert (await admin.post("/staff/duty", data=data | wrong)).status_code == 422, wrong
    copied = await admin.post("/staff/duty/copy", data={"week": "2026-11-30"})
    assert copied.headers["location"] == "/staff/duty?done=copied"
    again = await admin.post("/staff/duty/copy", data={"week": "2026-11-30"})
    assert again.headers["location"] == "/staff/duty?done=nothing_copied"
    (removal, *_others) = re.findall(r'action="(/staff/duty/\d+/remove)"', (await admin.get("/staff/duty")).text)
    assert (await admin.post(removal)).status_code == 303
    assert {"shift:added", "shift:copied", "shift:removed"} <= {one for (one,) in await scene.values(AuditEntry.action)}


async def test_a_notice_may_name_the_number_that_was_just_written(scene: Scene) -> None:
    sun = await scene.staff("孙主管")
    data = {"fact_phone_desk": "0571-66660100", "was_phone_desk": FACTS["phone_desk"]}
    await sun.post("/staff/facts", data=data)
    heard = await sun.post(
        "/staff/notices/new",
        data=_NOTICE | {"do": "hear", "body": "3栋停水，请提前储水。前台电话0571-66660100，谢谢您。"},
    )
    assert 'class="block"' not in heard.text
