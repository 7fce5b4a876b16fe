"""Read models: what they show, in which order, and to whom they do not."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Update, update
from sqlalchemy.orm import Session

from actions import handling
from actions.access import StaffIdentity
from actions.conversations import Words, say, write_note
from actions.errors import ActionError, FieldError, NotAllowedError, NotFoundError
from actions.intake import Inbound, Upload, receive
from actions.live import since
from actions.store import Store
from actions.tables import Attachment, AuditEntry, Author, Conversation, Message, Role, Severity, TurnOwner
from actions.views import (
    alarms,
    alive,
    assignees,
    conversation_page,
    estate,
    estate_by_id,
    masked,
    own_file,
    queue,
    resident_timeline,
    resident_view,
    reveal_phone,
    reveal_phone_in_talk,
    speaking_about,
    speaking_to,
    stored_file,
    ticket_page,
    visible,
)
from tests.actions.factories import HOUR, STAFF, Desk, rules, settle_desk
from tests.conftest import NOW


@pytest.fixture
async def desk(store: Store) -> Desk:
    return await settle_desk(store)


def member(desk: Desk, name: str = "小陈") -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({STAFF[name][0]}))


STRANGER = StaffIdentity(1, 2, "外人", frozenset(Role) - {Role.TECHNICIAN})


async def write(desk: Desk, text: str, name: str = "王芳", *uploads: Upload) -> int:
    inbound = Inbound(desk.cast.community_id, "web", name, f"id-{text}", text, NOW, tuple(uploads))
    return (await desk.store.write(lambda session: receive(session, inbound, NOW))).message_id


async def alter(desk: Desk, statement: Update) -> None:
    """Change rows behind the desk's back."""

    def change(session: Session) -> None:
        session.execute(statement)

    await desk.store.write(change)


async def speak(desk: Desk, text: str, name: str = "王芳", **details: object) -> None:
    talk = desk.cast.conversations[name]
    words = Words(text, **details)  # type: ignore[arg-type]
    await desk.store.write(lambda session: say(session, desk.cast.community_id, talk, words, NOW))


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812346688", "138****6688"),
        ("0571-88880110", "057******0110"),
        ("12345678", "123*5678"),
        ("1234567", "*******"),
        ("110", "***"),
        ("", None),
        (None, None),
    ],
)
def test_of_a_number_three_and_four_digits_are_shown(phone: str | None, shown: str | None) -> None:
    assert masked(phone) == shown


async def test_the_queue_runs_by_the_earliest_running_deadline(desk: Desk) -> None:
    new = await desk.open(summary="新")
    old = await desk.open(summary="旧", now=NOW - 5 * HOUR)
    alarm = await desk.open("emergency", "fire", severity=Severity.ALARM)
    accepted = await desk.open(summary="已接")
    await desk.do(handling.accept, desk.staff("小陈"), accepted)
    shown = await desk.store.read(lambda session: queue(session, member(desk), NOW))
    assert [row.id for row in shown.rows] == [alarm.id, old.id, new.id, accepted.id]
    assert [row.unacknowledged for row in shown.rows] == [True, False, False, False]
    assert shown.rows[0].due_kind == "acknowledge"
    assert shown.rows[1].seconds_left == -105 * 60  # the clock of work began when the night ended, at 8:00
    assert (shown.rows[2].due_kind, shown.rows[2].seconds_left) == ("dispatch", 15 * 60)
    assert shown.rows[3].due_kind == "reply"
    assert shown.rows[3].assignee == "小陈"
    assert shown.rows[3].department == "工程组"
    counts = shown.counts
    assert (counts["overdue"], counts["unassigned"], counts["mine"], shown.alarms) == (1, 3, 1, 1)


async def test_an_acknowledged_alarm_still_leads_but_rings_no_more(desk: Desk) -> None:
    await desk.open(now=NOW - 9 * HOUR)
    alarm = await desk.open("emergency", "fire", severity=Severity.ALARM)
    await desk.do(handling.acknowledge_alarm, desk.staff("监控室"), alarm)
    shown = await desk.store.read(lambda session: queue(session, member(desk), NOW))
    assert shown.rows[0].id == alarm.id
    assert not shown.rows[0].unacknowledged
    (row,) = await desk.store.read(lambda session: alarms(session, member(desk, "监控室"), NOW))
    assert row.id == alarm.id


async def test_what_is_done_is_not_in_the_queue(desk: Desk) -> None:
    done = await desk.open()
    await desk.do(handling.cancel, desk.staff("小陈"), done, reason="重复")
    assert (await desk.store.read(lambda session: queue(session, member(desk), NOW))).rows == ()


