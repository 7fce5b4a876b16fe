"""The audit finds each thing that can go wrong, and nothing where nothing is wrong."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from actions.audit import Finding, FindingKind, audit
from actions.handling import acknowledge_alarm, assign, cancel, hold, reopen, reply, resolve, urge
from actions.ids import new_id
from actions.store import Store
from actions.tables import (
    Alert,
    Author,
    Conversation,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Direction,
    Message,
    OutboxRow,
    OutboxState,
    Severity,
    Staff,
    TicketEvent,
    TurnOwner,
)
from tests.actions.factories import HOUR, MINUTE, Desk, rules, settle_desk
from tests.conftest import NOW

LATE = NOW + 25 * HOUR


async def found(desk: Desk, now: datetime = NOW) -> list[Finding]:
    """What the whole audit finds; the one that reads only what is open or lately changed finds it too."""
    whole = await desk.store.read(lambda session: audit(session, now))
    lately = await desk.store.read(lambda session: audit(session, now, whole=False))
    assert set(lately) == set(whole)
    return list(whole)


async def kinds(desk: Desk, now: datetime = NOW) -> set[FindingKind]:
    return {finding.kind for finding in await found(desk, now)}


async def corrupt(desk: Desk, *statements: Any) -> None:
    def run(session: Session) -> None:
        for statement in statements:
            session.execute(statement)

    await desk.store.write(run)


async def test_a_desk_that_did_everything_has_no_findings(store: Store) -> None:
    desk = await settle_desk(store)
    chen, zhou = desk.staff("小陈"), desk.cast.staff["老周"]
    repair, complaint = await desk.open(), await desk.open("complaint", "noise", severity=Severity.MAJOR)
    alarm, praise = await desk.open("emergency", "fire", summary="冒烟"), await desk.open("praise", None)
    held, dropped, forgotten = await desk.open(), await desk.open(), await desk.open("inquiry", None)
    await desk.do(assign, chen, repair, staff_id=zhou)
    await desk.do(acknowledge_alarm, desk.staff("监控室"), alarm)
    await desk.do(hold, chen, held, reason="等配件", promised_at=NOW + 3 * HOUR, contact="小陈 0571-88880100")
    await desk.do(cancel, desk.resident(), dropped, reason="不用了")
    for hours in (1, 20, 25):
        moment = NOW + hours * HOUR
        await desk.enforce_all(moment)
        assert await found(desk, moment) == []
    await desk.do(reply, desk.staff("孙主管"), complaint, text="经现场核实，已劝离", policy=rules(), now=LATE)
    await desk.do(resolve, desk.staff("老周"), repair, text="水龙头已更换", policy=rules(), now=LATE)
    await desk.do(reopen, desk.resident(), repair, reason="又漏了", received_at=LATE, now=LATE)
    await desk.do(urge, desk.resident(), complaint, now=LATE)
    await desk.do(reply, chen, forgotten, text="收到", policy=rules(), now=LATE)
    await desk.enforce_all(LATE)
    assert await found(desk, LATE) == []
    assert praise.reply_due_at is None


async def test_a_clock_that_nobody_keeps_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    assert await found(desk, NOW + 15 * MINUTE) == []
    findings = await found(desk, LATE)
    assert {finding.kind for finding in findings} == {FindingKind.STEP_NOT_TAKEN, FindingKind.BREACH_NOT_RECORDED}
    assert {finding.ticket_id for finding in findings} == {ticket.id}


async def test_a_step_without_its_event_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    await desk.enforce_all(NOW + 20 * HOUR)
    await corrupt(desk, delete(TicketEvent).where(TicketEvent.kind == "deadline:reminded"))
    assert await kinds(desk, NOW + 20 * HOUR) == {FindingKind.STEP_NOT_RECORDED}


async def test_a_breach_without_its_event_or_alert_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    await desk.enforce_all(LATE)
    await corrupt(desk, delete(TicketEvent).where(TicketEvent.kind == "deadline:breached"), delete(Alert))
    assert FindingKind.BREACH_NOT_RECORDED in await kinds(desk, LATE)
    assert FindingKind.NOBODY_TOLD in await kinds(desk, LATE)


async def test_a_breach_of_a_reply_that_came_late_is_checked_as_well(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("小陈"), ticket, text="水龙头已修好", policy=rules(), now=LATE)
    assert await found(desk, LATE) == []
    await corrupt(desk, delete(TicketEvent).where(TicketEvent.kind == "deadline:breached"))
    assert await kinds(desk, LATE) == {FindingKind.BREACH_NOT_RECORDED}


async def test_an_answer_owed_without_a_clock_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    ended = {"state": DeadlineState.MET, "next_check_at": None, "ended_at": NOW}
    await corrupt(desk, update(Deadline).where(Deadline.kind == DeadlineKind.REPLY).values(**ended))
    assert await kinds(desk) == {FindingKind.NO_DEADLINE}


async def test_a_reply_deadline_above_the_ceiling_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    above = update(Deadline).where(Deadline.kind == DeadlineKind.REPLY).values(due_at=NOW + timedelta(hours=25))
    await corrupt(desk, above)
    assert await kinds(desk) == {FindingKind.DEADLINE_TOO_LONG}


async def test_a_ladder_that_cannot_be_read_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    await corrupt(desk, update(Deadline).values(ladder=[{"to": ["manager"]}]))
    assert await kinds(desk) == {FindingKind.DEADLINE_DAMAGED}


async def test_a_deferred_step_is_found_with_its_reason(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    deferred = {"next_check_at": NOW + 2 * HOUR, "deferrals": 1, "last_error": "KeyError: boom"}
    await corrupt(desk, update(Deadline).where(Deadline.kind == DeadlineKind.DISPATCH).values(**deferred))
    [finding] = await found(desk, NOW + HOUR)
    assert finding.kind is FindingKind.STEP_NOT_TAKEN
    assert "deferred 1 times: KeyError: boom" in finding.message


async def test_events_out_of_order_are_found(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    await corrupt(desk, update(TicketEvent).where(TicketEvent.kind == "ticket:assigned").values(at=NOW - HOUR))
    assert await kinds(desk) == {FindingKind.EVENTS_OUT_OF_ORDER}


async def test_a_record_without_its_beginning_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"])
    await corrupt(desk, delete(TicketEvent).where(TicketEvent.kind == "ticket:opened"))
    assert await kinds(desk) == {FindingKind.EVENTS_OUT_OF_ORDER}


async def test_a_step_for_which_there_was_nobody_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    await corrupt(desk, update(Staff).values(active=False))
    await desk.enforce_all(NOW + 15 * MINUTE)
    assert await kinds(desk, NOW + 15 * MINUTE) == {FindingKind.NOBODY_TOLD}


def message(desk: Desk, **values: Any) -> Callable[[Session], int]:
    def add(session: Session) -> int:
        key = new_id(session, NOW)
        row = {
            "community_id": desk.cast.community_id,
            "id": key,
            "conversation_id": desk.cast.conversations["王芳"],
            "seq": 1,
            "direction": Direction.IN,
            "author": Author.RESIDENT,
            "text": "在吗",
            "sent_at": NOW,
            "stored_at": NOW,
        }
        session.execute(insert(Message), row | values)
        return key

    return add


async def test_a_message_that_nobody_understands_is_found(store: Store) -> None:
    desk = await settle_desk(store)
    await store.write(message(desk, needs_understanding=True))
    assert await found(desk, NOW + MINUTE) == []
    assert await kinds(desk, NOW + HOUR) == {FindingKind.MESSAGE_NOT_UNDERSTOOD}


async def test_a_message_that_is_taken_into_no_turn_is_found_unless_a_person_holds_the_conversation(
    store: Store,
) -> None:
    desk = await settle_desk(store)
    await store.write(message(desk))
    assert await kinds(desk, NOW + HOUR) == {FindingKind.MESSAGE_NOT_ANSWERED}
    await corrupt(desk, update(Conversation).values(owner=TurnOwner.STAFF))
    assert await found(desk, NOW + HOUR) == []
    await corrupt(desk, update(Conversation).values(owner=TurnOwner.BOT, taken_seq=1))
    assert await found(desk, NOW + HOUR) == []


@pytest.mark.parametrize(
    ("state", "next_attempt_at", "stuck"),
    [
        (OutboxState.PENDING, NOW, True),
        (OutboxState.CLAIMED, NOW, True),
        (OutboxState.PENDING, None, True),
        (OutboxState.PENDING, NOW + 2 * HOUR, False),
        (OutboxState.SENT, None, False),
        (OutboxState.HELD, None, False),
    ],
)
async def test_a_message_that_nobody_delivers_is_found(
    store: Store, state: OutboxState, next_attempt_at: datetime | None, stuck: bool
) -> None:
    desk = await settle_desk(store)
    message_id = await store.write(message(desk, direction=Direction.OUT, author=Author.BOT))

    def add(session: Session) -> None:
        row = {
            "community_id": desk.cast.community_id,
            "id": new_id(session, NOW),
            "message_id": message_id,
            "contact_id": desk.cast.contacts["王芳"],
            "channel": "telegram",
            "state": state,
            "next_attempt_at": next_attempt_at,
            "created_at": NOW,
        }
        session.execute(insert(OutboxRow), row)

    await store.write(add)
    assert (await kinds(desk, NOW + HOUR) == {FindingKind.OUTBOX_STUCK}) is stuck
