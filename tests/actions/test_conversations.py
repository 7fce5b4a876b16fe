import asyncio

import pytest
from sqlalchemy.exc import NoResultFound

from actions.conversations import Words, say, say_all, write_note
from actions.errors import NotAllowedError, NotFoundError
from actions.store import Store
from actions.tables import Author, Direction, Message, OutboxRow, OutboxState, Role
from tests.actions.world import World, after, settle
from tests.conftest import NOW


async def _say(world: World, conversation_id: int, words: Words) -> int:
    return await world.store.write(lambda s: say(s, world.community_id, conversation_id, words, after(2)))


async def test_what_the_desk_says_follows_what_was_said_before(store: Store) -> None:
    world = await settle(store)
    received = await world.receive("你好")
    message_id = await _say(world, received.conversation_id, Words("您好"))
    await world.receive("漏水了")
    assert await world.values(Message.text, Message.seq, Message.direction, Message.author) == [
        ("你好", 1, Direction.IN, Author.RESIDENT),
        ("您好", 2, Direction.OUT, Author.BOT),
        ("漏水了", 3, Direction.IN, Author.RESIDENT),
    ]
    assert message_id in await world.values(Message.id)
    assert (await world.feed())[1] == ("message:out", received.conversation_id)


async def test_a_message_of_the_desk_keeps_who_said_it_and_why(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive()
    words = Words(
        "您好",
        author=Author.STAFF,
        staff_id=agent.staff_id,
        reply_id="hello",
        buttons=({"label": "报修", "value": "repair"},),
        decision={"rule": "greet"},
    )
    message_id = await _say(world, received.conversation_id, words)
    kept = await world.values(
        Message.id, Message.author, Message.staff_id, Message.reply_id, Message.buttons, Message.decision
    )
    assert kept[1] == (
        message_id,
        Author.STAFF,
        agent.staff_id,
        "hello",
        [{"label": "报修", "value": "repair"}],
        {"rule": "greet"},
    )
    assert await world.values(Message.needs_understanding) == [True, False]


async def test_on_the_web_what_is_stored_is_delivered(store: Store) -> None:
    world = await settle(store)
    received = await world.receive(world.inbound(channel="web"))
    await _say(world, received.conversation_id, Words("您好"))
    assert await world.values(OutboxRow.id) == []


async def test_on_other_channels_each_message_has_one_row_to_deliver_it(store: Store) -> None:
    world = await settle(store)
    received = await world.receive(world.inbound(channel="telegram", address="55"))
    ids = [
        await _say(world, received.conversation_id, Words("您好")),
        await _say(world, received.conversation_id, Words("请缴费", purpose="dunning")),
    ]
    assert await world.values(
        OutboxRow.message_id, OutboxRow.contact_id, OutboxRow.channel, OutboxRow.purpose, OutboxRow.state
    ) == [
        (ids[0], received.contact_id, "telegram", "reply", OutboxState.PENDING),
        (ids[1], received.contact_id, "telegram", "dunning", OutboxState.PENDING),
    ]
    assert (
        await world.values(OutboxRow.next_attempt_at, OutboxRow.attempts, OutboxRow.sent_at)
        == [(after(2), 0, None)] * 2
    )


@pytest.mark.parametrize("channel", ["web", "telegram"])
async def test_all_that_a_turn_says_is_stored_in_its_order(store: Store, channel: str) -> None:
    world = await settle(store)
    received = await world.receive(world.inbound("你好", channel=channel))
    words = (Words("您好", reply_id="hello"), Words("请稍等", purpose="notice", decision={"rule": "wait"}))
    ids = await store.write(lambda s: say_all(s, world.community_id, received.conversation_id, words, after(2)))
    assert await world.values(Message.id, Message.seq, Message.text, Message.reply_id, Message.decision) == [
        (received.message_id, 1, "你好", None, None),
        (ids[0], 2, "您好", "hello", None),
        (ids[1], 3, "请稍等", None, {"rule": "wait"}),
    ]
    sent = [] if channel == "web" else [(ids[0], "reply"), (ids[1], "notice")]
    assert await world.values(OutboxRow.message_id, OutboxRow.purpose) == sent
    assert (await world.feed())[1:] == [("message:out", received.conversation_id)] * 2
    assert (await world.standing(received.conversation_id)).last_seq == 3


async def test_a_turn_without_words_says_nothing(store: Store) -> None:
    world = await settle(store)
    received = await world.receive("你好")
    assert await store.write(lambda s: say_all(s, world.community_id, received.conversation_id, (), NOW)) == ()
    assert (await world.standing(received.conversation_id)).last_seq == 1
    assert len(await world.feed()) == 1


async def test_both_sides_may_speak_at_once(store: Store) -> None:
    world = await settle(store)
    received = await world.receive()
    await asyncio.gather(
        *(_say(world, received.conversation_id, Words("好的")) for _ in range(15)),
        *(world.receive() for _ in range(15)),
    )
    assert sorted(await world.values(Message.seq)) == list(range(1, 32))


async def test_nothing_is_said_in_another_communitys_conversation(store: Store) -> None:
    world = await settle(store)
    other = await settle(store, "lanyuan")
    received = await world.receive()
    with pytest.raises(NoResultFound):
        await _say(other, received.conversation_id, Words("您好"))


async def test_a_note_stays_inside_the_desk(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive(world.inbound(channel="telegram"))
    note_id = await store.write(lambda s: write_note(s, agent, received.conversation_id, "老业主", NOW))
    kept = await world.values(Message.id, Message.seq, Message.direction, Message.author, Message.staff_id)
    assert kept[1] == (note_id, 2, Direction.NOTE, Author.STAFF, agent.staff_id)
    assert await world.values(OutboxRow.id) == []
    assert (await world.feed())[1] == ("message:note", received.conversation_id)


async def test_a_note_needs_the_right_to_see_the_conversation(store: Store) -> None:
    world = await settle(store)
    other = await settle(store, "lanyuan")
    received = await world.receive()
    technician = await world.staff("赵强", Role.TECHNICIAN)
    stranger = await other.staff("周敏", Role.AGENT)
    with pytest.raises(NotAllowedError):
        await store.write(lambda s: write_note(s, technician, received.conversation_id, "x", NOW))
    with pytest.raises(NotFoundError):
        await store.write(lambda s: write_note(s, stranger, received.conversation_id, "x", NOW))
    assert len(await world.values(Message.id)) == 1
