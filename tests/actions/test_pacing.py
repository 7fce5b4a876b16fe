"""The limits of a bot, on both engines, with a clock that moves only when told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import insert, select

from actions import outbox, pacing
from actions.conversations import Words, say
from actions.intake import reach
from actions.outbox import Parcel
from actions.pacing import Lane, Pace
from actions.store import Session, Store
from actions.tables import Contact, Conversation, Message, OutboxRow, OutboxState
from tests.actions.world import World, settle
from tests.conftest import NOW

CHANNEL = "telegram"


class Bot:
    """A bot's outbox, and a simulated network that takes its time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lane = Lane(world.community_id, CHANNEL)

    async def say(self, address: str, *texts: str, purpose: str = "reply", now: datetime = NOW) -> None:
        def tell(session: Session) -> None:
            conversation_id, _ = reach(session, self.world.community_id, CHANNEL, address, now)
            for text in texts:
                say(session, self.world.community_id, conversation_id, Words(text, purpose=purpose), now)

        await self.world.store.write(tell)

    async def claim(self, now: datetime, *, bulk: bool = True) -> Parcel | None:
        claimed = await self.world.store.write(
            lambda session: pacing.claim(session, self.lane, "one", now, bulk_places=int(bulk))
        )
        return claimed[0] if claimed else None

    async def send(self, now: datetime) -> str | None:
        """Claim and send in no time."""
        parcel = await self.claim(now)
        if parcel is None:
            return None
        await self.world.store.write(lambda session: outbox.record_sent(session, parcel, "1", now))
        return parcel.text

    async def flow(self, until: datetime) -> list[tuple[float, str]]:
        """Send whatever may go at each moment, up to a time; the seconds at which each text went out."""
        now, out = NOW, []
        while now <= until:
            text = await self.send(now)
            if text is not None:
                out.append(((now - NOW).total_seconds(), text))
                continue
            moment = await self.world.store.read(pacing.next_moment)
            if moment is None or moment > until:
                break
            now = max(now, moment)
        return out


@pytest.fixture
async def bot(store: Store) -> Bot:
    return Bot(await settle(store))


async def test_a_chat_gets_one_message_a_second_in_order(bot: Bot) -> None:
    await bot.say("7", "一", "二", "三")
    out = await bot.flow(NOW + timedelta(seconds=10))
    assert [text for _, text in out] == ["一", "二", "三"]
    assert all(later - earlier >= 1 for (earlier, _), (later, _) in pairwise(out))
    assert out[-1][0] < 2.5


async def test_a_group_gets_twenty_messages_a_minute(bot: Bot) -> None:
    await bot.say("-100", *(str(number) for number in range(30)))
    out = await bot.flow(NOW + timedelta(seconds=59.9))
    assert 18 <= len(out) <= 20


async def test_a_bot_sends_thirty_a_second_to_all_together(bot: Bot) -> None:
    for number in range(70):
        await bot.say(str(number + 1), "您好")
    out = await bot.flow(NOW + timedelta(seconds=1.99))
    for start in (0.0, 0.25, 0.5, 0.99):
        assert len([at for at, _ in out if start <= at < start + 1]) <= 30
    assert len(out) >= 50


async def test_several_are_claimed_in_one_step_as_far_as_the_limits_go(bot: Bot) -> None:
    for number in range(40):
        await bot.say(str(number + 1), "您好", purpose="broadcast" if number < 30 else "reply")

    async def some(places: int, bulk_places: int) -> list[bool]:
        claimed = await bot.world.store.write(
            lambda session: pacing.claim(session, bot.lane, "one", NOW, places=places, bulk_places=bulk_places)
        )
        return [parcel.bulk for parcel in claimed]

    assert await some(12, 4) == [False] * 10 + [True] * 2
    assert await some(50, 4) == [True] * 4
    assert await some(50, 50) == [True] * 9, "five places of the limit are kept for replies"
    assert await some(50, 50) == []


