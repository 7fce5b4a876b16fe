import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from actions import outbox
from actions.audit import FindingKind, audit
from actions.conversations import Words, say
from actions.intake import reach
from actions.outbox import Parcel
from actions.store import Session, Store
from actions.tables import Contact, OutboxRow, OutboxState
from bot.channels.memory import MemoryChannel
from bot.delivery import deliver_one
from bot.errors import ChannelError
from tests.actions.world import ON_POSTGRES, World, after, settle, transaction
from tests.conftest import NOW

LEASE = outbox.LEASE.total_seconds()


@dataclass(slots=True)
class Post:
    """A channel with its outbox, and short ways to work it."""

    world: World
    channel: MemoryChannel = field(default_factory=MemoryChannel)

    @property
    def texts(self) -> list[str]:
        return [parcel.text for parcel in self.channel.sent]

    async def say(self, *texts: str, address: str = "m1", **words: Any) -> None:
        """Let the desk say something to an address."""

        def tell(session: Session) -> None:
            conversation_id, _ = reach(session, self.world.community_id, self.channel.name, address, NOW)
            for text in texts:
                say(session, self.world.community_id, conversation_id, Words(text, **words), NOW)

        await self.world.store.write(tell)

    async def deliver(self, seconds: float = 0) -> bool:
        return await deliver_one(self.world.store, {self.channel.name: self.channel}, "one", after(seconds))

    async def deliver_all(self, seconds: float = 0) -> list[str]:
        while await self.deliver(seconds):
            pass
        return self.texts

    async def claim(self, seconds: float = 0) -> Parcel | None:
        """Claim as a process does that dies before it can say what became of it."""
        names = frozenset({self.channel.name})
        return await self.world.store.write(lambda session: outbox.claim(session, names, "dead", after(seconds)))

    async def states(self) -> list[OutboxState]:
        return await self.world.values(OutboxRow.state)

    def fail(self, *errors: ChannelError | None) -> None:
        """Let the next sends meet these errors; None lets one pass."""
        left = list(errors)
        self.channel.fail = lambda _parcel: left.pop(0) if left else None


async def _post(store: Store) -> Post:
    return Post(await settle(store))


async def test_a_message_is_sent_once_with_its_buttons_to_its_address(store: Store) -> None:
    post = await _post(store)
    await post.say("请问有什么可以帮您？", buttons=({"label": "报修", "says": "我要报修"},))
    assert await post.deliver()
    (parcel,) = post.channel.sent
    assert (parcel.address, parcel.text) == ("m1", "请问有什么可以帮您？")
    assert parcel.buttons == ({"label": "报修", "says": "我要报修"},)
    assert not await post.deliver(LEASE + 1), "what is sent is not sent again"
    assert await post.world.values(OutboxRow.state, OutboxRow.sent_at, OutboxRow.external_id) == [
        (OutboxState.SENT, NOW, "1")
    ]


async def test_messages_to_one_contact_arrive_in_the_order_in_which_they_were_said(store: Store) -> None:
    post = await _post(store)
    await post.say("一", "二", "三")
    post.fail(ChannelError("busy"))
    assert await post.deliver()
    assert not await post.deliver(1), "the second waits behind the first"
    assert await post.deliver_all(2) == ["一", "二", "三"]


async def test_a_contact_who_cannot_be_reached_holds_up_nobody_else(store: Store) -> None:
    post = await _post(store)
    await post.say("给一", address="m1")
    await post.say("给二", address="m2")
    post.fail(ChannelError("busy"))
    assert await post.deliver_all() == ["给二"]
    assert await post.deliver_all(2) == ["给二", "给一"]


