"""The board counts what is open, says what is about to be late and why something was, and finds what it counts."""

from datetime import timedelta

import pytest

from actions import handling
from actions.access import StaffIdentity
from actions.board import Board, Cause, Figure, behind, board
from actions.errors import NotAllowedError
from actions.store import Store
from actions.tables import Role, Severity
from tests.actions.factories import HOUR, STAFF, Desk, settle_desk
from tests.conftest import NOW

DAY = NOW - 10 * HOUR  # midnight in Shanghai


def member(desk: Desk, name: str) -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({STAFF[name][0]}))


async def seen(desk: Desk, name: str = "赵经理", now: object = NOW) -> Board:
    return await desk.store.read(lambda s: board(s, member(desk, name), now, DAY))  # type: ignore[arg-type]


async def test_every_figure_finds_the_tickets_that_it_counts(store: Store) -> None:
    desk = await settle_desk(store)
    for hours, details in ((0.5, {}), (3, {}), (20, {}), (50, {}), (100, {"severity": Severity.ALARM})):
        await desk.open("repair", "outage", now=NOW - hours * HOUR, **details)
    found = await seen(desk)
    assert found.counts["open"] == 5
    assert [found.counts[age] for age in ("age_hour", "age_half_shift", "age_day", "age_three_days")] == [1, 1, 1, 1]
    assert (found.counts["age_older"], found.counts["alarms"], found.counts["untaken"]) == (1, 1, 1)
    assert found.oldest_since == NOW - 100 * HOUR
    for figure in Figure:
        rows = await store.read(lambda s, figure=figure: behind(s, member(desk, "赵经理"), figure, NOW, DAY))  # type: ignore[misc]
        assert len(rows) == found.counts[figure], figure


async def test_what_runs_out_is_named_before_and_what_was_missed_after_with_its_cause(store: Store) -> None:
    desk = await settle_desk(store)
    alone = await desk.open(now=NOW)
    given = await desk.open(now=NOW)
    taken = await desk.open(now=NOW)
    chen = desk.cast.staff["小陈"]
    await desk.do(handling.assign, desk.staff("孙主管"), given, staff_id=chen, reason="")
    await desk.do(handling.assign, desk.staff("小陈"), taken, staff_id=chen, reason="")
    await desk.enforce_all(NOW + 21 * HOUR)
    due = alone.reply_due_at
    assert due is not None
    before = await seen(desk, now=due - HOUR)
    assert {row.id for row in before.soon} == {alone.id, given.id, taken.id}
    assert before.counts["soon"] == 3
    after = due + timedelta(minutes=5)
    await desk.enforce_all(after)
    late = await seen(desk, now=after)
    causes = {one.ticket_id: one.cause for one in reversed(late.breaches) if one.kind.value == "reply"}
    assert causes == {alone.id: Cause.NOT_ASSIGNED, given.id: Cause.NOT_ACCEPTED, taken.id: Cause.NOT_ANSWERED}
    assert late.counts["breached"] == 3
    tomorrow = await store.read(
        lambda s: board(s, member(desk, "赵经理"), after + 24 * HOUR, after + timedelta(minutes=1))
    )
    assert tomorrow.breaches == ()
    assert tomorrow.counts["breached"] == 0


async def test_who_does_not_lead_has_no_board_and_nobody_sees_complaints_about_themselves(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open("complaint", "service", about_staff_id=desk.cast.staff["孙主管"])
    assert (await seen(desk)).counts["open"] == 1
    assert (await seen(desk, "孙主管")).counts["open"] == 0
    for name in ("小陈", "老周", "监控室", "品质部", "管理员"):
        with pytest.raises(NotAllowedError):
            await seen(desk, name)
    stranger = StaffIdentity(1, 2, "别处的经理", frozenset({Role.MANAGER}))
    assert (await store.read(lambda s: board(s, stranger, NOW, DAY))).counts["open"] == 0
