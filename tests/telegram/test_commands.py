"""Commands of the menu, and links that tell where somebody stands."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.doorstep import make_link_key
from actions.tables import Building, Contact, Direction, Message, MessageKind, Room, Ticket, Unit
from bot.channels.telegram.links import LinkedPlace, payload
from bot.dialogue.sent import COMMANDS
from tests.telegram.desk import PHRASES, TelegramDesk


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/start", "帮"),
        ("/help", "3栋2单元1502厨房漏水"),
        ("/progress", "单"),
        ("/human", "同事"),
        ("/cancel", "撤销"),
        ("/fee", "费"),
        ("/bind", "绑定码"),
        ("/privacy", "记录"),
        ("/help@GUIYUAN_bot", "3栋2单元1502厨房漏水"),
    ],
)
async def test_a_command_is_answered_at_once(telegram: TelegramDesk, command: str, said: str) -> None:
    telegram.person().says(command)
    await telegram.settle(timedelta(seconds=3))
    query = select(Message.kind, Message.pressed).where(Message.direction == Direction.IN)
    stored = await telegram.stage.store.read(lambda session: [tuple(row) for row in session.execute(query)])
    assert stored == [(MessageKind.COMMAND, True)]
    assert said in telegram.api.texts(7001)[-1]


async def test_every_command_of_the_menu_does_something(telegram: TelegramDesk) -> None:
    meanings = telegram.stage.mind.replies.meanings
    assert all(f"/{name}" in COMMANDS or f"/{name}" in meanings for name in PHRASES.commands)


async def test_an_unknown_command_is_a_message_like_any_other(telegram: TelegramDesk) -> None:
    telegram.person().says("/weather today")
    await telegram.settle()
    query = select(Message.kind, Message.text).where(Message.direction == Direction.IN)
    stored = await telegram.stage.store.read(lambda session: [tuple(row) for row in session.execute(query)])
    assert stored == [(MessageKind.TEXT, "/weather today")]


async def test_a_command_in_the_middle_of_a_form_leaves_the_form_open(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("我家厨房水龙头漏水")
    await telegram.settle(timedelta(seconds=5))
    wang.says("/privacy")
    await telegram.settle(timedelta(seconds=5))
    wang.says("3栋2单元1502，明天上午在家，电话13812345678")
    await telegram.settle(timedelta(seconds=5))
    assert "水龙头" in telegram.api.texts(7001)[-1]


async def _link(telegram: TelegramDesk, kind: str, row_id: int) -> str:
    stage = telegram.stage
    key = await stage.store.write(lambda session: make_link_key(session, stage.community_id, stage.now))
    return payload(key, stage.community_id, LinkedPlace(kind, row_id))


async def test_a_link_of_a_room_makes_its_place_known(telegram: TelegramDesk) -> None:
    query = (
        select(Room.id)
        .join(Building, Building.id == Room.building_id)
        .join(Unit, Unit.id == Room.unit_id)
        .where(Building.name == "3栋", Unit.name == "2单元", Room.name == "1502")
    )
    room = await telegram.stage.store.read(lambda session: session.execute(query).scalar_one())
    wang = telegram.person()
    wang.says(f"/start {await _link(telegram, 'r', room)}")
    await telegram.settle()
    wang.says("厨房水龙头漏水，明天上午在家，电话13812345678")
    await telegram.settle()
    assert "3栋2单元1502" in telegram.api.texts(7001)[-1]
    stored = select(Message.text).where(Message.direction == Direction.IN).order_by(Message.id)
    assert await telegram.stage.store.read(lambda session: session.execute(stored).scalars().first()) == "/start"


async def test_a_link_of_a_building_leaves_only_the_rest_to_be_asked(telegram: TelegramDesk) -> None:
    query = select(Building.id).where(Building.name == "7栋")
    building = await telegram.stage.store.read(lambda session: session.execute(query).scalar_one())
    wang = telegram.person()
    wang.says(f"/start {await _link(telegram, 'b', building)}")
    await telegram.settle()
    wang.says("楼道灯坏了")
    await telegram.settle(timedelta(minutes=40))
    places = select(Ticket.place).where(Ticket.conversation_id.is_not(None)).order_by(Ticket.id.desc())
    place = await telegram.stage.store.read(lambda session: session.execute(places).scalars().first())
    assert place is not None
    assert place.startswith("7栋")


@pytest.mark.parametrize("argument", ["x", "ref_123", "AAAA" * 6])
async def test_a_link_that_we_did_not_sign_starts_an_ordinary_chat(telegram: TelegramDesk, argument: str) -> None:
    await _link(telegram, "b", 1)
    telegram.person().says(f"/start {argument}")
    await telegram.settle()
    place = select(Contact.told_place).where(Contact.address == "7001")
    assert await telegram.stage.store.read(lambda session: session.execute(place).scalar()) is None
    assert "智能客服" in telegram.api.texts(7001)[0]
