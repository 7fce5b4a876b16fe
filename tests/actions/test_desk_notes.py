"""Drafts, who is present, calls by name, proposals from messages, and replies that are sent once."""

import asyncio
from functools import partial
from typing import Any

import pytest

from actions import console, suggestions
from actions.console import Answer, Seen, Spoken
from actions.drafts import HERE_FOR, WRITING_FOR, be_present, draft_of, drop_draft, keep_draft, present
from actions.errors import ConflictError, FieldError, NotAllowedError, NotFoundError
from actions.intake import Inbound, receive
from actions.live import newest, since
from actions.mentions import called_in, open_mentions, take_note
from actions.store import Session, Store
from actions.tables import Message, SuggestionKind, SuggestionState
from actions.views import visible
from tests.actions.factories import Desk, settle_desk
from tests.actions.test_holding import member
from tests.conftest import NOW

GOOD = "王女士，水龙头的阀芯已经换好，现在不滴水了，谢谢您。"


async def wrote(desk: Desk, text: str = "楼道灯坏了") -> int:
    """A message of 王芳; its id."""
    inbound = Inbound(desk.cast.community_id, "web", "王芳", f"id-{text}", text, NOW)
    received = await desk.store.write(lambda s: receive(s, inbound, NOW))
    return received.message_id


async def test_a_draft_is_ones_own_and_is_forgotten_when_it_is_empty_or_sent(store: Store) -> None:
    desk = await settle_desk(store)
    card, chen, sun = await desk.open(), member(desk, "小陈"), member(desk, "孙主管")

    async def keep(text: str) -> None:
        await store.write(lambda s: keep_draft(s, chen, "tickets", card.id, text, NOW))

    async def kept(who: Any = chen) -> str:
        return await store.read(lambda s: draft_of(s, who, "tickets", card.id))

    await keep("王女士，师傅")
    await keep("王女士，师傅明天来")
    assert (await kept(), await kept(sun)) == ("王女士，师傅明天来", "")
    await keep("  ")
    assert await kept() == ""
    await keep("再写")
    await store.write(lambda s: drop_draft(s, chen, "tickets", card.id))
    assert await kept() == ""
    with pytest.raises(NotFoundError):
        await store.write(lambda s: keep_draft(s, member(desk, "老周"), "tickets", card.id, "看看", NOW))


async def test_who_has_the_conversation_open_is_shown_to_the_others_writers_first(store: Store) -> None:
    desk = await settle_desk(store)
    talk = desk.cast.conversations["王芳"]
    chen, sun, zhao = (member(desk, name) for name in ("小陈", "孙主管", "赵经理"))
    for who, writing in ((chen, False), (sun, True)):
        await store.write(partial(be_present, staff=who, conversation_id=talk, writing=writing, now=NOW))

    async def seen(now: Any = NOW) -> list[tuple[str, bool]]:
        found = await store.read(lambda s: present(s, zhao, talk, now))
        return [(one.name, one.writing) for one in found]

    assert await seen() == [("孙主管", True), ("小陈", False)]
    assert await seen(NOW + WRITING_FOR) == [("孙主管", False), ("小陈", False)]
    assert await seen(NOW + HERE_FOR) == []
    assert [one.name for one in await store.read(lambda s: present(s, sun, talk, NOW))] == ["小陈"]


async def test_pages_hear_of_presence_when_it_changes_and_only_those_who_may_see_the_talk(store: Store) -> None:
    desk = await settle_desk(store)
    talk, chen = desk.cast.conversations["王芳"], member(desk, "小陈")
    before = await store.read(newest)
    for writing in (False, False, True, True, False):
        await store.write(partial(be_present, staff=chen, conversation_id=talk, writing=writing, now=NOW))
    changes = await store.read(lambda s: since(s, before))
    assert [change.kind for change in changes] == [f"presence:{talk}"] * 3
    # Without its conversation no resident's page is told.
    assert {change.conversation_id for change in changes} == {None}

    async def told(name: str) -> int:
        return len(await store.read(lambda s: visible(s, member(desk, name), changes)))

    assert (await told("孙主管"), await told("管理员"), await told("老周")) == (3, 0, 0)


async def test_a_note_calls_colleagues_by_name_and_the_longer_name_counts(store: Store) -> None:
    desk = await settle_desk(store)
    card, chen = await desk.open(), member(desk, "小陈")
    community = desk.cast.community_id
    text = "@孙主管请看一下，@老周 明天去；@小陈 @没有这个人"
    called = await store.read(lambda s: called_in(s, community, text))
    assert set(called) == {desk.cast.staff[name] for name in ("孙主管", "老周", "小陈")}
    await store.write(lambda s: console.note(s, chen, card.id, text, NOW))
    sun = member(desk, "孙主管")
    (call,) = await store.read(lambda s: open_mentions(s, sun))
    assert (call.by, call.ticket_id, call.text) == ("小陈", card.id, text)
    assert await store.read(lambda s: open_mentions(s, chen)) == ()
    await store.write(lambda s: take_note(s, member(desk, "赵经理"), call.id, NOW))
    assert len(await store.read(lambda s: open_mentions(s, sun))) == 1
    await store.write(lambda s: take_note(s, sun, call.id, NOW))
    assert await store.read(lambda s: open_mentions(s, sun)) == ()


