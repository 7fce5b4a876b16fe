import asyncio
from datetime import datetime

import pytest
from sqlalchemy import update

from actions.conversations import Words, say, take_over, write_note
from actions.errors import ConflictError
from actions.store import Session, Store
from actions.tables import Conversation, Message, Role, TurnOwner
from actions.turns import Turn, claim_turn, finish_turn, record_understanding
from actions.unread import Unread
from tests.actions.world import ON_POSTGRES, QUIET, World, after, settle, transaction, until_one_waits
from tests.conftest import NOW


def _finish(session: Session, turn: Turn, *, now: datetime = NOW) -> None:
    finish_turn(session, turn, state=turn.state, wake_at=None, owner=turn.owner, now=now)


def _texts(turn: Turn | None) -> list[str]:
    assert turn is not None
    return [message.text for message in turn.messages]


async def test_nothing_is_claimed_before_its_time(store: Store) -> None:
    world = await settle(store)
    assert await world.claim(NOW) is None
    await world.receive()
    assert await world.claim(after(100)) is None, "what is not understood is not answered"
    await world.hear(world.inbound(address="w2"))
    assert await world.claim(after(1.4)) is None
    assert await world.claim(after(1.5)) is not None


async def test_a_turn_tells_all_that_is_needed_to_answer_it(store: Store) -> None:
    world = await settle(store)
    inbound = world.inbound("漏水了", channel="telegram", address="55")
    received = await world.hear(inbound, intent="repair", category="water")
    turn = await world.claim(after(2))
    assert turn is not None
    assert (turn.community_id, turn.conversation_id) == (world.community_id, received.conversation_id)
    assert (turn.contact_id, turn.channel, turn.owner) == (received.contact_id, "telegram", TurnOwner.BOT)
    assert (turn.version, turn.number, turn.state, turn.more_waiting) == (0, 1, {}, False)
    [message] = turn.messages
    assert (message.message_id, message.seq, message.text) == (received.message_id, 1, "漏水了")
    assert (message.sent_at, message.stored_at, message.pressed, message.photos) == (NOW, NOW, False, 0)
    assert message.understanding == {"intent": "repair", "category": "water"}


async def test_the_conversation_ready_longest_is_claimed_first(store: Store) -> None:
    world = await settle(store)
    for second, address in ((2, "late"), (0, "early"), (1, "middle")):
        await world.hear(world.inbound(address, address=address), now=after(second))
    turns = [await world.answer(after(60)) for _ in range(3)]
    assert [_texts(turn) for turn in turns] == [["early"], ["middle"], ["late"]]
    assert await world.claim(after(60)) is None


async def test_a_turn_takes_the_understood_messages_up_to_the_first_that_is_not(store: Store) -> None:
    world = await settle(store)
    await world.hear("一")
    await world.hear("二")
    third = await world.receive("三")
    await world.hear("四")
    turn = await world.answer(after(5))
    assert (_texts(turn), turn.more_waiting) == (["一", "二"], True)
    standing = await world.standing(third.conversation_id)
    assert (standing.taken_seq, standing.turn_count, standing.pending_since) == (2, 1, after(5))
    assert standing.ready_at is not None, "somebody looks again for the rest"

    await world.understand(third.message_id, now=after(5))
    turn = await world.answer(after(20))
    assert (_texts(turn), turn.more_waiting, turn.number) == (["三", "四"], False, 2)
    assert await world.values(Message.turn) == [1, 1, 2, 2]


async def test_a_turn_in_which_nothing_is_understood_yet_takes_nothing(store: Store) -> None:
    world = await settle(store)
    await world.hear("一")
    await world.answer(after(2), wake_at=after(60))
    waiting = await world.receive("二", now=after(59))
    turn = await world.answer(after(60))
    assert (turn.messages, turn.more_waiting) == ((), True)
    assert (await world.standing(waiting.conversation_id)).taken_seq == 1
    await world.understand(waiting.message_id, now=after(61))
    assert _texts(await world.claim(after(70))) == ["二"]


