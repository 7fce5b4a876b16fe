from datetime import timedelta

from actions import fetching
from actions.fetching import Wanted
from actions.intake import Inbound, Upload
from actions.store import Store
from actions.tables import Attachment
from tests.actions.world import World, after, settle
from tests.conftest import NOW

REMOTE = Upload("photo", "", "image/jpeg", 0, "a.jpg", remote="file-1")


async def _waiting(store: Store, channel: str = "telegram") -> World:
    world = await settle(store)
    await world.receive(Inbound(world.community_id, channel, "7", "1", "", NOW, (REMOTE,)))
    return world


async def claim(world: World, seconds: float = 0, channel: str = "telegram") -> Wanted | None:
    own = frozenset({world.community_id})
    return await world.store.write(lambda session: fetching.claim(session, channel, own, after(seconds)))


async def test_a_file_is_claimed_once_for_a_while(store: Store) -> None:
    world = await _waiting(store)
    wanted = await claim(world)
    assert wanted is not None
    assert (wanted.remote, wanted.kind, wanted.attempts) == ("file-1", "photo", 1)
    assert await claim(world, 60) is None
    again = await claim(world, 121)
    assert again is not None, "whoever claimed it has died"
    assert again.attempts == 2


async def test_a_file_of_another_channel_or_community_is_left_alone(store: Store) -> None:
    world = await _waiting(store)
    assert await claim(world, channel="email") is None
    nobody = frozenset({world.community_id + 1})
    assert await store.write(lambda session: fetching.claim(session, "telegram", nobody, NOW)) is None


async def test_what_was_fetched_is_recorded_and_shown(store: Store) -> None:
    world = await _waiting(store)
    wanted = await claim(world)
    assert wanted is not None
    upload = Upload("photo", "c" * 64, "image/jpeg", 77, "a.jpg")
    await store.write(lambda session: fetching.record_fetched(session, wanted, upload, NOW))
    assert await world.values(Attachment.sha256, Attachment.size, Attachment.fetch_at) == [("c" * 64, 77, None)]
    assert await claim(world, 9999) is None
    assert [kind for kind, _ in await world.feed()][-1] == "message:in"


async def test_a_file_that_fails_is_tried_ever_more_slowly_and_then_given_up(store: Store) -> None:
    world = await _waiting(store)
    seconds, given_up, waits = 0.0, False, []
    while not given_up:
        wanted = await claim(world, seconds)
        assert wanted is not None
        now = after(seconds)
        given_up = await store.write(
            lambda session, wanted=wanted, now=now: fetching.record_failure(session, wanted, now, for_good=False)  # type: ignore[misc]
        )
        (at,) = await world.values(Attachment.fetch_at)
        if at is not None:
            waits.append((at - now) / timedelta(seconds=1))
            seconds += waits[-1]
    assert waits == [4, 8, 16, 32, 64]


async def test_a_file_that_is_refused_is_given_up_at_once(store: Store) -> None:
    world = await _waiting(store)
    wanted = await claim(world)
    assert wanted is not None
    assert await store.write(lambda session: fetching.record_failure(session, wanted, NOW, for_good=True))
    assert await claim(world, 9999) is None
