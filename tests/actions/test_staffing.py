from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from actions.access import StaffIdentity
from actions.errors import FieldError, NotAllowedError, NotFoundError
from actions.staffing import (
    SEEN_EVERY,
    SESSION_LASTS,
    NewStaff,
    SignedIn,
    change_password,
    create_staff,
    deactivate,
    find_credentials,
    note_seen,
    open_session,
    session_of,
    set_password,
    sign_out,
    stored_password,
    token_hash,
)
from actions.store import Session, Store
from actions.tables import AuditEntry, Role, Staff, StaffSession
from tests.actions.world import add_community
from tests.conftest import NOW

AGENT = frozenset({Role.AGENT})


async def hire(store: Store, login: str = "chen", *roles: Role, code: str = "guiyuan") -> StaffIdentity:
    """A member of a new community."""

    def build(session: Session) -> StaffIdentity:
        community_id = add_community(session, code)
        wanted = frozenset(roles) or AGENT
        staff_id = create_staff(session, community_id, NewStaff(login, "陈晨", wanted, "hash"), NOW)
        return StaffIdentity(community_id, staff_id, "陈晨", wanted, must_change_password=True)

    return await store.write(build)


async def signed(store: Store, staff: StaffIdentity, now: datetime = NOW) -> str:
    return await store.write(
        lambda session: open_session(session, staff.community_id, staff.staff_id, user_agent="Firefox", now=now)
    )


async def who(store: Store, token: str, now: datetime = NOW) -> SignedIn | None:
    return await store.read(lambda session: session_of(session, token, now))


async def test_an_account_is_created_with_its_roles_and_a_password_to_be_changed(store: Store) -> None:
    staff = await hire(store, "  Chen ", Role.AGENT, Role.MONITORING)
    found = await store.read(lambda session: find_credentials(session, staff.community_id, "CHEN"))
    assert found
    assert (found.staff_id, found.password_hash, found.active) == (staff.staff_id, "hash", True)
    token = await signed(store, staff)
    assert await who(store, token) == SignedIn(staff, stale=False)


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewStaff("  ", "陈晨", AGENT), "login"),
        (NewStaff("Chen", "陈晨", AGENT), "login"),
        (NewStaff("lin", "林悦", frozenset()), "roles"),
    ],
)
async def test_an_account_that_cannot_be_is_refused(store: Store, new: NewStaff, field: str) -> None:
    staff = await hire(store)
    with pytest.raises(FieldError) as caught:
        await store.write(lambda session: create_staff(session, staff.community_id, new, NOW))
    assert caught.value.field == field


async def test_two_estates_may_use_the_same_login_and_never_mix(store: Store) -> None:
    here, there = await hire(store), await hire(store, code="other")
    for staff in (here, there):
        found = await store.read(partial(find_credentials, community_id=staff.community_id, login="chen"))
        assert found
        assert found.staff_id == staff.staff_id


async def test_nobody_is_found_under_an_unknown_login(store: Store) -> None:
    staff = await hire(store)
    assert await store.read(lambda session: find_credentials(session, staff.community_id, "nobody")) is None


async def test_only_the_hash_of_a_token_is_kept_and_no_two_are_alike(store: Store) -> None:
    staff = await hire(store)
    tokens = [await signed(store, staff) for _ in range(3)]
    kept = await store.read(lambda session: list(session.execute(select(StaffSession.token_hash)).scalars()))
    assert sorted(kept) == sorted(token_hash(token) for token in tokens)
    assert len(set(tokens)) == 3
    assert all(len(token) == 43 for token in tokens)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, token_hash("x")])
async def test_an_unknown_token_is_nobody(store: Store, token: str) -> None:
    await signed(store, await hire(store))
    assert await who(store, token) is None


async def test_a_session_is_over_after_a_long_shift(store: Store) -> None:
    token = await signed(store, await hire(store))
    assert await who(store, token, NOW + SESSION_LASTS - timedelta(seconds=1))
    assert await who(store, token, NOW + SESSION_LASTS) is None


async def test_its_use_is_to_be_written_down_now_and_then(store: Store) -> None:
    token = await signed(store, await hire(store))
    later = NOW + SEEN_EVERY
    found = await who(store, token, later)
    assert found
    assert found.stale
    await store.write(lambda session: note_seen(session, token, later))
    found = await who(store, token, later)
    assert found
    assert not found.stale


async def test_signing_out_ends_this_session_and_no_other(store: Store) -> None:
    staff = await hire(store)
    first, second = await signed(store, staff), await signed(store, staff)
    await store.write(lambda session: sign_out(session, first, NOW))
    await store.write(lambda session: sign_out(session, "unknown", NOW))
    assert await who(store, first) is None
    assert await who(store, second)


async def test_a_new_password_ends_every_other_session_and_is_no_longer_to_be_changed(store: Store) -> None:
    staff = await hire(store)
    here, elsewhere = await signed(store, staff), await signed(store, staff)
    await store.write(lambda session: change_password(session, staff, "new hash", keep=here, now=NOW))
    found = await who(store, here)
    assert found
    assert not found.staff.must_change_password
    assert await who(store, elsewhere) is None
    assert await store.read(lambda session: stored_password(session, staff)) == "new hash"


async def test_a_password_of_another_estates_member_cannot_be_set(store: Store) -> None:
    here, there = await hire(store), await hire(store, code="other")
    with pytest.raises(NotFoundError):
        await store.write(
            lambda session: set_password(session, here.community_id, there.staff_id, "x", must_change=False)
        )


async def test_an_account_that_was_closed_is_signed_out_at_once_and_stays_on_record(store: Store) -> None:
    staff = await hire(store)
    token = await signed(store, staff)
    boss = StaffIdentity(staff.community_id, staff.staff_id, "admin", frozenset({Role.ADMINISTRATOR}))
    await store.write(lambda session: deactivate(session, boss, staff.staff_id, NOW))
    assert await who(store, token) is None
    found = await store.read(lambda session: find_credentials(session, staff.community_id, "chen"))
    assert found
    assert not found.active
    actions = await store.read(lambda session: list(session.execute(select(AuditEntry.action)).scalars()))
    assert actions == ["staff:created", "session:opened", "staff:deactivated"]


async def test_only_an_administrator_of_the_estate_closes_accounts(store: Store) -> None:
    here, there = await hire(store), await hire(store, code="other")
    with pytest.raises(NotAllowedError):
        await store.write(lambda session: deactivate(session, here, here.staff_id, NOW))
    boss = StaffIdentity(there.community_id, there.staff_id, "admin", frozenset({Role.ADMINISTRATOR}))
    with pytest.raises(NotFoundError):
        await store.write(lambda session: deactivate(session, boss, here.staff_id, NOW))


async def test_a_member_who_was_made_inactive_by_hand_has_no_session(store: Store) -> None:
    token = await signed(store, await hire(store))

    def close(session: Session) -> None:
        session.execute(update(Staff).values(active=False))

    await store.write(close)
    assert await who(store, token) is None
