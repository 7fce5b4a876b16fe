import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import update

from actions.access import Permission, StaffIdentity, access_conversation
from actions.conversations import Words, hand_back, say, take_over, write_note
from actions.errors import ActionError, ConflictError, NotAllowedError, NotFoundError
from actions.store import Session, Store
from actions.tables import Conversation, Message, Role, TurnOwner
from actions.turns import claim_turn, finish_turn
from tests.actions.world import ON_POSTGRES, after, settle, transaction, until_one_waits
from tests.conftest import NOW


def _taking_over(member: StaffIdentity, conversation_id: int, version: int) -> Callable[[Session], int]:
    return lambda session: take_over(session, member, conversation_id, version=version, now=NOW)


async def test_a_person_takes_the_turn(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive()
    version = await store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=NOW))
    standing = await world.standing(received.conversation_id)
    assert (standing.owner, standing.staff_id, standing.version) == (TurnOwner.STAFF, agent.staff_id, version)
    assert version == 1
    told = [("message:note", received.conversation_id), ("conversation:taken_over", received.conversation_id)]
    assert (await world.feed())[1:] == told


async def test_whoever_holds_the_turn_may_take_it_again(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive()
    version = await store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=NOW))
    again = await store.write(lambda s: take_over(s, agent, received.conversation_id, version=version, now=NOW))
    assert again > version


async def test_whoever_comes_second_learns_who_was_first(store: Store) -> None:
    world = await settle(store)
    first, second = await world.staff("李静", Role.AGENT), await world.staff("周敏", Role.SUPERVISOR)
    received = await world.receive()
    await store.write(lambda s: take_over(s, first, received.conversation_id, version=0, now=NOW))
    for version in (0, 1):
        with pytest.raises(ConflictError) as caught:
            await store.write(_taking_over(second, received.conversation_id, version))
        assert caught.value.current == "李静"
    assert (await world.standing(received.conversation_id)).staff_id == first.staff_id


async def test_an_old_page_cannot_take_the_turn(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.hear()
    await world.answer(after(2))
    with pytest.raises(ConflictError) as caught:
        await store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=NOW))
    assert caught.value.current == "1"
    assert (await world.standing(received.conversation_id)).owner is TurnOwner.BOT


async def test_only_the_desk_takes_and_gives_turns(store: Store) -> None:
    world = await settle(store)
    member = await world.staff("赵强", Role.TECHNICIAN, Role.QUALITY, Role.ADMINISTRATOR)
    received = await world.receive()
    with pytest.raises(NotAllowedError):
        await store.write(lambda s: take_over(s, member, received.conversation_id, version=0, now=NOW))
    with pytest.raises(NotAllowedError):
        await store.write(lambda s: hand_back(s, member, received.conversation_id, now=NOW))
    assert (await world.standing(received.conversation_id)).version == 0


async def test_another_communitys_conversation_is_not_there(store: Store) -> None:
    world = await settle(store)
    other = await settle(store, "lanyuan")
    stranger = await other.staff("周敏", Role.MANAGER)
    received = await world.receive()
    with pytest.raises(NotFoundError):
        await store.write(lambda s: take_over(s, stranger, received.conversation_id, version=0, now=NOW))
    with pytest.raises(NotFoundError):
        await store.write(lambda s: hand_back(s, stranger, received.conversation_id, now=NOW))


async def test_of_two_who_take_over_at_once_exactly_one_wins(store: Store) -> None:
    world = await settle(store)
    members = [await world.staff("李静", Role.AGENT), await world.staff("周敏", Role.SUPERVISOR)]
    received = await world.receive()
    outcomes = await asyncio.gather(
        *(store.write(_taking_over(member, received.conversation_id, 0)) for member in members),
        return_exceptions=True,
    )
    [winner] = [member for member, outcome in zip(members, outcomes, strict=True) if outcome == 1]
    [lost] = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert lost.current == winner.name
    standing = await world.standing(received.conversation_id)
    assert (standing.staff_id, standing.version) == (winner.staff_id, 1)


