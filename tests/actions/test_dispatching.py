"""Who sees to a ticket: assigned, accepted, acknowledged, corrected and made more serious."""

import asyncio

import pytest
from sqlalchemy import update

from actions.actors import BOT, SYSTEM
from actions.errors import ActionError, ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError
from actions.handling import accept, acknowledge_alarm, assign, cancel, raise_severity, update_fields
from actions.store import Store
from actions.tables import Alert, Severity, Staff, Ticket, TicketEvent, TicketStatus
from tests.actions.factories import HOUR, MINUTE, rules, settle_desk
from tests.conftest import NOW


async def test_an_assigned_member_is_told_and_has_half_an_hour_to_accept(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    given = await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"], reason="水电", now=NOW)
    assert (given.status, given.assignee_name, given.version) == (TicketStatus.ASSIGNED, "老周", ticket.version + 1)
    assert await desk.clocks(ticket) == {"reply": "running", "dispatch": "met", "accept": "running"}
    assert (await desk.due(ticket))["accept"] == NOW + 30 * MINUTE
    assert await desk.alerts(ticket) == [("老周", "reminder")]


async def test_each_assignment_records_who_when_and_why(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    chen, zhou = desk.cast.staff["小陈"], desk.cast.staff["老周"]
    await desk.do(assign, desk.staff("孙主管"), ticket, staff_id=chen, reason="责任区域")
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=zhou, reason="需要水电师傅", now=NOW + MINUTE)
    columns = (TicketEvent.at, TicketEvent.actor_id, TicketEvent.reason, TicketEvent.detail)
    assert await desk.rows(columns, TicketEvent.kind == "ticket:assigned") == [
        (NOW, desk.cast.staff["孙主管"], "责任区域", {"staff": str(chen), "before": None}),
        (NOW + MINUTE, chen, "需要水电师傅", {"staff": str(zhou), "before": str(chen)}),
    ]


async def test_who_accepts_stops_the_clock_of_acceptance(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    accepted = await desk.do(accept, desk.staff("老周"), ticket)
    assert accepted.status is TicketStatus.ACCEPTED
    assert await desk.clocks(ticket) == {"reply": "running", "dispatch": "met", "accept": "met"}


async def test_who_takes_a_ticket_for_themselves_has_accepted_it(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    taken = await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["小陈"])
    assert (taken.status, taken.assignee_name) == (TicketStatus.ACCEPTED, "小陈")
    assert "accept" not in await desk.clocks(ticket)


async def test_who_accepts_an_open_ticket_is_in_charge_of_it(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    taken = await desk.do(accept, desk.staff("老周"), ticket)
    assert (taken.status, taken.assignee_name) == (TicketStatus.ACCEPTED, "老周")


async def test_nobody_accepts_what_is_given_to_somebody_else(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    with pytest.raises(NotAllowedError, match="assigned to somebody else"):
        await desk.do(accept, desk.staff("监控室"), ticket)
    with pytest.raises(NotAllowedError, match="staff members"):
        await desk.do(accept, BOT, ticket)


async def test_only_who_works_here_can_be_put_in_charge(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await store.write(lambda s: s.execute(update(Staff).where(Staff.name == "老周").values(active=False)).close())
    for staff_id in (desk.cast.staff["老周"], 12345):
        with pytest.raises(FieldError, match="nobody who works here"):
            await desk.do(assign, SYSTEM, ticket, staff_id=staff_id)


async def test_whoever_is_complained_about_never_handles_it(store: Store) -> None:
    desk = await settle_desk(store)
    chen = desk.cast.staff["小陈"]
    ticket = await desk.open("complaint", "service_attitude", about_staff_id=chen)
    with pytest.raises(NotAllowedError, match="complained about"):
        await desk.do(assign, desk.staff("孙主管"), ticket, staff_id=chen)
    with pytest.raises(NotAllowedError, match="complained about"):
        await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    with pytest.raises(NotAllowedError, match="complained about"):
        await desk.do(accept, desk.staff("小陈"), ticket)


async def test_who_is_in_charge_cannot_be_named_as_the_one_complained_about(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "service_attitude")
    await desk.do(accept, desk.staff("小陈"), ticket)
    with pytest.raises(FieldError, match="assign it to somebody else first"):
        await desk.do(update_fields, desk.staff("孙主管"), ticket, about_staff_id=desk.cast.staff["小陈"])


async def test_a_change_at_an_old_version_is_a_conflict(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(accept, desk.staff("老周"), ticket, version=ticket.version)
    with pytest.raises(ConflictError) as caught:
        await desk.do(accept, desk.staff("小陈"), ticket, version=ticket.version)
    assert caught.value.current == "accepted"


async def test_of_many_who_take_a_ticket_at_once_one_gets_it(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    outcomes = await asyncio.gather(
        *(desk.do(accept, desk.staff(name), ticket) for name in ("老周", "小陈", "孙主管", "监控室", "赵经理")),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert all(isinstance(outcome, ActionError) for outcome in outcomes if isinstance(outcome, BaseException))
    assert (await desk.events(ticket)).count("ticket:accepted") == 1


async def test_a_ticket_of_another_community_is_not_there(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(NotFoundError):
        await store.write(lambda s: accept(s, desk.staff("老周"), desk.cast.community_id + 1, ticket.id, now=NOW))


async def test_an_acknowledged_alarm_stops_ringing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("emergency", "gas", summary="楼道有煤气味")
    await desk.do(acknowledge_alarm, desk.staff("监控室"), ticket, now=NOW + MINUTE / 2)
    await desk.do(acknowledge_alarm, desk.staff("孙主管"), ticket, now=NOW + MINUTE / 2)
    assert (await desk.events(ticket)).count("alarm:acknowledged") == 1
    assert (await desk.clocks(ticket))["acknowledge"] == "met"
    assert await desk.rows(Alert.acknowledged_at) == [NOW + MINUTE / 2]
    assert not await desk.enforce(NOW + 10 * MINUTE)


async def test_an_alarm_is_acknowledged_by_those_who_take_alarms(store: Store) -> None:
    desk = await settle_desk(store)
    alarm, repair = await desk.open("emergency", "fire", summary="冒烟"), await desk.open()
    for name in ("老周", "品质部"):
        with pytest.raises(NotAllowedError):
            await desk.do(acknowledge_alarm, desk.staff(name), alarm)
    with pytest.raises(NotAllowedError):
        await desk.do(acknowledge_alarm, desk.resident(), alarm)
    with pytest.raises(TransitionError, match="is no alarm"):
        await desk.do(acknowledge_alarm, desk.staff("监控室"), repair)


async def test_a_correction_keeps_what_was_there_before(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    changed = await desk.do(
        update_fields, desk.resident(), ticket, place="5栋2单元1502", visit_from=NOW + HOUR, visit_until=NOW + 2 * HOUR
    )
    assert changed.place == "5栋2单元1502"
    assert await desk.rows(TicketEvent.detail, TicketEvent.kind == "ticket:updated") == [
        {"before": {"place": "3栋2单元1502", "visit_from": None, "visit_until": None}}
    ]


async def test_a_correction_that_changes_nothing_leaves_no_trace(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    same = await desk.do(update_fields, desk.resident(), ticket, place=ticket.place)
    assert same.version == ticket.version
    assert await desk.events(ticket) == ["ticket:opened"]


async def test_a_correction_must_make_sense(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open(visit_from=NOW + HOUR)
    with pytest.raises(FieldError, match="summary"):
        await desk.do(update_fields, BOT, ticket, summary=" ")
    with pytest.raises(FieldError, match="visit_until"):
        await desk.do(update_fields, BOT, ticket, visit_until=NOW)
    await desk.do(cancel, desk.resident(), ticket, reason="自己修好了")
    with pytest.raises(TransitionError):
        await desk.do(update_fields, BOT, ticket, place="x")


async def test_a_complaint_that_turns_major_gets_its_first_contact(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise")
    raised = await desk.do(
        raise_severity, BOT, ticket, severity=Severity.MAJOR, reason="media", policy=rules(), now=NOW + HOUR
    )
    assert raised.severity is Severity.MAJOR
    assert raised.first_contact_due_at == NOW + HOUR + 30 * MINUTE
    assert raised.reply_due_at == ticket.reply_due_at
    assert await desk.alerts(ticket) == [("孙主管", "escalation"), ("赵经理", "escalation")]
    again = await desk.do(
        raise_severity, BOT, ticket, severity=Severity.NORMAL, reason="", policy=rules(), now=NOW + HOUR
    )
    assert again == raised


async def test_a_leak_that_turns_into_a_flood_becomes_an_alarm(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(raise_severity, BOT, ticket, severity=Severity.ALARM, reason="爆管", policy=rules())
    assert await desk.alerts(ticket) == [("监控室", "alarm")]
    assert await desk.ticket(ticket, Ticket.severity) is Severity.ALARM
