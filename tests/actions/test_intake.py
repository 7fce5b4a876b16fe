import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from actions.intake import MAX_TEXT, Inbound, Upload, receive, storable
from actions.store import Store
from actions.tables import Attachment, Author, Contact, Conversation, Direction, Message, TurnOwner
from tests.actions.world import ON_POSTGRES, World, after, settle, transaction, until_one_waits
from tests.conftest import NOW

PHOTO = Upload("photo", "a" * 64, "image/jpeg", 52_000, "漏水.jpg")
TALK = Upload("voice", "b" * 64, "audio/ogg", 9_000)


async def test_a_message_is_stored_and_waits_to_be_understood(store: Store) -> None:
    world = await settle(store)
    received = await world.receive(world.inbound("厨房漏水了", display_name="小王"), now=after(3))
    assert not received.duplicate
    assert await world.values(
        Message.id, Message.text, Message.seq, Message.direction, Message.author, Message.needs_understanding
    ) == [(received.message_id, "厨房漏水了", 1, Direction.IN, Author.RESIDENT, True)]
    assert await world.values(Message.sent_at, Message.stored_at, Message.turn) == [(NOW, after(3), None)]
    assert await world.values(Contact.id, Contact.display_name, Contact.resident_id) == [
        (received.contact_id, "小王", None)
    ]
    assert await world.feed() == [("message:in", received.conversation_id)]


async def test_a_first_message_opens_a_conversation_that_belongs_to_the_bot(store: Store) -> None:
    world = await settle(store)
    received = await world.receive(now=after(3))
    standing = await world.standing(received.conversation_id)
    assert (standing.owner, standing.version, standing.state) == (TurnOwner.BOT, 0, {})
    assert (standing.last_seq, standing.taken_seq, standing.last_inbound_at) == (1, 0, after(3))
    assert standing.ready_at is None, "nothing is answered before it is understood"


async def test_a_message_that_comes_twice_is_stored_once(store: Store) -> None:
    world = await settle(store)
    inbound = world.inbound("漏水了", key="77", attachments=(PHOTO,))
    first = await world.receive(inbound)
    again = await world.receive(inbound, now=after(60))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.message_id, again.conversation_id, again.contact_id) == (
        first.message_id,
        first.conversation_id,
        first.contact_id,
    )
    assert await world.values(Message.seq) == [1]
    assert len(await world.values(Attachment.id)) == 1
    assert (await world.standing(first.conversation_id)).last_inbound_at == NOW
    assert len(await world.feed()) == 1


async def test_a_key_belongs_to_its_channel_address_and_community(store: Store) -> None:
    world = await settle(store)
    other = await settle(store, "lanyuan")
    received = [
        await world.receive(world.inbound(key="1")),
        await world.receive(world.inbound(key="1", address="w2")),
        await world.receive(world.inbound(key="1", channel="telegram")),
        await other.receive(other.inbound(key="1")),
    ]
    assert not any(one.duplicate for one in received)
    assert len({one.conversation_id for one in received}) == 4


async def test_thirty_deliveries_of_one_message_at_once_store_it_once(store: Store) -> None:
    world = await settle(store)
    inbound = world.inbound("漏水了", key="77")
    received = await asyncio.gather(*(world.receive(inbound) for _ in range(30)))
    assert [one.duplicate for one in received].count(False) == 1
    assert len({(one.message_id, one.conversation_id, one.contact_id) for one in received}) == 1
    assert await world.values(Message.seq) == [1]


async def test_sixty_messages_at_once_are_numbered_without_gaps(store: Store) -> None:
    world = await settle(store)
    received = await asyncio.gather(*(world.receive(f"第{n}条") for n in range(60)))
    assert len({one.conversation_id for one in received}) == 1
    assert sorted(await world.values(Message.seq)) == list(range(1, 61))
    assert set(await world.values(Message.text)) == {f"第{n}条" for n in range(60)}
    assert (await world.standing(received[0].conversation_id)).last_seq == 60


