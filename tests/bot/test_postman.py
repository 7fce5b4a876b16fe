"""Messages are sent beside each other: none waits for a slow answer to another, and replies always find a place."""

import asyncio
from datetime import timedelta

from actions.conversations import Words, say
from actions.intake import reach
from actions.outbox import Parcel
from actions.pacing import Lane, Pace
from actions.store import Session, Store
from actions.tables import OutboxRow, OutboxState
from bot.errors import ChannelError
from bot.postman import Postman
from tests.actions.world import World, settle
from tests.conftest import NOW


class SlowChannel:
    """Answers when it is told to."""

    name = "slow"
    lanes: tuple[Lane, ...] = ()

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    def pieces(self, _text: str) -> int:
        return 1

    async def send(self, parcel: Parcel) -> str:
        self.begun.append(parcel.text)
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return "1"


class Post:
    def __init__(self, world: World) -> None:
        self.world = world
        self.channel = SlowChannel()
        unlimited = Pace(contact=timedelta(0), group=timedelta(0))
        self.channel.lanes = (Lane(world.community_id, "slow", unlimited),)
        self.rung = 0
        self.postman = Postman(
            world.store, {"slow": self.channel}, "one", lambda: NOW, self.ring, at_once=4, bulk_at_once=2
        )

    def ring(self) -> None:
        self.rung += 1

    async def say(self, address: str, *texts: str, purpose: str = "reply") -> None:
        def tell(session: Session) -> None:
            conversation, _ = reach(session, self.world.community_id, "slow", address, NOW)
            for text in texts:
                say(session, self.world.community_id, conversation, Words(text, purpose=purpose), NOW)

        await self.world.store.write(tell)

    async def steps(self) -> int:
        """Begin what can be begun."""
        count = 0
        while len(self.channel.begun) < 4 and await self.postman.step():
            count += 1
            await asyncio.sleep(0)
        return count


async def test_several_are_sent_at_once_but_those_to_one_contact_one_after_the_other(store: Store) -> None:
    post = Post(await settle(store))
    await post.say("1", "一", "二")
    await post.say("2", "三")
    await post.steps()
    assert sorted(post.channel.begun) == ["一", "三"]
    post.channel.go_on.set()
    await post.postman.finish(5)
    assert post.rung == 2, "what waited behind them may go now"
    await post.steps()
    await post.postman.finish(5)
    assert post.channel.begun[-1] == "二"
    assert set(await post.world.values(OutboxRow.state)) == {OutboxState.SENT}


async def test_what_goes_to_many_leaves_places_for_replies(store: Store) -> None:
    post = Post(await settle(store))
    for number in range(6):
        await post.say(f"b{number}", "通知", purpose="broadcast")
    await post.steps()
    assert post.channel.begun == ["通知", "通知"]
    await post.say("1", "答复")
    await post.steps()
    assert post.channel.begun[-1] == "答复"
    post.channel.go_on.set()
    await post.postman.finish(5)


async def test_a_send_that_fails_is_recorded_like_any_other(store: Store) -> None:
    post = Post(await settle(store))
    await post.say("1", "一")
    post.channel.error = ChannelError("blocked", permanent=True)
    post.channel.go_on.set()
    await post.steps()
    await post.postman.finish(5)
    assert await post.world.values(OutboxRow.state) == [OutboxState.GIVEN_UP]


async def test_a_fault_of_ours_stops_neither_the_postman_nor_the_others(store: Store) -> None:
    post = Post(await settle(store))
    await post.say("1", "一")
    post.channel.error = RuntimeError("a fault")
    post.channel.go_on.set()
    await post.steps()
    await post.postman.finish(5)
    post.channel.error = None
    await post.say("2", "二")
    await post.steps()
    await post.postman.finish(5)
    assert OutboxState.SENT in await post.world.values(OutboxRow.state)


async def test_what_is_under_way_at_the_end_is_given_a_moment_and_then_let_go(store: Store) -> None:
    post = Post(await settle(store))
    await post.say("1", "一")
    await post.steps()
    await post.postman.finish(0.01)
    await asyncio.sleep(0)
    assert await post.world.values(OutboxRow.state) == [OutboxState.CLAIMED], "it is sent again when the claim ends"