async def test_replies_go_before_what_goes_to_many_even_in_one_chat(bot: Bot) -> None:
    await bot.say("7", "通知", purpose="broadcast")
    await bot.say("8", "通知", purpose="broadcast")
    await bot.say("7", "答复")
    out = await bot.flow(NOW + timedelta(seconds=5))
    assert [text for _, text in out] == ["答复", "通知", "通知"]


async def test_what_goes_to_many_waits_behind_an_earlier_reply_that_is_tried_again(bot: Bot) -> None:
    await bot.say("7", "答复")
    await bot.say("7", "通知", purpose="broadcast")
    parcel = await bot.claim(NOW)
    assert parcel is not None
    await bot.world.store.write(
        lambda session: outbox.record_failure(session, parcel, "x", permanent=False, retry_after=None, now=NOW)
    )
    out = await bot.flow(NOW + timedelta(seconds=9))
    assert [text for _, text in out] == ["答复", "通知"]


async def test_without_bulk_only_replies_are_claimed(bot: Bot) -> None:
    await bot.say("7", "通知", purpose="broadcast")
    assert await bot.claim(NOW, bulk=False) is None
    assert (await bot.claim(NOW)) is not None


async def test_a_wait_that_one_chat_is_told_spares_that_chat_alone(bot: Bot) -> None:
    await bot.say("7", "一")
    parcel = await bot.claim(NOW)
    assert parcel is not None
    await _flood(bot, parcel, 40)
    await bot.say("8", "二")
    out = await bot.flow(NOW + timedelta(seconds=39.9))
    assert [text for _, text in out] == ["二"]
    assert [round(at, 1) for at, text in await bot.flow(NOW + timedelta(seconds=41)) if text == "一"] == [40.0]


async def test_a_wait_that_two_chats_are_told_stops_the_bot(bot: Bot) -> None:
    for address in ("7", "8", "9"):
        await bot.say(address, address)
    for seconds in (0, 0.1):
        parcel = await bot.claim(NOW + timedelta(seconds=seconds))
        assert parcel is not None
        await _flood(bot, parcel, 20)
    assert await bot.claim(NOW + timedelta(seconds=19)) is None
    assert len(await bot.flow(NOW + timedelta(seconds=23))) == 3


async def _flood(bot: Bot, parcel: Parcel, seconds: float) -> None:
    def record(session: Session) -> None:
        pacing.note_flood(session, parcel, seconds, NOW)
        outbox.record_failure(session, parcel, "x", permanent=False, retry_after=seconds, now=NOW)

    await bot.world.store.write(record)


async def test_a_flood_is_waited_for_however_often_it_comes(bot: Bot) -> None:
    await bot.say("7", "一")
    now = NOW
    for _ in range(20):
        parcel = await bot.claim(now)
        assert parcel is not None, "a wait that was asked for is no failure of the message"
        await bot.world.store.write(
            lambda session, parcel=parcel, now=now: outbox.record_failure(  # type: ignore[misc]
                session, parcel, "x", permanent=False, retry_after=5, now=now
            )
        )
        now += timedelta(seconds=5)


async def test_another_bot_is_not_slowed_down(bot: Bot) -> None:
    other = Bot(World(bot.world.store, (await settle(bot.world.store, code="other")).community_id))
    await bot.say("7", "一")
    await other.say("7", "二")
    assert await bot.claim(NOW) is not None
    assert await other.claim(NOW) is not None


def test_the_moment_that_is_told_has_room_to_the_microsecond() -> None:
    """Seconds since 1970 do not hold microseconds exactly; a moment without room would be waited for for ever."""
    pace = Pace(most=1, reserved=0)
    for step in range(2_000):
        sent = (NOW + timedelta(microseconds=499 * step)).timestamp()
        told = datetime.fromtimestamp(sent, tz=UTC) + pace.window
        assert pacing._recent([sent], pace, told) == []
        assert pacing._recent([sent], pace, told - timedelta(microseconds=2)) == [sent]


