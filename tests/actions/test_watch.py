"""The clock is kept: who is told of what is due, when, and once."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from actions.audit import audit
from actions.handling import acknowledge_alarm, assign, cancel, hold, reopen, reply, resolve
from actions.store import Store
from actions.tables import (
    Alert,
    Role,
    RosterEntry,
    Staff,
    Ticket,
)
from actions.tickets import card
from actions.watch import DELAYED, LATE
from tests.actions.factories import HOUR, MINUTE, local, put_on_duty, rules, settle_desk
from tests.conftest import NOW

TWO_DAYS = timedelta(days=2)


async def test_nothing_is_done_before_it_is_due(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    assert await desk.enforce_all(NOW + 14 * MINUTE) == 0


async def test_work_that_nobody_dispatches_reaches_the_supervisor_after_fifteen_minutes(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    assert await desk.enforce_all(NOW + 15 * MINUTE) == 1
    assert await desk.alerts(ticket) == [("孙主管", "escalation")]
    assert await desk.events(ticket, subject="deadline") == ["deadline:escalated"]


async def test_work_that_nobody_accepts_reaches_the_supervisor_after_thirty_minutes(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"], now=NOW + 5 * MINUTE)
    assert await desk.enforce_all(NOW + 34 * MINUTE) == 0
    assert await desk.enforce_all(NOW + 35 * MINUTE) == 1
    assert await desk.alerts(ticket) == [("老周", "reminder"), ("孙主管", "escalation")]


async def test_the_ladder_climbs_from_the_assignee_to_the_region(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    await desk.enforce_all(NOW + 4 * HOUR)
    before = len(await desk.alerts(ticket))
    for hours in (15, 16, 17, 18, 21, 22, 23, 24):
        await desk.enforce_all(NOW + hours * HOUR)
    assert (await desk.alerts(ticket))[before:] == [
        ("老周", "reminder"),
        ("赵经理", "escalation"),
        ("品质部", "escalation"),
        ("孙主管", "breach"),
        ("赵经理", "breach"),
    ]


async def test_the_resident_is_told_before_the_breach_and_the_new_time_is_a_deadline(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    late = NOW + 24 * HOUR
    await desk.enforce_all(late - 31 * MINUTE)
    assert desk.told == []
    await desk.enforce_all(late - 30 * MINUTE)
    assert desk.told == [(DELAYED, "R-1001", {"ticket": "R-1001", "due": late + 4 * HOUR})]
    assert await desk.ticket(ticket, Ticket.breached) is False
    assert (await desk.due(ticket))["promise"] == late + 4 * HOUR
    await desk.enforce_all(late)
    now = await store.read(lambda s: card(s, desk.cast.community_id, ticket.id, late + MINUTE))
    assert (now.overdue, now.promise_due_at, len(desk.told)) == (True, late + 4 * HOUR, 1)


async def test_a_new_time_that_is_missed_too_is_apologised_for_once_and_then_only_people_are_told(
    store: Store,
) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    for hours in range(24, 120):
        await desk.enforce_all(NOW + hours * HOUR)
    assert [reply for reply, _number, _facts in desk.told] == [DELAYED, LATE]
    assert [facts["due"] for _reply, _number, facts in desk.told] == [NOW + 28 * HOUR, NOW + 32 * HOUR]
    told = await desk.alerts(ticket)
    assert told[-1] == ("品质部", "escalation")
    assert len([one for one in told if one[1] == "breach"]) == 6


async def test_who_was_given_a_later_time_by_a_person_is_given_none_by_the_desk(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(
        reply, desk.staff("小陈"), ticket, text="给您回电", promised_at=NOW + 26 * HOUR, policy=rules(), now=NOW + HOUR
    )
    await desk.enforce_all(NOW + 25 * HOUR)
    assert desk.told == []
    await desk.enforce_all(NOW + 26 * HOUR)
    assert [reply for reply, _number, _facts in desk.told] == [LATE]


async def test_a_new_time_named_in_the_evening_is_the_next_morning(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open(now=local(22, 21, 30))
    await desk.enforce_all(local(23, 21, 30))
    assert [facts["due"] for _reply, _number, facts in desk.told] == [local(24, 9, 30)]


async def test_a_broken_holding_word_is_apologised_for_as_well(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce_all(NOW + 24 * HOUR)
    await desk.do(
        hold, desk.staff("小陈"), ticket, reason="等配件", promised_at=NOW + 26 * HOUR, contact="小陈 0571-88880100",
        now=NOW + 25 * HOUR,
    )  # fmt: skip
    await desk.enforce_all(NOW + 26 * HOUR)
    assert len(desk.told) == 2


async def test_nobody_is_told_where_there_is_no_conversation(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open(conversation_id=None)
    await desk.enforce_all(NOW + 24 * HOUR)
    assert desk.told == []
    assert await desk.ticket(ticket, Ticket.breached) is True


async def test_an_alarm_that_nobody_takes_goes_up_by_the_minute(store: Store) -> None:
    desk = await settle_desk(store)
    alarm = await desk.open("emergency", "gas", summary="煤气味")
    for minute in range(1, 5):
        assert await desk.enforce_all(NOW + minute * MINUTE) == 1
    assert [name for name, _kind in await desk.alerts(alarm)] == ["监控室", "孙主管", "赵经理", "品质部", "管理员"]
    assert {kind for _name, kind in await desk.alerts(alarm)} == {"alarm"}
    assert await desk.ticket(alarm, Ticket.breached) is False


async def test_an_alarm_rings_on_until_a_person_takes_it(store: Store) -> None:
    desk = await settle_desk(store)
    alarm = await desk.open("emergency", "gas", summary="煤气味")

    async def rung(now: datetime) -> int:
        await desk.enforce_all(now)
        return [kind for _name, kind in await desk.alerts(alarm)].count("alarm")

    first = await rung(NOW + 6 * MINUTE)
    assert [await rung(NOW + minutes * MINUTE) for minutes in (10, 11, 15, 16, 21)] == [
        first + 4 * times for times in (0, 1, 1, 2, 3)
    ]
    # Whoever slept rings once for all that was slept through, and goes on from there.
    assert await rung(NOW + TWO_DAYS) == first + 16
    assert await rung(NOW + TWO_DAYS + 5 * MINUTE) == first + 20
    assert await store.read(lambda session: audit(session, NOW + TWO_DAYS + 6 * MINUTE)) == ()
    late = await store.read(lambda session: audit(session, NOW + TWO_DAYS + 20 * MINUTE))
    assert "step_not_taken" in {finding.kind for finding in late}
    await desk.do(acknowledge_alarm, desk.staff("监控室"), alarm, now=NOW + TWO_DAYS + 20 * MINUTE)
    assert await rung(NOW + TWO_DAYS + 8 * HOUR) == first + 20


@pytest.mark.parametrize("verb", [resolve, cancel])
async def test_the_clocks_of_a_ticket_that_ended_are_silent(store: Store, verb: object) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    details: dict[str, object] = (
        {"text": "水龙头已更换", "policy": rules()} if verb is resolve else {"reason": "不用了"}
    )
    await desk.do(verb, desk.staff("老周"), ticket, **details)  # type: ignore[arg-type]
    assert await desk.enforce_all(NOW + TWO_DAYS) == 0
    assert await desk.alerts(ticket) == []


async def test_who_is_off_duty_is_not_told_while_somebody_above_is_on_duty(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await store.write(
        lambda s: s.execute(update(RosterEntry).where(RosterEntry.role == Role.SUPERVISOR).values(ends_at=NOW)).close()
    )
    await desk.enforce_all(NOW + 15 * MINUTE)
    assert await desk.alerts(ticket) == [("赵经理", "escalation")]


async def test_without_any_roster_the_members_of_the_role_are_told(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await store.write(lambda s: s.execute(update(RosterEntry).values(ends_at=NOW)).close())
    await desk.enforce_all(NOW + 15 * MINUTE)
    assert await desk.alerts(ticket) == [("孙主管", "escalation")]


async def test_whoever_is_complained_about_is_never_told(store: Store) -> None:
    desk = await settle_desk(store)
    supervisor = desk.cast.staff["孙主管"]
    ticket = await desk.open("complaint", "service_attitude", about_staff_id=supervisor)
    await desk.enforce_all(NOW + TWO_DAYS)
    assert supervisor not in await desk.rows(Alert.staff_id, Alert.ticket_id == ticket.id)
    assert ("赵经理", "escalation") in await desk.alerts(ticket)


async def test_a_step_that_finds_nobody_is_still_recorded(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await store.write(lambda s: s.execute(update(Staff).values(active=False)).close())
    await desk.enforce_all(NOW + 15 * MINUTE)
    assert await desk.alerts(ticket) == [("nobody", "escalation")]


async def test_two_on_duty_in_one_role_are_both_told(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await store.write(lambda s: put_on_duty(s, desk.cast.community_id, desk.cast.staff["赵经理"], Role.SUPERVISOR))
    await desk.enforce_all(NOW + 15 * MINUTE)
    assert {name for name, _kind in await desk.alerts(ticket)} == {"孙主管", "赵经理"}


async def test_a_reopened_ticket_that_is_late_again_is_apologised_for_again(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce_all(NOW + 25 * HOUR)
    moment = NOW + 26 * HOUR
    await desk.do(resolve, desk.staff("老周"), ticket, text="水龙头已更换", policy=rules(), now=moment)
    await desk.do(reopen, desk.resident(), ticket, reason="又漏了", received_at=moment, now=moment)
    await desk.enforce_all(moment + 24 * HOUR)
    assert len(desk.told) == 2


async def test_an_acknowledged_alarm_goes_no_further(store: Store) -> None:
    desk = await settle_desk(store)
    alarm = await desk.open("emergency", "fire", summary="冒烟")
    await desk.enforce_all(NOW + MINUTE)
    await desk.do(acknowledge_alarm, desk.staff("孙主管"), alarm, now=NOW + MINUTE + MINUTE / 2)
    await desk.enforce_all(NOW + 10 * MINUTE)
    assert [name for name, _kind in await desk.alerts(alarm)] == ["监控室", "孙主管"]
    assert (await desk.clocks(alarm))["acknowledge"] == "met_late"