async def test_what_the_desk_says_and_notes_is_not_part_of_a_turn(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("一")
    agent = await world.staff("李静", Role.AGENT)
    await store.write(lambda s: say(s, world.community_id, received.conversation_id, Words("您好"), NOW))
    await store.write(lambda s: write_note(s, agent, received.conversation_id, "老业主", NOW))
    await world.hear("二")
    assert _texts(await world.answer(after(5))) == ["一", "二"]
    assert (await world.standing(received.conversation_id)).taken_seq == 4


async def test_finishing_a_turn_stores_what_it_led_to(store: Store) -> None:
    world = await settle(store)
    received = await world.hear()

    def work(session: Session) -> None:
        turn = claim_turn(session, after(2))
        assert turn is not None
        state = {"form": "repair", "values": {"place": "厨房"}}
        finish_turn(session, turn, state=state, wake_at=after(900), owner=TurnOwner.NOBODY, now=after(2))

    await store.write(work)
    standing = await world.standing(received.conversation_id)
    assert standing.state == {"form": "repair", "values": {"place": "厨房"}}
    assert (standing.owner, standing.version, standing.turn_count) == (TurnOwner.NOBODY, 1, 1)
    assert (standing.ready_at, standing.pending_since, standing.wake_at) == (None, None, after(900))
    assert await world.claim(after(899)) is None


async def test_a_conversation_is_woken_by_time_alone(store: Store) -> None:
    world = await settle(store)
    await world.hear()
    await world.answer(after(2), state={"form": "repair"}, wake_at=after(900))
    turn = await world.answer(after(900))
    assert (turn.messages, turn.more_waiting, turn.state, turn.number) == ((), False, {"form": "repair"}, 2)
    assert await world.claim(after(10_000)) is None, "it is woken once"


async def test_messages_come_before_sleepers(store: Store) -> None:
    world = await settle(store)
    await world.hear("醒")
    await world.answer(after(2), wake_at=after(10))
    await world.hear(world.inbound("问", address="w2"), now=after(50))
    assert _texts(await world.answer(after(60))) == ["问"]
    assert _texts(await world.answer(after(60))) == []


async def test_a_turn_of_a_conversation_that_a_person_holds_says_so(store: Store) -> None:
    world = await settle(store)
    received = await world.hear()
    agent = await world.staff("李静", Role.AGENT)
    await store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=NOW))
    turn = await world.answer(after(2))
    assert (turn.owner, turn.version) == (TurnOwner.STAFF, 1)
    standing = await world.standing(received.conversation_id)
    assert (standing.owner, standing.staff_id, standing.version) == (TurnOwner.STAFF, agent.staff_id, 2)


async def test_a_turn_of_an_old_version_changes_nothing(store: Store) -> None:
    world = await settle(store)
    received = await world.hear()
    agent = await world.staff("李静", Role.AGENT)
    turn = await world.claim(after(2))
    assert turn is not None
    await store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=after(2)))
    before = await world.standing(received.conversation_id)
    refused: list[str] = []

    def work(session: Session) -> None:
        # Even a caller who goes on after the refusal, and so commits, has changed nothing.
        try:
            finish_turn(session, turn, state={"late": True}, wake_at=after(9), owner=TurnOwner.BOT, now=after(3))
        except ConflictError as error:
            refused.append(str(error))

    await store.write(work)
    assert refused == ["the conversation changed while its turn was being answered"]
    assert await world.standing(received.conversation_id) == before
    # Neither the resident's message nor the marker of the takeover belongs to a turn.
    assert await world.values(Message.turn) == [None, None]
    with pytest.raises(ConflictError):
        await store.write(lambda s: _finish(s, turn))


