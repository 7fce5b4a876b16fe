"""How tickets end, and begin again."""

import asyncio

import pytest

from actions.actors import BOT, SYSTEM
from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.handling import acknowledge_alarm, assign, cancel, close, hold, rate, reopen, reply, resolve
from actions.store import Store
from actions.tables import Ticket, TicketEvent, TicketStatus
from tests.actions.factories import HOUR, MINUTE, Desk, local, rules, settle_desk
from tests.conftest import NOW

DONE = {"text": "水龙头已更换", "policy": rules()}


async def resolved(desk: Desk, **details: object) -> int:
    ticket = await desk.open(**details)  # type: ignore[arg-type]
    await desk.do(resolve, desk.staff("老周"), ticket, now=NOW + HOUR, **DONE)
    return ticket.id


async def test_a_resolved_ticket_has_no_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    done = await desk.do(resolve, desk.staff("老周"), ticket, now=NOW + HOUR, **DONE)
    assert (done.status, done.replied, done.reply_due_at) == (TicketStatus.RESOLVED, True, None)
    assert set((await desk.clocks(ticket)).values()) == {"met", "met_late"}
    assert await desk.enforce_all(NOW + 72 * HOUR) == 0


@pytest.mark.parametrize("text", ["", "已处理", "好的"])
async def test_a_change_of_state_is_no_reply(store: Store, text: str) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(FieldError, match="write the conclusion"):
        await desk.do(resolve, desk.staff("老周"), ticket, text=text, policy=rules())


async def test_an_alarm_is_acknowledged_before_it_is_resolved(store: Store) -> None:
    desk = await settle_desk(store)
    alarm = await desk.open("emergency", "lift_trapped", summary="困人")
    with pytest.raises(TransitionError, match="acknowledge it first"):
        await desk.do(resolve, desk.staff("监控室"), alarm, text="人员已救出", policy=rules())
    await desk.do(acknowledge_alarm, desk.staff("监控室"), alarm)
    await desk.do(resolve, desk.staff("监控室"), alarm, text="人员已救出", policy=rules())


async def test_whoever_is_complained_about_ends_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "service_attitude", about_staff_id=desk.cast.staff["小陈"])
    with pytest.raises(NotAllowedError):
        await desk.do(resolve, desk.staff("小陈"), ticket, **DONE)
    with pytest.raises(NotAllowedError):
        await desk.do(cancel, desk.staff("小陈"), ticket, reason="误会")
    await desk.do(resolve, desk.staff("孙主管"), ticket, **DONE)
    with pytest.raises(NotAllowedError):
        await desk.do(close, desk.staff("小陈"), ticket)
    with pytest.raises(NotAllowedError):
        await desk.do(reopen, desk.staff("小陈"), ticket, reason="x", received_at=NOW)


async def test_a_cancelled_ticket_owes_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    cancelled = await desk.do(cancel, desk.resident(), ticket, reason="自己修好了")
    assert (cancelled.status, cancelled.reply_due_at) == (TicketStatus.CANCELLED, None)
    assert set((await desk.clocks(ticket)).values()) == {"cancelled"}
    assert await desk.enforce_all(NOW + 72 * HOUR) == 0


async def test_an_alarm_is_called_off_by_staff_only(store: Store) -> None:
    desk = await settle_desk(store)
    alarm = await desk.open("emergency", "fire", summary="冒烟")
    for actor in (desk.resident(), BOT):
        with pytest.raises(NotAllowedError, match="makes sure"):
            await desk.do(cancel, actor, alarm, reason="没事了")
    assert (await desk.do(cancel, desk.staff("监控室"), alarm, reason="误报")).status is TicketStatus.CANCELLED


