"""Streams: nothing is missed, nothing is told twice, and nobody hears what is not theirs."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from actions import handling
from actions.conversations import Words, say, write_note
from actions.live import emit, newest
from actions.store import Store
from actions.tables import Conversation, LiveEvent
from actions.tickets import TicketCard
from tests.web.listening import listening
from tests.web.scene import ON_BOTH, Scene, open_scene
from web.deps import Limits, WebSettings
from web.sessions import STAFF_COOKIE, VISITOR_COOKIE
from web.sse import Feed, StreamCount


async def visitor(scene: Scene, text: str = "漏水") -> tuple[str, int]:
    """A resident who has written: the cookie and the conversation."""
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": text})
    return f"{VISITOR_COOKIE}={browser.cookies[VISITOR_COOKIE]}", (await scene.values(Conversation.id))[-1][0]


async def said(scene: Scene, conversation_id: int, text: str = "您好") -> None:
    community = scene.desk.cast.community_id
    await scene.store.write(lambda session: say(session, community, conversation_id, Words(text), scene.now))
    scene.app.state.feed.ring()


async def member(scene: Scene, name: str = "小陈") -> str:
    return f"{STAFF_COOKIE}={(await scene.staff(name)).cookies[STAFF_COOKIE]}"


@ON_BOTH
async def test_a_resident_is_told_that_something_was_said_and_nothing_more(scene: Scene) -> None:
    cookie, conversation_id = await visitor(scene)
    cursor = await scene.store.read(newest)
    async with listening(scene.app, f"/events?cursor={cursor}", cookie=cookie) as stream:
        assert stream.status == 200
        assert (await stream.next()).name == "open"
        await said(scene, conversation_id)
        event = await stream.next()
        assert event.name == "change"
        assert event.data == {}


async def test_a_resident_hears_nothing_of_others_and_nothing_of_notes(scene: Scene) -> None:
    cookie, conversation_id = await visitor(scene)
    _, other = await visitor(scene, "别家")
    async with listening(scene.app, "/events", cookie=cookie) as stream:
        await stream.next()
        await said(scene, other)
        note = scene.identity("小陈")
        await scene.store.write(lambda session: write_note(session, note, conversation_id, "内部", scene.now))
        scene.app.state.feed.ring()
        assert await stream.nothing()


async def test_without_a_conversation_there_is_nothing_to_follow(scene: Scene) -> None:
    async with listening(scene.app, "/events") as stream:
        assert stream.status == 204


@ON_BOTH
async def test_whoever_comes_back_gets_what_was_missed_once_and_in_order(scene: Scene) -> None:
    cookie = await member(scene)
    _, conversation_id = await visitor(scene)
    start = await scene.store.read(newest)
    for number in range(7):
        await said(scene, conversation_id, str(number))
    async with listening(scene.app, "/staff/events", cookie=cookie, last=start) as stream:
        await stream.next()
        heard = [await stream.next() for _ in range(4)]
    async with listening(scene.app, "/staff/events?cursor=0-0", cookie=cookie, last=heard[-1].id) as stream:
        await stream.next()
        heard += [await stream.next() for _ in range(3)]
        await said(scene, conversation_id, "live")
        heard.append(await stream.next())
        assert await stream.nothing()
    ids = [tuple(map(int, event.id.split("-"))) for event in heard]
    assert ids == sorted(set(ids))
    assert len(ids) == 8


async def test_ids_reach_a_script_as_text(scene: Scene) -> None:
    cookie = await member(scene)
    async with listening(scene.app, "/staff/events", cookie=cookie) as stream:
        await stream.next()
        card = await scene.desk.open()
        scene.app.state.feed.ring()
        event = await stream.next()
        assert event.data["ticket"] == str(card.id)
        assert event.data["kind"].startswith("ticket:")


async def test_polling_is_the_truth_and_ringing_only_a_hint(scene: Scene) -> None:
    cookie, conversation_id = await visitor(scene)
    async with listening(scene.app, "/events", cookie=cookie) as stream:
        await stream.next()
        community = scene.desk.cast.community_id
        await scene.store.write(lambda session: say(session, community, conversation_id, Words("无铃"), scene.now))
        assert (await stream.next()).name == "change"


async def test_a_technician_hears_of_their_own_tickets_only(scene: Scene) -> None:
    mine: TicketCard = await scene.desk.open()
    zhou = scene.desk.cast.staff["老周"]
    await scene.desk.do(handling.assign, scene.desk.staff("小陈"), mine, staff_id=zhou, now=scene.now)
    cookie = await member(scene, "老周")
    cursor = await scene.store.read(newest)
    async with listening(scene.app, f"/staff/events?cursor={cursor}", cookie=cookie) as stream:
        await stream.next()
        await scene.desk.open(summary="别人的")
        await visitor(scene)
        await scene.desk.do(handling.urge, scene.desk.resident(), mine, now=scene.now)
        scene.app.state.feed.ring()
        assert (await stream.next()).data["ticket"] == str(mine.id)


async def test_an_administrator_and_the_one_complained_about_hear_nothing(scene: Scene) -> None:
    admin, accused = await member(scene, "管理员"), await member(scene, "小陈")
    about = scene.desk.cast.staff["小陈"]
    async with (
        listening(scene.app, "/staff/events", cookie=admin) as first,
        listening(scene.app, "/staff/events", cookie=accused) as second,
    ):
        await first.next()
        await second.next()
        await scene.desk.open("complaint", "service_attitude", about_staff_id=about)
        scene.app.state.feed.ring()
        assert await first.nothing()
        assert await second.nothing()


async def test_what_happens_in_another_estate_is_not_heard(scene: Scene) -> None:
    cookie = await member(scene)
    async with listening(scene.app, "/staff/events", cookie=cookie) as stream:
        await stream.next()
        await scene.store.write(lambda session: emit(session, 1, "ticket:opened", ticket_id=5, now=scene.now))
        scene.app.state.feed.ring()
        assert await stream.nothing()


async def test_a_stream_ends_when_its_session_is_over(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    cookie = f"{STAFF_COOKIE}={browser.cookies[STAFF_COOKIE]}"
    async with listening(scene.app, "/staff/events", cookie=cookie) as stream:
        await stream.next()
        await browser.post("/staff/sign-out")
        await scene.desk.open()
        scene.app.state.feed.ring()
        await asyncio.wait_for(stream.ended.wait(), 5)


async def test_one_address_cannot_take_all_streams(store: Store, tmp_path: Path) -> None:
    scene = await open_scene(store, tmp_path, WebSettings(limits=Limits(streams_per_address=2)))
    cookie, _ = await visitor(scene)
    async with listening(scene.app, "/events", cookie=cookie) as first:
        await first.next()
        async with listening(scene.app, "/events", cookie=cookie) as second:
            await second.next()
            async with listening(scene.app, "/events", cookie=cookie) as third:
                assert third.status == 429
            async with listening(scene.app, "/events", cookie=cookie, address="10.0.0.10") as elsewhere:
                assert elsewhere.status == 200
        async with listening(scene.app, "/events", cookie=cookie) as again:
            assert again.status == 200
    await scene.close()


async def test_all_streams_share_one_reader_that_rests_when_nobody_listens(scene: Scene) -> None:
    reads = 0
    read = scene.store.read

    async def counted(fn: object) -> object:
        nonlocal reads
        reads += 1
        return await read(fn)  # type: ignore[arg-type]

    feed = Feed(scene.store, every=0.05)
    start = await feed.newest()
    scene.store.read = counted  # type: ignore[method-assign, assignment]

    async def follow() -> str:
        async for batch in feed.follow(start):
            return batch[-1].kind
        return ""

    followers = [asyncio.create_task(follow()) for _ in range(20)]
    await asyncio.sleep(0.3)
    before = reads
    await scene.store.write(lambda session: emit(session, 1, "ticket:opened", now=scene.now))
    assert set(await asyncio.gather(*followers)) == {"ticket:opened"}
    assert reads - before < 20
    await asyncio.sleep(0.1)
    resting = reads
    await asyncio.sleep(0.2)
    assert reads == resting
    scene.store.read = read  # type: ignore[method-assign]


async def test_nothing_is_missed_while_a_follower_joins_in_the_midst_of_writes(scene: Scene) -> None:
    feed = Feed(scene.store, every=0.01)
    start = await feed.newest()

    async def write_many() -> None:
        for number in range(120):
            await scene.store.write(partial(emit, community_id=1, kind=f"n{number}", now=scene.now))

    async def follow() -> list[str]:
        heard: list[str] = []
        async for batch in feed.follow(start):
            heard += [change.kind for change in batch]
            if len(heard) >= 120:
                break
        return heard

    async def join_late(seconds: float) -> list[str]:
        await asyncio.sleep(seconds)
        return await follow()

    _, *heard = await asyncio.gather(write_many(), *(join_late(delay) for delay in (0, 0.01, 0.05, 0.1)))
    assert all(one == [f"n{number}" for number in range(120)] for one in heard)


async def test_when_the_database_fails_the_streams_end_so_that_browsers_come_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(scene.store, every=0.02)
    start = await feed.newest()

    async def follow() -> int:
        return len([batch async for batch in feed.follow(start)])

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.1)

    async def broken(_fn: object) -> object:
        raise OSError("the disk is gone")

    monkeypatch.setattr(scene.store, "read", broken)
    assert await asyncio.wait_for(following, 2) == 0


def test_streams_are_counted_down_again() -> None:
    count = StreamCount(1)
    with count.held("a"):
        assert count.full("a")
        assert not count.full("b")
    assert not count.full("a")


async def test_a_reader_that_is_much_too_slow_is_sent_away_and_misses_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.sse._BATCH", 1)
    monkeypatch.setattr("web.sse._QUEUED", 3)
    feed = Feed(scene.store, every=0.01)
    start = await feed.newest()
    heard: list[str] = []
    cursor = start

    def flood(session: Session) -> None:
        for number in range(10):
            emit(session, 1, f"n{number}", now=scene.now)

    async def follow(slow: bool) -> None:
        nonlocal cursor
        async for batch in feed.follow(cursor):
            heard.extend(change.kind for change in batch)
            cursor = batch[-1].cursor
            await asyncio.sleep(0.2 if slow else 0)
            if len(heard) == 11:
                return

    following = asyncio.create_task(follow(slow=True))
    await asyncio.sleep(0.05)
    await scene.store.write(lambda session: emit(session, 1, "first", now=scene.now))
    await asyncio.sleep(0.1)
    await scene.store.write(flood)
    await asyncio.wait_for(following, 10)
    assert len(heard) < 11
    await asyncio.wait_for(follow(slow=False), 5)
    assert heard == ["first", *(f"n{number}" for number in range(10))]
    assert len(await scene.values(LiveEvent.position)) == 11
