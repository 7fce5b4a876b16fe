"""What a decision rests on: only what the message needs, and only what its writer may see."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from actions import turns
from actions.store import Session
from actions.tables import Attachment, Bill, Binding, BindingRole, DunningStop, Ticket
from bot.answering import _heard
from bot.dialogue.situation import Situation
from bot.dialogue.state import State
from bot.gathering import Gatherer
from desk.stage import Stage


async def _situation(stage: Stage, text: str, who: str | None = None) -> Situation:
    """The situation of a first message."""
    if who is not None:
        await stage.speak_as(who, "resident")
    await stage.write(text)
    await stage.desk.understand()
    stage.now += timedelta(seconds=9)

    def look(session: Session) -> Situation:
        turn = turns.claim_turn(session, stage.now)
        assert turn is not None
        gatherer = Gatherer(stage.mind.rules, stage.mind.calendar)
        return gatherer.situation(session, turn, _heard(turn, stage.mind), State(), stage.now)

    return await stage.store.write(look)


@pytest.mark.parametrize("text", ["厨房水管漏水了", "电梯坏了", "投诉楼上装修太吵", "你好", "转人工"])
async def test_arrears_are_not_even_looked_at_where_nobody_asks_for_money(stage: Stage, text: str) -> None:
    assert (await _situation(stage, text, "刘洋")).bills == ()


async def test_the_bills_of_the_writer_are_there_when_they_ask(stage: Stage) -> None:
    found = await _situation(stage, "我欠多少物业费", "李强")
    assert {bill.room for bill in found.bills} == {"12栋902"}


@pytest.mark.parametrize("role", [BindingRole.TENANT, BindingRole.AGENT])
async def test_whoever_does_not_pay_has_no_bills_before_them(stage: Stage, role: BindingRole) -> None:
    await stage.speak_as("李强", "resident")

    def change(session: Session) -> None:
        session.execute(update(Binding).values(role=role))

    await stage.store.write(change)
    assert (await _situation(stage, "我欠多少物业费")).bills == ()


async def test_a_repair_is_the_same_whatever_is_owed(stage: Stage) -> None:
    """Arrears never touch a repair (domain.md B4): the same words, the same ticket, the same times."""
    told: list[list[str]] = []
    tickets: list[tuple[object, ...]] = []
    for owes in (True, False):
        address = f"resident {owes}"
        await stage.speak_as("刘洋", address)
        if not owes:
            await stage.store.write(_pay_all)
        texts: list[str] = []
        for text in ("厨房水管漏水了，后天上午在家", "没错"):
            await stage.write(text, address=address)
            await stage.settle()
            texts += [reply.reply_id or "" for reply in (await stage.exchange(address)).replies]
        told.append(texts)
        tickets.append(await stage.store.read(_newest))
        await stage.store.write(_withdraw_all)
    assert told[0] == told[1]
    assert tickets[0] == tickets[1]


def _newest(session: Session) -> tuple[object, ...]:
    columns = (Ticket.kind, Ticket.category, Ticket.severity, Ticket.department_id, Ticket.policy)
    return tuple(session.execute(select(*columns).order_by(Ticket.id.desc()).limit(1)).one())


def _pay_all(session: Session) -> None:
    session.execute(update(Bill).values(paid=Bill.amount))


def _withdraw_all(session: Session) -> None:
    session.execute(update(Ticket).values(status="cancelled"))


async def test_photos_belong_to_the_ticket_that_they_are_about(stage: Stage) -> None:
    await stage.speak_as("林志远", "resident")
    await stage.write("", photos=1)
    await stage.settle()
    await stage.write("卧室空调滴水，明天上午在家", photos=2)
    await stage.settle()
    await stage.write("没错")
    await stage.settle()
    await stage.write("", photos=1)
    await stage.settle()

    def look(session: Session) -> tuple[list[int | None], int]:
        tickets = list(session.execute(select(Attachment.ticket_id)).scalars())
        return tickets, session.execute(select(Ticket.id)).scalar_one()

    tickets, ticket_id = await stage.store.read(look)
    assert tickets == [ticket_id] * 4, "whoever works on it sees them there"


async def test_a_dispute_stops_reminders_to_the_home(stage: Stage) -> None:
    await stage.speak_as("李强", "resident")
    for text in ("凭什么多收我停车费，乱收费，我要投诉", "没有了"):
        await stage.write(text)
        await stage.settle()
    rows = await stage.store.read(lambda session: session.execute(select(DunningStop.room_id)).scalars().all())
    assert len(rows) == 1
