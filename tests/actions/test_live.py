import asyncio

import pytest

from actions.live import Change, emit, newest, since
from actions.store import Session, Store
from tests.actions.world import ON_POSTGRES, World, after, settle, transaction
from tests.conftest import NOW

BEGINNING = "0-0"


async def _emit(world: World, kind: str) -> None:
    await world.store.write(lambda session: emit(session, world.community_id, kind, now=NOW))


async def _since(store: Store, cursor: str, limit: int = 500) -> tuple[Change, ...]:
    return await store.read(lambda session: since(session, cursor, limit=limit))


async def _follow(store: Store, cursor: str, count: int) -> tuple[Change, ...]:
    """Read on until so many changes came: PostgreSQL's own housekeeping may hold the feed back for a moment."""
    seen: tuple[Change, ...] = ()
    for _ in range(1000):
        found = await _since(store, cursor)
        seen += found
        cursor = found[-1].cursor if found else cursor
        if len(seen) >= count:
            break
        await asyncio.sleep(0.005)
    return seen


def _kinds(changes: tuple[Change, ...]) -> list[str]:
    return [change.kind for change in changes]


async def test_a_change_tells_what_happened_where_and_when(store: Store) -> None:
    world = await settle(store)
    await store.write(
        lambda s: emit(s, world.community_id, "ticket:opened", conversation_id=5, ticket_id=7, now=after(1))
    )
    [change] = await _follow(store, BEGINNING, 1)
    assert change == Change(change.cursor, world.community_id, "ticket:opened", 5, 7, after(1))


async def test_a_reader_goes_on_where_it_stopped(store: Store) -> None:
    world = await settle(store)
    for n in range(5):
        await _emit(world, f"e{n}")
    everything = await _follow(store, BEGINNING, 5)
    assert _kinds(everything) == ["e0", "e1", "e2", "e3", "e4"]
    first = await _since(store, BEGINNING, limit=2)
    assert _kinds(first) == ["e0", "e1"]
    assert _kinds(await _since(store, first[-1].cursor)) == ["e2", "e3", "e4"]
    assert await _since(store, everything[-1].cursor) == ()


async def test_several_changes_of_one_transaction_keep_their_order(store: Store) -> None:
    world = await settle(store)

    def work(session: Session) -> None:
        for n in range(3):
            emit(session, world.community_id, f"e{n}", now=NOW)

    await store.write(work)
    changes = await _follow(store, BEGINNING, 3)
    assert _kinds(changes) == ["e0", "e1", "e2"]
    assert _kinds(await _since(store, changes[0].cursor)) == ["e1", "e2"]


async def test_the_newest_cursor_and_any_unreadable_one_leave_out_what_was(store: Store) -> None:
    world = await settle(store)
    assert await store.read(newest) == BEGINNING
    await _emit(world, "old")
    [old] = await _follow(store, BEGINNING, 1)
    assert await store.read(newest) == old.cursor
    unreadable = ["", "-", "x", "1", "1-", "-1", "1-x", "1-2-3", "-1--1", "1.5-2", "9" * 30 + "-1", "1-" + "9" * 5000]
    for cursor in unreadable:
        assert await _since(store, cursor) == (), cursor
    await _emit(world, "new")
    assert _kinds(await _follow(store, old.cursor, 1)) == ["new"]


async def test_what_was_rolled_back_is_not_told(store: Store) -> None:
    world = await settle(store)

    def fail(session: Session) -> None:
        emit(session, world.community_id, "lost", now=NOW)
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        await store.write(fail)
    await _emit(world, "kept")
    assert _kinds(await _follow(store, BEGINNING, 1)) == ["kept"]


async def test_a_reader_beside_many_writers_gets_every_change_once(store: Store) -> None:
    world = await settle(store)
    writing = asyncio.gather(*(_emit(world, f"e{n}") for n in range(60)))
    seen = await _follow(store, BEGINNING, 60)
    await writing
    assert sorted(_kinds(seen)) == sorted(f"e{n}" for n in range(60))
    assert await _since(store, seen[-1].cursor) == ()


@ON_POSTGRES
@pytest.mark.parametrize("lower_commits_last", [True, False])
async def test_a_change_committed_later_with_a_lower_position_is_never_skipped(
    store: Store, *, lower_commits_last: bool
) -> None:
    world = await settle(store)
    await _emit(world, "before")
    [before] = await _follow(store, BEGINNING, 1)
    async with transaction(store) as lower, transaction(store) as higher:
        await lower.run_sync(lambda s: emit(s, world.community_id, "lower", now=NOW))
        await higher.run_sync(lambda s: emit(s, world.community_id, "higher", now=NOW))
        first, last = (higher, lower) if lower_commits_last else (lower, higher)
        await first.commit()
        seen = await _since(store, before.cursor)
        # What was committed may be shown only when nothing before it can still come.
        assert _kinds(seen) in ([[]] if lower_commits_last else [[], ["lower"]])
        assert await store.read(newest) == (seen[-1] if seen else before).cursor
        await last.commit()
    cursor = seen[-1].cursor if seen else before.cursor
    assert _kinds(seen + await _follow(store, cursor, 2 - len(seen))) == ["lower", "higher"]


@ON_POSTGRES
async def test_the_older_transaction_is_told_first_even_with_the_higher_position(store: Store) -> None:
    world = await settle(store)
    async with transaction(store) as older, transaction(store) as younger:
        await older.run_sync(lambda s: emit(s, world.community_id, "older, first", now=NOW))
        await younger.run_sync(lambda s: emit(s, world.community_id, "younger", now=NOW))
        await older.run_sync(lambda s: emit(s, world.community_id, "older, second", now=NOW))
        await younger.commit()
        assert await _since(store, BEGINNING) == ()
        await older.commit()
    assert _kinds(await _follow(store, BEGINNING, 3)) == ["older, first", "older, second", "younger"]


@ON_POSTGRES
async def test_an_older_transaction_that_gives_up_holds_nothing_back(store: Store) -> None:
    world = await settle(store)
    async with transaction(store) as older:
        await older.run_sync(lambda s: emit(s, world.community_id, "given up", now=NOW))
        await _emit(world, "kept")
        assert await _since(store, BEGINNING) == ()
        await older.rollback()
    assert _kinds(await _follow(store, BEGINNING, 1)) == ["kept"]
