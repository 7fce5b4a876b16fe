"""The facts of a community: their forms, who states them, and that two who change one are told."""

from functools import partial

import pytest
from sqlalchemy import select, update

from actions.communities import facts_of
from actions.errors import ConflictError, FieldError, NotAllowedError
from actions.fact_book import FactBook
from actions.facts import FactChange, facts_kept, keep_facts, last_changes
from actions.store import Store
from actions.tables import AuditEntry, Community
from nlu.knowledge import Knowledge
from tests.actions.factories import changed, content, settle_desk
from tests.actions.test_holding import member
from tests.actions.world import executing
from tests.conftest import NOW
from words.answers import facts_in
from words.errors import ContentError

BOOK = FactBook.read(content())


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("phone_duty", ["0571-88880110", "4008208820", "95598", "16012345678", "0571-88880110-802"], ["打保安", "12"]),
        ("gym_hours", ["9:00–21:00", "工作日8:00-12:00", "24小时开放"], ["早上到晚上", "9点"]),
        ("access_card_price", ["每张20元", "免费", "2.80元每平方米"], ["20", "二十"]),
        ("pool_season", ["6月至9月", "每年夏季，6月1日起"], ["夏"]),
        ("desk_place", ["1栋首层东侧"], ["", "东" * 121, "东\n西"]),
    ],
)
def test_a_value_has_the_form_of_its_fact(key: str, good: list[str], bad: list[str]) -> None:
    entry = BOOK.entries[key]
    assert [value for value in good if not entry.fits(value)] == []
    assert [value for value in bad if entry.fits(value)] == []


def test_every_fact_of_the_demo_has_its_form_and_every_stated_one_a_name() -> None:
    demo = content().read("demo/community.yml")
    facts = demo["community"]["facts"]
    assert [key for key, value in facts.items() if not BOOK.entries[key].fits(value)] == []
    stated = {fact for entry in Knowledge.read(content()).entries for fact in facts_in(entry.answer)}
    assert stated <= BOOK.entries.keys()


def test_a_book_with_an_unknown_form_is_refused_with_its_line() -> None:
    with pytest.raises(ContentError, match=r"rules/facts\.yml:\d+"):
        FactBook.read(changed("rules/facts.yml", "form: money", "form: gold"))


async def test_a_changed_fact_is_told_at_once_and_goes_on_record(store: Store) -> None:
    desk = await settle_desk(store)
    sun = member(desk, "孙主管")
    changes = {"gym_hours": FactChange("", "9:00–21:00"), "phone_desk": FactChange("", "0571-88880100")}
    kept = await store.write(lambda s: keep_facts(s, sun, changes, BOOK, needed=(), now=NOW))
    assert kept == ("gym_hours", "phone_desk")
    told = await store.read(lambda s: facts_of(s, desk.cast.community_id))
    assert told["gym_hours"] == "9:00–21:00"
    assert (await store.read(lambda s: last_changes(s, sun)))["gym_hours"].by == "孙主管"
    entry = select(AuditEntry.detail).where(AuditEntry.action == "fact:changed")
    detail = await store.read(lambda s: s.execute(entry).scalar_one())
    assert detail["gym_hours"] == {"before": "", "after": "9:00–21:00"}
    # The same once more changes nothing, and is no conflict.
    assert await store.write(lambda s: keep_facts(s, sun, changes, BOOK, needed=(), now=NOW)) == ()


async def test_two_who_change_different_facts_do_not_meet_and_of_one_the_second_is_told(store: Store) -> None:
    desk = await settle_desk(store)
    sun = member(desk, "孙主管")
    await store.write(executing(update(Community).values(facts={"desk_place": "西门"})))
    for changes in ({"desk_place": FactChange("西门", "东门")}, {"bulky_day": FactChange("", "每周六")}):
        await store.write(partial(keep_facts, staff=sun, changes=changes, book=BOOK, needed=(), now=NOW))
    late = {"desk_place": FactChange("西门", "南门"), "bulky_day": FactChange("每周六", "每周日")}
    with pytest.raises(ConflictError) as caught:
        await store.write(lambda s: keep_facts(s, sun, late, BOOK, needed=(), now=NOW))
    assert caught.value.current == "desk_place"
    assert await store.read(lambda s: facts_kept(s, sun)) == {"desk_place": "东门", "bulky_day": "每周六"}


async def test_a_fact_can_be_removed_unless_replies_need_it(store: Store) -> None:
    desk = await settle_desk(store)
    sun = member(desk, "孙主管")
    facts = {"desk_place": "西门", "phone_duty": "0571-88880110"}
    await store.write(executing(update(Community).values(facts=facts)))
    gone = {"desk_place": FactChange("西门", "")}
    await store.write(lambda s: keep_facts(s, sun, gone, BOOK, needed={"phone_duty"}, now=NOW))
    wrong = (
        {"phone_duty": FactChange("0571-88880110", "")},
        {"nothing": FactChange("", "x")},
        {"gym_hours": FactChange("", "早上")},
    )
    for changes in wrong:
        with pytest.raises(FieldError):
            await store.write(
                partial(keep_facts, staff=sun, changes=changes, book=BOOK, needed={"phone_duty"}, now=NOW)
            )
    assert await store.read(lambda s: facts_kept(s, sun)) == {"phone_duty": "0571-88880110"}
    with pytest.raises(NotAllowedError):
        await store.write(lambda s: keep_facts(s, member(desk, "小陈"), {}, BOOK, needed=(), now=NOW))
