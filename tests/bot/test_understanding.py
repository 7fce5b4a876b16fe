import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from actions.reviewing import Reason, Reviewer, candidates
from actions.store import Store
from actions.tables import Conversation, Message
from actions.turns import QuietTimes
from bot.answering import Mind
from bot.understanding import from_stored, stored_form, understand_some
from nlu.rasa import RasaEngine
from nlu.rasa_client import RasaClient
from nlu.types import Understanding
from tests.actions.world import QUIET, after, settle
from tests.conftest import NOW
from tests.nlu.rasa_double import rasa_double, reading

ZONE = ZoneInfo("Asia/Shanghai")
TEXTS = (
    "厨房水龙头漏水，3栋2单元1502，明天下午三点以后在家，电话13812345678",
    "电梯里困住人了",
    "楼上太吵了，另外物业费怎么交",
    "你好",
    "",
    "😀\0",
)


class _Echo:
    """An engine that says nothing of its own; `seen` holds what it was asked."""

    version = "echo"

    def __init__(self, mind: Mind) -> None:
        self._engine = mind.engine
        self.seen: list[tuple[str, datetime]] = []

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """Understand, and remember the question."""
        self.seen.append((text, now))
        return replace(self._engine.understand(text, now=now), model_version=self.version)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_stored_is_read_back_as_it_was(mind: Mind, text: str) -> None:
    understood = mind.engine.understand(text, now=NOW.astimezone(ZONE))
    stored = json.loads(json.dumps(stored_form(understood)))
    again = from_stored(text, stored, understood.model_version)
    assert (again.intent, again.category, again.emergency) == (
        understood.intent,
        understood.category,
        understood.emergency,
    )
    assert again.unsure == understood.unsure
    assert again.entities == understood.entities
    assert [(r.intent, r.category, r.text) for r in again.requests] == [
        (r.intent, r.category, r.text) for r in understood.requests
    ]
    assert again.confidence == pytest.approx(understood.confidence, abs=1e-3)
    assert "text" not in stored, "the text is on the row already"


async def test_messages_are_understood_once_and_in_the_zone_of_the_desk(store: Store, mind: Mind) -> None:
    world = await settle(store)
    engine = _Echo(mind)
    await world.receive("明早来修")
    assert await understand_some(store, engine, ZONE, QUIET, after(1)) == 1
    assert await understand_some(store, engine, ZONE, QUIET, after(1)) == 0
    ((text, now),) = engine.seen
    assert (text, now, now.tzinfo) == ("明早来修", NOW, ZONE)
    assert await world.values(Message.needs_understanding, Message.model_version) == [(False, "echo")]


async def test_while_rasa_is_asked_the_other_loops_go_on_and_no_transaction_waits(store: Store, mind: Mind) -> None:
    world = await settle(store)
    for number in range(9):
        await world.receive(world.inbound("水龙头滴水", address=f"w{number}"))
    labels = frozenset({"fee"})
    with rasa_double() as double:
        double.says = reading("fee", 0.9)
        double.silent.clear()
        client = RasaClient(double.url, 30.0)
        engine = RasaEngine(mind.engine, client, labels)
        reading_them = asyncio.create_task(understand_some(store, engine, ZONE, QUIET, after(1)))
        assert await asyncio.to_thread(double.heard.wait, 5.0)
        await store.write(lambda session: session.execute(select(1)).scalar_one())
        assert not reading_them.done()
        double.silent.set()
        assert await reading_them == 8
        assert await understand_some(store, engine, ZONE, QUIET, after(1)) == 1
        client.close()
    versions = {version for _, version in await world.values(Message.id, Message.model_version)}
    assert versions == {f"rasa:light+{mind.engine.version}"}


async def test_what_was_read_while_rasa_was_down_is_stored_as_such_and_offered_for_a_label(
    store: Store, mind: Mind
) -> None:
    world = await settle(store)
    await world.receive("水龙头滴水")
    with rasa_double() as double:
        client = RasaClient(double.url, 30.0)
        engine = RasaEngine(mind.engine, client, frozenset({"repair.water_pipe"}))
        double.status = 500
        assert await understand_some(store, engine, ZONE, QUIET, after(1)) == 1
        client.close()
    ((form, version),) = await world.values(Message.understanding, Message.model_version)
    assert (form["fallback"], version) == (True, mind.engine.version)
    assert from_stored("水龙头滴水", form).fallback
    offered = await store.read(lambda session: candidates(session, Reviewer(world.community_id), after(2)))
    assert [one.reason for one in offered] == [Reason.FALLBACK]


async def test_many_messages_are_understood_in_bites(store: Store, mind: Mind) -> None:
    world = await settle(store)
    for number in range(70):
        await world.receive(world.inbound("你好", address=f"w{number}"))
    engine = _Echo(mind)
    assert [await understand_some(store, engine, ZONE, QUIET, NOW) for _ in range(3)] == [64, 6, 0]


async def test_two_who_read_the_same_message_leave_one_understanding(store: Store, mind: Mind) -> None:
    world = await settle(store)
    received = await world.receive("你好")
    engine = _Echo(mind)
    await asyncio.gather(*(understand_some(store, engine, ZONE, QUIET, NOW) for _ in range(4)))
    standing = await world.standing(received.conversation_id)
    assert standing.ready_at == after(1.5)


@pytest.mark.parametrize(("text", "seconds"), [("你好", 1.5), ("楼上天天半夜吵闹，太过分了", 4), ("电梯里困住人了", 0)])
async def test_how_long_more_is_waited_for_depends_on_what_was_said(
    store: Store, mind: Mind, text: str, seconds: float
) -> None:
    world = await settle(store)
    await world.receive(text)
    quiet = QuietTimes(timedelta(seconds=1.5), timedelta(seconds=4), timedelta(seconds=8))
    await understand_some(store, mind.engine, ZONE, quiet, NOW)
    ready = await store.read(lambda session: session.execute(select(Conversation.ready_at)).scalar_one())
    assert ready == after(seconds)
