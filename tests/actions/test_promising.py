"""What a member promises is a clock of its own, and asking for more time is counted."""

from datetime import timedelta

import pytest

from actions.clock_record import clock_record
from actions.errors import FieldError, NotAllowedError
from actions.handling import Promised, PromiseKind, agree_hold, arrive, hold, promise, reply, resolve
from actions.replies import Part
from actions.store import Store
from actions.tables import Deadline, DeadlineKind, Severity, Ticket
from actions.watch import LATE
from tests.actions.factories import HOUR, MINUTE, local, rules, settle_desk
from tests.conftest import NOW

PLAN = "因为配件缺货，明天上午10点由王师傅上门更换，周五前修好"
VISIT = Promised(PromiseKind.VISIT, local(24, 10), "明天上午10点由王师傅上门")
FIXED = Promised(PromiseKind.DONE, local(26, 18), "周五前修好")
SAID = {"policy": rules()}
HELD = {"reason": "等厂家配件", "contact": "小陈 0571-88880100"}


async def test_each_promise_of_a_reply_is_a_clock_of_its_kind(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    said = await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, promises=[VISIT, FIXED], **SAID)
    assert (said.replied, said.promise_due_at) == (True, None)
    due = await desk.due(ticket)
    assert (due["on_site"], due["completion"]) == (local(24, 10), local(26, 18))
    words = await desk.rows(Deadline.words, Deadline.words != "")
    assert words == ["明天上午10点由王师傅上门", "周五前修好"]


async def test_being_there_keeps_the_promise_to_come(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    await desk.do(promise, desk.staff("小陈"), ticket, promised=[VISIT])
    await desk.do(arrive, desk.staff("老周"), ticket, note="已到现场", now=local(24, 9, 50))
    assert (await desk.clocks(ticket))["on_site"] == "met"
    assert "ticket:arrived" in await desk.events(ticket)


async def test_a_broken_promise_climbs_the_ladder_like_a_breach_and_the_resident_hears_of_it(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    await desk.do(reply, desk.staff("老周"), ticket, text=PLAN, promises=[VISIT], **SAID)
    await desk.enforce_all(VISIT.due_at - MINUTE)
    assert desk.told == []
    await desk.enforce_all(VISIT.due_at)
    # At night the monitoring centre stands in for the desk (domain.md A10).
    assert (await desk.alerts(ticket))[-2:] == [("监控室", "reminder"), ("孙主管", "breach")]
    assert [(one[0], one[2]["due"]) for one in desk.told] == [("ticket.delayed", VISIT.due_at + 4 * HOUR)]
    assert "deadline:breached" in await desk.events(ticket)


async def test_a_visit_that_nobody_promised_needs_no_word_to_the_resident(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    await desk.do(reply, desk.staff("老周"), ticket, text="经现场查看，水龙头已更换", **SAID)
    await desk.enforce_all(NOW + 10 * HOUR)
    assert "deadline:breached" in await desk.events(ticket)
    assert desk.told == []


async def test_a_promise_in_plain_talk_stops_no_clock(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    word = Promised(PromiseKind.ANSWER, NOW + 3 * HOUR, "下午一点前给您回电")
    said = await desk.do(promise, desk.staff("小陈"), ticket, promised=[word])
    assert (said.replied, said.promise_due_at, said.reply_due_at) == (False, NOW + 3 * HOUR, NOW + 24 * HOUR)


@pytest.mark.parametrize(
    "promised",
    [[], [Promised(PromiseKind.ANSWER, NOW)], [Promised(PromiseKind.DONE, NOW + timedelta(days=8))]],
)
async def test_what_cannot_be_promised_is_refused(store: Store, promised: list[Promised]) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(FieldError, match="promised_at"):
        await desk.do(promise, desk.staff("小陈"), ticket, promised=promised)


async def test_nobody_promises_beyond_the_limit_of_an_authority(store: Store) -> None:
    desk = await settle_desk(store)
    limit = NOW + 10 * HOUR
    ticket = await desk.open("complaint", "noise", reference="12345-20261123-77", limit_at=limit)
    assert ticket.reply_due_at == limit
    with pytest.raises(FieldError, match="beyond the limit of 12345-20261123-77"):
        await desk.do(hold, desk.staff("小陈"), ticket, **HELD, promised_at=limit + MINUTE)
    await desk.do(hold, desk.staff("小陈"), ticket, **HELD, promised_at=limit)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "！！"}, "reason"),
        ({"contact": "小陈"}, "contact"),
        ({"contact": ""}, "contact"),
        ({"promised_at": NOW - MINUTE}, "promised_at"),
    ],
)
async def test_a_holding_word_needs_its_three_parts(store: Store, details: dict[str, object], field: str) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(FieldError, match=field):
        await desk.do(hold, desk.staff("小陈"), ticket, **({**HELD, "promised_at": NOW + HOUR} | details))