async def test_reopening_starts_a_clean_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for _ in range(2):
        told = {"reason": "等配件", "promised_at": NOW + 2 * HOUR, "contact": "小陈 0571-88880100"}
        await desk.do(hold, desk.staff("小陈"), ticket, **told)
    await desk.do(resolve, desk.staff("小陈"), ticket, now=NOW + HOUR, **DONE)
    again = await desk.do(
        reopen, desk.resident(), ticket, reason="又漏了", received_at=NOW + 4 * HOUR, now=NOW + 4 * HOUR
    )
    assert (again.status, again.assignee_name, again.replied) == (TicketStatus.OPEN, None, False)
    assert again.reply_due_at == NOW + 28 * HOUR
    assert await desk.ticket(ticket, Ticket.reopened_count, Ticket.hold_count, Ticket.resolved_at) == (1, 0, None)
    clocks = await desk.clocks(ticket)
    assert (clocks["reply"], clocks["dispatch"]) == ("running", "running")


async def test_the_clock_of_a_reopened_ticket_keeps_the_rules_it_was_opened_with(store: Store) -> None:
    desk = await settle_desk(store)
    ticket_id = await resolved(desk)
    again = await desk.do(reopen, BOT, ticket_id, reason="又漏了", received_at=local(23, 23), now=local(23, 23))
    assert again.reply_due_at == local(24, 9, 30)


async def test_a_closed_ticket_can_be_reopened(store: Store) -> None:
    desk = await settle_desk(store)
    ticket_id = await resolved(desk)
    closed = await desk.do(close, SYSTEM, ticket_id, reason="回访满意", now=NOW + 2 * HOUR)
    assert closed.status is TicketStatus.CLOSED
    again = await desk.do(reopen, BOT, ticket_id, reason="又漏了", received_at=NOW + 3 * HOUR, now=NOW + 3 * HOUR)
    assert again.status is TicketStatus.OPEN
    assert await desk.ticket(again, Ticket.closed_at) is None


async def test_a_running_ticket_is_not_reopened_and_a_resident_closes_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(TransitionError, match="does not allow reopen"):
        await desk.do(reopen, BOT, ticket, reason="x", received_at=NOW)
    await desk.do(resolve, desk.staff("老周"), ticket, **DONE)
    with pytest.raises(NotAllowedError):
        await desk.do(close, desk.resident(), ticket)


async def test_the_last_rating_counts(store: Store) -> None:
    desk = await settle_desk(store)
    ticket_id = await resolved(desk)
    await desk.do(rate, desk.resident(), ticket_id, stars=3)
    rated = await desk.do(rate, desk.resident(), ticket_id, stars=5)
    assert rated.status is TicketStatus.RESOLVED
    assert await desk.ticket(rated, Ticket.rating) == 5
    for stars in (0, 6):
        with pytest.raises(FieldError, match="give 1 to 5"):
            await desk.do(rate, desk.resident(), ticket_id, stars=stars)


async def test_a_ticket_that_is_not_done_is_not_rated(store: Store) -> None:
    desk = await settle_desk(store)
    with pytest.raises(TransitionError):
        await desk.do(rate, desk.resident(), await desk.open(), stars=5)


async def test_a_ticket_is_resolved_once_however_many_try(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    outcomes = await asyncio.gather(
        *(desk.do(resolve, desk.staff("老周"), ticket, **DONE) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, TransitionError) for outcome in outcomes) == 4
    assert len(await desk.rows(TicketEvent.id, TicketEvent.kind == "ticket:resolved")) == 1


async def test_a_resolution_and_a_cancellation_at_once_leave_one_end(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    outcomes = await asyncio.gather(
        desk.do(resolve, desk.staff("老周"), ticket, **DONE),
        desk.do(cancel, desk.resident(), ticket, reason="不用了"),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, TransitionError) for outcome in outcomes) == 1
    assert "running" not in (await desk.clocks(ticket)).values()


async def test_a_reply_after_the_end_changes_nothing_but_the_record(store: Store) -> None:
    desk = await settle_desk(store)
    ticket_id = await resolved(desk)
    said = await desk.do(
        reply, desk.staff("小陈"), ticket_id, text="请问使用是否正常，因为换了新配件，我明天10点再联系您",
        policy=rules(), now=NOW + HOUR + MINUTE,
    )  # fmt: skip
    assert (said.status, said.promise_due_at) == (TicketStatus.RESOLVED, None)