@ON_POSTGRES
async def test_whoever_waited_for_the_lock_sees_what_changed_meanwhile(store: Store) -> None:
    world = await settle(store)
    first, second = await world.staff("李静", Role.AGENT), await world.staff("周敏", Role.SUPERVISOR)
    received = await world.receive()

    def look_and_take(session: Session) -> tuple[int, int]:
        # A row that the session still holds from an earlier look must not hide what happened since.
        looked_at = access_conversation(session, second, received.conversation_id, Permission.CONVERSATION_SEE)
        return take_over(session, second, received.conversation_id, version=0, now=NOW), looked_at.version

    async with transaction(store) as session:
        await session.run_sync(lambda s: take_over(s, first, received.conversation_id, version=0, now=NOW))
        late = asyncio.ensure_future(store.write(look_and_take))
        await until_one_waits(store)
        await session.commit()
    with pytest.raises(ConflictError) as caught:
        await late
    assert caught.value.current == "李静"
    standing = await world.standing(received.conversation_id)
    assert (standing.staff_id, standing.version) == (first.staff_id, 1)


@ON_POSTGRES
async def test_a_note_that_waited_for_the_lock_gets_a_number_of_its_own(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive()
    async with transaction(store) as session:
        await session.run_sync(lambda s: say(s, world.community_id, received.conversation_id, Words("您好"), NOW))
        note = asyncio.ensure_future(
            store.write(lambda s: write_note(s, agent, received.conversation_id, "老业主", NOW))
        )
        await until_one_waits(store)
        await session.commit()
    await note
    assert await world.values(Message.seq) == [1, 2, 3]


@ON_POSTGRES
async def test_whoever_takes_over_while_the_bot_answers_learns_that_it_answered(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.hear()
    async with transaction(store) as session:
        turn = await session.run_sync(lambda s: claim_turn(s, after(2)))
        assert turn is not None
        late = asyncio.ensure_future(
            store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=after(2)))
        )
        await until_one_waits(store)
        await session.run_sync(
            lambda s: finish_turn(s, turn, state={}, wake_at=None, owner=TurnOwner.BOT, now=after(2))
        )
        await session.commit()
    with pytest.raises(ConflictError) as caught:
        await late
    assert caught.value.current == "1"


async def test_handing_back_keeps_only_what_the_bot_may_still_know(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.hear()
    state = {
        "last_talk_at": "2026-11-23T10:00:00+00:00",
        "last_variants": {"hello": 1},
        "form": "repair",
        "pouring": True,
        "asked": 2,
    }
    await world.answer(after(2), state=state, wake_at=after(900))
    await store.write(lambda s: take_over(s, agent, received.conversation_id, version=1, now=after(3)))
    version = await store.write(lambda s: hand_back(s, agent, received.conversation_id, now=after(4)))
    standing = await world.standing(received.conversation_id)
    assert standing.state == {"last_talk_at": "2026-11-23T10:00:00+00:00", "last_variants": {"hello": 1}}
    assert (standing.owner, standing.staff_id, standing.wake_at) == (TurnOwner.BOT, None, None)
    assert (standing.version, version) == (3, 3)
    assert (await world.feed())[-1] == ("conversation:handed_back", received.conversation_id)


async def test_handing_back_does_not_lose_what_waits(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive()
    await store.write(lambda s: take_over(s, agent, received.conversation_id, version=0, now=NOW))
    await world.hear("还有一件事", now=after(3))
    await world.understand(received.message_id, now=after(3))
    await store.write(lambda s: hand_back(s, agent, received.conversation_id, now=after(4)))
    turn = await world.answer(after(5))
    assert [message.text for message in turn.messages] == ["你好", "还有一件事"]
    assert turn.owner is TurnOwner.BOT


@ON_POSTGRES
async def test_handing_back_builds_on_the_newest_version(store: Store) -> None:
    world = await settle(store)
    agent = await world.staff("李静", Role.AGENT)
    received = await world.receive()
    where = Conversation.id == received.conversation_id
    async with transaction(store) as session:
        await session.execute(
            update(Conversation).where(where).values(version=7, state={"last_talk_at": "2026-11-23T10:00:00+00:00"})
        )
        late = asyncio.ensure_future(store.write(lambda s: hand_back(s, agent, received.conversation_id, now=NOW)))
        await until_one_waits(store)
        await session.commit()
    assert await late == 8
    assert (await world.standing(received.conversation_id)).state == {"last_talk_at": "2026-11-23T10:00:00+00:00"}


def test_a_conflict_is_an_error_of_this_package_and_says_how_things_stand() -> None:
    error = ConflictError("changed", current="李静")
    assert isinstance(error, ActionError)
    assert (str(error), error.current) == ("changed", "李静")
