"""Buttons: every press is answered, counts once, and one of a past question is explained."""

from sqlalchemy import select, update

from actions.store import Session
from actions.tables import Direction, Message, Ticket, TicketStatus
from tests.telegram.desk import TelegramDesk
from tests.telegram.double import Fault, Sent

MATTER = "3栋2单元1502厨房水龙头漏水，明天上午在家，电话13812345678"


async def said(telegram: TelegramDesk) -> list[tuple[str, bool]]:
    query = select(Message.text, Message.pressed).where(Message.direction == Direction.IN).order_by(Message.id)
    return await telegram.stage.store.read(lambda session: [(text, p) for text, p in session.execute(query)])


def offered(telegram: TelegramDesk, label: str) -> Sent:
    return next(s for s in reversed(telegram.api.sent) if label in {button["text"] for button in s.buttons})


async def greeted(telegram: TelegramDesk) -> Sent:
    telegram.person().says("你好")
    await telegram.settle()
    return offered(telegram, "报修")


async def test_a_press_is_answered_counts_as_said_and_takes_the_buttons_away(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    update_ = telegram.person().presses(asked, "报修")
    await telegram.settle()
    assert (await said(telegram))[-1] == ("我要报修", True)
    assert telegram.api.queries == {update_["callback_query"]["id"]: ""}
    assert next(s for s in telegram.api.sent if s.message_id == asked.message_id).buttons == ()
    assert len(telegram.api.texts(7001)) >= 3


async def test_a_press_that_comes_twice_counts_once_and_is_answered_twice(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    wang = telegram.person()
    update_ = wang.presses(asked, "报修")
    await telegram.settle()
    telegram.api.push(update_)
    second = wang.presses_data(asked, update_["callback_query"]["data"])
    await telegram.settle()
    assert [text for text, _ in await said(telegram)] == ["你好", "我要报修"]
    assert telegram.api.queries[second["callback_query"]["id"]] == ""


async def test_a_button_of_a_past_question_is_explained_and_does_nothing(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    wang = telegram.person()
    wang.says("物业费怎么交")
    await telegram.settle()
    update_ = wang.presses(asked, "投诉")
    await telegram.settle()
    assert [text for text, _ in await said(telegram)] == ["你好", "物业费怎么交"]
    assert "过时" in (telegram.api.queries[update_["callback_query"]["id"]] or "")


async def test_another_button_of_a_question_that_was_answered_is_past(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    wang = telegram.person()
    wang.presses(asked, "报修")
    await telegram.settle()
    other = asked.buttons[1]
    update_ = wang.presses_data(asked, other["callback_data"])
    await telegram.settle()
    assert "过时" in (telegram.api.queries[update_["callback_query"]["id"]] or "")


async def test_data_that_is_none_of_ours_is_answered_too(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    wang = telegram.person()
    for data in ("confirm:old", "b:1:0", f"b:{2**62}:3", "b:1:99"):
        wang.presses_data(asked, data)
    await telegram.settle()
    assert len(telegram.api.queries) == 4
    assert all("按钮" in (words or "") for words in telegram.api.queries.values())


async def test_nobody_presses_the_buttons_of_somebody_else(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    stranger = telegram.person(7002, "李雷")
    data = asked.buttons[0]["callback_data"]
    update_ = stranger.presses_data(Sent(7002, asked.message_id, "", (), 0), data)
    await telegram.settle()
    assert "按钮" in (telegram.api.queries[update_["callback_query"]["id"]] or "")
    assert [text for text, _ in await said(telegram)] == ["你好"]


async def test_a_press_that_telegram_no_longer_wants_answered_counts_all_the_same(telegram: TelegramDesk) -> None:
    asked = await greeted(telegram)
    telegram.api.faults["answerCallbackQuery"].append(Fault(400, "Bad Request: query is too old"))
    telegram.api.faults["editMessageReplyMarkup"].append(Fault(drop="after"))
    telegram.person().presses(asked, "报修")
    await telegram.settle()
    assert (await said(telegram))[-1] == ("我要报修", True)


async def test_a_rating_stays_good_whatever_was_said_in_between(telegram: TelegramDesk) -> None:
    wang = telegram.person()
    wang.says(MATTER)
    await telegram.settle()
    wang.presses(offered(telegram, "没错"), "没错")
    await telegram.settle()
    stage = telegram.stage

    def resolve(session: Session) -> None:
        ticket = (
            session.execute(select(Ticket).where(Ticket.kind == "repair").order_by(Ticket.id.desc())).scalars().first()
        )
        assert ticket is not None
        session.execute(
            update(Ticket).where(Ticket.id == ticket.id).values(status=TicketStatus.RESOLVED, resolved_at=stage.now)
        )
        session.flush()
        session.refresh(ticket)
        from bot.telling import Teller

        teller = Teller(stage.mind.replies, stage.mind.rules.phrases)
        teller(session, ticket, "ticket.resolved", {"ticket": ticket.number}, stage.now)

    await stage.store.write(resolve)
    await telegram.settle()
    asked = offered(telegram, "满意")
    wang.says("物业费怎么交")
    await telegram.settle()
    wang.presses(asked, "满意")
    await telegram.settle()
    ratings = select(Ticket.rating).where(Ticket.rating.is_not(None))
    assert await stage.store.read(lambda session: session.execute(ratings).scalars().all()) == [5]
