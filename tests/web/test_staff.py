"""The console: who may open which page, and what the queue shows."""

import re
from collections.abc import Mapping

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from actions import handling
from actions.staffing import NewStaff, create_staff
from actions.tables import Alert, Attachment, Contact, Conversation, Role, Severity, Staff, StaffRole, Ticket, TurnOwner
from actions.tickets import TicketCard
from actions.views import estate
from tests.actions.factories import HOUR, MINUTE
from tests.web.scene import ON_BOTH, PASSWORD, QUICK, ROLES, Scene
from tests.web.test_uploads import picture

# What each role gets on each page; `own` is a ticket that is assigned to the technician, `their` one that is not.
PAGES = ("queue", "alarms", "own", "their", "conversation", "photo", "password")
MATRIX: Mapping[Role, tuple[int, ...]] = {
    Role.AGENT: (200, 200, 200, 200, 200, 200, 200),
    Role.TECHNICIAN: (200, 403, 200, 404, 403, 403, 200),
    Role.MONITORING: (200, 200, 200, 200, 200, 200, 200),
    Role.SUPERVISOR: (200, 200, 200, 200, 200, 200, 200),
    Role.MANAGER: (200, 200, 200, 200, 200, 200, 200),
    Role.QUALITY: (200, 403, 200, 200, 200, 200, 200),
    Role.ADMINISTRATOR: (303, 403, 403, 403, 403, 403, 200),
}
CHANGES = (
    "accept",
    "assign",
    "reply",
    "hold",
    "resolve",
    "note",
    "phone",
    "take_over",
    "snooze",
    "transfer",
    "open",
)
# 303 is done, 422 is allowed but lacks something, 403 is not this role's, 404 is none of their business.
CHANGE_MATRIX: Mapping[Role, tuple[int, ...]] = {
    Role.AGENT: (303, 303, 303, 422, 303, 303, 200, 303, 303, 303, 303),
    Role.TECHNICIAN: (404,) * 11,
    Role.MONITORING: (303, 303, 303, 422, 403, 303, 200, 303, 303, 303, 303),
    Role.SUPERVISOR: (303, 303, 303, 422, 303, 303, 200, 303, 303, 303, 303),
    Role.MANAGER: (303, 303, 303, 422, 303, 303, 200, 303, 303, 303, 303),
    Role.QUALITY: (403, 403, 403, 422, 403, 403, 403, 403, 403, 403, 403),
    Role.ADMINISTRATOR: (403,) * 11,
}


async def wrote(scene: Scene, text: str = "转人工", *, photo: bool = False) -> tuple[int, int]:
    """A new resident writes; the ids of the conversation and, with a photo, of the photo."""
    browser = scene.browser()
    await browser.get("/")
    files = {"photo": ("a.jpg", picture(), "image/jpeg")} if photo else None
    await browser.post("/messages", data={"text": text}, files=files)
    (conversation_id,) = (await scene.values(Conversation.id))[-1]
    photos = await scene.values(Attachment.id)
    return conversation_id, photos[-1][0] if photos else 0


async def given_to(scene: Scene, card: TicketCard, name: str) -> TicketCard:
    """A ticket, assigned."""
    staff_id = scene.desk.cast.staff[name]
    return await scene.desk.do(handling.assign, scene.desk.staff("孙主管"), card, staff_id=staff_id, now=scene.now)


@pytest.mark.parametrize("name", ROLES)
async def test_each_role_opens_its_pages_and_no_others(scene: Scene, name: str) -> None:
    own = await given_to(scene, await scene.desk.open(), "老周")
    their = await scene.desk.open()
    conversation_id, photo_id = await wrote(scene, photo=True)
    paths = (
        "/staff",
        "/staff/alarms",
        f"/staff/tickets/{own.id}",
        f"/staff/tickets/{their.id}",
        f"/staff/conversations/{conversation_id}",
        f"/staff/photos/{photo_id}",
        "/staff/password",
    )
    browser = await scene.staff(name)
    found = tuple([(await browser.get(path)).status_code for path in paths])
    assert dict(zip(PAGES, found, strict=True)) == dict(zip(PAGES, MATRIX[ROLES[name]], strict=True))


