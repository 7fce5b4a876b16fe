"""Replies, holding words, additions and urging: what stops the clock, and what does not."""

import asyncio
from datetime import timedelta

import pytest

from actions.actors import BOT
from actions.errors import ConflictError, FieldError, NotAllowedError, TransitionError
from actions.handling import Medium, assign, cancel, hold, note, reply, resolve, urge
from actions.store import Store
from actions.tables import Deadline, DeadlineKind, Severity, Ticket, TicketEvent, TicketStatus
from tests.actions.factories import HOUR, MINUTE, local, rules, settle_desk
from tests.conftest import NOW

DONE = "王女士您好，水龙头已修好"
PLAN = "因为配件缺货，明天上午10点前由王师傅上门更换"
SAID = {"policy": rules()}


async def test_a_conclusion_stops_the_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    answered = await desk.do(reply, desk.staff("小陈"), ticket, text=DONE, now=NOW + MINUTE, **SAID)
    assert (answered.replied, answered.reply_due_at, answered.overdue) == (True, None, False)
    assert (answered.status, answered.assignee_name) == (TicketStatus.ACCEPTED, "小陈")
    assert await desk.clocks(ticket) == {"reply": "met", "dispatch": "met"}
    assert await desk.ticket(ticket, Ticket.first_replied_at) == NOW + MINUTE
    assert await desk.enforce_all(NOW + 72 * HOUR) == 0


@pytest.mark.parametrize("text", ["收到", "已转", "好的，我们会尽快处理", "我们师傅会上门看看"])
async def test_what_is_no_reply_is_recorded_and_stops_nothing(store: Store, text: str) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    said = await desk.do(reply, desk.staff("小陈"), ticket, text=text, **SAID)
    assert (said.replied, said.status, said.reply_due_at) == (False, TicketStatus.OPEN, NOW + 24 * HOUR)
    assert await desk.events(ticket) == ["ticket:opened", "ticket:messaged"]


async def test_a_plan_is_a_reply_and_its_moment_a_promise(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    said = await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, promised_at=local(24, 10), **SAID)
    assert (said.replied, said.promise_due_at) == (True, local(24, 10))


async def test_a_plan_without_a_moment_is_followed_by_the_next_word_within_a_day(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    said = await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, **SAID)
    assert said.promise_due_at == NOW + 24 * HOUR


async def test_the_next_reply_keeps_the_promise(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, **SAID)
    done = await desk.do(reply, desk.staff("小陈"), ticket, text=DONE, now=NOW + HOUR, **SAID)
    assert done.promise_due_at is None
    assert (await desk.clocks(ticket))["promise"] == "met"


async def test_a_moment_named_in_words_that_are_no_reply_is_a_promise_all_the_same(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for hours in (3, 5):
        moment = NOW + hours * HOUR
        said = await desk.do(reply, desk.staff("小陈"), ticket, text="给您回电", promised_at=moment, **SAID)
    assert (said.replied, said.reply_due_at, said.promise_due_at) == (False, NOW + 24 * HOUR, NOW + 3 * HOUR)
    await desk.enforce_all(NOW + 3 * HOUR)
    assert ("赵经理", "breach") in await desk.alerts(ticket)


async def test_a_major_matter_gets_a_daily_word_until_it_is_closed(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise", severity=Severity.MAJOR)
    said = await desk.do(reply, desk.staff("孙主管"), ticket, text="经现场核实，已劝离施工人员", now=NOW + HOUR, **SAID)
    assert said.first_contact_due_at is None
    assert said.promise_due_at == NOW + 25 * HOUR
    resolved = await desk.do(resolve, desk.staff("孙主管"), ticket, text="双方已达成一致", now=NOW + 2 * HOUR, **SAID)
    assert resolved.promise_due_at is None


async def test_a_call_counts_once_it_is_recorded(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    said = await desk.do(
        reply, desk.staff("小陈"), ticket, text="电话告知王女士已恢复供水", medium=Medium.PHONE, concludes=True, **SAID
    )
    assert said.replied
    [detail] = await desk.rows(TicketEvent.detail, TicketEvent.kind == "ticket:replied")
    stopped = detail.pop("stopped")
    assert detail == {"text": "电话告知王女士已恢复供水", "medium": "phone", "concludes": True}
    assert stopped == [str(one) for one in await desk.rows(Deadline.id, Deadline.kind == DeadlineKind.REPLY)]


async def test_a_reply_by_a_colleague_does_not_accept_for_whoever_is_in_charge(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    said = await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, **SAID)
    assert (said.status, said.assignee_name) == (TicketStatus.ASSIGNED, "老周")
    assert (await desk.clocks(ticket))["accept"] == "running"
    answered = await desk.do(reply, desk.staff("老周"), ticket, text=DONE, **SAID)
    assert answered.status is TicketStatus.ACCEPTED
    assert (await desk.clocks(ticket))["accept"] == "met"


async def test_a_late_reply_is_a_breach_even_if_the_clock_was_asleep(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("小陈"), ticket, text=DONE, now=NOW + 25 * HOUR, **SAID)
    assert (await desk.clocks(ticket))["reply"] == "met_late"
    assert await desk.ticket(ticket, Ticket.breached) is True
    breached = await desk.rows(Deadline.breached_at, Deadline.kind == DeadlineKind.REPLY)
    assert breached == [NOW + 24 * HOUR]
    assert "deadline:breached" in await desk.events(ticket)


async def test_only_staff_reply_and_never_whoever_is_complained_about(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "service_attitude", about_staff_id=desk.cast.staff["小陈"])
    for actor in (BOT, desk.resident(), desk.staff("小陈")):
        with pytest.raises(NotAllowedError):
            await desk.do(reply, actor, ticket, text=DONE, **SAID)


async def test_a_reply_must_say_something_and_promise_something_possible(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(FieldError, match="text"):
        await desk.do(reply, desk.staff("小陈"), ticket, text="  ", **SAID)
    with pytest.raises(FieldError, match="promised_at"):
        await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, promised_at=NOW - HOUR, **SAID)
    with pytest.raises(ConflictError):
        await desk.do(reply, desk.staff("小陈"), ticket, text=DONE, version=99, **SAID)


async def test_a_reminder_is_no_conflict_for_whoever_is_writing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce_all(NOW + 20 * HOUR)
    said = await desk.do(
        reply, desk.staff("小陈"), ticket, text=DONE, version=ticket.version, now=NOW + 20 * HOUR, **SAID
    )
    assert said.replied


def holding(**changes: object) -> dict[str, object]:
    return {"reason": "等配件", "promised_at": NOW + 30 * HOUR, "contact": "小陈 0571-8888"} | changes


async def test_a_holding_word_makes_its_promise_the_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    held = await desk.do(hold, desk.staff("小陈"), ticket, **holding())
    assert (held.status, held.replied) == (TicketStatus.WAITING, False)
    assert (held.reply_due_at, held.promise_due_at) == (NOW + 30 * HOUR, NOW + 30 * HOUR)
    assert (await desk.clocks(ticket))["reply"] == "replaced"
    await desk.enforce_all(NOW + 29 * HOUR)
    assert await desk.ticket(ticket, Ticket.breached) is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"contact": ""}, "contact"),
        ({"promised_at": NOW}, "promised_at"),
        ({"promised_at": NOW + timedelta(days=8)}, "promised_at"),
    ],
)
async def test_a_holding_word_needs_reason_time_and_contact(
    store: Store, changes: dict[str, object], field: str
) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(FieldError) as caught:
        await desk.do(hold, desk.staff("小陈"), ticket, **holding(**changes))
    assert caught.value.field == field