async def test_a_worker_that_dies_leaves_the_turn_to_the_next(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("一")

    def die(session: Session) -> None:
        turn = claim_turn(session, after(2))
        assert turn is not None
        say(session, world.community_id, received.conversation_id, Words("您好"), after(2))
        _finish(session, turn)
        raise SystemError("the power went")

    with pytest.raises(SystemError):
        await store.write(die)
    turn = await world.answer(after(3))
    assert (_texts(turn), turn.number) == (["一"], 1)
    assert await world.values(Message.text) == ["一"]


async def test_many_workers_take_every_message_exactly_once(store: Store) -> None:
    world = await settle(store)
    for n in range(8):
        await world.hear(world.inbound("一", address=f"w{n}"))
        await world.hear(world.inbound("二", address=f"w{n}"))

    def work(session: Session) -> tuple[int, ...] | None:
        turn = claim_turn(session, after(10))
        if turn is None:
            return None
        say(session, turn.community_id, turn.conversation_id, Words("好的"), after(10))
        _finish(session, turn)
        return tuple(message.message_id for message in turn.messages)

    async def worker() -> list[tuple[int, ...]]:
        done = []
        while (taken := await store.write(work)) is not None:
            done.append(taken)
        return done

    taken = [one for done in await asyncio.gather(*(worker() for _ in range(4))) for one in done]
    assert len(taken) == 8
    assert len({message for one in taken for message in one}) == 16
    assert sorted(await world.values(Conversation.turn_count)) == [1] * 8
    assert (await world.values(Message.text)).count("好的") == 8


@ON_POSTGRES
async def test_two_claimers_at_once_never_get_the_same_turn(store: Store) -> None:
    world = await settle(store)
    await world.hear("一")
    await world.hear(world.inbound("二", address="w2"), now=after(1))
    async with transaction(store) as one, transaction(store) as other:
        first = await one.run_sync(lambda s: claim_turn(s, after(10)))
        second = await other.run_sync(lambda s: claim_turn(s, after(10)))
        assert (_texts(first), _texts(second)) == (["一"], ["二"])
        assert await world.claim(after(10)) is None, "all that is ready is held by somebody"
    assert _texts(await world.claim(after(10))) == ["一"]


@ON_POSTGRES
async def test_a_sleeper_is_woken_by_one_worker_only(store: Store) -> None:
    world = await settle(store)
    await world.hear()
    await world.answer(after(2), wake_at=after(5))
    async with transaction(store) as session:
        assert await session.run_sync(lambda s: claim_turn(s, after(10))) is not None
        assert await world.claim(after(10)) is None


async def _interleave(world: World) -> tuple[Turn, bool]:
    """A second message is understood while the turn of the first is being answered."""
    await world.hear("一")
    second = await world.receive("二")
    late = Unread(world.community_id, second.message_id, "二", NOW)
    async with transaction(world.store) as session:
        turn = await session.run_sync(lambda s: claim_turn(s, after(2)))
        assert turn is not None
        understanding = asyncio.ensure_future(
            world.store.write(lambda s: record_understanding(s, late, {}, "m1", QUIET, after(2)))
        )
        await until_one_waits(world.store)
        await session.run_sync(lambda s: _finish(s, turn, now=after(2)))
        await session.commit()
    return turn, await understanding


@ON_POSTGRES
async def test_what_is_understood_while_a_turn_is_answered_comes_in_the_next(store: Store) -> None:
    world = await settle(store)
    turn, understood = await _interleave(world)
    assert (_texts(turn), turn.more_waiting, understood) == (["一"], True, True)
    following = await world.answer(after(10))
    assert (_texts(following), following.number, following.more_waiting) == (["二"], 2, False)
    assert await world.claim(after(100)) is None


@ON_POSTGRES
async def test_what_arrives_while_a_turn_is_answered_waits_and_is_not_lost(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("一")
    async with transaction(store) as session:
        turn = await session.run_sync(lambda s: claim_turn(s, after(2)))
        assert turn is not None
        arriving = asyncio.ensure_future(world.receive("二", now=after(2)))
        await until_one_waits(store)
        await session.run_sync(lambda s: say(s, turn.community_id, turn.conversation_id, Words("您好"), after(2)))
        await session.run_sync(lambda s: _finish(s, turn, now=after(2)))
        await session.commit()
    second = await arriving
    assert await world.values(Message.text, Message.seq, Message.turn) == [
        ("一", 1, 1),
        ("您好", 2, None),
        ("二", 3, None),
    ]
    await world.understand(second.message_id, now=after(3))
    assert _texts(await world.answer(after(5))) == ["二"]
    assert (await world.standing(received.conversation_id)).taken_seq == 3


@ON_POSTGRES
async def test_a_conversation_finished_by_another_just_now_is_not_claimed_again(store: Store) -> None:
    world = await settle(store)
    received = await world.hear("一")
    where = Conversation.id == received.conversation_id
    async with transaction(store) as session:
        # A plain change holds the row as well: the claimer passes by and does not wait.
        await session.execute(update(Conversation).where(where).values(ready_at=None))
        assert await world.claim(after(10)) is None
        await session.commit()
    assert await world.claim(after(10)) is None
