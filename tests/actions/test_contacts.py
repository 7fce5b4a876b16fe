from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError, NoResultFound

from actions.contacts import Home, Known, bind, find_room, homes, known, note_phone, note_privacy_told, surname
from actions.store import Session, Store
from actions.tables import BindingRole, Resident
from tests.actions.world import (
    World,
    add_binding,
    add_building,
    add_resident,
    add_room,
    add_unit,
    settle,
)
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("王芳", "王"),
        ("李建国", "李"),
        ("欧阳娜娜", "欧阳"),
        ("司马光", "司马"),
        ("诸葛孔明", "诸葛"),
        ("上官婉儿", "上官"),
        ("欧阳", "欧"),
        ("司徒", "司"),
        ("东风", "东"),
        ("张欧阳", "张"),
        ("王", "王"),
        ("", ""),
    ],
)
def test_a_double_surname_is_taken_whole_when_a_given_name_follows(name: str, family: str) -> None:
    assert surname(name) == family


async def _known(world: World, contact_id: int) -> Known:
    return await world.store.read(lambda session: known(session, world.community_id, contact_id))


async def _bound(world: World, name: str, title: str | None, phone: str | None = None) -> tuple[int, int]:
    """A contact bound to a resident."""
    contact_id = (await world.receive()).contact_id

    def work(session: Session) -> int:
        resident_id = add_resident(session, world.community_id, name, title=title, phone=phone)
        bind(session, world.community_id, contact_id, resident_id)
        return resident_id

    return contact_id, await world.store.write(work)


async def _do(world: World, work: Callable[[Session], None]) -> None:
    await world.store.write(work)


async def _change(world: World, **values: str) -> None:
    """Change what is on record about the only resident."""

    def work(session: Session) -> None:
        session.execute(update(Resident).values(**values))

    await world.store.write(work)


async def test_nothing_is_known_of_a_stranger(store: Store) -> None:
    world = await settle(store)
    received = await world.receive(world.inbound(display_name="王先生"))
    assert await _known(world, received.contact_id) == Known(
        contact_id=received.contact_id,
        resident_id=None,
        name=None,
        salutation=None,
        phone=None,
        homes=(),
        privacy_told=False,
    )


async def test_the_salutation_is_used_only_when_family_name_and_title_are_known(store: Store) -> None:
    world = await settle(store)
    contact_id, resident_id = await _bound(world, "王芳", None)
    told = await _known(world, contact_id)
    assert (told.resident_id, told.name, told.salutation) == (resident_id, "王芳", None)
    expected = [
        ("王芳", "女士", "王女士"),
        ("欧阳建国", "先生", "欧阳先生"),
        ("王　芳", "女士", "王女士"),
        (" 李 娜 ", "女士", "李女士"),
        ("王芳", "", None),
        ("", "先生", None),
        ("  ", "先生", None),
        ("John Smith", "先生", None),
        ("阿不都·热合曼", "先生", None),
        ("张伟、李娜", "先生", None),
        ("3栋业主", "先生", None),
        ("桂苑商贸有限公司", "先生", None),
    ]
    for name, title, salutation in expected:
        await _change(world, name=name, title=title)
        assert (await _known(world, contact_id)).salutation == salutation, name


async def test_the_residents_own_number_comes_before_the_one_that_was_left(store: Store) -> None:
    world = await settle(store)
    contact_id, _ = await _bound(world, "王芳", None)
    await _do(world, lambda s: note_phone(s, world.community_id, contact_id, "13900000001"))
    assert (await _known(world, contact_id)).phone == "13900000001"
    await _change(world, phone="13800000002")
    assert (await _known(world, contact_id)).phone == "13800000002"
    stranger = await world.receive(world.inbound(address="w2"))
    await _do(world, lambda s: note_phone(s, world.community_id, stranger.contact_id, "13700000003"))
    assert (await _known(world, stranger.contact_id)).phone == "13700000003"