async def test_two_first_messages_of_one_address_make_one_contact_and_one_conversation(store: Store) -> None:
    world = await settle(store)
    first, second = await asyncio.gather(world.receive("你好"), world.receive("在吗"))
    assert (first.contact_id, first.conversation_id) == (second.contact_id, second.conversation_id)
    assert await world.values(Contact.id) == [first.contact_id]
    assert await world.values(Conversation.id) == [first.conversation_id]


@ON_POSTGRES
async def test_a_first_message_waits_for_another_first_message_still_being_stored(store: Store) -> None:
    world = await settle(store)
    inbound = world.inbound("你好")
    async with transaction(store) as session:
        first = await session.run_sync(lambda s: receive(s, inbound, NOW))
        second = asyncio.ensure_future(world.receive("在吗"))
        await until_one_waits(store)
        await session.commit()
    assert (await second).conversation_id == first.conversation_id
    assert sorted(await world.values(Message.seq)) == [1, 2]


async def test_a_null_character_does_not_lose_the_message(store: Store) -> None:
    world = await settle(store)
    inbound = world.inbound("漏\0水", key="\0", attachments=(Upload("file", "c" * 64, "text/plain", 1, "a\0.txt"),))
    received = await world.receive(inbound)
    assert (await world.receive(inbound)).message_id == received.message_id
    assert await world.values(Message.text) == ["漏�水"]
    assert await world.values(Attachment.name) == ["a�.txt"]


async def test_half_a_surrogate_pair_does_not_lose_the_message(store: Store) -> None:
    world = await settle(store)
    inbound = world.inbound("漏水\ud83d", key="\udc00", display_name="王\ud800")
    received = await world.receive(inbound)
    assert (await world.receive(inbound)).message_id == received.message_id
    assert await world.values(Message.text) == ["漏水�"]
    assert await world.values(Contact.display_name) == ["王�"]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_can_be_typed_is_stored_unchanged(text: str) -> None:
    kept = text.replace("\0", "�")
    assert storable(kept) == kept
    assert storable(text) == kept


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "Cs", "Cc", "So"])))
def test_what_is_stored_is_always_valid(text: str) -> None:
    kept = storable(text)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
    assert storable(kept) == kept


async def test_a_text_of_twenty_thousand_characters_is_kept_and_a_longer_one_cut_visibly(store: Store) -> None:
    world = await settle(store)
    for length in (MAX_TEXT, MAX_TEXT + 1, 25_000):
        await world.receive("漏" * length)
    cut = "漏" * (MAX_TEXT - 1) + "…"
    assert await world.values(Message.text) == ["漏" * MAX_TEXT, cut, cut]


async def test_attachments_are_stored_with_their_message(store: Store) -> None:
    world = await settle(store)
    received = await world.receive(world.inbound("", attachments=(PHOTO, TALK)))
    assert await world.values(Message.text, Message.photos) == [("", 1)]
    assert await world.values(
        Attachment.message_id, Attachment.kind, Attachment.sha256, Attachment.content_type, Attachment.size
    ) == [
        (received.message_id, "photo", "a" * 64, "image/jpeg", 52_000),
        (received.message_id, "voice", "b" * 64, "audio/ogg", 9_000),
    ]
    assert await world.values(Attachment.name, Attachment.ticket_id) == [("漏水.jpg", None), ("", None)]


async def test_a_message_for_an_unknown_community_leaves_nothing(store: Store) -> None:
    world = await settle(store)
    stranger = World(store, world.community_id + 1)
    with pytest.raises(IntegrityError):
        await stranger.receive()
    assert await world.values(Contact.id) == []
    assert await world.feed() == []


def test_the_key_names_channel_address_and_the_channels_own_id() -> None:
    assert Inbound(1, "telegram", "55", "9:55:3", "", NOW).idempotency_key == "telegram:55:9:55:3"