async def test_a_broadcast_of_ten_thousand_delays_no_reply_by_two_seconds(bot: Bot) -> None:
    await bot.world.store.write(lambda session: _broadcast(session, bot.world.community_id, 10_000))
    # A reply every 0.7 seconds, each to somebody for whom the broadcast is waiting as well.
    asked: dict[str, float] = {}
    now, end, number = NOW, NOW + timedelta(seconds=6), 0
    delays: list[float] = []
    bulk = 0
    while now < end:
        due = NOW + timedelta(seconds=0.7 * number)
        if due <= now:
            await bot.say(str(1 + 617 * number), f"答复{number}", now=due)
            asked[f"答复{number}"] = (due - NOW).total_seconds()
            number += 1
        text = await bot.send(now)
        if text in asked:
            delays.append((now - NOW).total_seconds() - asked[text])
        bulk += text == "通知"
        if text is None:
            moment = await bot.world.store.read(pacing.next_moment)
            assert moment is not None
            now = min(max(moment, now), max(due, now + timedelta(milliseconds=1)))
    assert len(delays) >= 8
    assert max(delays) < 2
    assert 18 * 6 <= bulk <= 25 * 6, "the broadcast goes on beside them"


def _broadcast(session: Session, community_id: int, count: int) -> None:
    """As many contacts with one message each, as a broadcast writes them."""
    ids = range(1, count + 1)
    at = {"community_id": community_id, "created_at": NOW}
    session.execute(insert(Contact), [{**at, "id": n, "channel": CHANNEL, "address": str(n)} for n in ids])
    session.execute(
        insert(Conversation),
        [
            {"community_id": community_id, "id": n, "contact_id": n, "owner": "bot", "state": {}, "opened_at": NOW}
            for n in ids
        ],
    )
    session.execute(
        insert(Message),
        [
            {
                "community_id": community_id,
                "id": n,
                "conversation_id": n,
                "seq": 1,
                "direction": "out",
                "author": "bot",
                "text": "通知",
                "sent_at": NOW,
                "stored_at": NOW,
            }
            for n in ids
        ],
    )
    session.execute(
        insert(OutboxRow),
        [
            {
                **at,
                "id": n,
                "message_id": n,
                "contact_id": n,
                "channel": CHANNEL,
                "purpose": "broadcast",
                "bulk": True,
                "state": OutboxState.PENDING,
                "next_attempt_at": NOW,
            }
            for n in ids
        ],
    )
    session.execute(Conversation.__table__.update().values(last_seq=1))  # type: ignore[attr-defined]


async def test_of_two_processes_one_fetches_until_it_dies(bot: Bot) -> None:
    async def lease(owner: str, seconds: float) -> bool:
        now = NOW + timedelta(seconds=seconds)
        return await bot.world.store.write(lambda session: pacing.take_lease(session, bot.lane, owner, now, seconds=30))

    assert await lease("one", 0)
    assert not await lease("two", 10)
    assert await lease("one", 20)
    assert not await lease("two", 49)
    assert await lease("two", 51)
    assert not await lease("one", 52)


async def test_a_message_in_pieces_is_claimed_piece_by_piece(bot: Bot) -> None:
    await bot.say("7", "长")
    first = await bot.claim(NOW)
    assert first is not None
    await bot.world.store.write(lambda session: outbox.record_piece(session, first, NOW))
    assert await bot.claim(NOW + timedelta(seconds=1)) is None, "the chat is spared between two pieces"
    second = await bot.claim(NOW + timedelta(seconds=1.2))
    assert second is not None
    assert (first.piece, second.piece, second.attempts) == (0, 1, 1)
    states = await bot.world.store.read(lambda session: session.execute(select(OutboxRow.state)).scalars().all())
    assert states == [OutboxState.CLAIMED]
