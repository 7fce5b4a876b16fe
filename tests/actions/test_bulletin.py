"""Notices as they are written: checked, published, corrected, withdrawn, and how many heard them."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from actions.bulletin import Standing, bulletin, correct, notice_entry, publish, withdraw
from actions.conversations import Words, say
from actions.errors import ConflictError, FieldError, NotAllowedError, TransitionError
from actions.estate import NewNotice
from actions.notices import active
from actions.store import Store
from actions.tables import AuditEntry, Author
from tests.actions.factories import HOUR, settle_desk
from tests.actions.test_holding import member
from tests.conftest import NOW

LABELS = frozenset({"repair.outage"})
STOP = NewNotice("3栋检修停水", "请提前储水。", ("repair.outage",), ("3栋",), NOW, NOW, NOW + 6 * HOUR)


async def test_a_published_notice_is_told_until_it_is_withdrawn(store: Store) -> None:
    desk = await settle_desk(store)
    sun, community = member(desk, "孙主管"), desk.cast.community_id
    key = await store.write(lambda s: publish(s, sun, STOP, LABELS, NOW))
    assert [one.title for one in await store.read(lambda s: active(s, community, NOW))] == [STOP.title]
    (entry,) = await store.read(lambda s: bulletin(s, sun, NOW))
    assert (entry.standing, entry.by, entry.told) == (Standing.ACTIVE, "孙主管", 0)
    await store.write(lambda s: withdraw(s, sun, key, NOW))
    assert await store.read(lambda s: active(s, community, NOW)) == ()
    assert (await store.read(lambda s: notice_entry(s, sun, key, NOW))).standing is Standing.WITHDRAWN
    with pytest.raises(ConflictError):
        await store.write(lambda s: withdraw(s, sun, key, NOW))
    actions = await store.read(lambda s: list(s.execute(select(AuditEntry.action)).scalars()))
    assert [one for one in actions if one.startswith("notice")] == ["notice:published", "notice:withdrawn"]


async def test_it_is_counted_in_how_many_conversations_a_notice_was_told(store: Store) -> None:
    desk = await settle_desk(store)
    sun, cast = member(desk, "孙主管"), desk.cast
    await store.write(lambda s: publish(s, sun, STOP, LABELS, NOW))
    said = Words(f"{STOP.title}，给您添麻烦了。", Author.BOT, reply_id="notice.explains")
    other = Words(f"{STOP.title}，给您添麻烦了。", Author.BOT, reply_id="inquiry.answer")
    for name, words in (("王芳", said), ("王芳", said), ("李强", said), ("李强", other)):
        talk = cast.conversations[name]
        await store.write(
            partial(say, community_id=cast.community_id, conversation_id=talk, words=words, now=NOW + HOUR)
        )
    (entry,) = await store.read(lambda s: bulletin(s, sun, NOW + HOUR))
    assert entry.told == 2


async def test_one_that_comes_is_not_told_yet_and_one_that_is_over_cannot_be_changed(store: Store) -> None:
    desk = await settle_desk(store)
    sun = member(desk, "孙主管")
    later = replace(STOP, published_at=NOW + HOUR)
    key = await store.write(lambda s: publish(s, sun, later, LABELS, NOW))
    assert await store.read(lambda s: active(s, desk.cast.community_id, NOW)) == ()
    entry = await store.read(lambda s: notice_entry(s, sun, key, NOW))
    assert entry.standing is Standing.COMING
    over = NOW + 7 * HOUR
    assert (await store.read(lambda s: notice_entry(s, sun, key, over))).standing is Standing.PAST
    with pytest.raises(TransitionError):
        await store.write(lambda s: correct(s, sun, key, later, LABELS, mark=entry.mark, now=over))


async def test_of_two_who_correct_a_notice_the_second_is_told(store: Store) -> None:
    desk = await settle_desk(store)
    sun = member(desk, "孙主管")
    key = await store.write(lambda s: publish(s, sun, STOP, LABELS, NOW))
    seen = (await store.read(lambda s: notice_entry(s, sun, key, NOW))).mark
    longer = replace(STOP, ends_at=NOW + 9 * HOUR)
    await store.write(lambda s: correct(s, sun, key, longer, LABELS, mark=seen, now=NOW))
    with pytest.raises(ConflictError):
        await store.write(lambda s: correct(s, sun, key, STOP, LABELS, mark=seen, now=NOW))
    assert (await store.read(lambda s: notice_entry(s, sun, key, NOW))).notice.ends_at == NOW + 9 * HOUR


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "停" * 61}, "title"),
        ({"title": "停水\n停电"}, "title"),
        ({"body": ""}, "body"),
        ({"explains": ("repair.nothing",)}, "explains"),
        ({"buildings": ("99栋",)}, "buildings"),
        ({"ends_at": NOW}, "ends_at"),
        ({"starts_at": NOW - 3 * HOUR, "ends_at": NOW - HOUR}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=400)}, "ends_at"),
        ({"published_at": NOW + 6 * HOUR}, "published_at"),
    ],
)
async def test_a_notice_that_cannot_be_is_refused(store: Store, change: dict[str, object], field: str) -> None:
    desk = await settle_desk(store)
    wrong = replace(STOP, **change)  # type: ignore[arg-type]
    with pytest.raises(FieldError) as caught:
        await store.write(lambda s: publish(s, member(desk, "孙主管"), wrong, LABELS, NOW))
    assert caught.value.field == field


async def test_who_may_not_edit_content_neither_reads_nor_writes_notices(store: Store) -> None:
    desk = await settle_desk(store)
    chen = member(desk, "小陈")
    for look in (lambda s: publish(s, chen, STOP, LABELS, NOW), lambda s: bulletin(s, chen, NOW)):
        with pytest.raises(NotAllowedError):
            await store.write(look)