async def test_that_the_privacy_notice_was_shown_is_kept_for_this_contact_only(store: Store) -> None:
    world = await settle(store)
    told, other = await world.receive(), await world.receive(world.inbound(address="w2"))
    await _do(world, lambda s: note_privacy_told(s, world.community_id, told.contact_id, NOW))
    assert (await _known(world, told.contact_id)).privacy_told
    assert not (await _known(world, other.contact_id)).privacy_told


async def test_the_homes_are_those_held_now_the_longest_held_first(store: Store) -> None:
    world = await settle(store)
    contact_id, resident_id = await _bound(world, "王芳", "女士")
    community = world.community_id

    def furnish(session: Session) -> tuple[int, int]:
        tower, villa = add_building(session, community, "3栋"), add_building(session, community, "8栋")
        unit = add_unit(session, community, tower, "2单元")
        rooms = [add_room(session, community, tower, unit, name) for name in ("1501", "1502")]
        house = add_room(session, community, villa, None, "101")
        other = add_resident(session, community, "李娜")
        add_binding(session, community, resident_id, rooms[1], since=NOW, role=BindingRole.TENANT)
        add_binding(session, community, resident_id, house, since=NOW - timedelta(days=900))
        add_binding(session, community, resident_id, rooms[0], since=NOW - timedelta(days=2000), until=NOW)
        add_binding(session, community, other, rooms[0])
        return rooms[1], house

    flat, house = await store.write(furnish)
    expected = (
        Home(house, "8栋", None, "101", BindingRole.OWNER),
        Home(flat, "3栋", "2单元", "1502", BindingRole.TENANT),
    )
    assert (await _known(world, contact_id)).homes == expected
    assert [home.label for home in expected] == ["8栋101", "3栋2单元1502"]
    other = await settle(store, "lanyuan")
    assert await store.read(lambda s: homes(s, other.community_id, resident_id)) == ()


async def test_a_room_is_found_when_its_address_means_one_room_only(store: Store) -> None:
    world = await settle(store)
    other = await settle(store, "lanyuan")
    community = world.community_id

    def furnish(session: Session) -> list[int]:
        tower, villa = add_building(session, community, "3栋"), add_building(session, community, "8栋")
        units = [add_unit(session, community, tower, name) for name in ("1单元", "2单元")]
        rooms = [add_room(session, community, tower, unit, "1502") for unit in units]
        rooms.append(add_room(session, community, tower, units[1], "1601"))
        rooms.append(add_room(session, community, villa, None, "101"))
        return rooms

    first, second, only, house = await store.write(furnish)
    expected = [
        (("3栋", "1单元", "1502"), first),
        (("3栋", "2单元", "1502"), second),
        (("3栋", None, "1502"), None),
        (("3栋", None, "1601"), only),
        (("3栋", "1单元", "1601"), None),
        (("8栋", None, "101"), house),
        (("8栋", "1单元", "101"), None),
        (("9栋", None, "101"), None),
    ]
    for (building, unit, room), found in expected:
        find = partial(find_room, community_id=community, building=building, unit=unit, room=room)
        assert await store.read(find) == found, (building, unit, room)
    assert await store.read(lambda s: find_room(s, other.community_id, "8栋", None, "101")) is None


async def test_a_contact_is_not_known_and_not_bound_across_communities(store: Store) -> None:
    world, other = await settle(store), await settle(store, "lanyuan")
    contact_id = (await world.receive()).contact_id
    with pytest.raises(NoResultFound):
        await _known(other, contact_id)
    neighbour = await store.write(lambda s: add_resident(s, other.community_id))
    with pytest.raises(IntegrityError):
        await _do(world, lambda s: bind(s, world.community_id, contact_id, neighbour))
    await _do(world, lambda s: bind(s, other.community_id, contact_id, neighbour))
    assert (await _known(world, contact_id)).resident_id is None
