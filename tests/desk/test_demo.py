import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.contacts import find_room, homes, known
from actions.errors import NotFoundError
from actions.store import Store
from actions.tables import (
    Area,
    Base,
    Bill,
    BindingRole,
    Community,
    Contact,
    Department,
    Notice,
    Resident,
    Role,
    RosterEntry,
    Staff,
    StaffRole,
)
from desk import demo
from desk.demo import (
    demo_loaded,
    demo_steps,
    demo_summary,
    hash_passwords,
    load_demo,
    load_demo_whole,
    new_passwords,
    roster_steps,
)
from desk.settings import content_folder
from tests.conftest import NOW
from words.content import ContentFiles

SHANGHAI = ZoneInfo("Asia/Shanghai")
MODEL_HASH = "$argon2id$a-hash-made-outside"


@pytest.fixture(scope="module")
def content() -> ContentFiles:
    return ContentFiles.load(content_folder())


@pytest.fixture
async def loaded(store: Store, content: ContentFiles) -> Store:
    """A store with the demo in it, loaded step by step as the server does."""
    for step in demo_steps(content, NOW, password_hashes={"admin": MODEL_HASH}):
        await store.write(step)
    return store


def _all(table: type[Base]) -> Callable[[Session], list[Any]]:
    def read(session: Session) -> list[Any]:
        rows = session.execute(select(table)).scalars().all()
        session.expunge_all()
        return list(rows)

    return read


def _new_rows(session: Session) -> int:
    """How many rows there are in all tables together."""
    return sum(
        session.execute(select(func.count()).select_from(table)).scalar_one() for table in Base.metadata.sorted_tables
    )


async def test_the_estate_is_as_large_as_it_is_described(loaded: Store) -> None:
    summary = await loaded.read(lambda session: demo_summary(session, "demo"))
    size = summary.size
    assert (size.buildings, size.rooms) == (12, 864)
    assert size.residents >= 24
    assert size.staff == 13  # twelve people and the administrator's account
    assert size.contacts >= 8
    assert size.notices == 3
    assert size.shifts > 1000
    assert size.bills > 60


async def test_loading_again_changes_nothing(loaded: Store, content: ContentFiles) -> None:
    before = await loaded.read(_new_rows)
    for step in demo_steps(content, NOW, password_hashes={"admin": "another hash"}):
        await loaded.write(step)
    assert await loaded.read(_new_rows) == before
    staff = {member.login: member for member in await loaded.read(_all(Staff))}
    assert staff["admin"].password_hash == MODEL_HASH


async def test_an_interrupted_loading_is_taken_up_where_it_stopped(store: Store, content: ContentFiles) -> None:
    steps = demo_steps(content, NOW, password_hashes={"admin": "lost with the process"})
    for step in steps[: len(steps) - 2]:
        await store.write(step)
    assert not await store.read(lambda session: demo_loaded(session, "demo"))
    for step in demo_steps(content, NOW, password_hashes={"admin": MODEL_HASH}):
        await store.write(step)
    assert await store.read(lambda session: demo_loaded(session, "demo"))
    staff = {member.login: member for member in await store.read(_all(Staff))}
    assert staff["admin"].password_hash == MODEL_HASH


async def test_an_empty_database_has_no_demo(store: Store) -> None:
    assert not await store.read(lambda session: demo_loaded(session, "demo"))
    with pytest.raises(NotFoundError):
        await store.read(lambda session: demo_summary(session, "demo"))


async def test_every_step_is_a_small_transaction(
    store: Store, content: ContentFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "ROWS_PER_STEP", 500)
    before = 0
    for step in demo_steps(content, NOW, password_hashes={}):
        await store.write(step)
        after = await store.read(_new_rows)
        assert after - before <= 500
        before = after


async def test_the_whole_demo_can_be_loaded_at_once(store: Store, content: ContentFiles) -> None:
    summary = await store.write(partial(load_demo, content=content, now=NOW))
    assert summary.code == "demo"
    assert summary.size.rooms == 864
    assert await store.read(lambda session: demo_loaded(session, "demo"))


async def test_the_community_states_every_fact_that_answers_need(loaded: Store) -> None:
    (community,) = await loaded.read(_all(Community))
    assert community.name == community.facts["community"] == "桂苑"
    files = sorted((content_folder() / "knowledge").glob("*.yml"))
    answers = "".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r"{{ *(\w+) *}}", answers))
    assert {"phone_desk", "pool_hours"} <= named
    assert named <= set(community.facts)


async def test_homes_are_found_by_their_address(loaded: Store) -> None:
    def find(session: Session) -> tuple[int | None, ...]:
        key = demo_summary(session, "demo").community_id
        return (
            find_room(session, key, "3栋", "2单元", "1502"),
            find_room(session, key, "12栋", None, "902"),
            find_room(session, key, "3栋", None, "1502"),
        )

    with_unit, single_entrance, ambiguous = await loaded.read(find)
    assert with_unit is not None
    assert single_entrance is not None
    assert ambiguous is None


async def test_a_bound_contact_is_greeted_by_name_and_an_unbound_one_is_not(loaded: Store) -> None:
    def look(session: Session) -> dict[str, Any]:
        found = session.execute(select(Contact.community_id, Contact.id, Contact.address)).all()
        return {address: known(session, community_id, key) for community_id, key, address in found}

    contacts = await loaded.read(look)
    assert contacts["demo-1"].salutation == "王女士"
    assert [home.label for home in contacts["demo-1"].homes] == ["3栋2单元1502"]
    assert len(contacts["demo-3"].homes) == 2
    assert contacts["demo-4"].salutation == "欧阳女士"
    assert contacts["demo-5"].salutation is None
    assert contacts["demo-6"].resident_id is None