@pytest.mark.parametrize("name", ["管理员"])
async def test_roles_without_a_part_in_tickets_have_no_queue(desk: Desk, name: str) -> None:
    with pytest.raises(NotAllowedError):
        await desk.store.read(lambda session: queue(session, member(desk, name), NOW))
    with pytest.raises(NotAllowedError):
        await desk.store.read(lambda session: alarms(session, member(desk, name), NOW))
    with pytest.raises(NotAllowedError):
        await desk.store.read(lambda session: assignees(session, member(desk, name), NOW))


async def test_a_resident_who_waits_in_silence_is_shown_until_answered(desk: Desk) -> None:
    await write(desk, "转人工")
    talk = desk.cast.conversations["王芳"]

    async def held() -> list[str]:
        shown = await desk.store.read(lambda session: queue(session, member(desk), NOW))
        return [row.last_text for row in shown.held]

    assert await held() == []
    await alter(desk, update(Conversation).where(Conversation.id == talk).values(owner=TurnOwner.NOBODY))
    assert await held() == ["转人工"]
    await desk.store.write(lambda session: write_note(session, member(desk), talk, "我来", NOW))
    assert await held() == ["转人工"]
    await speak(desk, "同事马上来")
    assert await held() == ["同事马上来"]  # nobody has come yet
    await speak(desk, "王女士您好", author=Author.STAFF)
    assert await held() == []


