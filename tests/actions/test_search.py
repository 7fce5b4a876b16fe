"""Everything that was said is found again by its words, by who may read it, and until it is erased."""

import itertools
from datetime import datetime, timedelta
from importlib import import_module

import pytest
from sqlalchemy import select

from actions.access import StaffIdentity
from actions.conversations import Words, say, write_note
from actions.errors import FieldError, NotAllowedError
from actions.intake import Inbound, receive
from actions.logs import note_search, open_look, reason_of, transcript
from actions.masking import mask_name, mask_numbers
from actions.personal import erase
from actions.record_lines import record_lines
from actions.search import LogFilter, search
from actions.search_words import pieces, sought_in, words_of
from actions.store import Store
from actions.tables import Author, Community, Role
from tests.actions.factories import HOUR, STAFF, Desk, settle_desk
from tests.conftest import NOW

_KEYS = itertools.count()


def member(desk: Desk, name: str) -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({STAFF[name][0]}))


async def wrote(desk: Desk, text: str, name: str = "王芳", now: datetime = NOW) -> int:
    inbound = Inbound(desk.cast.community_id, "web", name, str(next(_KEYS)), text, now)
    return (await desk.store.write(lambda s: receive(s, inbound, now))).message_id


async def answered(desk: Desk, text: str, name: str = "王芳", now: datetime = NOW) -> None:
    words = Words(text, Author.STAFF, desk.cast.staff["小陈"])
    await desk.store.write(lambda s: say(s, desk.cast.community_id, desk.cast.conversations[name], words, now))


async def texts(desk: Desk, chosen: LogFilter, name: str = "赵经理") -> list[str]:
    page = await desk.store.read(lambda s: search(s, member(desk, name), chosen))
    return [message.text for message in page.messages]


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("3栋A座的电梯坏了", "3栋A座", True),
        ("３栋Ａ座的电梯坏了", "3栋a座", True),
        ("13栋A座的电梯坏了", "3栋A座", False),
        ("楼道没有水", "水", True),
        ("水管", "水", True),
        ("自来水，热", "水", True),
        ("电梯", "梯", True),
        ("电，梯", "电梯", False),
        ("我住1502室", "1502", True),
        ("我住1502室", "15", True),
        ("我住1502室", "502", False),
        ("VIP车位", "vip", True),
        ("电梯又坏了，楼道很黑", "楼道 电梯", True),
        ("电梯又坏了", "楼道 电梯", False),
        ("！！！", "！", False),
    ],
)
def test_a_text_has_the_words_that_a_search_asks_for(text: str, query: str, found: bool) -> None:
    words = words_of(text)
    sought = sought_in(query)
    has = [any(word.startswith(one.word) if one.beginning else word == one.word for word in words) for one in sought]
    assert (bool(sought) and all(has)) is found


def test_what_was_sought_is_marked_as_it_was_written() -> None:
    assert pieces("我家在３栋Ａ座，3栋a座", "3栋A座") == (
        ("我家在", False),
        ("３栋Ａ座", True),
        ("，", False),
        ("3栋a座", True),
    )
    assert pieces("电梯", "，") == (("电梯", False),)
    assert "".join(piece for piece, _ in pieces("ⅷ号㎡楼", "号")) == "ⅷ号㎡楼"


async def test_all_that_was_said_is_found_newest_first_with_notes_and_answers(store: Store) -> None:
    desk = await settle_desk(store)
    await wrote(desk, "3栋A座的电梯又坏了")
    await wrote(desk, "楼道没有水", now=NOW + HOUR)
    await answered(desk, "王女士，电梯明天修好，谢谢您。", now=NOW + 2 * HOUR)
    staff, talk = member(desk, "小陈"), desk.cast.conversations["王芳"]
    await store.write(lambda s: write_note(s, staff, talk, "电梯公司的电话打不通", NOW + 3 * HOUR))
    assert await texts(desk, LogFilter("电梯")) == [
        "电梯公司的电话打不通",
        "王女士，电梯明天修好，谢谢您。",
        "3栋A座的电梯又坏了",
    ]
    assert await texts(desk, LogFilter("水")) == ["楼道没有水"]
    assert await texts(desk, LogFilter("3栋A座")) == ["3栋A座的电梯又坏了"]
    assert await texts(desk, LogFilter("电梯", since=NOW + HOUR, until=NOW + 3 * HOUR)) == [
        "王女士，电梯明天修好，谢谢您。"
    ]
    assert await texts(desk, LogFilter("，")) == []


