"""One-time binding codes: issued, used once, expiring, and not to be guessed."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from actions.access import StaffIdentity
from actions.bindings import Person, end_binding
from actions.codes import (
    CODE_LASTS,
    CODE_LENGTH,
    SIGNS,
    Issued,
    Outcome,
    Tried,
    issue_code,
    issue_for_building,
    new_code,
    try_code,
)
from actions.contacts import homes, known
from actions.errors import FieldError, NotAllowedError, NotFoundError
from actions.store import Session, Store
from actions.tables import AuditEntry, Binding, BindingCode, BindingRole, Contact, Role
from tests.actions.factories import HOUR, MINUTE, Desk, add_cast, add_conversation, settle_desk
from tests.conftest import NOW


def _clerk(desk: Desk, name: str = "小陈", role: Role = Role.AGENT) -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({role}))


async def _stranger(desk: Desk, address: str = "stranger") -> int:
    return (await desk.store.write(lambda s: add_conversation(s, desk.cast.community_id, address, None)))[0]


async def _issue(
    desk: Desk, name: str = "王芳", *, role: BindingRole = BindingRole.OWNER, person: Person | None = None
) -> Issued:
    who, room = person or Person(desk.cast.residents[name]), desk.cast.rooms[name]
    return await desk.store.write(lambda s: issue_code(s, _clerk(desk), room, role, who, NOW))


async def _type(desk: Desk, contact_id: int, code: str, now: datetime = NOW) -> Tried:
    bare = code.replace("-", "")
    return await desk.store.write(lambda s: try_code(s, desk.cast.community_id, contact_id, bare, now))


def test_codes_are_random_readable_and_no_words() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) > 490
    for code in codes:
        assert len(code) == CODE_LENGTH
        assert set(code) <= set(SIGNS)
        assert 2 <= sum(sign.isdigit() for sign in code) <= 4
    assert not set("0O1IL") & set(SIGNS)


async def test_a_code_binds_the_one_who_types_it_and_only_its_hash_is_kept(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    stranger = await _stranger(desk)
    tried = await _type(desk, stranger, issued.code)
    assert tried.outcome is Outcome.BOUND
    assert tried.home is not None
    assert tried.home.label == "3栋2单元1502"
    person = await store.read(lambda s: known(s, desk.cast.community_id, stranger))
    assert (person.name, [home.label for home in person.homes]) == ("王芳", ["3栋2单元1502"])
    (row,) = await desk.rows(BindingCode.code_hash)
    assert issued.code.replace("-", "") not in row
    actions = await desk.rows((AuditEntry.action, AuditEntry.actor_id))
    assert ("binding:code_issued", desk.cast.staff["小陈"]) in actions
    assert ("binding:made", stranger) in actions


async def test_a_code_works_once(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    one, two = await _stranger(desk, "one"), await _stranger(desk, "two")
    assert (await _type(desk, one, issued.code)).outcome is Outcome.BOUND
    assert (await _type(desk, one, issued.code)).outcome is Outcome.ALREADY
    assert (await _type(desk, two, issued.code)).outcome is Outcome.WRONG
    assert len(await desk.rows(Binding.id, Binding.room_id == desk.cast.rooms["王芳"])) == 1, "the tie was there before"


async def test_two_who_type_one_code_at_once_are_not_both_bound(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    contacts = [await _stranger(desk, str(number)) for number in range(4)]
    tried = await asyncio.gather(*(_type(desk, contact, issued.code) for contact in contacts))
    assert sorted(one.outcome for one in tried) == [Outcome.BOUND, *[Outcome.WRONG] * 3]


@pytest.mark.parametrize("after", [CODE_LASTS, CODE_LASTS + MINUTE])
async def test_a_code_expires(store: Store, after: timedelta) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    assert (await _type(desk, await _stranger(desk), issued.code, NOW + after)).outcome is Outcome.WRONG
    assert (
        await _type(desk, await _stranger(desk, "b"), issued.code, NOW + CODE_LASTS - MINUTE)
    ).outcome is Outcome.BOUND


async def test_a_new_code_for_the_same_person_ends_the_one_before(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await _issue(desk), await _issue(desk)
    stranger = await _stranger(desk)
    assert (await _type(desk, stranger, first.code)).outcome is Outcome.WRONG
    assert (await _type(desk, stranger, second.code)).outcome is Outcome.BOUND


async def test_a_code_of_another_estate_opens_nothing_here(store: Store) -> None:
    desk = await settle_desk(store)
    other = Desk(store, await store.write(lambda s: add_cast(s, "lanyuan")))
    issued = await _issue(other)
    stranger = await _stranger(desk)
    assert (await _type(desk, stranger, issued.code)).outcome is Outcome.WRONG
    assert (await _type(other, await _stranger(other), issued.code)).outcome is Outcome.BOUND


async def test_five_wrong_codes_stop_one_contact_for_an_hour_and_nobody_else(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    guesser, other = await _stranger(desk, "guesser"), await _stranger(desk, "other")
    for number in range(5):
        assert (await _type(desk, guesser, f"AAA22{number + 2}")).outcome is Outcome.WRONG
    assert (await _type(desk, guesser, issued.code)).outcome is Outcome.BLOCKED
    assert (await _type(desk, other, "BBB222")).outcome is Outcome.WRONG
    assert (await _type(desk, guesser, issued.code, NOW + HOUR + MINUTE)).outcome is Outcome.BOUND


async def test_many_strangers_who_guess_are_stopped_together(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    for number in range(15):
        stranger = await _stranger(desk, f"bot{number}")
        for _ in range(4):
            await _type(desk, stranger, "AAA222")
    assert (await _type(desk, await _stranger(desk), issued.code)).outcome is Outcome.BLOCKED


async def test_whoever_is_bound_keeps_who_they_are_and_gets_the_further_home(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk, "李强")
    assert (await _type(desk, desk.cast.contacts["王芳"], issued.code)).outcome is Outcome.BOUND
    resident = desk.cast.residents["王芳"]
    found = await store.read(lambda s: homes(s, desk.cast.community_id, resident))
    assert [home.label for home in found] == ["3栋2单元1502", "12栋902"]


async def test_a_new_tenant_is_put_on_record_with_the_code(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk, role=BindingRole.TENANT, person=Person(name="周敏", title="女士", phone="13700000001"))
    stranger = await _stranger(desk)
    await _type(desk, stranger, issued.code)
    person = await store.read(lambda s: known(s, desk.cast.community_id, stranger))
    assert (person.salutation, person.phone, person.homes[0].role) == ("周女士", "13700000001", BindingRole.TENANT)


async def test_what_is_wrong_with_an_issue_is_refused(store: Store) -> None:
    desk = await settle_desk(store)
    room = desk.cast.rooms["王芳"]

    def attempt(staff: StaffIdentity, room_id: int, person: Person) -> Any:
        return lambda s: issue_code(s, staff, room_id, BindingRole.OWNER, person, NOW)

    known_person = Person(desk.cast.residents["王芳"])
    with pytest.raises(NotAllowedError):
        await store.write(attempt(_clerk(desk, "老周", Role.TECHNICIAN), room, known_person))
    with pytest.raises(NotFoundError):
        await store.write(attempt(_clerk(desk), 5, known_person))
    with pytest.raises(NotFoundError):
        await store.write(attempt(_clerk(desk), room, Person(5)))
    with pytest.raises(FieldError, match="name"):
        await store.write(attempt(_clerk(desk), room, Person(name=" ")))
    with pytest.raises(FieldError, match="phone"):
        await store.write(attempt(_clerk(desk), room, Person(name="别人", phone="13812346688")))


async def test_slips_are_made_for_everybody_of_a_building_who_is_not_reached_yet(store: Store) -> None:
    desk = await settle_desk(store)
    building = desk.cast.buildings["3栋"]
    with pytest.raises(FieldError, match="building"):
        await store.write(lambda s: issue_for_building(s, _clerk(desk), building, NOW))

    def let_go(session: Session) -> None:
        session.get_one(Contact, (desk.cast.community_id, desk.cast.contacts["王芳"])).resident_id = None

    await store.write(let_go)
    (slip,) = await store.write(lambda s: issue_for_building(s, _clerk(desk), building, NOW))
    assert (slip.home.label, slip.name) == ("3栋2单元1502", "王芳")
    assert (await _type(desk, await _stranger(desk), slip.code)).outcome is Outcome.BOUND


async def test_at_move_out_nothing_is_known_any_more_and_codes_end(store: Store) -> None:
    desk = await settle_desk(store)
    issued = await _issue(desk)
    resident, room = desk.cast.residents["王芳"], desk.cast.rooms["王芳"]
    with pytest.raises(FieldError, match="reason"):
        await store.write(lambda s: end_binding(s, _clerk(desk), room, resident, reason=" ", now=NOW))
    await store.write(lambda s: end_binding(s, _clerk(desk), room, resident, reason="搬走", now=NOW))
    person = await store.read(lambda s: known(s, desk.cast.community_id, desk.cast.contacts["王芳"]))
    assert (person.resident_id, person.homes) == (None, ())
    assert (await _type(desk, await _stranger(desk), issued.code)).outcome is Outcome.WRONG
    with pytest.raises(NotFoundError):
        await store.write(lambda s: end_binding(s, _clerk(desk), room, resident, reason="again", now=NOW))
    count = select(func.count()).where(AuditEntry.action == "binding:ended", AuditEntry.reason == "搬走")
    assert await store.read(lambda s: s.execute(count).scalar_one()) == 1
