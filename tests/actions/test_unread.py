"""One who floods the desk puts nobody else off."""

from actions.store import Store
from actions.turns import claim_turn
from actions.unread import unread
from tests.actions.world import World, after, settle

_FLOOD = 130


async def flooded(store: Store) -> World:
    """A world in which one visitor has sent very much before another sent one message."""
    world = await settle(store)
    for number in range(_FLOOD):
        await world.receive(world.inbound(f"刷屏{number}", address="flood"))
    await world.receive(world.inbound("我家漏水了", address="quiet"))
    return world


async def test_a_single_message_is_understood_before_the_second_of_a_flood(store: Store) -> None:
    world = await flooded(store)
    first = await world.store.read(lambda session: unread(session, 4))
    assert [one.text for one in first] == ["刷屏0", "我家漏水了", "刷屏1", "刷屏2"]


async def test_a_flood_is_answered_in_pieces_and_others_in_between(store: Store) -> None:
    world = await flooded(store)
    for one in await world.store.read(lambda session: unread(session, 1_000)):
        await world.understand(one.message_id)
    turns = [await world.answer(after(second)) for second in (10, 11, 12, 13)]
    assert [len(turn.messages) for turn in turns] == [50, 1, 50, 30]
    assert [turn.more_waiting for turn in turns] == [True, False, True, False]
    assert turns[1].messages[0].text == "我家漏水了"
    taken = [message.text for turn in turns for message in turn.messages if message.text != "我家漏水了"]
    assert taken == [f"刷屏{number}" for number in range(_FLOOD)], "nothing of the flood is lost or doubled"
    assert await world.store.write(lambda session: claim_turn(session, after(60))) is None


async def test_whoever_goes_on_flooding_still_gets_one_turn_at_a_time(store: Store) -> None:
    world = await flooded(store)
    for one in await world.store.read(lambda session: unread(session, 1_000)):
        await world.understand(one.message_id)
    answered = [(await world.answer(after(10))).conversation_id]
    for number in range(60):
        await world.hear(world.inbound(f"再刷{number}", address="flood"), now=after(10))
    answered.append((await world.answer(after(10))).conversation_id)
    assert len(set(answered)) == 2, "the other visitor comes next, however much was sent meanwhile"