async def test_filters_narrow_to_people_homes_staff_and_tickets(store: Store) -> None:
    desk = await settle_desk(store)
    await wrote(desk, "电梯一直响")
    await wrote(desk, "电梯门关不上", name="李强")
    await answered(desk, "王女士，电梯已报修，谢谢您。")
    card = await desk.open("repair", "outage", summary="电梯异响")
    assert len(await texts(desk, LogFilter("电梯"))) == 3
    assert await texts(desk, LogFilter("电梯", person="李")) == ["电梯门关不上"]
    assert await texts(desk, LogFilter(room="12栋902")) == ["电梯门关不上"]
    assert await texts(desk, LogFilter("电梯", person="没有这个人")) == []
    assert await texts(desk, LogFilter("电梯", person="李强", room="3栋")) == []
    assert await texts(desk, LogFilter(staff_id=desk.cast.staff["小陈"])) == ["王女士，电梯已报修，谢谢您。"]
    assert await texts(desk, LogFilter(channel="telegram")) == []
    assert len(await texts(desk, LogFilter(channel="web"))) == 3
    assert len(await texts(desk, LogFilter(matter="repair.outage", status="open"))) == 2
    assert await texts(desk, LogFilter(matter="complaint")) == []
    assert await texts(desk, LogFilter(breached=True)) == []
    assert await texts(desk, LogFilter(label="repair.outage")) == []
    page = await desk.store.read(lambda s: search(s, member(desk, "赵经理"), LogFilter("一直响")))
    assert [ticket.number for ticket in page.messages[0].tickets] == [card.number]