async def test_residents_differ_in_title_role_and_number_of_homes(loaded: Store) -> None:
    def look(session: Session) -> list[tuple[str | None, tuple[BindingRole, ...]]]:
        rows = session.execute(select(Resident.community_id, Resident.id, Resident.title)).all()
        return [(title, tuple(home.role for home in homes(session, cid, key))) for cid, key, title in rows]

    residents = await loaded.read(look)
    assert {title for title, _ in residents} == {"先生", "女士", None}
    assert {role for _, roles in residents for role in roles} == set(BindingRole)
    assert sum(len(roles) == 2 for _, roles in residents) >= 2


async def test_the_staff_fill_every_role_and_department(loaded: Store) -> None:
    assert {row.role for row in await loaded.read(_all(StaffRole))} == set(Role)
    departments = {row.id: row for row in await loaded.read(_all(Department))}
    assert {row.code for row in departments.values()} == {"engineering", "environment", "order", "service", "finance"}
    staff = await loaded.read(_all(Staff))
    assert {departments[who.department_id].code for who in staff if who.department_id} == {
        row.code for row in departments.values()
    }
    assert len({row.building_id for row in await loaded.read(_all(Area))}) == 12


async def test_only_accounts_with_a_given_password_can_sign_in(loaded: Store) -> None:
    staff = await loaded.read(_all(Staff))
    assert {who.login: who.password_hash for who in staff if who.password_hash} == {"admin": MODEL_HASH}
    assert all(who.must_change_password for who in staff)


async def test_monitoring_and_manager_are_on_duty_at_every_hour(loaded: Store) -> None:
    shifts = await loaded.read(_all(RosterEntry))
    for role in (Role.MONITORING, Role.MANAGER):
        spans = sorted((shift.starts_at, shift.ends_at) for shift in shifts if shift.role is role)
        covered_until = spans[0][0]
        assert covered_until <= NOW - timedelta(days=59)
        for starts_at, ends_at in spans:
            assert starts_at <= covered_until, f"nobody is on duty as {role} at {covered_until}"
            covered_until = max(covered_until, ends_at)
        assert covered_until >= NOW + timedelta(days=60)


async def test_nobody_is_in_two_shifts_of_one_role_at_once(loaded: Store) -> None:
    spans: dict[tuple[int, Role], datetime] = {}
    for shift in sorted(await loaded.read(_all(RosterEntry)), key=lambda row: row.starts_at):
        assert shift.starts_at < shift.ends_at
        assert shift.starts_at >= spans.get((shift.staff_id, shift.role), shift.starts_at)
        spans[shift.staff_id, shift.role] = shift.ends_at


async def test_the_roster_is_carried_on_later_without_doubles(loaded: Store, content: ContentFiles) -> None:
    before = {(row.staff_id, row.role, row.starts_at) for row in await loaded.read(_all(RosterEntry))}
    later = NOW + timedelta(days=30)
    for step in roster_steps(content, later):
        await loaded.write(step)
    rows = [(row.staff_id, row.role, row.starts_at) for row in await loaded.read(_all(RosterEntry))]
    assert len(rows) == len(set(rows))
    assert before < set(rows)
    assert max(starts_at for _, _, starts_at in rows) > NOW + timedelta(days=89)


async def test_the_water_cut_explains_a_dry_tap_today_in_its_buildings(loaded: Store) -> None:
    notices = {row.title: row for row in await loaded.read(_all(Notice))}
    cut = notices["3至6栋水泵检修停水"]
    assert cut.explains == ["repair.outage"]
    assert cut.buildings == ["3栋", "4栋", "5栋", "6栋"]
    assert cut.starts_at.astimezone(SHANGHAI).isoformat() == "2026-11-23T09:00:00+08:00"
    assert cut.starts_at <= NOW <= cut.ends_at
    assert cut.published_at < cut.starts_at
    assert "11月23日9:00–15:00" in cut.body
    assert notices["9栋电梯维保"].explains == ["repair.elevator"]


async def test_some_bills_are_open_and_most_are_paid(loaded: Store) -> None:
    bills = await loaded.read(_all(Bill))
    open_bills = [bill for bill in bills if bill.paid < bill.amount]
    assert 0 < len(open_bills) < len(bills) / 2
    assert {bill.fee_type for bill in bills} == {"物业费", "停车费"}
    assert {bill.period for bill in bills} == {"2026年9月", "2026年10月", "2026年11月"}
    assert 26880 in {bill.amount for bill in bills}  # 96 square metres at 2.80


async def test_bills_cross_the_turn_of_the_year(store: Store, content: ContentFiles) -> None:
    january = datetime(2027, 1, 5, 2, 0, tzinfo=SHANGHAI)
    await store.write(partial(load_demo, content=content, now=january))
    bills = await store.read(_all(Bill))
    assert {bill.period for bill in bills} == {"2026年11月", "2026年12月", "2027年1月"}


def test_passwords_are_random_and_belong_to_the_named_accounts(content: ContentFiles) -> None:
    first, second = new_passwords(content), new_passwords(content)
    assert set(first) == {"admin", "chen", "sun", "zheng"}
    assert len({*first.values(), *second.values()}) == 8
    assert all(len(password) >= 16 for password in first.values())


def test_hashes_fit_their_passwords() -> None:
    hashes = hash_passwords({"admin": "kv7m-2345"})
    assert PasswordHasher().verify(hashes["admin"], "kv7m-2345")


async def test_a_throwaway_desk_gets_the_demo_in_one_call(store: Store) -> None:
    key = await load_demo_whole(store, NOW)
    assert (await store.read(partial(demo_summary, code="demo"))).community_id == key