async def test_the_third_time_a_ticket_is_put_off_by_a_supervisor_only(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for _ in range(2):
        await desk.do(hold, desk.staff("小陈"), ticket, **holding())
    with pytest.raises(NotAllowedError, match="ask a supervisor"):
        await desk.do(hold, desk.staff("小陈"), ticket, **holding())
    await desk.do(hold, desk.staff("孙主管"), ticket, **holding())
    assert await desk.ticket(ticket, Ticket.hold_count) == 3


async def test_an_addition_touches_no_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    added = await desk.do(note, desk.resident(), ticket, text="厨房那个", now=NOW + HOUR)
    noted = await desk.do(note, desk.staff("小陈"), ticket, text="已联系", now=NOW + HOUR)
    assert added.reply_due_at == noted.reply_due_at == ticket.reply_due_at
    assert await desk.events(ticket) == ["ticket:opened", "ticket:added", "ticket:noted"]


async def test_urging_does_not_move_a_running_clock_and_tells_whoever_is_in_charge(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    urged = await desk.do(urge, desk.resident(), ticket, text="快点", now=NOW + HOUR)
    assert urged.reply_due_at == ticket.reply_due_at
    assert await desk.alerts(ticket) == [("小陈", "urge")]


async def test_urging_after_a_reply_starts_a_clean_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("小陈"), ticket, text=DONE, now=NOW + HOUR, **SAID)
    urged = await desk.do(
        urge, desk.resident(), ticket, text="还没来人", received_at=NOW + 2 * HOUR, now=NOW + 3 * HOUR
    )
    assert (urged.reply_due_at, urged.replied) == (NOW + 26 * HOUR, False)


async def test_what_is_done_is_neither_urged_nor_added_to_once_cancelled(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(cancel, desk.resident(), ticket, reason="不用了")
    for verb in (urge, note):
        with pytest.raises(TransitionError):
            await desk.do(verb, desk.resident(), ticket, text="x")


async def test_of_two_replies_at_one_version_one_wins(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    outcomes = await asyncio.gather(
        *(
            desk.do(reply, desk.staff(name), ticket, text=DONE, version=1, **SAID)
            for name in ("小陈", "孙主管", "赵经理")
        ),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "ConflictError", "TicketCard"]
    assert (await desk.events(ticket)).count("ticket:replied") == 1


async def test_an_addition_and_a_holding_word_at_once_lose_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await asyncio.gather(
        desk.do(note, desk.resident(), ticket, text="一"),
        desk.do(hold, desk.staff("小陈"), ticket, **holding(promised_at=NOW + 5 * HOUR)),
        desk.do(urge, desk.resident(), ticket, text="二"),
        desk.do(note, desk.resident(), ticket, text="三"),
    )
    events = await desk.events(ticket)
    assert sorted(events[1:]) == ["ticket:added", "ticket:added", "ticket:assigned", "ticket:held", "ticket:urged"]
    assert await desk.ticket(ticket, Ticket.version) == len(events)
    assert (await desk.due(ticket))["dispatch"] == NOW + 15 * MINUTE
