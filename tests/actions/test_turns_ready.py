import asyncio

from actions.store import Store
from actions.tables import Message
from actions.turns import next_moment
from actions.unread import Unread, unread
from tests.actions.world import after, settle
from tests.conftest import NOW


async def test_unread_messages_come_oldest_first(store: Store) -> None:
    world = await settle(store)
    ids = [(await world.receive(world.inbound(text, address=text))).message_id for text in "甲乙丙"]
    await world.understand(ids[0])
    assert await store.read(lambda s: unread(s, 10)) == (
        Unread(world.community_id, ids[1], "乙", NOW),
        Unread(world.community_id, ids[2], "丙", NOW),
    )
    assert [one.text for one in await store.read(lambda s: unread(s, 1))] == ["乙"]


async def test_a_message_is_understood_once(store: Store) -> None:
    world = await settle(store)
    received = await world.receive("漏水了")
    outcomes = await asyncio.gather(*(world.understand(received.message_id, intent=f"i{n}") for n in range(6)))
    assert outcomes.count(True) == 1
    kept = f"i{outcomes.index(True)}"
    assert await world.values(Message.understanding, Message.model_version) == [({"intent": kept}, "m1")]
    assert not await world.understand(received.message_id, now=after(99), emergency="gas")
    assert (await world.standing(received.conversation_id)).ready_at == after(1.5)


async def test_each_everyday_message_starts_the_usual_wait_anew(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("你好")
    standing = await world.standing(received.conversation_id)
    assert (standing.pending_since, standing.ready_at) == (NOW, after(1.5))
    await world.hear("我家", now=after(1))
    standing = await world.standing(received.conversation_id)
    assert (standing.pending_since, standing.ready_at) == (NOW, after(2.5))


async def test_nobody_waits_longer_than_the_longest_time(store: Store) -> None:
    world = await settle(store)
    received = await world.hear(intent="complaint")
    for second in range(1, 8):
        await world.hear(now=after(second), intent="complaint")
    assert (await world.standing(received.conversation_id)).ready_at == after(8)


async def test_a_complaint_is_given_more_time_that_a_fragment_does_not_cut_short(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("你们怎么回事", intent="complaint")
    assert (await world.standing(received.conversation_id)).ready_at == after(4)
    await world.hear("上周三", now=after(1))
    assert (await world.standing(received.conversation_id)).ready_at == after(4)


async def test_while_a_complaint_is_poured_out_every_message_is_given_more_time(store: Store) -> None:
    world = await settle(store)
    received = await world.hear()
    await world.answer(after(2), state={"pouring": True})
    await world.hear("还有", now=after(10))
    assert (await world.standing(received.conversation_id)).ready_at == after(14)


async def test_an_emergency_is_answered_at_once(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("你好")
    await world.hear("有人被困电梯了", now=after(1), emergency="lift")
    assert (await world.standing(received.conversation_id)).ready_at == after(1)


async def test_a_pressed_button_is_answered_at_once(store: Store) -> None:
    world = await settle(store)
    received = await world.hear(world.inbound("是的", pressed=True), now=after(1))
    assert (await world.standing(received.conversation_id)).ready_at == after(1)
    turn = await world.claim(after(1))
    assert turn is not None
    assert [message.pressed for message in turn.messages] == [True]


async def test_what_is_due_is_never_put_off(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("着火了", emergency="fire")
    await world.hear("快来", now=after(1))
    await world.hear("你们太慢了", now=after(2), intent="complaint")
    await world.hear(world.inbound("转人工", pressed=True), now=after(3))
    await world.hear("着火了", now=after(4), emergency="fire")
    assert (await world.standing(received.conversation_id)).ready_at == NOW


async def test_the_next_moment_is_the_earliest_of_answering_and_waking(store: Store) -> None:
    world = await settle(store)
    assert await store.read(next_moment) is None
    await world.hear(now=after(10))
    assert await store.read(next_moment) == after(11.5)
    await world.answer(after(12), wake_at=after(600))
    assert await store.read(next_moment) == after(600)
    await world.hear(world.inbound(address="w2"), now=after(20))
    assert await store.read(next_moment) == after(21.5)