async def test_pages_follow_each_other_without_a_gap(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await settle_desk(store)
    monkeypatch.setattr("actions.search.PAGE", 7)
    for number in range(12):
        await wrote(desk, f"电梯{number}")
    first = await store.read(lambda s: search(s, member(desk, "赵经理"), LogFilter("电梯")))
    assert len(first.messages) == 7
    second = await store.read(lambda s: search(s, member(desk, "赵经理"), LogFilter("电梯", before_id=first.next_id)))
    assert [one.text for one in second.messages] == [f"电梯{number}" for number in reversed(range(5))]
    assert second.next_id is None


async def test_a_word_of_very_many_messages_is_looked_for_in_portions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await settle_desk(store)
    await wrote(desk, "电梯很早", name="李强")
    for number in range(9):
        await wrote(desk, f"电梯{number}")
    monkeypatch.setattr("actions.search._FIRST_LOOK", 2)
    monkeypatch.setattr("actions.search._LONGEST_LOOK", 2)
    monkeypatch.setattr("actions.search._MOST_LOOKS", 2)
    pages: list[list[str]] = []
    before = None
    while before is not None or not pages:
        chosen = LogFilter("电梯", person="李强", before_id=before)
        page = await store.read(lambda s, chosen=chosen: search(s, member(desk, "赵经理"), chosen))  # type: ignore[misc]
        pages.append([message.text for message in page.messages])
        before = page.next_id
    assert pages == [[], [], ["电梯很早"]]


async def test_what_was_erased_is_found_no_more_even_when_it_was_erased_twice(store: Store) -> None:
    desk = await settle_desk(store)
    await wrote(desk, "我的电话和电梯")
    await wrote(desk, "别人的电梯", name="李强")
    contact = desk.cast.contacts["王芳"]
    await answered(desk, "电梯会修")
    for _ in range(2):
        await store.write(lambda s: erase(s, desk.cast.community_id, contact, 99, mark="（已删除）", now=NOW))
    assert await texts(desk, LogFilter("电梯")) == ["别人的电梯"]
    assert len(await texts(desk, LogFilter("删除"))) == 2


async def test_who_is_complained_about_does_not_find_it_and_who_does_not_lead_finds_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    await wrote(desk, "孙主管态度很差，电梯也不修")
    await desk.open("complaint", "service", summary="投诉主管", about_staff_id=desk.cast.staff["孙主管"])
    assert len(await texts(desk, LogFilter("电梯"))) == 1
    assert await texts(desk, LogFilter("电梯"), "孙主管") == []
    for name in ("小陈", "老周", "监控室", "管理员"):
        with pytest.raises(NotAllowedError):
            await texts(desk, LogFilter("电梯"), name)


async def test_another_communitys_words_are_not_found(store: Store) -> None:
    desk = await settle_desk(store)
    (other,) = await store.read(
        lambda s: s.execute(select(Community.id).where(Community.id != desk.cast.community_id)).scalars().all()
    )
    inbound = Inbound(other, "web", "elsewhere", "1", "别处的电梯", NOW)
    await store.write(lambda s: receive(s, inbound, NOW))
    assert await texts(desk, LogFilter("电梯")) == []
    manager = StaffIdentity(other, 1, "别处的经理", frozenset({Role.MANAGER}))
    page = await store.read(lambda s: search(s, manager, LogFilter("电梯")))
    assert [message.text for message in page.messages] == ["别处的电梯"]


async def test_a_look_needs_a_reason_and_every_look_is_on_record(store: Store) -> None:
    desk = await settle_desk(store)
    zhao, sun = member(desk, "赵经理"), member(desk, "孙主管")
    with pytest.raises(FieldError, match="reason"):
        await store.write(lambda s: open_look(s, zhao, "  ", NOW))
    look = await store.write(lambda s: open_look(s, zhao, "核对投诉", NOW))
    assert await store.read(lambda s: reason_of(s, zhao, look, NOW)) == "核对投诉"
    for staff, at in ((sun, NOW), (zhao, NOW + timedelta(hours=13))):
        with pytest.raises(FieldError):
            await store.read(lambda s, staff=staff, at=at: reason_of(s, staff, look, at))  # type: ignore[misc]
    await store.write(lambda s: note_search(s, zhao, "核对投诉", {"words": "电梯"}, 3, NOW))
    lines, _next = await store.read(lambda s: record_lines(s, zhao, action="logs"))
    assert [(line.action, line.reason, line.actor_name) for line in lines] == [
        ("logs:searched", "核对投诉", "赵经理"),
        ("logs:opened", "核对投诉", "赵经理"),
    ]
    assert lines[0].detail == {"words": "电梯", "found": 3}
    with pytest.raises(NotAllowedError):
        await store.read(lambda s: record_lines(s, sun))


async def test_a_transcript_has_every_message_in_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await settle_desk(store)
    # By its module: the package has a function of the same name.
    monkeypatch.setattr(import_module("actions.views.timeline"), "PAGE", 6)
    for number in range(15):
        await wrote(desk, str(number))
    talk = desk.cast.conversations["王芳"]
    _page, said = await store.read(lambda s: transcript(s, member(desk, "赵经理"), talk, NOW))
    assert [one.text for one in said] == [str(number) for number in range(15)]


def test_numbers_are_hidden_but_the_desks_own() -> None:
    text = "我13812345678，家0571-88881234，前台0571-88880100，证330106199001011234，138 1234 5678，单号12345"
    assert mask_numbers(text, {"0571-88880100"}) == (
        "我138****5678，家057******1234，前台0571-88880100，证330***********1234，138******5678，单号12345"
    )


def test_who_never_talks_to_residents_reads_surnames() -> None:
    assert mask_name("欧阳小芳", StaffIdentity(1, 2, "品质部", frozenset({Role.QUALITY}))) == "欧阳**"
    assert mask_name("王芳", StaffIdentity(1, 2, "赵经理", frozenset({Role.MANAGER}))) == "王芳"
