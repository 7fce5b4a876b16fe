"""Whom a complaint is about, what an authority asks, whose a fault is, and the pauses: on record, and what follows."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from actions import particulars
from actions.accused import name_accused, named_in
from actions.alerts import open_alerts
from actions.errors import FieldError, NotAllowedError, NotFoundError
from actions.handling import assign, hold, pause, promise, reopen, reply, resolve, resume, split
from actions.merging import Part
from actions.names import PauseReason
from actions.outside import note_outside
from actions.passing_on import pass_on_one
from actions.promising import Promised, PromiseKind
from actions.responsibility import set_responsible
from actions.store import Store
from actions.tables import Alert, Conversation, Deadline, DeadlineKind, Responsible, Severity, Ticket, TurnOwner
from tests.actions.factories import HOUR, MINUTE, calendar, rules, settle_desk
from tests.actions.test_holding import member
from tests.conftest import NOW

REFERENCE = "20261123-00077"
DAY = timedelta(days=1)


def _moments(query: Select[datetime], session: Session) -> list[datetime]:
    return list(session.scalars(query))


async def test_who_turns_out_to_be_complained_about_loses_the_matter_and_reads_no_more_of_it(store: Store) -> None:
    desk = await settle_desk(store)
    chen, community = desk.cast.staff["小陈"], desk.cast.community_id
    ticket = await desk.open("complaint", "service_attitude")
    await desk.do(assign, desk.staff("孙主管"), ticket, staff_id=chen)

    def take_over(session: Session) -> None:
        conversation = session.get_one(Conversation, (community, desk.cast.conversations["王芳"]))
        conversation.staff_id, conversation.owner = chen, TurnOwner.STAFF

    await store.write(take_over)
    assert await store.read(lambda s: len(open_alerts(s, community, chen))) == 1
    await store.write(
        lambda s: particulars.say_about(
            s, member(desk, "孙主管"), ticket.id, staff_id=chen, reason="住户点名", version=None, now=NOW
        )
    )
    assert await store.read(lambda s: open_alerts(s, community, chen)) == ()
    assert await desk.ticket(ticket, Ticket.assignee_id, Ticket.about_staff_id) == (None, chen)
    assert set(await desk.due(ticket)) >= {"reply", "dispatch"}
    assert await desk.rows(Conversation.staff_id, Conversation.id == desk.cast.conversations["王芳"]) != [chen]
    with pytest.raises(NotFoundError):
        await store.read(lambda s: particulars.particulars(s, member(desk, "小陈"), ticket.id, NOW))
    shown = await store.read(lambda s: particulars.particulars(s, member(desk, "孙主管"), ticket.id, NOW))
    assert shown.about == "小陈"
    # What they had not seen goes to somebody else at once, and no rung of the ladder comes back to them.
    assert await store.write(lambda s: pass_on_one(s, NOW))
    await desk.enforce_all(NOW + 2 * DAY)
    told = await desk.rows(Alert.staff_id, Alert.ticket_id == ticket.id)
    assert told.count(chen) == 1
    for verb, details in ((assign, {"staff_id": chen}), (name_accused, {"staff_id": None})):
        with pytest.raises(NotAllowedError):
            await desk.do(verb, desk.staff("小陈") if verb is name_accused else desk.staff("赵经理"), ticket, **details)
    await desk.do(name_accused, desk.staff("赵经理"), ticket, staff_id=None, reason="登记错了")
    assert await desk.ticket(ticket, Ticket.about_staff_id) is None
    with pytest.raises(FieldError, match="nobody who works here"):
        await desk.do(name_accused, desk.staff("赵经理"), ticket, staff_id=12345)


async def test_a_name_in_a_complaint_is_that_of_one_member_or_of_none(store: Store) -> None:
    desk = await settle_desk(store)
    cast = desk.cast

    async def named(text: str) -> int | None:
        return await store.read(lambda s: named_in(s, cast.community_id, text))

    assert await named("小陈态度很差，挂我电话") == cast.staff["小陈"]
    assert await named("你们前台态度很差") is None
    assert await named("小陈和老周互相推") is None


async def test_the_limit_of_an_authority_moves_every_clock_and_none_goes_beyond_it(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise")
    await desk.do(
        reply, desk.staff("小陈"), ticket, text="经现场核实，已劝离", policy=rules(), promised_at=NOW + 3 * DAY
    )
    limit = NOW + 5 * HOUR
    await desk.do(note_outside, desk.staff("小陈"), ticket, reference=f" {REFERENCE} ", limit_at=limit)
    due = await desk.due(ticket)
    assert (due["promise"], due["completion"]) == (limit, limit)
    assert due["first_contact"] == NOW + 30 * MINUTE
    assert await desk.ticket(ticket, Ticket.reference, Ticket.severity) == (REFERENCE, Severity.MAJOR)
    # Parts are no reason for an authority to wait.
    await desk.do(pause, desk.staff("小陈"), ticket, reason=PauseReason.PARTS, note="等配件", until=NOW + 4 * DAY)
    assert (await desk.due(ticket))["completion"] == limit
    for reference, at in (("", None), ("找过他们", None), ("x", None), (REFERENCE, NOW - HOUR)):
        with pytest.raises(FieldError):
            await desk.do(note_outside, desk.staff("小陈"), ticket, reference=reference, limit_at=at)
    before = await desk.events(ticket)
    await desk.do(note_outside, desk.staff("小陈"), ticket, reference=REFERENCE, limit_at=limit)
    assert await desk.events(ticket) == before


async def test_a_ticket_of_an_authority_is_a_major_one_with_its_limit_and_a_reopened_one_has_a_clean_clock(
    store: Store,
) -> None:
    desk = await settle_desk(store)
    limit = NOW + 3 * HOUR
    ticket = await desk.open("fee", None, reference=REFERENCE, limit_at=limit)
    assert ticket.severity is Severity.MAJOR
    assert {"reply", "completion", "first_contact"} <= set(await desk.due(ticket))
    assert (await desk.due(ticket))["completion"] == limit
    await desk.do(resolve, desk.staff("小陈"), ticket, text="经核实，费用已退还", policy=rules(), now=NOW + HOUR)
    later = NOW + 2 * DAY
    again = await desk.do(reopen, desk.resident(), ticket, reason="没有到账", received_at=later, now=later)
    assert again.reply_due_at is not None
    assert again.reply_due_at > later


async def test_what_is_the_developers_is_on_record_and_with_the_manager(store: Store) -> None:
    desk = await settle_desk(store)
    told = await desk.open("repair", "wall_leak", responsible=Responsible.DEVELOPER)
    found = await desk.open("repair", "water_pipe")
    assert await desk.ticket(found, Ticket.responsible) is Responsible.INDOOR
    with pytest.raises(FieldError, match="how it is known"):
        await desk.do(set_responsible, desk.staff("老周"), found, responsible=Responsible.DEVELOPER)
    for _ in range(2):
        await desk.do(
            set_responsible, desk.staff("老周"), found, responsible=Responsible.DEVELOPER, reason="在保修期内"
        )
    for ticket in (told, found):
        assert await desk.ticket(ticket, Ticket.responsible) is Responsible.DEVELOPER
        assert await desk.alerts(ticket) == [("赵经理", "escalation")]
        assert (await desk.events(ticket)).count("ticket:responsible") == 1


async def test_every_pause_is_shown_with_its_reason_and_how_long_it_was(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(reply, desk.staff("老周"), ticket, text="经检查，已更换阀芯", policy=rules())
    for hour, until in ((1, 3), (5, 8)):
        await desk.do(
            pause, desk.staff("老周"), ticket, reason=PauseReason.KEY, note="等钥匙",
            until=NOW + 30 * HOUR, now=NOW + hour * HOUR,
        )  # fmt: skip
        if until == 3:
            await desk.do(resume, desk.staff("老周"), ticket, now=NOW + until * HOUR)
    shown = await store.read(lambda s: particulars.particulars(s, member(desk, "孙主管"), ticket.id, NOW + 8 * HOUR))
    assert [(one.reason, one.note, one.by, one.ended_at is None) for one in shown.pauses] == [
        (PauseReason.KEY, "等钥匙", "老周", False),
        (PauseReason.KEY, "等钥匙", "老周", True),
    ]
    assert shown.paused == 5 * HOUR


async def test_a_matter_taken_out_of_one_that_was_due_sooner_is_due_as_soon(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("inquiry", "move_car")
    other = await desk.do(
        split, desk.staff("小陈"), ticket, part=Part("complaint", "hygiene", "垃圾没收"), reason="两件事",
        policy=desk.policy, calendar=calendar(), now=NOW + 10 * MINUTE,
    )  # fmt: skip
    assert other.reply_due_at == ticket.reply_due_at == NOW + HOUR


async def test_of_a_major_matter_the_resident_hears_every_day_whatever_else_was_promised(store: Store) -> None:
    desk = await settle_desk(store)
    replied = await desk.open("complaint", "noise", severity=Severity.MAJOR)
    held = await desk.open("complaint", "noise", severity=Severity.MAJOR)
    far = NOW + 4 * DAY
    await desk.do(reply, desk.staff("孙主管"), replied, text="经核实，正在整改", policy=rules(), promised_at=far)
    await desk.do(
        hold, desk.staff("孙主管"), held, reason="等厂家检测", promised_at=far, contact="孙主管 0571-88880100"
    )
    for ticket in (replied, held):
        promised = (
            select(Deadline.due_at)
            .where(Deadline.ticket_id == ticket.id, Deadline.kind == DeadlineKind.PROMISE)
            .order_by(Deadline.due_at)
        )
        promises = await store.read(partial(_moments, promised))
        assert promises[-1] == far
        assert promises[0] <= NOW + DAY


async def test_a_visit_that_was_promised_is_put_off_no_oftener_than_an_answer(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    zhou = desk.staff("老周")

    async def come(hours: int, who: str = "老周") -> None:
        visit = Promised(PromiseKind.VISIT, NOW + hours * HOUR, "上门")
        await desk.do(promise, desk.staff(who), ticket, promised=[visit])

    for hours in (4, 8, 6, 24):  # sooner is no put-off, and neither is the first promise
        await come(hours)
    with pytest.raises(NotAllowedError, match="put off 2 times"):
        await come(48)
    await come(5)
    await come(48, "孙主管")
    assert await desk.ticket(ticket, Ticket.hold_count) == 3
    assert zhou.id == desk.cast.staff["老周"]
