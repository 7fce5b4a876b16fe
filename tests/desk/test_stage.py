from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.tables import Conversation, Direction, Message, TurnOwner
from bot.answering import Mind
from bot.errors import ChannelError
from desk.stage import Stage
from tests.conftest import NOW


async def test_without_a_database_a_throwaway_one_is_made_and_removed(mind: Mind) -> None:
    async with Stage(mind, NOW) as stage:
        assert stage.url is not None
        folder = Path(stage.url.removeprefix("sqlite:///")).parent
        assert folder.is_dir()
        await stage.write("你好")
        await stage.settle()
        assert [reply.reply_id for reply in (await stage.exchange()).replies][-1:] != []
    assert not folder.exists()


async def test_nothing_is_answered_before_time_passes(stage: Stage) -> None:
    await stage.write("你好")
    assert (await stage.exchange()).replies == ()
    await stage.settle(timedelta(seconds=1))
    assert (await stage.exchange()).replies == (), "more may follow"
    await stage.settle(timedelta(seconds=1))
    assert (await stage.exchange()).replies


async def test_an_exchange_is_told_once(stage: Stage) -> None:
    await stage.write("你好")
    await stage.settle()
    first = await stage.exchange()
    assert [message["text"] for message in first.understood] == ["你好"]
    again = await stage.exchange()
    assert (again.understood, again.replies) == ((), ())


async def test_who_never_wrote_has_no_exchange(stage: Stage) -> None:
    found = await stage.exchange("nobody")
    assert (found.understood, found.replies, found.tickets) == ((), (), ())


async def test_a_message_may_come_twice(stage: Stage) -> None:
    first = await stage.write("你好", external_id="one")
    again = await stage.write("你好", external_id="one")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.message_id == again.message_id


@pytest.mark.parametrize("who", ["王芳", "16012346688"])
async def test_an_address_may_speak_as_a_resident(stage: Stage, who: str) -> None:
    await stage.speak_as(who, "resident")
    await stage.write("你好")
    await stage.settle()
    assert "王女士" in "".join(reply.text for reply in (await stage.exchange()).replies)


@pytest.mark.parametrize("who", ["谁也不是", "", "0", "9" * 40])
async def test_nobody_can_be_an_unknown_resident(stage: Stage, who: str) -> None:
    with pytest.raises(LookupError, match="there is no resident"):
        await stage.speak_as(who, "resident")


async def test_what_falls_due_happens_in_its_order(stage: Stage) -> None:
    """The form is closed by itself after its silence, hours before its clock speaks."""
    await stage.write("我要投诉，楼上天天半夜吵闹", address="a")
    await stage.settle(timedelta(hours=30))
    found = await stage.exchange("a")
    (card,) = found.tickets
    assert NOW < card.opened_at < NOW + timedelta(minutes=5)
    query = select(Message.sent_at).where(Message.direction == Direction.OUT).order_by(Message.seq)
    moments = await stage.store.read(lambda session: list(session.execute(query).scalars()))
    assert moments == sorted(moments)
    assert moments[-1] > NOW + timedelta(hours=20), "the answer is late, and the resident is told"
    assert stage.now == NOW + timedelta(hours=30)


async def test_a_channel_that_fails_is_tried_again(stage: Stage) -> None:
    errors: list[ChannelError | None] = [ChannelError("busy"), None]
    stage.channel.fail = lambda _parcel: errors.pop(0) if errors else None
    await stage.write("你好")
    await stage.settle()
    assert len(stage.channel.sent) == len((await stage.exchange()).replies)
    assert not errors


async def test_a_database_may_be_opened_again(mind: Mind, demo_url: str) -> None:
    async with Stage(mind, NOW, demo_url) as stage:
        await stage.write("我家厨房水龙头漏水")
        await stage.settle(timedelta(seconds=1))
    async with Stage(mind, NOW + timedelta(minutes=1), demo_url) as stage:
        await stage.settle()
        assert [message["text"] for message in (await stage.exchange()).understood] == ["我家厨房水龙头漏水"]
        query = select(Conversation.owner).where(Conversation.last_inbound_at == NOW)
        owners = await stage.store.read(lambda session: list(session.execute(query).scalars()))
        assert owners == [TurnOwner.BOT]
