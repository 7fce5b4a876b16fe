"""The clocks of the work itself: to be there, to be done, to call back; in natural hours, or those of the desk."""

from datetime import datetime

import pytest

from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.handling import (
    CallBack,
    Medium,
    arrive,
    call_back,
    cancel,
    close,
    rate,
    reopen,
    reply,
    resolve,
)
from actions.store import Store
from actions.tables import Deadline, DeadlineKind, Severity, Ticket, TicketStatus
from tests.actions.factories import HOUR, MINUTE, Desk, local, rules, settle_desk
from tests.conftest import NOW

SAID = {"policy": rules()}
DONE = {"text": "水龙头已更换", **SAID}


async def resolved(desk: Desk, *, now: datetime = NOW + HOUR, **details: object) -> int:
    ticket = await desk.open(**details)  # type: ignore[arg-type]
    await desk.do(resolve, desk.staff("老周"), ticket, **DONE, now=now)
    return ticket.id


async def test_a_rule_in_natural_hours_runs_through_the_evening(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open(now=local(23, 16))
    assert (await desk.due(ticket))["on_site"] == local(23, 20)


async def test_a_rule_in_desk_hours_stops_when_the_desk_closes_and_over_the_weekend(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open("repair", "public_facility", now=local(27, 15))  # a Friday
    due = await desk.due(ticket)
    # 24 hours of the desk: two on Friday, nine on Monday, nine on Tuesday, four on Wednesday.
    assert (due["on_site"], due["completion"]) == (local(30, 14), local(30, 12) + 48 * HOUR)
    assert due["reply"] == local(28, 15)


async def test_a_wished_visit_is_not_asked_for_sooner(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open(visit_from=local(25, 14), visit_until=local(25, 18))
    assert (await desk.due(ticket))["on_site"] == local(25, 18)


async def test_nobody_there_in_time_reaches_the_supervisor_and_then_the_manager(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open("repair", "elevator")
    await desk.do(reply, desk.staff("老周"), ticket, text="经现场查看，电梯已恢复运行", **SAID)
    await desk.enforce_all(NOW + HOUR)
    assert (await desk.alerts(ticket))[-1] == ("孙主管", "breach")
    await desk.enforce_all(NOW + 5 * HOUR)
    assert (await desk.alerts(ticket))[-1] == ("赵经理", "escalation")
    assert await desk.ticket(ticket, Ticket.breached) is False


async def test_a_visit_that_is_recorded_as_a_reply_is_an_arrival(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    await desk.do(reply, desk.staff("老周"), ticket, text="经现场查看是阀芯老化，已更换", medium=Medium.VISIT, **SAID)
    assert (await desk.clocks(ticket))["on_site"] == "met"


async def test_only_staff_arrive_and_not_the_member_complained_about(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open("complaint", "service_attitude", about_staff_id=desk.cast.staff["老周"])
    for who in (desk.resident(), desk.staff("老周")):
        with pytest.raises(NotAllowedError):
            await desk.do(arrive, who, ticket)


async def test_a_resolved_ticket_is_called_back_within_a_day_or_the_desk_is_reminded(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket_id = await resolved(desk)
    await desk.enforce_all(NOW + 25 * HOUR)
    [clock] = await desk.rows((Deadline.due_at, Deadline.stage), Deadline.kind == DeadlineKind.CALL_BACK)
    assert clock == (NOW + 25 * HOUR, 1)
    alerts = await desk.rows(Deadline.id, Deadline.ticket_id == ticket_id, Deadline.state == "running")
    assert len(alerts) == 1


@pytest.mark.parametrize("verb", [rate, close])
async def test_a_rating_is_as_good_as_a_call_back(store: Store, verb: object) -> None:
    desk = await settle_desk(store, rules())
    ticket_id = await resolved(desk)
    details = {"stars": 5} if verb is rate else {"reason": "满意"}
    await desk.do(verb, desk.staff("小陈"), ticket_id, **details, now=NOW + 2 * HOUR)  # type: ignore[arg-type]
    assert await desk.enforce_all(NOW + 72 * HOUR) == 0


async def test_a_call_that_reached_nobody_ends_no_clock(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket_id = await resolved(desk)
    await desk.do(call_back, desk.staff("小陈"), ticket_id, outcome=CallBack.NOT_REACHED, now=NOW + 2 * HOUR)
    assert await desk.enforce_all(NOW + 25 * HOUR) == 1
    said = {"outcome": CallBack.SATISFIED, "text": "满意"}
    await desk.do(call_back, desk.staff("小陈"), ticket_id, **said, now=NOW + 26 * HOUR)
    assert await desk.enforce_all(NOW + 99 * HOUR) == 0


async def test_who_is_not_satisfied_has_the_ticket_reopened_with_a_clean_clock(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket_id = await resolved(desk)
    moment = local(23, 15)
    said = {"outcome": CallBack.DISSATISFIED, "text": "还在滴水"}
    again = await desk.do(call_back, desk.staff("小陈"), ticket_id, **said, now=moment)
    assert (again.status, again.reply_due_at) == (TicketStatus.OPEN, moment + 24 * HOUR)
    due = await desk.due(again)
    assert (due["on_site"], due["completion"]) == (moment + 4 * HOUR, local(26, 12))


async def test_a_call_back_says_what_the_resident_said(store: Store) -> None:
    desk = await settle_desk(store, rules())
    running = await desk.open()
    with pytest.raises(TransitionError):
        await desk.do(call_back, desk.staff("小陈"), running, outcome=CallBack.SATISFIED, text="满意")
    ticket_id = await resolved(desk)
    with pytest.raises(FieldError, match="write what the resident said"):
        await desk.do(call_back, desk.staff("小陈"), ticket_id, outcome=CallBack.SATISFIED)
    with pytest.raises(NotAllowedError):
        await desk.do(call_back, desk.resident(), ticket_id, outcome=CallBack.SATISFIED, text="满意")


async def test_what_was_reopened_twice_was_not_put_right_three_times_and_is_a_major_matter(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for again in (1, 2):
        moment = NOW + 2 * again * HOUR
        await desk.do(resolve, desk.staff("老周"), ticket, **DONE, now=moment)
        await desk.do(reopen, desk.resident(), ticket, reason="又漏了", received_at=moment, now=moment + MINUTE)
    assert await desk.ticket(ticket, Ticket.severity, Ticket.reopened_count) == (Severity.MAJOR, 2)
    assert ("赵经理", "escalation") in await desk.alerts(ticket)
    assert (await desk.clocks(ticket))["first_contact"] == "running"


async def test_a_cancelled_ticket_has_no_work_left(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    await desk.do(cancel, desk.resident(), ticket, reason="自己修好了")
    assert set((await desk.clocks(ticket)).values()) == {"cancelled"}