async def test_a_ticket_page_has_the_record_the_conversation_and_the_other_tickets(desk: Desk) -> None:
    ticket, other = await desk.open(phone="13812346688"), await desk.open(summary="门铃")
    await write(desk, "漏水")
    await speak(desk, "请您核对", reply_id="repair.confirm", decision={"because": "form"})
    await desk.do(handling.assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"], reason="水电")
    page = await desk.store.read(lambda session: ticket_page(session, member(desk), ticket.id, NOW))
    assert (page.resident.name, page.resident.title, page.resident.homes) == ("王芳", "女士", ("3栋2单元1502",))
    assert page.resident.masked_phone == "138****6688"
    assert [(event.kind, event.actor_name, event.about, event.reason) for event in page.events] == [
        ("ticket:opened", "", "", ""),
        ("ticket:assigned", "小陈", "老周", "水电"),
    ]
    assert {deadline.kind.value for deadline in page.deadlines} == {"reply", "dispatch", "accept"}
    assert page.conversation
    assert [message.text for message in page.conversation.messages] == ["漏水", "请您核对"]
    assert [row.id for row in page.conversation.open_tickets] == [other.id]
    assert page.conversation.messages[1].why
    assert page.conversation.messages[1].why.steps == ("because: form",)


async def test_a_technician_gets_the_ticket_without_the_conversation(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.do(handling.assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    zhou = member(desk, "老周")
    page = await desk.store.read(lambda session: ticket_page(session, zhou, ticket.id, NOW))
    assert page.conversation is None
    assert page.conversation_id is not None
    told = await desk.store.read(lambda session: speaking_about(session, zhou, ticket.id))
    assert (told.salutation, told.phones) == ("王女士", ("13812346688",))
    with pytest.raises(NotAllowedError):
        await desk.store.read(lambda session: speaking_to(session, zhou, desk.cast.conversations["王芳"]))


async def test_a_look_at_a_number_is_recorded_with_who_looked(desk: Desk) -> None:
    ticket = await desk.open()
    chen = member(desk)
    assert (
        await desk.store.write(lambda session: reveal_phone(session, chen, ticket.id, "约时间", NOW)) == "13812346688"
    )
    columns = (AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject, AuditEntry.subject_id, AuditEntry.reason)
    assert await desk.rows(columns) == [("phone:revealed", chen.staff_id, "ticket", ticket.id, "约时间")]
    with pytest.raises(FieldError, match="reason"):
        await desk.store.write(lambda session: reveal_phone(session, chen, ticket.id, " ", NOW))
    talk = desk.cast.conversations["王芳"]
    look = await desk.store.write(lambda session: reveal_phone_in_talk(session, chen, talk, "回电", NOW))
    assert look == "13812346688"
    assert (await desk.rows(columns))[-1][2:] == ("conversation", talk, "回电")
    nobody = await desk.open(resident_id=None, conversation_id=None)
    assert await desk.store.write(lambda session: reveal_phone(session, chen, nobody.id, "约时间", NOW)) is None


async def test_rows_of_another_estate_are_not_there_for_anybody(desk: Desk) -> None:
    ticket = await desk.open()
    message_id = await write(desk, "看", "王芳", Upload("photo", "a" * 64, "image/jpeg", 10))
    (photo,) = await desk.rows(Attachment.id)
    talk = desk.cast.conversations["王芳"]
    assert message_id
    reads = [
        lambda session: ticket_page(session, STRANGER, ticket.id, NOW),
        lambda session: conversation_page(session, STRANGER, talk, NOW),
        lambda session: stored_file(session, STRANGER, photo),
        lambda session: speaking_to(session, STRANGER, talk),
        lambda session: speaking_about(session, STRANGER, ticket.id),
        lambda session: own_file(session, 1, "王芳", photo),
    ]
    for read in reads:
        with pytest.raises(NotFoundError):
            await desk.store.read(read)
    with pytest.raises(NotFoundError):
        await desk.store.write(lambda session: reveal_phone(session, STRANGER, ticket.id, "约时间", NOW))
    assert await desk.rows(AuditEntry.id) == []
    assert (await desk.store.read(lambda session: queue(session, STRANGER, NOW))).rows == ()
    assert await desk.store.read(lambda session: assignees(session, STRANGER, NOW)) == ()
    assert await desk.store.read(lambda session: resident_view(session, 1, "王芳", NOW)) is None


async def test_a_photo_is_seen_by_its_sender_and_by_those_who_may_read_the_conversation(desk: Desk) -> None:
    await write(desk, "看", "王芳", Upload("photo", "a" * 64, "image/jpeg", 10, "漏水.jpg"))
    (photo,) = await desk.rows(Attachment.id)
    community = desk.cast.community_id
    file = await desk.store.read(lambda session: own_file(session, community, "王芳", photo))
    assert (file.sha256, file.name) == ("a" * 64, "漏水.jpg")
    for address in ("李强", "nobody"):
        with pytest.raises(NotFoundError):
            await desk.store.read(partial(own_file, community_id=community, address=address, attachment_id=photo))
    assert (await desk.store.read(lambda session: stored_file(session, member(desk), photo))).sha256 == "a" * 64
    with pytest.raises(ActionError):
        await desk.store.read(lambda session: stored_file(session, member(desk, "老周"), photo))


async def test_a_photo_of_a_ticket_is_seen_by_the_technician_who_has_it(desk: Desk) -> None:
    ticket = await desk.open()
    await write(desk, "看", "王芳", Upload("photo", "a" * 64, "image/jpeg", 10))
    await alter(desk, update(Attachment).values(ticket_id=ticket.id))
    (photo,) = await desk.rows(Attachment.id)
    zhou = member(desk, "老周")
    with pytest.raises(NotFoundError):
        await desk.store.read(lambda session: stored_file(session, zhou, photo))
    await desk.do(handling.assign, desk.staff("小陈"), ticket, staff_id=zhou.staff_id)
    assert (await desk.store.read(lambda session: stored_file(session, zhou, photo))).sha256 == "a" * 64
    page = await desk.store.read(lambda session: ticket_page(session, zhou, ticket.id, NOW))
    assert [file.id for file in page.files] == [photo]


async def test_a_resident_sees_their_messages_and_cards_and_no_notes(desk: Desk) -> None:
    community, talk = desk.cast.community_id, desk.cast.conversations["王芳"]
    ticket = await desk.open()
    await desk.open(conversation_id=desk.cast.conversations["李强"], resident_id=desk.cast.residents["李强"])
    await write(desk, "漏水")
    await write(desk, "别家", "李强")
    await desk.store.write(lambda session: write_note(session, member(desk), talk, "内部", NOW))
    await speak(desk, "您好", buttons=({"label": "没错", "says": "没错"}, {"label": ""}))
    view = await desk.store.read(lambda session: resident_view(session, community, "王芳", NOW))
    assert view
    assert [message.text for message in view.messages] == ["漏水", "您好"]
    assert [message.client_id for message in view.messages] == ["id-漏水", ""]
    assert [button.says for button in view.messages[1].buttons] == ["没错"]
    assert all(message.why is None and message.author_name == "" for message in view.messages)
    assert [card.id for card in view.cards] == [ticket.id]
    later = await desk.store.read(
        lambda session: resident_timeline(session, community, desk.cast.contacts["王芳"], after_seq=1)
    )
    assert [message.text for message in later] == ["您好"]
    assert await desk.store.read(lambda session: resident_timeline(session, community, 5)) == ()


async def test_a_bound_resident_sees_the_tickets_that_came_by_phone_too(desk: Desk) -> None:
    by_phone = await desk.open(conversation_id=None)
    view = await desk.store.read(lambda session: resident_view(session, desk.cast.community_id, "王芳", NOW))
    assert view
    assert [card.id for card in view.cards] == [by_phone.id]


async def test_cards_tell_when_the_answer_is_due_and_stay_for_a_week_after_the_end(desk: Desk) -> None:
    community = desk.cast.community_id
    ticket = await desk.open()

    async def card(hours: float) -> tuple[bool, bool] | None:
        now = NOW + timedelta(hours=hours)
        view = await desk.store.read(lambda session: resident_view(session, community, "王芳", now))
        assert view
        return (view.cards[0].overdue, view.cards[0].due_at is not None) if view.cards else None

    assert await card(0) == (False, True)
    assert await card(25) == (True, True)
    await desk.do(handling.resolve, desk.staff("小陈"), ticket, text="阀芯已经换好，不滴水了。", policy=rules())
    assert await card(1) == (False, False)
    assert await card(24 * 8) is None


async def test_more_messages_than_a_page_holds_are_a_page_away(desk: Desk) -> None:
    def fill(session: Session) -> None:
        for number in range(230):
            words = Words(f"第{number}条")
            say(session, desk.cast.community_id, desk.cast.conversations["王芳"], words, NOW)

    await desk.store.write(fill)
    community = desk.cast.community_id
    view = await desk.store.read(lambda session: resident_view(session, community, "王芳", NOW))
    assert view
    assert view.more_before
    assert (len(view.messages), view.messages[-1].text) == (200, "第229条")
    first = view.messages[0].seq
    older = await desk.store.read(lambda session: resident_view(session, community, "王芳", NOW, before_seq=first))
    assert older
    assert not older.more_before
    assert [message.text for message in older.messages] == [f"第{number}条" for number in range(30)]


async def test_those_on_duty_stand_first_on_the_list_of_colleagues(desk: Desk) -> None:
    night = NOW - 2 * HOUR
    everybody = await desk.store.read(lambda session: assignees(session, member(desk), NOW))
    assert all(one.on_duty for one in everybody)
    assert {one.name for one in everybody} == set(STAFF)
    resting = await desk.store.read(lambda session: assignees(session, member(desk), night))
    assert not any(one.on_duty for one in resting)
    zhou = next(one for one in everybody if one.name == "老周")
    assert (zhou.department, zhou.roles) == ("工程组", (Role.TECHNICIAN,))


async def test_the_feed_is_filtered_by_estate_role_and_assignment(desk: Desk) -> None:
    ticket = await desk.open()
    about = await desk.open(
        "complaint",
        "service_attitude",
        about_staff_id=desk.cast.staff["小陈"],
        conversation_id=desk.cast.conversations["李强"],
    )
    await write(desk, "漏水")
    await write(desk, "投诉小陈", "李强")
    changes = await desk.store.read(lambda session: since(session, "0-0"))

    async def heard(staff: StaffIdentity) -> set[int | None]:
        shown = await desk.store.read(lambda session: visible(session, staff, changes))
        return {change.ticket_id or change.conversation_id for change in shown}

    talk, other = desk.cast.conversations["王芳"], desk.cast.conversations["李强"]
    assert await heard(member(desk, "孙主管")) == {ticket.id, about.id, talk, other}
    assert await heard(member(desk, "小陈")) == {ticket.id, talk}
    assert await heard(member(desk, "老周")) == set()
    assert await heard(member(desk, "管理员")) == set()
    assert await heard(STRANGER) == set()


async def test_an_estate_is_found_by_its_code_or_is_the_first(desk: Desk) -> None:
    found = await desk.store.read(lambda session: estate(session, "guiyuan"))
    assert found
    assert found.id == desk.cast.community_id
    first = await desk.store.read(lambda session: estate(session, None))
    assert first
    assert first.code == "other"
    assert await desk.store.read(lambda session: estate(session, "nowhere")) is None
    assert await desk.store.read(lambda session: estate_by_id(session, found.id)) == found
    assert await desk.store.read(alive)


async def test_the_reasons_of_the_bot_come_from_the_message_before(desk: Desk) -> None:
    first = await write(desk, "漏水")
    await speak(desk, "请您核对", reply_id="repair.confirm")
    second = await write(desk, "没错")
    await speak(desk, "好的", decision={"missing": ["time", "phone"], "form": {"name": "repair"}})

    def understand(session: Session) -> None:
        for key, value in (
            (first, {"intent": "repair", "category": "water_pipe", "confidence": 0.9, "trace": [["漏水", 2.0], "水"]}),
            (second, {"intent": "affirm", "unsure": True, "emergency": "fire"}),
        ):
            session.execute(update(Message).where(Message.id == key).values(understanding=value))

    await desk.store.write(understand)
    talk = desk.cast.conversations["王芳"]
    shown = await desk.store.read(lambda session: conversation_page(session, member(desk), talk, NOW))
    one, two = shown.messages[1].why, shown.messages[3].why
    assert one
    assert (one.intent, one.category, one.confidence, one.words) == ("repair", "water_pipe", 0.9, ("漏水", "水"))
    assert two
    assert (two.intent, two.unsure, two.emergency, two.confidence) == ("affirm", True, "fire", None)
    assert two.steps == ("form: name repair", "missing: time · phone")
    assert shown.waiting is False