async def test_a_ticket_is_put_off_twice_and_then_only_when_a_supervisor_agrees(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for hours in (1, 2):
        await desk.do(hold, desk.staff("小陈"), ticket, **HELD, promised_at=NOW + hours * HOUR)
    once_more = {**HELD, "promised_at": NOW + 3 * HOUR}
    with pytest.raises(NotAllowedError, match="was put off 2 times; ask a supervisor"):
        await desk.do(hold, desk.staff("小陈"), ticket, **once_more)
    with pytest.raises(NotAllowedError, match="is for supervisors and managers"):
        await desk.do(agree_hold, desk.staff("小陈"), ticket, reason="再等一天")
    await desk.do(agree_hold, desk.staff("孙主管"), ticket, reason="厂家停产，已换供应商")
    await desk.do(hold, desk.staff("小陈"), ticket, **once_more)
    with pytest.raises(NotAllowedError, match="3 times"):
        await desk.do(hold, desk.staff("小陈"), ticket, **once_more)
    await desk.do(hold, desk.staff("赵经理"), ticket, **once_more)


async def test_a_later_time_in_a_reply_is_a_put_off_too(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for hours in (2, 4, 6):
        await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, promised_at=NOW + hours * HOUR, **SAID)
    assert await desk.ticket(ticket, Ticket.hold_count) == 2
    with pytest.raises(NotAllowedError, match="ask a supervisor"):
        await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, promised_at=NOW + 8 * HOUR, **SAID)
    await desk.do(reply, desk.staff("小陈"), ticket, text=PLAN, promised_at=NOW + 5 * HOUR, **SAID)


async def test_the_daily_word_on_a_major_matter_is_no_put_off(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise", severity=Severity.MAJOR)
    for day in range(1, 6):
        moment = NOW + (day - 1) * 24 * HOUR
        await desk.do(
            reply, desk.staff("赵经理"), ticket, text=PLAN, promised_at=moment + 24 * HOUR, now=moment, **SAID
        )
    assert await desk.ticket(ticket, Ticket.hold_count) == 0


async def test_the_ticket_shows_which_words_stopped_which_clock_and_what_others_lacked(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("小陈"), ticket, text="收到", **SAID)
    await desk.do(reply, desk.staff("老周"), ticket, text="经现场查看，水龙头已更换", **SAID, now=NOW + HOUR)
    record = await store.read(lambda s: clock_record(s, desk.cast.community_id, ticket.id))
    short, counted = record.replies
    assert (short.by, short.counted, set(short.missing)) == ("小陈", False, {*Part} - {Part.CONCLUSION})
    assert (counted.by, counted.counted, counted.missing) == ("老周", True, ())
    by_kind = {line.kind: line for line in record.clocks}
    assert by_kind[DeadlineKind.REPLY].stopped_by == counted
    assert by_kind[DeadlineKind.REPLY].ended_at == NOW + HOUR
    assert by_kind[DeadlineKind.DISPATCH].stopped_by is None


async def test_a_resolution_stops_the_clock_as_well(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(resolve, desk.staff("老周"), ticket, text="水龙头已更换", **SAID)
    record = await store.read(lambda s: clock_record(s, desk.cast.community_id, ticket.id))
    stopped = {line.kind: line.stopped_by.text for line in record.clocks if line.stopped_by}
    assert stopped[DeadlineKind.REPLY] == "水龙头已更换"


async def test_the_second_new_time_apologises(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(hold, desk.staff("小陈"), ticket, **HELD, promised_at=NOW + 5 * HOUR)
    for hours in range(24):
        await desk.enforce_all(NOW + hours * HOUR)
    assert [reply_id for reply_id, _number, _facts in desk.told] == ["ticket.delayed", LATE]
