"""What a turn does to tickets and contacts, told by the words that name it: each fact comes from a row."""

from itertools import pairwise

import pytest
from sqlalchemy import select

from actions.store import Store
from actions.tables import Contact, DeadlineKind, Severity, Ticket, TicketEvent, TicketStatus
from actions.tables import Deadline as DeadlineRow
from bot.seeds import seed_of
from desk.stage import Stage
from tests.actions.world import after, settle

WHOLE = "厨房水龙头漏水，3栋2单元1502，明天下午三点以后在家，电话13812345678"


async def _say(stage: Stage, text: str) -> str:
    await stage.write(text)
    await stage.settle()
    return "\n".join(reply.text for reply in (await stage.exchange()).replies)


async def _ticket(stage: Stage) -> Ticket:
    return await stage.store.read(lambda session: session.execute(select(Ticket)).scalar_one())


async def test_the_words_name_the_number_that_was_given(stage: Stage) -> None:
    await _say(stage, WHOLE)
    told = await _say(stage, "对的")
    ticket = await _ticket(stage)
    assert ticket.number in told
    assert (ticket.summary, ticket.place, ticket.phone) == ("厨房水龙头漏水", "3栋2单元1502", "13812345678")
    assert ticket.room_id is not None, "the home is on record"


async def test_every_time_that_is_told_is_a_deadline(stage: Stage) -> None:
    await _say(stage, WHOLE)
    told = await _say(stage, "对的")
    query = select(DeadlineRow.due_at).where(
        DeadlineRow.kind.in_((DeadlineKind.FIRST_CONTACT, DeadlineKind.REPLY, DeadlineKind.PROMISE))
    )
    due = await stage.store.read(lambda session: list(session.execute(query).scalars()))
    phrases = stage.desk.mind.rules.phrases
    assert any(phrases.moment(moment, stage.now) in told for moment in due), told


async def test_whoever_wants_somebody_at_three_is_answered_before_three(stage: Stage) -> None:
    await _say(stage, WHOLE)
    await _say(stage, "对的")
    ticket = await _ticket(stage)
    assert ticket.visit_from is not None
    local = ticket.visit_from.astimezone(stage.desk.mind.rules.phrases.zone)
    assert (local.day, local.hour) == (24, 15)
    assert ticket.reply_due_at is not None
    assert ticket.reply_due_at <= ticket.visit_from


async def test_a_danger_opens_an_alarm_with_its_clock(stage: Stage) -> None:
    await _say(stage, "电梯里困住人了，3栋2单元")
    ticket = await _ticket(stage)
    assert ticket.severity is Severity.ALARM
    query = select(DeadlineRow.kind)
    kinds = await stage.store.read(lambda session: set(session.execute(query).scalars()))
    assert {DeadlineKind.ACKNOWLEDGE, DeadlineKind.REPLY} <= kinds


async def test_a_number_left_by_a_stranger_is_kept_for_the_next_time(stage: Stage) -> None:
    await _say(stage, WHOLE)
    await _say(stage, "对的")
    query = select(Contact.phone).where(Contact.address == "resident")
    assert await stage.store.read(lambda session: session.execute(query).scalar_one()) == "13812345678"


async def test_what_is_added_lies_in_the_ticket_and_is_confirmed(stage: Stage) -> None:
    await _say(stage, WHOLE)
    await _say(stage, "对的")
    ticket = await _ticket(stage)
    await stage.write("", photos=1)
    await stage.settle()
    told = "\n".join(reply.text for reply in (await stage.exchange()).replies)
    assert ticket.number in told
    events = select(TicketEvent.kind).where(TicketEvent.ticket_id == ticket.id).order_by(TicketEvent.id)
    kinds = await stage.store.read(lambda session: list(session.execute(events).scalars()))
    assert kinds[0] == "ticket:opened"
    assert len(kinds) > 1


async def test_a_ticket_is_withdrawn_at_the_residents_wish(stage: Stage) -> None:
    await _say(stage, WHOLE)
    await _say(stage, "对的")
    await _say(stage, "不用修了，取消吧")
    if (await _ticket(stage)).status is not TicketStatus.CANCELLED:
        await _say(stage, "是的，取消")
    assert (await _ticket(stage)).status is TicketStatus.CANCELLED


async def test_the_same_question_is_not_answered_in_the_same_words_twice_running(stage: Stage) -> None:
    await _say(stage, "你好")
    said = [await _say(stage, "谢谢") for _ in range(4)]
    assert all(one != two for one, two in pairwise(said)), said


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_turn_that_is_run_again_chooses_the_same_words(store: Store) -> None:
    world = await settle(store)
    await world.hear("你好")
    first, again = await world.claim(after(5)), await world.claim(after(5))
    assert first is not None
    assert again is not None
    assert seed_of(first, 0) == seed_of(again, 0)
    assert seed_of(first, 0) != seed_of(first, 1)


async def test_nothing_is_asked_that_is_known(stage: Stage) -> None:
    await stage.speak_as("王芳", "resident")
    told = await _say(stage, "我家厨房水龙头漏水，明天上午在家")
    assert "3栋2单元1502" in told
    assert "几栋" not in told
