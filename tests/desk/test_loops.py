import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from actions import turns
from actions.audit import audit
from actions.intake import Inbound, receive
from actions.store import Session
from actions.tables import (
    Deadline,
    Ticket,
)
from actions.turns import QuietTimes
from bot import answering
from bot.channels.memory import MemoryChannel
from desk.loops import Bell, Desk, utc_now
from desk.stage import TERMINAL, Stage

NONE = timedelta(0)


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    """Faults are expected here; what a test wants to see of them it captures."""
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
    )
    yield
    structlog.configure(**before)


async def _rows(stage: Stage, column: Any, *where: Any) -> list[Any]:
    query = select(column).where(*where).order_by(column.class_.id)
    return await stage.store.read(lambda session: list(session.execute(query).scalars()))


async def test_a_poisoned_deadline_is_put_off_and_holds_up_no_other(stage: Stage) -> None:
    for address in ("a", "b"):
        await stage.write("转人工", address=address)
    await stage.settle()
    poisoned, healthy = await _rows(stage, Ticket.id)

    def poison(session: Session) -> None:
        session.execute(update(Deadline).where(Deadline.ticket_id == poisoned).values(ladder={"no": "ladder"}))

    await stage.store.write(poison)
    with capture_logs() as logs:
        await stage.settle(timedelta(hours=30))
    assert "deadline_deferred" in [log["event"] for log in logs]
    assert max(await _rows(stage, Deadline.deferrals, Deadline.ticket_id == poisoned)) > 0
    assert max(await _rows(stage, Deadline.deferrals, Deadline.ticket_id == healthy)) == 0
    assert any(await _rows(stage, Deadline.breached_at, Deadline.ticket_id == healthy))
    now = stage.now
    findings = await stage.store.read(lambda session: audit(session, now))
    assert {finding.ticket_id for finding in findings} == {poisoned}, "it is reported until it is mended"


async def test_the_bell_wakes_everybody_who_waits() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(60)) for _ in range(3)]
    await asyncio.sleep(0)
    bell.ring()
    async with asyncio.timeout(30):
        await asyncio.gather(*waiting)
    assert not bell._waiting


async def test_a_bell_that_does_not_ring_is_waited_for_no_longer_than_told() -> None:
    bell = Bell()
    async with asyncio.timeout(30):
        await bell.wait(0.01)
    assert not bell._waiting
    bell.ring()


@pytest.mark.parametrize(("seconds", "expected"), [(None, 1.0), (0.4, 0.4), (30.0, 1.0), (-5.0, 0.02), (0.001, 0.02)])
async def test_an_idle_worker_waits_until_the_next_conversation_is_ready(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, seconds: float | None, expected: float
) -> None:
    moment: datetime | None = None if seconds is None else stage.now + timedelta(seconds=seconds)
    monkeypatch.setattr(turns, "next_moment", lambda _session: moment)
    assert await stage.desk._idle_seconds("answer") == pytest.approx(expected)
    assert await stage.desk._idle_seconds("deliver") == 1.0


def _running(stage: Stage, channel: MemoryChannel) -> Desk:
    return replace(
        stage.desk, quiet=QuietTimes(NONE, NONE, NONE), channels={TERMINAL: channel}, bell=Bell(), clock=utc_now
    )


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


async def _receive(stage: Stage, desk: Desk, text: str, address: str) -> None:
    now = utc_now()
    inbound = Inbound(stage.community_id, TERMINAL, address, text, text, now)
    await stage.store.write(lambda session: receive(session, inbound, now))
    desk.bell.ring()


async def test_the_loops_answer_what_comes_until_they_are_cancelled(stage: Stage) -> None:
    channel = MemoryChannel(TERMINAL)
    desk = _running(stage, channel)
    loops = asyncio.create_task(desk.run(workers=2))
    for number in range(5):
        await _receive(stage, desk, "你好", f"r{number}")
    await _until(lambda: len({parcel.address for parcel in channel.sent}) == 5)
    loops.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loops


async def test_a_loop_outlives_a_step_that_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.loops._PAUSE_AFTER_FAULT", 0.01)
    channel = MemoryChannel(TERMINAL)
    desk = _running(stage, channel)
    failures = ["understand", "answer", "deliver"]
    real: Mapping[str, Any] = {
        "understand": stage.desk.mind.engine,
        "answer": answering.answer_one,
    }

    async def failing_answer(*values: Any) -> int | None:
        if "answer" in failures:
            failures.remove("answer")
            raise OperationalError("x", {}, Exception("disk I/O error"))
        return await real["answer"](*values)  # type: ignore[no-any-return]

    async def failing_understanding(*values: Any) -> int:
        if "understand" in failures:
            failures.remove("understand")
            raise ConnectionResetError
        return await understand_some(*values)

    def failing_send(_parcel: Any) -> None:
        if "deliver" in failures:
            failures.remove("deliver")
            raise RuntimeError("a fault of the channel's own")

    from bot.understanding import understand_some

    monkeypatch.setattr("desk.loops.answer_one", failing_answer)
    monkeypatch.setattr("desk.loops.understand_some", failing_understanding)
    channel.fail = failing_send
    with capture_logs() as logs:
        loops = asyncio.create_task(desk.run(workers=1))
        await _receive(stage, desk, "你好", "a")
        await _until(lambda: not failures)
        await _receive(stage, desk, "你好", "b")
        await _until(lambda: any(parcel.address == "b" for parcel in channel.sent))
        loops.cancel()
        await asyncio.gather(loops, return_exceptions=True)
    failed = {log["loop"] for log in logs if log["event"] == "step_failed"}
    assert failed == {"understand", "answer", "deliver"}
