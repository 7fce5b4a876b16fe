"""What every door promises, whichever way messages come and go."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from actions.audit import audit
from actions.store import Session
from actions.tables import Attachment, Contact, Direction, Message, OutboxRow, OutboxState, Ticket, TicketStatus
from bot.errors import ChannelError
from desk.stage import Stage
from tests.bot.channels.doors import DOORS, EDITING, PUSHING, Door

MATTER = "厨房水龙头漏水"


@pytest.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Door]:
    made = DOORS[request.param](stage)
    await made.open()
    yield made
    await made.close()


@pytest.fixture(params=PUSHING)
async def pushing(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Door]:
    made = DOORS[request.param](stage)
    await made.open()
    yield made
    await made.close()


@pytest.fixture(params=EDITING)
async def editing(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Door]:
    made = DOORS[request.param](stage)
    await made.open()
    yield made
    await made.close()


async def _inbound(door: Door) -> list[tuple[str, int, int | None]]:
    """Text, photos and turn of what came in."""
    query = (
        select(Message.text, Message.photos, Message.turn)
        .where(Message.direction == Direction.IN)
        .order_by(Message.seq)
    )
    return await door.stage.store.read(
        lambda session: [(text, photos, turn) for text, photos, turn in session.execute(query)]
    )


async def test_a_message_goes_in_and_an_answer_comes_out(door: Door) -> None:
    await door.say("你好", key="1")
    assert await door.shown() == []
    await door.stage.settle()
    shown = await door.shown()
    assert "智能客服" in "".join(message.text for message in shown)
    assert await _inbound(door) == [("你好", 0, 1)]
    now = door.stage.now
    assert await door.stage.store.read(lambda session: audit(session, now)) == ()


async def test_answers_come_in_the_order_in_which_they_were_given(door: Door) -> None:
    for number, text in enumerate(("你好", "谢谢", "再见")):
        await door.say(text, key=str(number))
        await door.stage.settle()
    query = select(Message.text).where(Message.direction == Direction.OUT).order_by(Message.seq)
    said = await door.stage.store.read(lambda session: list(session.execute(query).scalars()))
    assert [message.text for message in await door.shown()] == said
    assert len(said) >= 3


async def test_a_photo_is_kept_and_answered(door: Door) -> None:
    await door.say("", key="1", photos=2)
    await door.stage.settle()
    stored = await _inbound(door)
    assert sum(photos for _, photos, _ in stored) == 2
    assert {turn for _, _, turn in stored} == {1}, "however many messages carry them, they are one request"
    files = await door.stage.store.read(lambda session: len(session.execute(select(Attachment.id)).all()))
    assert files == 2
    assert "照片" in (await door.shown())[-1].text


async def test_a_burst_is_answered_once(door: Door) -> None:
    for number, text in enumerate(("你好", "我家厨房", "水龙头一直在漏水")):
        await door.say(text, key=str(number))
        door.stage.now += timedelta(seconds=1)
        await door.stage.desk.understand()
    await door.stage.settle()
    assert [turn for _, _, turn in await _inbound(door)] == [1, 1, 1]
    assert "智能客服" in (await door.shown())[0].text


async def test_what_comes_twice_is_stored_and_answered_once(door: Door) -> None:
    first = await door.say("你好", key="same")
    assert (await door.say("你好", key="same")).duplicate
    await door.stage.settle()
    shown = await door.shown()
    again = await door.say("你好", key="same")
    await door.stage.settle()
    assert (again.duplicate, again.message_id) == (True, first.message_id)
    assert await door.shown() == shown
    assert len(await _inbound(door)) == 1


async def test_a_choice_is_answered_by_its_button_without_waiting(door: Door) -> None:
    await door.say("你好", key="1")
    await door.stage.settle()
    buttons = dict((await door.shown())[-1].buttons)
    assert "报修" in buttons
    before = len(await door.shown())
    await door.say(buttons["报修"], key="2", pressed=True)
    await door.stage.settle(timedelta(0))
    assert len(await door.shown()) > before


async def test_a_rating_reaches_the_ticket(door: Door) -> None:
    await door.say(f"3栋2单元1502{MATTER}，明天上午在家，电话13812345678", key="1")
    await door.stage.settle()
    await door.say("对的", key="2")
    await door.stage.settle()

    def resolve(session: Session) -> None:
        session.execute(update(Ticket).values(status=TicketStatus.RESOLVED, resolved_at=door.stage.now))

    await door.stage.store.write(resolve)
    await door.say("五星好评", key="3")
    await door.stage.settle()
    rated = await door.stage.store.read(lambda session: list(session.execute(select(Ticket.rating)).scalars()))
    assert rated == [5]


async def test_what_is_too_long_is_kept_as_far_as_there_is_room_and_never_cut_in_silence(door: Door) -> None:
    long = f"{MATTER}，" * 4000
    await door.say(long, key="1")
    await door.stage.settle(timedelta(minutes=1))
    stored = [text for text, _, _ in await _inbound(door)]
    told = any("后面" in message.text for message in await door.shown())
    if door.longest < len(long):
        assert "".join(stored) == long, "the messenger itself divides what is too long for it"
        assert not told
    else:
        assert [(len(text), text[-1]) for text in stored] == [(20_000, "…")]
        assert told
    assert await door.shown()


async def test_a_new_version_of_a_message_is_answered_instead_of_the_first(editing: Door) -> None:
    door = editing
    await door.say("3栋2单元1502厨房水龙头漏水", key="1")
    first = await door.edit("1", "5栋2单元1502厨房水龙头漏水")
    assert (await door.edit("1", "5栋2单元1502厨房水龙头漏水")).duplicate
    await door.stage.settle()
    said = "".join(message.text for message in await door.shown())
    assert ("5栋" in said, "3栋" in said) == (True, False)
    edits = select(Message.id, Message.edit_of).where(Message.direction == Direction.IN).order_by(Message.seq)
    one, two = await door.stage.store.read(lambda session: [tuple(row) for row in session.execute(edits)])
    assert (one[1], two) == (None, (first.message_id, one[0]))


async def test_an_emergency_is_answered_at_once(door: Door) -> None:
    await door.say("电梯里困住人了，3栋2单元", key="1")
    await door.stage.settle(timedelta(0))
    assert "119" in (await door.shown())[0].text


async def test_a_restart_in_the_middle_loses_nothing_and_says_nothing_twice(door: Door) -> None:
    await door.say("你好", key="1")
    await door.stage.settle()
    shown = await door.shown()
    await door.say("物业费怎么交", key="2")
    await door.stage.desk.understand()
    await door.say("停车费多少钱一个月", key="3")
    await door.restart()
    await door.stage.settle()
    after = await door.shown()
    assert after[: len(shown)] == shown
    assert len(after) > len(shown)
    assert None not in [turn for _, _, turn in await _inbound(door)]
    await door.restart()
    await door.stage.settle()
    assert await door.shown() == after


async def test_a_send_that_fails_is_tried_again_in_order(pushing: Door) -> None:
    pushing.fail(ChannelError("busy"), ChannelError("slow down", retry_after=3))
    await pushing.say("你好", key="1")
    await pushing.stage.settle(timedelta(minutes=1))
    query = select(Message.text).where(Message.direction == Direction.OUT).order_by(Message.seq)
    said = await pushing.stage.store.read(lambda session: list(session.execute(query).scalars()))
    assert [message.text for message in await pushing.shown()] == said


async def test_a_resident_who_blocked_the_desk_is_marked_as_unreachable(pushing: Door) -> None:
    pushing.fail(*[ChannelError("blocked", permanent=True)] * 5)
    await pushing.say("你好", key="1")
    await pushing.stage.settle(timedelta(minutes=1))
    assert await pushing.shown() == []
    states = select(OutboxRow.state)
    assert set(await pushing.stage.store.read(lambda session: list(session.execute(states).scalars()))) == {
        OutboxState.GIVEN_UP
    }
    reachable = select(Contact.reachable).where(Contact.channel == pushing.name)
    assert await pushing.stage.store.read(lambda session: session.execute(reachable).scalar_one()) is False
