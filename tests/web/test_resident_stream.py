"""The stream of one resident among many: it hears its own conversation, and nobody else's wakes it."""

import asyncio
from functools import partial

from actions.conversations import Words, say
from actions.live import newest, since
from actions.tables import Conversation
from tests.web.listening import listening
from tests.web.scene import ON_BOTH, Scene
from web.sessions import VISITOR_COOKIE
from web.sse import Feed


async def visitor(scene: Scene, text: str) -> tuple[str, int]:
    """Somebody who has written; their cookie and their conversation."""
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": text})
    return f"{VISITOR_COOKIE}={browser.cookies[VISITOR_COOKIE]}", max(await scene.values(Conversation.id))[0]


async def tell(scene: Scene, conversation_id: int, *texts: str) -> None:
    """The desk says something."""
    community = scene.desk.cast.community_id
    for text in texts:
        saying = partial(say, community_id=community, conversation_id=conversation_id, words=Words(text), now=scene.now)
        await scene.store.write(saying)


@ON_BOTH
async def test_of_all_that_happened_meanwhile_only_the_own_part_is_read(scene: Scene) -> None:
    start = await scene.store.read(newest)
    _, mine = await visitor(scene, "我家")
    _, other = await visitor(scene, "别家")
    await tell(scene, other, *(f"第{number}条" for number in range(20)))
    await tell(scene, mine, "您好")
    own = await scene.store.read(lambda session: since(session, start, conversation_id=mine))
    assert [change.kind for change in own] == ["message:in", "message:out"]
    assert {change.conversation_id for change in own} == {mine}
    everything = await scene.store.read(lambda session: since(session, start))
    assert len(everything) == 23


async def test_one_who_comes_back_hears_what_they_missed_and_not_more(scene: Scene) -> None:
    cookie, mine = await visitor(scene, "我家")
    _, other = await visitor(scene, "别家")
    async with listening(scene.app, "/events", cookie=cookie) as first:
        await tell(scene, mine, "一")
        scene.app.state.feed.ring()
        events = [await first.next(), await first.next()]
        last = events[-1].id
    await tell(scene, other, "与我无关")
    await tell(scene, mine, "二")
    async with listening(scene.app, "/events", cookie=cookie, last=last) as again:
        assert [(await again.next()).name, (await again.next()).name] == ["open", "change"]
        assert await again.nothing()


async def test_what_others_write_wakes_nobody(scene: Scene) -> None:
    _, mine = await visitor(scene, "我家")
    _, other = await visitor(scene, "别家")
    feed = Feed(scene.store, every=0.02)
    start = await feed.newest()
    heard: list[tuple[int, ...]] = []

    async def follow() -> None:
        async for batch in feed.follow(start, mine):
            heard.append(tuple(change.conversation_id or 0 for change in batch))
            if mine in heard[-1]:
                return

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.1)
    await tell(scene, other, "一", "二", "三")
    await asyncio.sleep(0.15)
    assert heard == []
    await tell(scene, mine, "您好")
    await asyncio.wait_for(following, 5)
    assert len(heard) == 1
