from datetime import timedelta
from typing import Any

from sqlalchemy import select

from actions import addresses, outbox
from actions.addresses import ToldPlace
from actions.contacts import known
from actions.conversations import Words, say
from actions.intake import reach
from actions.sheets import targets
from actions.store import Session, Store
from actions.tables import Building, Contact, OutboxRow, OutboxState, Room, Unit
from tests.actions.world import World, settle
from tests.conftest import NOW

CHANNEL = "telegram"


async def reached(world: World, address: str = "7") -> int:
    return (await world.store.write(lambda session: reach(session, world.community_id, CHANNEL, address, NOW)))[1]


async def do(world: World, verb: Any, *given: Any) -> Any:
    return await world.store.write(lambda session: verb(session, world.community_id, CHANNEL, *given))


async def test_nobody_knows_of_an_address_that_never_wrote(store: Store) -> None:
    world = await settle(store)
    assert await do(world, addresses.is_reachable, "7") is None
    assert await do(world, addresses.note_reachable, "7", NOW) is False


async def test_who_comes_back_gets_what_was_given_up_in_the_last_day(store: Store) -> None:
    world = await settle(store)

    def give_up(session: Session) -> None:
        conversation, _ = reach(session, world.community_id, CHANNEL, "7", NOW)
        for text, hours in (("旧", 30), ("新", 1)):
            at = NOW - timedelta(hours=hours)
            say(session, world.community_id, conversation, Words(text), at)
            parcel = outbox.claim(session, frozenset({CHANNEL}), "one", NOW)
            assert parcel is not None
            outbox.record_failure(session, parcel, "blocked", permanent=True, retry_after=None, now=NOW)

    await world.store.write(give_up)
    assert await do(world, addresses.is_reachable, "7") is False
    assert await do(world, addresses.note_reachable, "7", NOW) is True
    assert await do(world, addresses.note_reachable, "7", NOW) is False
    assert await world.values(OutboxRow.state) == [OutboxState.GIVEN_UP, OutboxState.PENDING]
    assert await do(world, addresses.is_reachable, "7") is True


async def test_a_contact_moves_with_its_conversation(store: Store) -> None:
    world = await settle(store)
    contact = await reached(world, "-1")
    await do(world, addresses.move, "-1", "-100")
    assert await reached(world, "-100") == contact


async def test_a_contact_does_not_move_onto_another(store: Store) -> None:
    world = await settle(store)
    await reached(world, "-1")
    await reached(world, "-100")
    await do(world, addresses.move, "-1", "-100")
    rows = sorted(await world.values(Contact.address, Contact.reachable))
    assert rows == [("-1", False), ("-100", True)]


async def test_the_place_of_a_code_is_known_but_makes_nobody_a_resident(store: Store) -> None:
    world = await settle(store)
    contact = await reached(world)
    place = ToldPlace("3栋", "2单元", "1502", 9)

    def tell(session: Session) -> None:
        addresses.tell_place(session, world.community_id, contact, place)

    await store.write(tell)
    found = await store.read(lambda session: known(session, world.community_id, contact))
    assert (found.came_by, found.resident_id, found.homes) == (place, None, ())


async def test_a_place_is_found_by_its_id_in_its_own_community_only(store: Store) -> None:
    world = await settle(store)
    other = await settle(store, code="other")

    def build(session: Session) -> None:
        at = {"community_id": world.community_id}
        session.add_all([Building(**at, id=1, name="3栋"), Building(**at, id=2, name="会所")])
        session.flush()
        session.add(Unit(**at, id=3, building_id=1, name="2单元"))
        session.flush()
        session.add_all(
            [
                Room(**at, id=4, building_id=1, unit_id=3, name="1502"),
                Room(**at, id=5, building_id=2, unit_id=None, name="101"),
            ]
        )

    await store.write(build)

    async def at(kind: str, row_id: int, community: int = world.community_id) -> str | None:
        place = await store.read(lambda session: addresses.place_of(session, community, kind, row_id))
        return None if place is None else place.label

    assert [await at("b", 1), await at("u", 3), await at("r", 4), await at("r", 5)] == [
        "3栋",
        "3栋2单元",
        "3栋2单元1502",
        "会所101",
    ]
    assert [await at("b", 3), await at("x", 1), await at("r", 99), await at("r", 4, other.community_id)] == [None] * 4
    units = await store.read(lambda session: targets(session, world.community_id, frozenset(), rooms=False))
    assert [(target.kind, target.label) for target in units] == [("u", "3栋2单元"), ("b", "会所")]
    homes = await store.read(lambda session: targets(session, world.community_id, frozenset({"3栋"}), rooms=True))
    assert [target.label for target in homes] == ["3栋2单元1502"]


async def test_being_shut_out_shows_in_the_feed(store: Store) -> None:
    world = await settle(store)
    await reached(world)
    await do(world, addresses.note_unreachable, "7", NOW)
    reachable = select(Contact.reachable)
    assert await store.read(lambda session: session.execute(reachable).scalar()) is False
    assert "contact:unreachable" in [kind for kind, _ in await world.feed()]
