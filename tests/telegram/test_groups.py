"""In a group the bot speaks only when spoken to, and never of anything personal."""

from sqlalchemy import select

from actions.tables import Contact, Direction, Message
from tests.telegram.desk import TelegramDesk
from tests.telegram.double import BOT_ID, BOT_NAME

GROUP = -1001


async def heard(telegram: TelegramDesk) -> list[tuple[str, str]]:
    query = select(Message.text, Message.origin).where(Message.direction == Direction.IN).order_by(Message.id)
    return await telegram.stage.store.read(lambda session: [(text, of) for text, of in session.execute(query)])


async def test_what_is_said_among_residents_is_not_even_stored(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.in_group("今天停水吗")
    wang.in_group("问问 @other_bot")
    wang.in_group("/help@other_bot", entities=[{"type": "bot_command", "offset": 0, "length": 15}])
    await telegram.settle()
    assert await heard(telegram) == []
    assert telegram.api.sent == []


async def test_whoever_speaks_to_the_bot_is_answered_in_private(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("你好")
    await telegram.settle()
    before = len(telegram.api.texts(7001))
    wang.in_group(f"@{BOT_NAME} 我欠多少物业费")
    await telegram.settle()
    assert await heard(telegram) == [("你好", ""), ("我欠多少物业费", "桂苑业主群")]
    (said,) = telegram.api.texts(GROUP)
    assert "已私信您" in said
    assert len(telegram.api.texts(7001)) > before


async def test_an_answer_to_the_bots_own_message_speaks_to_it(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("你好")
    await telegram.settle()
    chat = {"id": GROUP, "type": "supergroup", "title": "桂苑业主群"}
    ours = {"message_id": 5, "date": 1, "chat": chat, "text": "已私信您",
            "from": {"id": BOT_ID, "is_bot": True, "first_name": "b"}}  # fmt: skip
    wang.in_group("路灯坏了", reply_to_message=ours)
    await telegram.settle()
    assert ("路灯坏了", "桂苑业主群") in await heard(telegram)


async def test_who_has_not_opened_the_chat_is_asked_to_and_gets_the_answer_then(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    telegram.api.blocked.add(7001)  # a bot may not write first
    wang.in_group(f"@{BOT_NAME} 物业费怎么交")
    await telegram.settle()
    (said,) = [sent for sent in telegram.api.sent if sent.chat_id == GROUP]
    assert said.buttons[0]["url"] == f"https://t.me/{BOT_NAME}"
    assert await heard(telegram) == [("物业费怎么交", "桂苑业主群")]
    telegram.api.blocked.discard(7001)
    wang.says("/start")
    await telegram.settle()
    assert any("物业费" in text for text in telegram.api.texts(7001)), "what was asked in the group is answered now"


async def test_many_who_speak_at_once_do_not_make_the_bot_flood_the_group(telegram: TelegramDesk) -> None:
    for number in range(7001, 7011):
        telegram.person(number).in_group(f"@{BOT_NAME} 停水了吗")
    await telegram.settle()
    assert len(telegram.api.texts(GROUP)) < 10
    assert len(await heard(telegram)) == 10


async def test_an_administrator_without_a_name_is_not_taken_for_a_person(telegram: TelegramDesk) -> None:
    chat = {"id": GROUP, "type": "supergroup", "title": "桂苑业主群"}
    wang = telegram.person()
    wang.in_group(f"@{BOT_NAME} 谁在", sender_chat=chat)
    await telegram.settle()
    assert await heard(telegram) == []
    contacts = select(Contact.address).where(Contact.channel == "telegram")
    assert await telegram.stage.store.read(lambda session: session.execute(contacts).scalars().all()) == [str(GROUP)]


async def test_a_group_that_became_a_large_one_keeps_its_contact(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.in_group(f"@{BOT_NAME} 你好", group=-7)
    await telegram.settle()
    chat = {"id": -7, "type": "group", "title": "桂苑业主群"}
    wang.does(message=wang.message(chat=chat, migrate_to_chat_id=-100777))
    await telegram.settle()
    contacts = select(Contact.address).where(Contact.address.startswith("-"))
    assert await telegram.stage.store.read(lambda session: session.execute(contacts).scalars().all()) == ["-100777"]
