"""What comes in: stored before it is acknowledged, once, as what it is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from actions.tables import Attachment, Contact, Direction, Message, MessageKind, Ticket
from tests.telegram.desk import TelegramDesk
from tests.telegram.double import Fault

MATTER = "3栋2单元1502厨房水龙头漏水，明天上午在家，电话13812345678"


async def inbound(telegram: TelegramDesk, *columns: Any) -> list[Any]:
    query = select(*columns).where(Message.direction == Direction.IN).order_by(Message.id)
    rows = await telegram.stage.store.read(lambda session: [tuple(row) for row in session.execute(query)])
    return [row[0] for row in rows] if len(columns) == 1 else rows


async def test_a_text_is_stored_with_its_key_and_answered(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    update = wang.says("你好")
    await telegram.settle()
    number = update["message"]["message_id"]
    assert await inbound(telegram, Message.text, Message.idempotency_key, Message.ref) == [
        ("你好", f"telegram:7001:{update['update_id']}:7001:{number}", f"7001:{number}")
    ]
    assert "智能客服" in telegram.api.texts(7001)[0]
    contact = select(Contact.channel, Contact.address, Contact.display_name)
    assert await telegram.stage.store.read(lambda session: tuple(session.execute(contact).all()[-1])) == (
        "telegram",
        "7001",
        "王芳",
    )


async def test_an_update_is_confirmed_only_after_it_is_committed(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("你好")
    broken = telegram.stage.store

    class Full:
        dialect = "sqlite"

        async def write(self, _fn: object) -> object:
            raise OSError("disk full")

    telegram.join(Full())  # type: ignore[arg-type]
    with pytest.raises(OSError, match="disk full"):
        await telegram.poller.step()
    assert len(telegram.api.updates) == 1, "Telegram keeps what was not stored"
    telegram.join(broken)
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["你好"]
    assert telegram.api.updates == []


async def test_what_comes_again_after_a_restart_is_stored_once(telegram: TelegramDesk) -> None:
    telegram.person().says("你好")
    assert await telegram.poller.step()
    # Killed before the next poll confirmed it.
    await telegram.restart()
    assert len(telegram.api.updates) == 1
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["你好"]
    assert telegram.api.updates == []


async def test_numbers_that_begin_anew_lower_lose_nothing(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("第一")
    await telegram.settle()
    wang.update_id = 17
    wang.says("第二")
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["第一", "第二"]


async def test_two_chats_with_the_same_message_number_are_two_messages(telegram: TelegramDesk) -> None:
    for number in (7001, 7002):
        telegram.person(number).does(message=telegram.person(number).message(message_id=5, text="你好"))
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["你好", "你好"]


async def test_an_album_is_one_request_with_all_photos(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.photo("p1", media_group_id="g", caption="厨房漏水了，3栋2单元1502")
    wang.photo("p2", media_group_id="g")
    wang.photo("p3", media_group_id="g")
    await telegram.settle()
    assert await inbound(telegram, Message.turn, Message.photos) == [(1, 1)] * 3
    remote = select(Attachment.remote).order_by(Attachment.id)
    assert await telegram.stage.store.read(lambda session: session.execute(remote).scalars().all()) == [
        "p1",
        "p2",
        "p3",
    ]


async def test_forwards_in_a_burst_are_one_turn_and_keep_whose_words_they_are(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    origin = {"type": "user", "date": 1, "sender_user": {"id": 5, "is_bot": False, "first_name": "李邻居"}}
    hidden = {"type": "hidden_user", "date": 1, "sender_user_name": "匿名"}
    wang.says("楼上又在砸墙", forward_origin=origin)
    wang.says("七点就开始了", forward_origin=hidden)
    wang.says("帮我看看，12栋902")
    await telegram.settle()
    assert await inbound(telegram, Message.turn, Message.kind, Message.origin) == [
        (1, MessageKind.FORWARD, "李邻居"),
        (1, MessageKind.FORWARD, "匿名"),
        (1, MessageKind.TEXT, ""),
    ]


async def test_a_voice_message_is_kept_for_staff_and_told_so_with_a_ticket(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    voice = {"file_id": "v1", "file_unique_id": "v", "duration": 12, "mime_type": "audio/ogg", "file_size": 900}
    wang.sends(voice=voice)
    await telegram.settle()
    assert await inbound(telegram, Message.kind, Message.photos) == [(MessageKind.VOICE, 0)]
    assert any("语音" in text and "I-" in text for text in telegram.api.texts(7001))
    tickets = select(Ticket.kind).where(Ticket.conversation_id.is_not(None))
    assert "inquiry" in await telegram.stage.store.read(lambda session: session.execute(tickets).scalars().all())


async def test_a_second_voice_message_joins_the_ticket_of_the_first(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    voice = {"file_id": "v1", "file_unique_id": "v", "duration": 12}
    for _ in range(2):
        wang.sends(voice=voice)
        await telegram.settle()
    texts = telegram.api.texts(7001)
    assert sum("已登记" in text for text in texts) == 1
    assert "语音" in texts[-1]


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ({"sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 9, "height": 9,
                      "is_animated": False, "is_video": False, "emoji": "👍"}}, MessageKind.STICKER, "表情"),
        ({"location": {"latitude": 22.5431, "longitude": 114.0579}}, MessageKind.LOCATION, "位置"),
        ({"document": {"file_id": "d", "file_unique_id": "d", "file_name": "合同.pdf",
                       "mime_type": "application/pdf", "file_size": 9}}, MessageKind.FILE, "文件"),
        ({"video": {"file_id": "d", "file_unique_id": "d", "width": 1, "height": 1, "duration": 2}},
         MessageKind.FILE, "文件"),
        ({"dice": {"emoji": "🎲", "value": 3}}, MessageKind.OTHER, "文字"),
    ],
)  # fmt: skip
async def test_what_has_no_words_is_kept_as_what_it_is_and_answered(
    telegram: TelegramDesk, content: dict[str, Any], kind: MessageKind, said: str
) -> None:
    telegram.person().sends(**content)
    await telegram.settle()
    assert await inbound(telegram, Message.kind) == [kind]
    assert said in telegram.api.texts(7001)[-1]


async def test_service_messages_of_telegram_are_none_of_the_desks_business(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.sends(new_chat_title="新名字")
    wang.does(poll={"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": True,
                    "is_anonymous": True, "type": "regular", "allows_multiple_answers": False})  # fmt: skip
    await telegram.settle()
    assert await inbound(telegram, Message.text) == []


async def test_a_number_shared_with_one_touch_is_kept_only_when_agreed_to(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    contact = {"phone_number": "+8613912345678", "first_name": "王", "user_id": 7001}
    wang.sends(contact=contact)
    await telegram.settle()
    asked = telegram.api.sent[-1]
    assert "5678" in asked.text
    assert "13912345678" not in asked.text
    phone = select(Contact.phone).where(Contact.address == "7001")
    assert await telegram.stage.store.read(lambda session: session.execute(phone).scalar()) is None
    wang.presses(asked, "同意")
    await telegram.settle()
    assert await telegram.stage.store.read(lambda session: session.execute(phone).scalar()) == "13912345678"


async def test_a_number_that_may_not_be_kept_is_not(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.sends(contact={"phone_number": "8613912345678", "first_name": "王", "user_id": 7001})
    await telegram.settle()
    wang.presses(telegram.api.sent[-1], "不用了")
    await telegram.settle()
    phone = select(Contact.phone).where(Contact.address == "7001")
    assert await telegram.stage.store.read(lambda session: session.execute(phone).scalar()) is None
    assert "不登记" in telegram.api.texts(7001)[-1]


async def test_somebody_elses_number_is_part_of_what_is_said(telegram: TelegramDesk) -> None:
    telegram.person().sends(contact={"phone_number": "13700001111", "first_name": "张师傅", "user_id": 5})
    await telegram.settle()
    assert await inbound(telegram, Message.kind, Message.text) == [(MessageKind.TEXT, "联系人张师傅，电话13700001111")]


async def test_an_edit_before_the_answer_takes_the_place_of_the_first_version(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    first = wang.says("3栋2单元1502厨房漏水")
    wang.edits(first, "5栋2单元1502厨房漏水")
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["3栋2单元1502厨房漏水", "5栋2单元1502厨房漏水"]
    answers = "".join(telegram.api.texts(7001))
    assert "5栋" in answers
    assert "3栋" not in answers
    edit_of = await inbound(telegram, Message.edit_of)
    assert edit_of == [None, (await inbound(telegram, Message.id))[0]]


async def test_an_edit_after_the_ticket_is_added_to_it(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    first = wang.says(MATTER)
    await telegram.settle()
    wang.says("对的")
    await telegram.settle()
    count = len(await inbound(telegram, Message.id))
    wang.edits(first, MATTER + "，水很大")
    await telegram.settle()
    assert len(await inbound(telegram, Message.id)) == count + 1
    assert "R-" in telegram.api.texts(7001)[-1]
    tickets = select(Ticket.id).where(Ticket.kind == "repair", Ticket.summary.contains("水龙头漏水"))
    assert len(await telegram.stage.store.read(lambda session: session.execute(tickets).all())) == 1


async def test_an_edit_in_which_nothing_changed_is_not_stored(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    first = wang.says("你好")
    await telegram.settle()
    wang.edits(first, "你好")
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["你好"]


async def test_a_quote_is_kept_and_tells_which_ticket_is_meant(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says(MATTER)
    await telegram.settle()
    wang.says("对的")
    await telegram.settle()
    ours = next(sent for sent in telegram.api.sent if "R-" in sent.text)
    chat = {"id": 7001, "type": "private"}
    answered = {"message_id": ours.message_id, "date": 1, "text": ours.text, "chat": chat}
    wang.says("这个到哪一步了", reply_to_message=answered)
    await telegram.settle()
    assert (await inbound(telegram, Message.quote))[-1] == ours.text
    assert "R-" in telegram.api.texts(7001)[-1]


async def test_an_update_that_cannot_be_read_holds_up_nobody(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.does(message={**wang.message(text="坏了"), "photo": "no list", "entities": [{"type": 5}]})
    wang.does(message="nothing at all")
    wang.says("你好")
    await telegram.settle()
    assert (await inbound(telegram, Message.text))[-1] == "你好"
    assert telegram.api.updates == []


async def test_typing_is_shown_while_the_answer_is_made(telegram: TelegramDesk) -> None:
    telegram.person().says("你好")
    await telegram.poller.step()
    assert telegram.api.of("sendChatAction") == [{"chat_id": "7001", "action": "typing"}]


async def test_a_second_poller_gives_way_for_a_while(telegram: TelegramDesk) -> None:
    first = asyncio.create_task(telegram.line.updates(None, 20))
    await asyncio.sleep(0.05)
    telegram.api.faults["getUpdates"].append(Fault(409, "Conflict: terminated by other getUpdates request"))
    assert not await telegram.poller.step()
    assert telegram.slept == [15]
    first.cancel()


async def test_polling_waits_longer_each_time_and_as_long_as_it_is_told(telegram: TelegramDesk) -> None:
    faults = telegram.api.faults["getUpdates"]
    faults += [Fault(500), Fault(502), Fault(drop="before"), Fault(429, "Too Many Requests", (("retry_after", 9),))]
    for _ in range(4):
        assert not await telegram.poller.step()
    assert telegram.slept == [0.5, 1, 2, 9]
    telegram.person().says("你好")
    assert await telegram.poller.step()


async def test_a_webhook_left_over_is_taken_away_without_losing_what_waits(telegram: TelegramDesk) -> None:
    telegram.api.webhook = "https://old.example.com"
    telegram.person().says("你好")
    await telegram.settle()
    assert await inbound(telegram, Message.text) == ["你好"]
    assert [given["drop_pending_updates"] for given in telegram.api.of("deleteWebhook")] == [False]


async def test_the_menu_is_filled_with_the_commands(telegram: TelegramDesk) -> None:
    telegram.person().says("你好")
    await telegram.settle(timedelta(0))
    (menu,) = telegram.api.of("setMyCommands")
    assert {command["command"] for command in menu["commands"]} == {
        "help", "progress", "human", "cancel", "fee", "bind", "privacy",
    }  # fmt: skip