@pytest.mark.parametrize("name", ROLES)
async def test_each_role_makes_its_changes_and_no_others(scene: Scene, name: str) -> None:
    browser = await scene.staff(name)
    colleague = str(scene.desk.cast.staff["老周"])
    text = "您好，水龙头已经修好了，请您放心使用，谢谢您。"
    found = []
    for change in CHANGES:
        card = await scene.desk.open()
        data = {
            "text": text,
            "staff_id": colleague,
            "concludes": "1",
            "conversation_version": "0",
            "reason": "约时间",
            "for": "hour",
            "matter": "repair.plumbing",
            "summary": "水龙头滴水",
        }
        found.append((await browser.post(f"/staff/tickets/{card.id}/{change}", data=data)).status_code)
        await browser.post(f"/staff/tickets/{card.id}/hand_back", data={})
        await scene.alter(update(Conversation).values(version=0))
    assert dict(zip(CHANGES, found, strict=True)) == dict(zip(CHANGES, CHANGE_MATRIX[ROLES[name]], strict=True))


@ON_BOTH
async def test_the_queue_runs_from_alarms_over_what_is_late_to_what_has_time(scene: Scene) -> None:
    early = await given_to(scene, await scene.desk.open(summary="先登记的", now=scene.now), "老周")
    late = await scene.desk.open(summary="昨天的", now=scene.now - 20 * HOUR)
    alarm = await scene.desk.open("emergency", "lift_trapped", summary="电梯困人", severity=Severity.ALARM)
    page = (await (await scene.staff("小陈")).get("/staff")).text
    assert re.findall(r'id="t(\d+)"', page) == [str(card.id) for card in (alarm, late, early)]
    assert "未接警" in page
    assert "已超时 19小时45分" in page
    assert "还剩 30分" in page
    assert "未派单" in page
    assert "老周" in page


async def test_time_left_is_told_in_words_and_not_by_colour_alone(scene: Scene) -> None:
    card = await given_to(scene, await scene.desk.open(), "老周")
    await scene.desk.do(handling.accept, scene.desk.staff("老周"), card)
    for passed, words in ((HOUR, "还剩 23小时"), (23 * HOUR + 48 * MINUTE, "还剩 12分"), (26 * HOUR, "已超时 2小时")):
        scene.now = card.opened_at + passed
        assert words in (await (await scene.staff("小陈")).get("/staff")).text


async def test_the_queue_can_be_narrowed(scene: Scene) -> None:
    mine = await given_to(scene, await scene.desk.open(summary="我的"), "小陈")
    await given_to(scene, await scene.desk.open(summary="老周的"), "老周")
    free = await scene.desk.open(summary="没人的")
    browser = await scene.staff("小陈")
    for show, expected in (
        ("mine", [mine.id]),
        ("unassigned", [free.id]),
        ("overdue", []),
        ("<script>", None),
    ):
        rows = re.findall(r'id="t(\d+)"', (await browser.get("/staff", params={"view": show})).text)
        if expected is None:
            assert len(rows) == 3
        else:
            assert rows == [str(ticket_id) for ticket_id in expected]


async def test_a_technician_sees_their_own_work_only(scene: Scene) -> None:
    own = await given_to(scene, await scene.desk.open(summary="给老周的"), "老周")
    await scene.desk.open(summary="别人的活")
    page = (await (await scene.staff("老周")).get("/staff")).text
    assert own.number in page
    assert "别人的活" not in page


async def test_a_resident_who_waits_for_a_person_stands_above_the_queue(scene: Scene) -> None:
    conversation_id, _ = await wrote(scene, "转人工，天花板滴水")
    browser = await scene.staff("小陈")
    assert "天花板滴水" not in (await browser.get("/staff")).text
    await scene.alter(update(Conversation).where(Conversation.id == conversation_id).values(owner=TurnOwner.NOBODY))
    scene.now += 12 * MINUTE
    page = (await browser.get("/staff")).text
    assert f'href="/staff/conversations/{conversation_id}"' in page
    assert "等了12分" in page
    assert "还没有人接管" in page


async def test_rows_of_another_estate_are_not_there(scene: Scene) -> None:
    card = await scene.desk.open()
    conversation_id, photo_id = await wrote(scene, photo=True)
    hashed = QUICK.hash(PASSWORD)

    def hire(session: Session) -> None:
        other = estate(session, "other")
        assert other
        roles = frozenset(Role) - {Role.TECHNICIAN}
        new = NewStaff("stranger", "外人", roles, hashed, must_change_password=False)
        create_staff(session, other.id, new, scene.now)

    await scene.store.write(hire)
    browser = scene.browser()
    await browser.post("/staff/sign-in", data={"login": "stranger", "password": PASSWORD, "c": "other"})
    for path in (
        f"/staff/tickets/{card.id}",
        f"/staff/tickets/{card.id}/live",
        f"/staff/conversations/{conversation_id}",
        f"/staff/photos/{photo_id}",
    ):
        assert (await browser.get(path)).status_code == 404
    for change in (*CHANGES, "acknowledge", "check"):
        answer = await browser.post(f"/staff/tickets/{card.id}/{change}", data={"text": "您好", "staff_id": "1"})
        assert answer.status_code == 404, change
    assert card.number not in (await browser.get("/staff")).text