async def test_a_failed_message_is_tried_again_ever_more_slowly(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    post.fail(ChannelError("busy"), ChannelError("busy"), ChannelError("busy"))
    await post.deliver()
    waits, moment = [], 0.0
    for _ in range(3):
        (next_attempt,) = await post.world.values(OutboxRow.next_attempt_at)
        waits.append((next_attempt - after(moment)).total_seconds())
        moment += waits[-1]
        assert not await post.deliver(moment - 0.5)
        assert await post.deliver(moment)
    assert waits == [2, 4, 8]
    assert post.texts == ["您好"]
    assert await post.states() == [OutboxState.SENT]
    assert await post.world.values(OutboxRow.last_error) == [None]


async def test_a_channel_that_names_a_time_is_asked_again_then(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    post.fail(ChannelError("slow down", retry_after=37))
    await post.deliver()
    assert not await post.deliver(36.9)
    assert await post.deliver_all(37) == ["您好"]


async def test_a_permanent_failure_ends_the_attempts_and_marks_the_contact_as_unreachable(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    post.fail(ChannelError("blocked by the user", permanent=True))
    assert await post.deliver()
    assert not await post.deliver(86_400)
    assert await post.world.values(OutboxRow.state, OutboxRow.last_error, OutboxRow.sent_at) == [
        (OutboxState.GIVEN_UP, "blocked by the user", None)
    ]
    assert await post.world.values(Contact.reachable) == [False]
    assert "outbox:given_up" in [kind for kind, _ in await post.world.feed()], "staff see it"


async def test_a_message_that_was_given_up_lets_the_next_one_go(store: Store) -> None:
    post = await _post(store)
    await post.say("一", "二")
    post.fail(ChannelError("no such text", permanent=True))
    assert await post.deliver_all() == ["二"]


async def test_a_message_that_never_gets_through_is_given_up_after_twelve_attempts(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    post.channel.fail = lambda _parcel: ChannelError("down")
    attempts = 0
    while await post.deliver(attempts * 3600):
        attempts += 1
    assert attempts == 12
    assert await post.states() == [OutboxState.GIVEN_UP]


async def test_a_message_whose_sender_died_is_sent_again_and_marked_as_ambiguous(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    assert await post.claim() is not None
    assert not await post.deliver(LEASE - 1), "the sender may still be at it"
    assert await post.deliver_all(LEASE) == ["您好"]
    assert await post.states() == [OutboxState.AMBIGUOUS]
    assert not await post.deliver(3 * LEASE)


async def test_what_may_have_arrived_stays_marked_when_the_next_attempt_fails(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    await post.claim()
    post.fail(ChannelError("busy"))
    assert await post.deliver(LEASE)
    assert await post.deliver_all(LEASE + 4) == ["您好"]
    assert await post.states() == [OutboxState.AMBIGUOUS]


async def test_a_channel_that_does_not_know_whether_it_sent_leaves_an_ambiguous_message(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    post.fail(ChannelError("no answer in time", ambiguous=True))
    assert await post.deliver()
    assert await post.states() == [OutboxState.AMBIGUOUS]
    findings = await store.read(lambda session: audit(session, NOW + timedelta(hours=1)))
    assert [finding.kind for finding in findings] == [FindingKind.OUTBOX_STUCK], "it still has to be sent"
    assert await post.deliver_all(2) == ["您好"]
    assert await post.states() == [OutboxState.AMBIGUOUS]
    assert await store.read(lambda session: audit(session, NOW + timedelta(hours=1))) == ()


async def test_a_sender_who_comes_back_after_the_lease_changes_nothing(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    late = await post.claim()
    assert late is not None
    assert await post.deliver_all(LEASE) == ["您好"]
    await store.write(lambda session: outbox.record_sent(session, late, "x", after(LEASE + 1)))
    assert await post.states() == [OutboxState.AMBIGUOUS]
    refused = partial(outbox.record_failure, parcel=late, error="x", permanent=True, retry_after=None, now=after(LEASE))
    await store.write(refused)
    assert await post.states() == [OutboxState.AMBIGUOUS]
    assert await post.world.values(Contact.reachable) == [True]


async def test_without_a_channel_nothing_is_claimed(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    assert not await deliver_one(store, {}, "one", NOW)
    assert not await deliver_one(store, {"other": MemoryChannel("other")}, "one", NOW)
    assert await post.states() == [OutboxState.PENDING]


async def test_many_senders_send_everything_once(store: Store) -> None:
    post = await _post(store)
    for number in range(6):
        await post.say(*(f"{number}-{place}" for place in range(4)), address=f"m{number}")

    async def work() -> None:
        idle = 0
        while idle < 3:
            idle = 0 if await post.deliver() else idle + 1

    await asyncio.gather(*(work() for _ in range(4)))
    assert sorted(post.texts) == sorted(f"{number}-{place}" for number in range(6) for place in range(4))
    for number in range(6):
        own = [text for text in post.texts if text.startswith(f"{number}-")]
        assert own == sorted(own)


@ON_POSTGRES
async def test_two_processes_never_claim_the_same_message(store: Store) -> None:
    post = await _post(store)
    await post.say("您好")
    names = frozenset({post.channel.name})
    async with transaction(store) as one, transaction(store) as two:
        first = await one.run_sync(lambda session: outbox.claim(session, names, "one", NOW))
        second = await two.run_sync(lambda session: outbox.claim(session, names, "two", NOW))
        await one.commit()
        await two.commit()
    assert first is not None
    assert second is None