async def test_nobody_is_called_to_a_complaint_about_themselves(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open("complaint", "staff", about_staff_id=desk.cast.staff["孙主管"])
    await store.write(lambda s: console.note(s, member(desk, "小陈"), card.id, "@孙主管 看看", NOW))
    assert await store.read(lambda s: open_mentions(s, member(desk, "孙主管"))) == ()


async def test_a_note_in_a_talk_without_a_ticket_is_kept_for_staff(store: Store) -> None:
    desk = await settle_desk(store)
    talk, chen = desk.cast.conversations["李强"], member(desk, "小陈")
    await store.write(lambda s: console.note_in_talk(s, chen, talk, " 下午再打 ", NOW))
    assert await desk.rows((Message.text, Message.direction)) == [("下午再打", "note")]
    with pytest.raises(FieldError):
        await store.write(lambda s: console.note_in_talk(s, chen, talk, " ", NOW))


async def test_a_reply_with_the_same_key_is_sent_once_and_answers_once(store: Store) -> None:
    desk = await settle_desk(store)
    card, chen = await desk.open(), member(desk, "小陈")
    answer = Answer(Spoken(GOOD, key="k1"), concludes=True)

    def send(session: Session, answer: Answer = answer) -> bool:
        done = console.reply(session, chen, card.id, answer, seen=Seen(), policy=desk.policy, now=NOW)
        return done.replied

    assert await store.write(send)
    assert await store.write(send)
    assert len(await desk.rows(Message.id)) == 1
    assert (await desk.events(card)).count("ticket:replied") == 1
    await store.write(lambda s: send(s, Answer(Spoken(GOOD, key="k2"), concludes=True)))
    assert len(await desk.rows(Message.id)) == 2


async def test_of_two_equal_sendings_at_once_one_is_stored(store: Store) -> None:
    desk = await settle_desk(store)
    talk, chen = desk.cast.conversations["王芳"], member(desk, "小陈")
    spoken = Spoken(GOOD, key="same")
    ids = await asyncio.gather(
        *(store.write(lambda s: console.talk(s, chen, talk, spoken, seen=Seen(), now=NOW)) for _ in range(5))
    )
    assert len(set(ids)) == 1
    assert len(await desk.rows(Message.id)) == 1


async def test_a_wrong_label_is_proposed_decided_once_and_seen_by_those_who_edit(store: Store) -> None:
    desk = await settle_desk(store)
    message_id = await wrote(desk)
    chen, sun = member(desk, "小陈"), member(desk, "孙主管")
    await store.write(lambda s: suggestions.suggest_label(s, chen, message_id, "repair.electrical", NOW))
    (card,) = await store.read(lambda s: suggestions.suggestions(s, sun, SuggestionState.PENDING))
    assert (card.kind, card.message, card.proposed, card.by) == (
        SuggestionKind.LABEL,
        "楼道灯坏了",
        {"label": "repair.electrical"},
        "小陈",
    )
    await store.write(lambda s: suggestions.decide(s, sun, card.id, accepted=True, now=NOW))
    assert await store.read(lambda s: suggestions.suggestions(s, sun, SuggestionState.PENDING)) == ()
    assert len(await store.read(lambda s: suggestions.suggestions(s, sun, SuggestionState.ACCEPTED))) == 1
    with pytest.raises(ConflictError):
        await store.write(lambda s: suggestions.decide(s, sun, card.id, accepted=False, now=NOW))
    for action in (
        lambda s: suggestions.suggestions(s, chen, SuggestionState.PENDING),
        lambda s: suggestions.decide(s, chen, card.id, accepted=True, now=NOW),
    ):
        with pytest.raises(NotAllowedError):
            await store.read(action)


async def test_knowledge_is_proposed_only_whole_and_from_a_message_one_may_read(store: Store) -> None:
    desk = await settle_desk(store)
    message_id = await wrote(desk)
    chen = member(desk, "小陈")
    whole = {"question": "灯坏了找谁", "answer": "请在这里报修", "source": "业户手册"}

    async def propose(who: Any = chen, **changed: str) -> None:
        await store.write(lambda s: suggestions.suggest_knowledge(s, who, message_id, **(whole | changed), now=NOW))

    await propose()
    for name in whole:
        with pytest.raises(FieldError, match=name):
            await propose(**{name: " "})
    with pytest.raises(NotAllowedError):
        await propose(member(desk, "老周"))
    (card,) = await store.read(lambda s: suggestions.suggestions(s, member(desk, "赵经理"), SuggestionState.PENDING))
    assert card.proposed == whole
