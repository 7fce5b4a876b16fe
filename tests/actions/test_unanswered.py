"""While a person holds a conversation the bot is silent, and a request still has its clock."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.conversations import Words, say, take_over
from actions.handling import reply
from actions.ids import new_id
from actions.store import Store
from actions.tables import Author, Conversation, Direction, Message, Role, Ticket, TicketEvent
from actions.unanswered import anything_waiting, start_clock
from tests.actions.factories import HOUR, MINUTE, Desk, calendar, rules, settle_desk
from tests.conftest import NOW

LATER = NOW + 3 * MINUTE


async def hold(desk: Desk) -> int:
    """小陈 takes 王芳's conversation over."""
    conversation_id = desk.cast.conversations["王芳"]
    chen = StaffIdentity(desk.cast.community_id, desk.cast.staff["小陈"], "小陈", frozenset({Role.AGENT}))
    await desk.store.write(lambda s: take_over(s, chen, conversation_id, version=0, now=NOW - MINUTE))
    return conversation_id


async def write(desk: Desk, text: str, *, intent: str = "inquiry", now: datetime = NOW) -> None:
    """王芳 writes, and is understood."""
    conversation_id = desk.cast.conversations["王芳"]

    def run(session: Session) -> None:
        conversation = session.get_one(Conversation, (desk.cast.community_id, conversation_id))
        conversation.last_seq += 1
        session.execute(
            insert(Message),
            {
                "community_id": desk.cast.community_id,
                "id": new_id(session, now),
                "conversation_id": conversation_id,
                "seq": conversation.last_seq,
                "direction": Direction.IN,
                "author": Author.RESIDENT,
                "text": text,
                "sent_at": now,
                "stored_at": now,
                "understanding": {"intent": intent},
            },
        )

    await desk.store.write(run)


async def look(desk: Desk, now: datetime = LATER) -> int:
    """Start every clock that is missing, and say how many there were."""
    started = 0
    while await desk.store.write(lambda s: start_clock(s, rules(), calendar(), now)):
        started += 1
        assert started < 10, "it never comes to rest"
    assert not await desk.store.read(lambda s: anything_waiting(s, now))
    return started


async def test_a_request_to_a_person_opens_a_ticket_whose_clock_began_with_the_message(store: Store) -> None:
    desk = await settle_desk(store)
    await hold(desk)
    await write(desk, "那装修押金什么时候退")
    assert await look(desk) == 1
    [(kind, summary, since)] = await desk.rows((Ticket.kind, Ticket.summary, Ticket.awaiting_reply_since))
    assert (kind, summary, since) == ("human", "那装修押金什么时候退", NOW)


async def test_the_clock_runs_on_the_open_ticket_where_there_is_one(store: Store) -> None:
    desk = await settle_desk(store)
    await hold(desk)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("小陈"), ticket, text="水龙头已更换", policy=rules())
    await write(desk, "还在滴水，怎么回事", now=NOW + HOUR)
    assert await look(desk, NOW + HOUR + 3 * MINUTE) == 1
    assert await desk.ticket(ticket, Ticket.awaiting_reply_since) == NOW + HOUR
    assert (await desk.due(ticket))["reply"] == NOW + 25 * HOUR
    assert await desk.rows(TicketEvent.kind, TicketEvent.kind == "ticket:asked") == ["ticket:asked"]


@pytest.mark.parametrize("intent", ["thanks", "bye", "greet", "affirm", "chitchat"])
async def test_thanks_start_nothing(store: Store, intent: str) -> None:
    desk = await settle_desk(store)
    await hold(desk)
    await write(desk, "谢谢", intent=intent)
    assert await look(desk, NOW + 24 * HOUR) == 0


async def test_who_is_answered_in_the_exchange_needs_no_clock(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await hold(desk)
    await write(desk, "物业费怎么交")
    assert await look(desk, NOW + MINUTE) == 0
    words = Words("请到前台办理", author=Author.STAFF, staff_id=desk.cast.staff["小陈"])
    await store.write(lambda s: say(s, desk.cast.community_id, conversation_id, words, NOW + 90 * timedelta(seconds=1)))
    assert await look(desk, NOW + HOUR) == 0


async def test_an_answer_by_telephone_counts_as_well(store: Store) -> None:
    desk = await settle_desk(store)
    await hold(desk)
    ticket = await desk.open()
    await write(desk, "什么时候来修")
    await desk.do(reply, desk.staff("小陈"), ticket, text="电话告知王女士已修好", policy=rules(), now=NOW + MINUTE)
    assert await look(desk, NOW + HOUR) == 0


async def test_a_conversation_that_the_bot_has_is_left_alone(store: Store) -> None:
    desk = await settle_desk(store)
    await write(desk, "物业费怎么交")
    assert await look(desk, NOW + HOUR) == 0


async def test_what_is_not_understood_yet_is_waited_for(store: Store) -> None:
    desk = await settle_desk(store)
    await hold(desk)
    await write(desk, "那押金呢")
    await store.write(lambda s: s.execute(update(Message).values(needs_understanding=True)).close())
    assert await look(desk, NOW + HOUR) == 0