@pytest.mark.parametrize("row", ["0", "1", "9223372036854775807", "9223372036854775808", "9" * 40])
async def test_ids_cannot_be_found_by_counting(scene: Scene, row: str) -> None:
    browser = await scene.staff("小陈")
    for path in (f"/staff/tickets/{row}", f"/staff/conversations/{row}", f"/staff/photos/{row}", f"/staff/rooms/{row}"):
        assert (await browser.get(path)).status_code == 404


async def test_whoever_is_complained_about_never_learns_of_it(scene: Scene) -> None:
    cast = scene.desk.cast
    card = await scene.desk.open("complaint", "service_attitude", about_staff_id=cast.staff["小陈"], summary="态度差")
    browser = await scene.staff("小陈")
    assert card.number not in (await browser.get("/staff")).text
    assert (await browser.get(f"/staff/tickets/{card.id}")).status_code == 404
    assert (await browser.get(f"/staff/conversations/{cast.conversations['王芳']}")).status_code == 404
    other = await scene.staff("孙主管")
    assert (await other.get(f"/staff/tickets/{card.id}")).status_code == 200


async def test_names_messages_and_file_names_are_never_markup(scene: Scene) -> None:
    evil = "<script>alert(1)</script>"
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": evil}, files={"photo": (f"{evil}.jpg", picture(), "image/jpeg")})
    (conversation_id,) = (await scene.values(Conversation.id))[-1]

    def rename(session: Session) -> None:
        session.execute(update(Contact).values(display_name=evil))
        session.execute(update(Staff).values(name=evil))
        session.execute(update(Conversation).values(owner=TurnOwner.NOBODY))

    await scene.store.write(rename)
    card = await scene.desk.open(conversation_id=conversation_id, resident_id=None, summary=evil, place=evil)
    staff = await scene.staff("小陈")
    for path in ("/staff", f"/staff/tickets/{card.id}", f"/staff/conversations/{conversation_id}", "/staff/password"):
        page = (await staff.get(path)).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert" in page, path
    live = (await staff.get(f"/staff/tickets/{card.id}/live")).json()
    assert "<script>alert" not in live["log"] + live["facts"]


async def test_alarms_have_a_page_with_one_button_each(scene: Scene) -> None:
    card = await scene.desk.open("emergency", "lift_trapped", summary="电梯困人", severity=Severity.ALARM)
    browser = await scene.staff("监控室")
    page = (await browser.get("/staff/alarms")).text
    assert "确认接警" in page
    done = await browser.post(f"/staff/tickets/{card.id}/acknowledge", data={"back": "alarms"})
    assert done.headers["location"] == "/staff/alarms"
    page = (await browser.get("/staff/alarms")).text
    assert "确认接警</button>" not in page
    assert "已接警" in page
    assert (await browser.get("/staff/alarms/list")).text.lstrip().startswith('<div class="alarm-list"')


async def test_a_word_for_a_member_stands_above_the_queue_until_they_take_note_of_it(scene: Scene) -> None:
    card = await scene.desk.open()
    await given_to(scene, card, "小陈")
    chen, zhou = await scene.staff("小陈"), await scene.staff("老周")
    page = (await chen.get("/staff")).text
    found = re.search(r'action="(/staff/alerts/\d+)"', page)
    assert found
    assert f"{card.number} {card.summary}" in page
    assert await scene.values(Alert.seen_at) == [(scene.now,)]
    assert "给您的提醒" not in (await zhou.get("/staff")).text
    assert (await zhou.post(found.group(1))).status_code == 404
    assert (await chen.post(found.group(1))).status_code == 303
    assert "给您的提醒" not in (await chen.get("/staff")).text


async def test_the_role_decides_at_once_when_it_is_taken_away(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = await scene.staff("小陈")
    assert (await browser.get(f"/staff/tickets/{card.id}")).status_code == 200
    staff_id = scene.desk.cast.staff["小陈"]

    def demote(session: Session) -> None:
        change = update(StaffRole).where(StaffRole.staff_id == staff_id)
        session.execute(change.values(role=Role.ADMINISTRATOR))

    await scene.store.write(demote)
    assert (await browser.get(f"/staff/tickets/{card.id}")).status_code == 403


async def test_a_resident_is_no_member_of_staff(scene: Scene) -> None:
    card = await scene.desk.open()
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "你好"})
    assert (await browser.get(f"/staff/tickets/{card.id}")).status_code == 303
    assert (await scene.values(Ticket.status))[0][0].value == "open"
