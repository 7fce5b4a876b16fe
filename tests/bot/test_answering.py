"""Whole turns: what several messages mean together, and what one turn leaves behind."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from actions import turns
from actions.store import Session
from actions.tables import Community, Conversation, Direction, Message, OutboxRow, Ticket, TurnOwner
from desk.stage import Stage


async def _burst(stage: Stage, *texts: str) -> list[str]:
    """Say several things in one go, and tell the ids of the replies without the opening."""
    for text in texts:
        await stage.write(text)
    await stage.settle()
    ids = [reply.reply_id or "" for reply in (await stage.exchange()).replies]
    return [reply_id for reply_id in ids if not reply_id.startswith("open.")]


async def test_fragments_are_read_together(stage: Stage) -> None:
    await _burst(stage, "我家", "厨房水龙头", "一直滴水", "3栋2单元1502", "明天上午在家", "电话13812345678")
    await _burst(stage, "对的")
    (card,) = (await stage.exchange()).tickets
    assert (card.kind, card.category, card.place) == ("repair", "water_pipe", "3栋2单元1502")
    taken = select(Message.turn).where(Message.direction == Direction.IN).order_by(Message.seq)
    assert await stage.store.read(lambda session: list(session.execute(taken).scalars())) == [1] * 6 + [2]


async def test_a_danger_in_one_message_is_never_lost_among_the_others(stage: Stage) -> None:
    ids = await _burst(stage, "你好", "物业费怎么交", "电梯里困住人了3栋2单元", "快点啊", "谢谢")
    assert ids[0].startswith("emergency.lift_trapped")
    assert [card.kind for card in (await stage.exchange()).tickets] == ["emergency"]


async def test_a_clear_message_counts_when_the_whole_is_unclear(stage: Stage) -> None:
    ids = await _burst(stage, "嗯嗯啊啊那个什么来着", "物业费怎么交")
    assert "unsure.choices" not in ids


async def test_two_requests_in_two_messages_are_both_taken_up(stage: Stage) -> None:
    await stage.write("我家厨房水龙头漏水")
    await stage.write("还有，停车费多少钱一个月")
    await stage.settle()
    text = "\n".join(reply.text for reply in (await stage.exchange()).replies)
    assert "停车费" in text or "300元" in text, "the question is answered, or is said to be kept"
    assert re.search("单元|哪一户|房号", text), "the repair goes on"


async def test_an_answer_that_needs_an_unknown_fact_is_left_to_a_person(stage: Stage) -> None:
    def forget(session: Session) -> None:
        facts = session.execute(select(Community.facts)).scalar_one()
        known = {name: value for name, value in facts.items() if name != "gym_hours"}
        session.execute(update(Community).values(facts=known))

    assert await _burst(stage, "健身房几点开门") == ["inquiry.answer"]
    await stage.store.write(forget)
    ids = await _burst(stage, "健身房几点开门")
    assert ids
    assert not {"inquiry.answer", "error.registered"} & set(ids)
    assert [card.kind for card in (await stage.exchange()).tickets] == ["inquiry"]


async def test_the_desk_introduces_itself_once_and_again_after_a_night(stage: Stage) -> None:
    async def said(text: str, after: timedelta = timedelta(seconds=10)) -> str:
        await stage.write(text)
        await stage.settle(after)
        return "\n".join(reply.text for reply in (await stage.exchange()).replies)

    assert "智能客服" in await said("你好")
    assert "智能客服" not in await said("谢谢", timedelta(hours=13))
    assert "智能客服" in await said("你好")


async def test_a_member_who_holds_the_conversation_is_not_talked_over(stage: Stage) -> None:
    await _burst(stage, "你好")

    def hold(session: Session) -> None:
        session.execute(update(Conversation).values(owner=TurnOwner.STAFF))

    await stage.store.write(hold)
    assert await _burst(stage, "物业费怎么交") == []
    untaken = select(Message.id).where(Message.direction == Direction.IN, Message.turn.is_(None))
    assert await stage.store.read(lambda session: session.execute(untaken).all()) == []


async def test_a_danger_is_answered_whoever_holds_the_conversation(stage: Stage) -> None:
    await _burst(stage, "你好")

    def hold(session: Session) -> None:
        session.execute(update(Conversation).values(owner=TurnOwner.STAFF))

    await stage.store.write(hold)
    assert (await _burst(stage, "我家着火了，3栋2单元1502"))[0].startswith("emergency.fire")


async def test_why_the_desk_said_so_is_kept_with_every_message(stage: Stage) -> None:
    await _burst(stage, "物业费怎么交")
    query = select(Message.decision).where(Message.direction == Direction.OUT)
    decisions = await stage.store.read(lambda session: list(session.execute(query).scalars()))
    assert decisions
    for decision in decisions:
        assert decision is not None
        assert {"intent", "confidence", "words", "steps", "because", "turn"} <= set(decision)
        assert "etiquette" not in decision, "what the desk says is courteous"


async def test_a_turn_leaves_everything_or_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collision at the very end of a turn takes back its ticket, its words and its deliveries."""
    finish = turns.finish_turn
    failures = 1

    def failing(*values: Any, **named: Any) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionResetError
        finish(*values, **named)

    await stage.write("电梯里困住人了，3栋2单元")
    await stage.desk.understand()
    monkeypatch.setattr(turns, "finish_turn", failing)
    with pytest.raises(ConnectionResetError):
        await stage.desk.answer()
    assert await stage.store.read(lambda session: session.execute(select(Ticket.id)).all()) == []
    assert await stage.store.read(lambda session: session.execute(select(OutboxRow.id)).all()) == []
    await stage.settle(timedelta(seconds=1))
    found = await stage.exchange()
    assert len(found.tickets) == 1
    assert len([reply for reply in found.replies if (reply.reply_id or "").startswith("emergency.")]) == 1
