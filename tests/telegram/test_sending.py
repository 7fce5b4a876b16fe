"""What goes out: whole, in order, as often as it must, and never twice without saying so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.conversations import Words, say
from actions.intake import reach
from actions.tables import Contact, OutboxRow, OutboxState
from bot.channels.telegram.lengths import units
from tests.telegram.desk import TelegramDesk
from tests.telegram.double import Fault


async def tell(telegram: TelegramDesk, *texts: str, address: str = "7001", **words: object) -> None:
    stage = telegram.stage

    def write(session: object) -> None:
        conversation, _ = reach(session, stage.community_id, "telegram", address, stage.now)  # type: ignore[arg-type]
        for text in texts:
            say(session, stage.community_id, conversation, Words(text, **words), stage.now)  # type: ignore[arg-type]

    telegram.api.chats.add(int(address))
    await stage.store.write(write)


async def states(telegram: TelegramDesk) -> list[OutboxState]:
    query = select(OutboxRow.state).order_by(OutboxRow.id)
    return await telegram.stage.store.read(lambda session: list(session.execute(query).scalars()))


async def reachable(telegram: TelegramDesk, address: str = "7001") -> bool:
    query = select(Contact.reachable).where(Contact.channel == "telegram", Contact.address == address)
    return await telegram.stage.store.read(lambda session: session.execute(query).scalar_one())


async def test_a_text_goes_out_plainly_whatever_is_in_it(telegram: TelegramDesk) -> None:
    odd = "您好 *_`[a](http://x) <b>&lt; \\ 3*4_5"
    await tell(telegram, odd)
    await telegram.settle()
    assert telegram.api.texts(7001) == [odd]
    (call,) = telegram.api.of("sendMessage")
    assert "parse_mode" not in call
    assert call["link_preview_options"] == {"is_disabled": True}


async def test_a_long_text_goes_out_in_pieces_with_the_buttons_below_the_last(telegram: TelegramDesk) -> None:
    text = "请您留意通知。😀" * 900
    await tell(telegram, text, buttons=({"label": "好", "says": "好的"},))
    await tell(telegram, "下一条")
    await telegram.settle()
    *pieces, last = telegram.api.texts(7001)
    assert "".join(pieces) == text
    assert last == "下一条"
    assert all(units(piece) <= 4096 for piece in pieces)
    assert [bool(sent.buttons) for sent in telegram.api.sent] == [False] * (len(pieces) - 1) + [True, False]


async def test_pieces_that_were_sent_are_not_sent_again_when_a_later_one_fails(telegram: TelegramDesk) -> None:
    await tell(telegram, "请您留意通知。" * 1500)
    await telegram.stage.desk.deliver()
    telegram.api.faults["sendMessage"] += [Fault(500), Fault(429, "Too Many Requests", (("retry_after", 3),))]
    await telegram.settle(timedelta(seconds=30))
    assert "".join(telegram.api.texts(7001)) == "请您留意通知。" * 1500
    assert await states(telegram) == [OutboxState.SENT]


async def test_a_wait_that_is_told_is_kept_exactly(telegram: TelegramDesk) -> None:
    await tell(telegram, "您好")
    begun = telegram.stage.now
    telegram.api.faults["sendMessage"].append(Fault(429, "Too Many Requests", (("retry_after", 17),)))
    await telegram.settle(timedelta(minutes=1))
    assert telegram.api.sent[0].at == (begun + timedelta(seconds=17)).timestamp()
    assert await states(telegram) == [OutboxState.SENT]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault(500), OutboxState.SENT),
        (Fault(503, page=b"<html>busy</html>"), OutboxState.SENT),
        (Fault(502, page=b"<html>Bad Gateway</html>"), OutboxState.AMBIGUOUS),
        (Fault(drop="before"), OutboxState.AMBIGUOUS),
    ],
)
async def test_a_send_that_fails_is_tried_again(telegram: TelegramDesk, fault: Fault, state: OutboxState) -> None:
    await tell(telegram, "一", "二")
    telegram.api.faults["sendMessage"].append(fault)
    await telegram.settle(timedelta(minutes=1))
    assert telegram.api.texts(7001) == ["一", "二"]
    assert await states(telegram) == [state, OutboxState.SENT]


async def test_an_answer_lost_after_the_message_was_sent_is_flagged(telegram: TelegramDesk) -> None:
    await tell(telegram, "您好")
    telegram.api.faults["sendMessage"].append(Fault(drop="after"))
    await telegram.settle(timedelta(minutes=1))
    assert telegram.api.texts(7001) == ["您好", "您好"]
    assert await states(telegram) == [OutboxState.AMBIGUOUS]


async def test_a_server_that_is_not_there_loses_nothing_however_long(telegram: TelegramDesk) -> None:
    await tell(telegram, "您好")
    port, telegram.api.port = telegram.api.port, 1
    telegram.line.bot._base_url = telegram.line.bot._base_url.replace(str(port), "1")
    for _ in range(20):
        await telegram.stage.settle(timedelta(seconds=11))
    assert await states(telegram) == [OutboxState.PENDING]
    telegram.line.bot._base_url = telegram.line.bot._base_url.replace(":1/", f":{port}/")
    await telegram.stage.settle(timedelta(seconds=30))
    assert telegram.api.texts(7001) == ["您好"]


async def test_who_blocks_the_bot_is_shown_as_unreachable_at_once(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("你好")
    await telegram.settle()
    wang.shuts_out()
    await telegram.settle()
    assert not await reachable(telegram)


async def test_what_could_not_be_sent_is_sent_when_the_resident_comes_back(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says("你好")
    await telegram.settle()
    telegram.api.blocked.add(7001)
    await tell(telegram, "师傅已接单")
    await telegram.settle()
    assert (await states(telegram))[-1] is OutboxState.GIVEN_UP
    assert not await reachable(telegram)
    wang.shuts_out(out=False)
    await telegram.settle()
    assert telegram.api.texts(7001)[-1] == "师傅已接单"
    assert await reachable(telegram)


async def test_a_group_that_moved_gets_its_message_at_the_new_address(telegram: TelegramDesk) -> None:
    telegram.api.moved[-5] = -100500
    telegram.api.chats.add(-100500)
    await tell(telegram, "您好", address="-5")
    await telegram.settle(timedelta(minutes=1))
    assert telegram.api.texts(-100500) == ["您好"]


async def test_a_message_that_telegram_refuses_leaves_its_reader_reachable(telegram: TelegramDesk) -> None:
    await tell(telegram, "一", "二")
    telegram.api.faults["sendMessage"].append(Fault(400, "Bad Request: can't parse entities"))
    await telegram.settle()
    assert telegram.api.texts(7001) == ["二"]
    assert await states(telegram) == [OutboxState.GIVEN_UP, OutboxState.SENT]
    assert await reachable(telegram)


async def test_the_limits_of_telegram_are_kept(telegram: TelegramDesk) -> None:
    telegram.api.limits = True
    for number in range(8001, 8041):
        await tell(telegram, "一", "二", address=str(number))
    await tell(telegram, *"甲乙丙丁", address="-100")
    await telegram.settle(timedelta(seconds=30))
    assert set(await states(telegram)) == {OutboxState.SENT}
    assert len(telegram.api.sent) == 84
    assert [telegram.api.texts(number) for number in range(8001, 8041)] == [["一", "二"]] * 40
    assert telegram.api.texts(-100) == ["甲", "乙", "丙", "丁"]
