"""Nobody is told by a row in a table: an alert that nobody has seen goes to the next person, and is told when seen."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.alerts import AlertBundle, bundles, mark_seen
from actions.audit import FindingKind, audit
from actions.handling import assign, resolve
from actions.passing_on import StuckAlertError, next_moment, pass_on_one, set_aside
from actions.store import Store
from actions.tables import Alert, Deadline, Role, Severity, Staff, Ticket, TicketEvent
from tests.actions.factories import HOUR, MINUTE, Desk, local, put_on_duty, rules, settle_desk
from tests.conftest import NOW

AFTER = NOW + 15 * MINUTE  # undispatched: the supervisor is told


async def pass_on(desk: Desk, now: object) -> int:
    steps = 0
    while await desk.store.write(lambda s: pass_on_one(s, now)):  # type: ignore[arg-type]
        steps += 1
        assert steps < 200, "it never comes to rest"
    return steps


async def see(desk: Desk, name: str, now: object = AFTER) -> None:
    """The member opens the console."""
    staff_id = desk.cast.staff[name]
    mine = await desk.rows(Alert.id, Alert.staff_id == staff_id)
    await desk.store.write(lambda s: mark_seen(s, desk.cast.community_id, staff_id, mine, now))  # type: ignore[arg-type]


async def test_who_has_not_seen_it_after_half_an_hour_is_passed_over_upwards_and_to_the_monitoring_centre(
    store: Store,
) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce(AFTER)
    assert await pass_on(desk, AFTER + 29 * MINUTE) == 0
    for step in range(1, 8):
        await pass_on(desk, AFTER + step * 30 * MINUTE)
    assert [name for name, _kind in await desk.alerts(ticket)] == [
        "孙主管", "赵经理", "监控室", "品质部", "管理员", "小陈",
    ]  # fmt: skip
    assert (await desk.events(ticket, subject="alert")) == ["alert:passed_on"] * 5 + ["alert:nobody_left"]
    assert await store.read(next_moment) is None
    assert await store.read(lambda s: audit(s, AFTER + 10 * MINUTE)) == ()


async def test_what_was_seen_goes_to_nobody_else_and_only_then_counts_as_told(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce(AFTER)
    assert "alert:told" not in await desk.events(ticket)
    await see(desk, "孙主管")
    assert await pass_on(desk, AFTER + 24 * HOUR) == 0
    assert await desk.alerts(ticket) == [("孙主管", "escalation")]
    [detail] = await desk.rows(TicketEvent.detail, TicketEvent.kind == "alert:told")
    assert detail["staff"] == str(desk.cast.staff["孙主管"])
    await see(desk, "孙主管", AFTER + HOUR)
    assert (await desk.events(ticket)).count("alert:told") == 1


async def test_the_member_complained_about_is_passed_over(store: Store) -> None:
    desk = await settle_desk(store)
    manager = desk.cast.staff["赵经理"]
    ticket = await desk.open("complaint", "service_attitude", about_staff_id=manager)
    await desk.enforce(AFTER)
    await pass_on(desk, AFTER + HOUR)
    assert manager not in await desk.rows(Alert.staff_id, Alert.ticket_id == ticket.id)


async def test_nothing_is_passed_on_of_a_ticket_that_ended(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce(AFTER)
    await desk.do(resolve, desk.staff("老周"), ticket, text="水龙头已更换", policy=rules(), now=AFTER)
    await pass_on(desk, AFTER + HOUR)
    assert await desk.alerts(ticket) == [("孙主管", "escalation")]


async def test_in_the_night_nobody_is_passed_over_because_they_sleep(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open(now=local(23, 14))
    await desk.enforce_all(local(24, 6))  # after 2/3, at 6 in the morning, the desk is reminded
    moments = await desk.rows(Alert.pass_on_at, Alert.kind == "reminder")
    assert moments
    assert set(moments) == {local(24, 10)}  # two hours after eight


async def test_shortly_before_a_breach_nobody_is_waited_for_long(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open(now=local(23, 23))  # due at 9:30
    await desk.enforce_all(local(24, 8, 40))
    [(created, pass_on_at)] = await desk.rows(
        (Alert.created_at, Alert.pass_on_at), Alert.ticket_id == ticket.id, Alert.role == Role.QUALITY
    )
    assert timedelta(minutes=1) <= pass_on_at - created < timedelta(minutes=20)


async def test_a_bad_hour_is_one_line_and_not_twenty(store: Store) -> None:
    desk = await settle_desk(store)
    for _ in range(20):
        await desk.open("complaint", "other")
    await desk.enforce_all(AFTER)
    await desk.open("complaint", "other", now=AFTER + HOUR)
    await desk.enforce_all(AFTER + HOUR + 15 * MINUTE)
    staff_id = desk.cast.staff["孙主管"]
    found: tuple[AlertBundle, ...] = await store.read(lambda s: bundles(s, desk.cast.community_id, staff_id))
    assert [len(one.alerts) for one in found] == [1, 20]
    assert found[1].first_at == AFTER


async def test_a_ticket_of_which_somebody_was_warned_twice_is_named_once(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await desk.open("complaint", "other"), await desk.open("complaint", "other")
    await desk.enforce_all(AFTER)
    staff_id = desk.cast.staff["孙主管"]
    found: tuple[AlertBundle, ...] = await store.read(lambda s: bundles(s, desk.cast.community_id, staff_id))
    again = replace(found[0], alerts=(*found[0].alerts, *found[0].alerts))
    assert {card.ticket_id for card in again.tickets} == {first.id, second.id}
    assert len(again.tickets) == 2


async def test_two_who_pass_on_at_once_never_tell_one_person_twice(store: Store) -> None:
    desk = await settle_desk(store)
    for _ in range(5):
        await desk.open("complaint", "other")
    await desk.enforce_all(AFTER)
    for step in range(1, 4):
        moment = AFTER + step * 30 * MINUTE
        await asyncio.gather(*(store.write(partial(pass_on_one, now=moment)) for _ in range(12)))
        await pass_on(desk, moment)
    rows = await desk.rows((Alert.ticket_id, Alert.staff_id))
    assert len(rows) == len(set(rows))


async def test_of_two_on_duty_in_one_role_it_is_enough_that_one_has_seen_it(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await store.write(lambda s: put_on_duty(s, desk.cast.community_id, desk.cast.staff["小陈"], Role.SUPERVISOR))
    await desk.enforce(AFTER)
    await see(desk, "小陈")
    await pass_on(desk, AFTER + 30 * MINUTE)
    assert [name for name, _kind in await desk.alerts(ticket)] == ["孙主管", "小陈"]


async def test_who_has_seen_it_in_another_role_does_not_get_it_again(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise", severity=Severity.MAJOR)  # supervisor and manager, at once
    await see(desk, "赵经理", NOW)
    await pass_on(desk, NOW + 30 * MINUTE)
    assert [name for name, _kind in await desk.alerts(ticket)] == ["孙主管", "赵经理", "监控室"]


async def test_an_alert_that_cannot_be_passed_on_is_set_aside_and_reported(store: Store) -> None:
    desk = await settle_desk(store)
    broken, healthy = await desk.open(), await desk.open()
    await desk.enforce_all(AFTER)
    await store.write(lambda s: s.execute(update(Ticket).where(Ticket.id == broken.id).values(policy={})).close())
    moment = AFTER + 30 * MINUTE
    with pytest.raises(StuckAlertError, match="KeyError") as caught:
        await store.write(lambda s: pass_on_one(s, moment))
    await store.write(lambda s: set_aside(s, caught.value.alert_id))
    assert await pass_on(desk, moment) == 1
    assert len(await desk.alerts(healthy)) == 2
    findings = await store.read(lambda s: audit(s, moment + MINUTE))
    assert [(one.kind, one.ticket_id) for one in findings] == [(FindingKind.ALERT_NOT_PASSED_ON, broken.id)]


async def test_the_audit_finds_a_claim_of_told_without_delivery(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce(AFTER)
    await see(desk, "孙主管")

    def forget(session: Session) -> None:
        session.execute(update(Alert).values(seen_at=None, pass_on_at=AFTER + HOUR))

    await store.write(forget)
    findings = await store.read(lambda s: audit(s, AFTER + MINUTE))
    assert [(one.kind, one.ticket_id) for one in findings] == [(FindingKind.TOLD_WITHOUT_DELIVERY, ticket.id)]


async def test_an_assignee_who_does_not_look_has_the_supervisor_told(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    await pass_on(desk, NOW + 2 * HOUR)
    assert await desk.alerts(ticket) == [("老周", "reminder"), ("孙主管", "reminder")]


async def test_a_community_without_anybody_left_says_so(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce(AFTER)
    others = [desk.cast.staff[name] for name in desk.cast.staff if name != "孙主管"]
    await store.write(lambda s: s.execute(update(Staff).where(Staff.id.in_(others)).values(active=False)).close())
    await pass_on(desk, AFTER + 30 * MINUTE)
    assert (await desk.events(ticket))[-1] == "alert:nobody_left"
    await store.write(lambda s: s.execute(delete(TicketEvent).where(TicketEvent.kind == "alert:nobody_left")).close())
    kinds = {one.kind for one in await store.read(lambda s: audit(s, AFTER + 30 * MINUTE))}
    assert kinds == {FindingKind.ALERT_NOT_PASSED_ON}


async def test_who_was_only_told_that_work_was_given_to_them_knows_nothing_of_the_answer_that_is_due(
    store: Store,
) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    staff, community = desk.cast.staff, desk.cast.community_id
    chief = Actor.staff(staff["孙主管"])
    give = partial(assign, actor=chief, community_id=community, ticket_id=ticket.id)
    await store.write(lambda s: give(s, staff_id=staff["老周"], now=NOW))
    [ladder] = await desk.rows(Deadline.ladder, Deadline.ticket_id == ticket.id, Deadline.kind == "reply")
    moment = next(datetime.fromisoformat(step["at"]) for step in ladder if step["act"] == "remind")
    await desk.enforce_all(moment)
    await store.write(lambda s: give(s, staff_id=staff["小陈"], now=moment + MINUTE))
    await see(desk, "小陈", moment + 2 * MINUTE)
    await pass_on(desk, moment + 7 * HOUR)  # in the morning
    due = select(Alert.staff_id).where(Alert.kind == "reminder", Alert.due_at.is_not(None)).order_by(Alert.id)
    told = await store.read(lambda s: list(s.execute(due).scalars()))
    assert told[0] == staff["老周"]
    assert len(told) > 1, "the reminder goes on to somebody who is there"
