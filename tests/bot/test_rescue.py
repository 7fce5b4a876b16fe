from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DataError, OperationalError
from structlog.testing import capture_logs

from actions.audit import audit
from actions.errors import ConflictError
from actions.store import Session
from actions.tables import (
    Conversation,
    Direction,
    Message,
    Severity,
    Ticket,
    TurnOwner,
)
from actions.transcript import conversation_of
from bot import answering
from bot.dialogue import decide as decisions
from desk.stage import TERMINAL, Stage

FAULT = "故障"


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    """Faults are expected here; what a test wants to see of them it captures."""
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
    )
    yield
    structlog.configure(**before)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """A decision that fails for every message with a certain word in it; the test names the error."""
    decide = decisions.decide
    errors: dict[str, Exception] = {}

    def failing(situation: Any, heard: Any, state: Any) -> Any:
        for word, error in errors.items():
            if heard is not None and word in heard.text:
                raise error
        return decide(situation, heard, state)

    monkeypatch.setattr(answering, "decide", failing)
    return errors


async def _owner(stage: Stage, address: str) -> TurnOwner:
    (owner,) = await _rows(stage, Conversation.owner, Conversation.id == await _conversation(stage, address))
    return TurnOwner(owner)


async def _conversation(stage: Stage, address: str) -> int:
    found = await stage.store.read(lambda session: conversation_of(session, stage.community_id, TERMINAL, address))
    assert found is not None
    return found


async def _rows(stage: Stage, column: Any, *where: Any) -> list[Any]:
    query = select(column).where(*where).order_by(column.class_.id)
    return await stage.store.read(lambda session: list(session.execute(query).scalars()))


async def _replies(stage: Stage, address: str) -> list[str]:
    """What was replied since the last look, without the words that open a conversation."""
    ids = [reply.reply_id or "" for reply in (await stage.exchange(address)).replies]
    return [reply_id for reply_id in ids if not reply_id.startswith("open.")]


async def _set(stage: Stage, **values: Any) -> None:
    def change(session: Session) -> None:
        session.execute(update(Conversation).values(values))

    await stage.store.write(change)


@pytest.mark.parametrize("error", [KeyError("slot"), RuntimeError("no"), DataError("x", {}, Exception("too long"))])
async def test_a_turn_that_fails_because_of_us_goes_to_a_person(
    stage: Stage, broken: dict[str, Exception], error: Exception
) -> None:
    broken[FAULT] = error
    await stage.write(f"厨房{FAULT}了，请来看看", address="a")
    with capture_logs() as logs:
        await stage.settle()
    assert [log["log_level"] for log in logs if log["event"] == "turn_failed"] == ["error"]
    told = await stage.exchange("a")
    assert [reply.reply_id for reply in told.replies] == ["error.registered"], "the resident is told"
    (card,) = told.tickets
    assert (card.kind, card.severity) == ("human", Severity.NORMAL)
    assert FAULT in card.summary, "the person reads what was said"
    assert card.reply_due_at is not None, "the clock runs"
    assert await _owner(stage, "a") is TurnOwner.NOBODY
    now = stage.now
    assert await stage.store.read(lambda session: audit(session, now)) == ()


async def test_a_turn_that_fails_holds_up_no_other_conversation(stage: Stage, broken: dict[str, Exception]) -> None:
    broken[FAULT] = ValueError("no")
    await stage.write(FAULT, address="a")
    await stage.write("你好", address="b")
    await stage.write(FAULT, address="c")
    await stage.settle()
    assert await _replies(stage, "b") == ["greet.offer"]
    assert await _replies(stage, "a") == await _replies(stage, "c") == ["error.registered"]
    assert await _owner(stage, "b") is TurnOwner.BOT


async def test_what_is_said_after_the_fault_reaches_the_person(stage: Stage, broken: dict[str, Exception]) -> None:
    broken[FAULT] = ValueError("no")
    await stage.write(FAULT, address="a")
    await stage.settle()
    await stage.exchange("a")
    await stage.write("嗯嗯，就是刚才那个", address="a")
    await stage.settle()
    assert await _replies(stage, "a") == ["human.noted"]


async def test_a_fault_in_what_a_member_holds_stays_with_the_member(stage: Stage, broken: dict[str, Exception]) -> None:
    broken[FAULT] = ValueError("no")
    await stage.write("你好", address="a")
    await stage.settle()
    await stage.exchange("a")
    await _set(stage, owner=TurnOwner.STAFF)
    await stage.write(FAULT, address="a")
    await stage.settle()
    found = await stage.exchange("a")
    assert found.replies == ()
    assert found.tickets == ()
    assert await _owner(stage, "a") is TurnOwner.STAFF
    assert None not in await _rows(stage, Message.turn, Message.direction == Direction.IN)


async def test_a_state_that_cannot_be_read_goes_to_a_person_and_starts_afresh(stage: Stage) -> None:
    await stage.write("你好", address="a")
    await stage.settle()
    await stage.exchange("a")
    await _set(stage, state={"of": "another version"})
    await stage.write("厨房水龙头漏水", address="a")
    await stage.settle()
    assert await _replies(stage, "a") == ["error.registered"]
    await stage.write("厨房水龙头漏水", address="a")
    await stage.settle()
    assert "error.registered" not in await _replies(stage, "a")


async def test_a_healthy_conversation_is_never_given_away_for_another(
    stage: Stage, broken: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one worker finds the fault, another has already given that conversation to a person."""
    broken[FAULT] = ValueError("no")
    await stage.write(FAULT, address="a")
    await stage.desk.understand()
    stage.now += timedelta(seconds=2)
    await stage.write("你好", address="b", pressed=True)
    await stage.desk.understand()
    given = answering.answer_one

    async def late(*values: Any) -> int | None:
        try:
            return await given(*values)
        except answering.TurnError:
            monkeypatch.setattr("desk.loops.answer_one", given)
            assert await stage.desk.answer(), "the other worker"
            raise

    monkeypatch.setattr("desk.loops.answer_one", late)
    assert await stage.desk.answer()
    await stage.settle()
    assert await _replies(stage, "a") == ["error.registered"]
    assert await _replies(stage, "b") == ["greet.offer"]
    assert await _owner(stage, "b") is TurnOwner.BOT


@pytest.mark.parametrize(
    "error", [OperationalError("x", {}, Exception("disk I/O error")), ConnectionResetError("gone"), TimeoutError()]
)
async def test_a_database_out_of_order_is_tried_again_and_no_reason_to_fetch_a_person(
    stage: Stage, broken: dict[str, Exception], error: Exception
) -> None:
    broken[FAULT] = error
    await stage.write(f"你好{FAULT}", address="a")
    await stage.desk.understand()
    stage.now += timedelta(seconds=5)
    with pytest.raises(type(error)):
        await stage.desk.answer()
    broken.clear()
    assert await stage.desk.answer()
    assert "error.registered" not in await _replies(stage, "a")
    assert await _owner(stage, "a") is TurnOwner.BOT


async def test_a_conversation_that_somebody_takes_over_meanwhile_is_looked_at_afresh(
    stage: Stage, broken: dict[str, Exception]
) -> None:
    broken[FAULT] = ConflictError("taken over")
    await stage.write(f"你好{FAULT}", address="a")
    await stage.desk.understand()
    stage.now += timedelta(seconds=5)
    assert await stage.desk.answer(), "there is something to look at again at once"
    assert await _rows(stage, Ticket.id) == []
