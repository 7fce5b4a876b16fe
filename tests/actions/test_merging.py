"""Two tickets become one, one becomes two, and the earliest clock always stays."""

import asyncio

import pytest

from actions.audit import audit
from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.handling import acknowledge_alarm, assign, cancel, link, merge, reply, resolve, split
from actions.merging import LinkedTicket, Part, linked
from actions.store import Store
from actions.tables import Attachment, Severity, Ticket, TicketStatus
from tests.actions.factories import HOUR, MINUTE, Desk, calendar, rules, settle_desk
from tests.conftest import NOW

SAID = {"policy": rules()}
DONE = "经现场查看，水龙头已更换"
WHY = {"reason": "同一件事"}
LAMP = {
    "part": Part("repair", "electrical", "客厅灯不亮"),
    "reason": "两件事",
    "policy": rules(),
    "calendar": calendar(),
}


async def of(desk: Desk, ticket_id: int) -> list[tuple[str, str]]:
    rows: tuple[LinkedTicket, ...] = await desk.store.read(lambda s: linked(s, desk.cast.community_id, ticket_id))
    return [(one.number, one.how) for one in rows]


async def test_the_earlier_clock_goes_on_where_the_earlier_ticket_is_merged(store: Store) -> None:
    desk = await settle_desk(store)
    early, late = await desk.open(), await desk.open(now=NOW + 3 * HOUR)
    stays = await desk.do(merge, desk.staff("小陈"), early, into_id=late.id, **WHY, now=NOW + 4 * HOUR)
    assert (stays.number, stays.reply_due_at) == (late.number, NOW + 24 * HOUR)
    assert (await desk.due(late))["reply"] == NOW + 24 * HOUR
    assert await desk.ticket(late, Ticket.awaiting_reply_since) == NOW
    assert set((await desk.clocks(early)).values()) == {"replaced"}
    assert await desk.ticket(early, Ticket.status, Ticket.merged_into_id) == (TicketStatus.CANCELLED, late.id)
    assert await of(desk, late.id) == [(early.number, "merged")]


async def test_the_earlier_clock_stays_where_the_later_ticket_is_merged(store: Store) -> None:
    desk = await settle_desk(store)
    early, late = await desk.open(), await desk.open(now=NOW + 3 * HOUR)
    stays = await desk.do(merge, desk.staff("小陈"), late, into_id=early.id, **WHY, now=NOW + 4 * HOUR)
    assert stays.reply_due_at == NOW + 24 * HOUR
    assert (await desk.clocks(early))["reply"] == "running"


async def test_a_step_that_was_taken_before_the_merger_is_not_taken_again(store: Store) -> None:
    desk = await settle_desk(store)
    early, late = await desk.open(), await desk.open(now=NOW + HOUR)
    await desk.enforce_all(NOW + 18 * HOUR + 30 * MINUTE)
    await desk.do(merge, desk.staff("小陈"), early, into_id=late.id, **WHY, now=NOW + 18 * HOUR + 40 * MINUTE)
    before = len(await desk.alerts(late))
    await desk.enforce_all(NOW + 24 * HOUR)
    assert (await desk.alerts(late))[before:] == [("品质部", "escalation"), ("孙主管", "breach"), ("赵经理", "breach")]
    assert await desk.ticket(late, Ticket.breached) is True
    assert await store.read(lambda s: audit(s, NOW + 24 * HOUR)) == ()


async def test_one_answer_to_the_merged_ticket_answers_both(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await desk.open(), await desk.open()
    await desk.do(merge, desk.staff("小陈"), first, into_id=second.id, **WHY)
    answered = await desk.do(reply, desk.staff("老周"), second, text=DONE, **SAID)
    assert answered.replied
    assert await desk.enforce_all(NOW + 48 * HOUR) == 0


async def test_merging_into_an_answered_ticket_keeps_what_is_still_owed(store: Store) -> None:
    desk = await settle_desk(store)
    answered, open_one = await desk.open(), await desk.open(now=NOW + HOUR)
    await desk.do(reply, desk.staff("老周"), answered, text=DONE, **SAID)
    stays = await desk.do(merge, desk.staff("小陈"), open_one, into_id=answered.id, **WHY, now=NOW + 2 * HOUR)
    assert (stays.replied, stays.reply_due_at) == (False, NOW + 25 * HOUR)


async def test_what_the_merged_ticket_knew_goes_along(store: Store) -> None:
    desk = await settle_desk(store)
    about = desk.cast.staff["老周"]
    major = await desk.open("complaint", "noise", severity=Severity.MAJOR, about_staff_id=about)
    plain = await desk.open("complaint", "noise", phone="13800000000")
    await desk.do(assign, desk.staff("小陈"), plain, staff_id=about)
    stays = await desk.do(merge, desk.staff("孙主管"), major, into_id=plain.id, **WHY)
    assert (stays.severity, stays.assignee_name, stays.status) == (Severity.MAJOR, None, TicketStatus.OPEN)
    assert await desk.ticket(plain, Ticket.about_staff_id, Ticket.phone) == (about, "13800000000")
    assert stays.first_contact_due_at == NOW + 30 * MINUTE


async def test_the_photos_go_along(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await desk.open(), await desk.open()
    assert await desk.rows(Attachment.ticket_id) == []
    await desk.do(merge, desk.staff("小陈"), first, into_id=second.id, **WHY)
    assert await desk.rows(Attachment.ticket_id, Attachment.ticket_id == first.id) == []


async def test_tickets_of_two_homes_are_linked_and_not_merged(store: Store) -> None:
    desk = await settle_desk(store)
    mine = await desk.open("complaint", "noise")
    theirs = await desk.open(
        "complaint", "noise",
        conversation_id=desk.cast.conversations["李强"], resident_id=desk.cast.residents["李强"],
    )  # fmt: skip
    with pytest.raises(FieldError, match="belongs to another resident"):
        await desk.do(merge, desk.staff("小陈"), mine, into_id=theirs.id, **WHY)
    for _ in range(2):
        await desk.do(link, desk.staff("小陈"), mine, other_id=theirs.id)
    assert await of(desk, mine.id) == [(theirs.number, "linked")]
    assert await of(desk, theirs.id) == [(mine.number, "linked")]
    assert (await desk.events(theirs)).count("ticket:linked") == 1
    assert (await desk.clocks(theirs))["reply"] == "running"


async def test_what_cannot_be_merged_is_refused(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await desk.open(), await desk.open()
    alarm = await desk.open("emergency", "gas", summary="煤气味")
    with pytest.raises(FieldError, match="the same ticket"):
        await desk.do(merge, desk.staff("小陈"), first, into_id=first.id, **WHY)
    with pytest.raises(FieldError, match="the same ticket"):
        await desk.do(link, desk.staff("小陈"), first, other_id=first.id)
    with pytest.raises(NotAllowedError):
        await desk.do(merge, desk.resident(), first, into_id=second.id, **WHY)
    with pytest.raises(TransitionError, match="acknowledge it first"):
        await desk.do(merge, desk.staff("小陈"), alarm, into_id=first.id, **WHY)
    await desk.do(acknowledge_alarm, desk.staff("监控室"), alarm)
    await desk.do(merge, desk.staff("小陈"), alarm, into_id=first.id, **WHY)
    await desk.do(cancel, desk.resident(), second, reason="不用了")
    for one, other in ((second, first), (first, second)):
        with pytest.raises(TransitionError, match="does not allow merge"):
            await desk.do(merge, desk.staff("小陈"), one, into_id=other.id, **WHY)


async def test_two_who_merge_one_pair_both_ways_leave_one_ticket(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await desk.open(), await desk.open()
    outcomes = await asyncio.gather(
        desk.do(merge, desk.staff("小陈"), first, into_id=second.id, **WHY),
        desk.do(merge, desk.staff("孙主管"), second, into_id=first.id, **WHY),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, TransitionError) for outcome in outcomes) == 1
    statuses = [await desk.ticket(one, Ticket.status) for one in (first, second)]
    assert sorted(statuses) == [TicketStatus.CANCELLED, TicketStatus.OPEN]


async def test_a_matter_taken_out_of_an_unanswered_ticket_is_owed_since_the_same_moment(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    new = await desk.do(split, desk.staff("小陈"), ticket, **LAMP, now=NOW + 5 * HOUR)
    assert (new.number, new.category, new.reply_due_at) == ("R-1002", "electrical", NOW + 24 * HOUR)
    assert await desk.ticket(new, Ticket.awaiting_reply_since, Ticket.place) == (NOW, "3栋2单元1502")
    assert await of(desk, ticket.id) == [(new.number, "split")]
    assert (await desk.clocks(ticket))["reply"] == "running"


async def test_a_word_that_was_promised_is_promised_for_the_new_ticket_too(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    promised_at = NOW + 6 * HOUR
    await desk.do(
        reply, desk.staff("小陈"), ticket, text="因为配件缺货，下午由王师傅回电", promised_at=promised_at, **SAID
    )
    new = await desk.do(split, desk.staff("小陈"), ticket, **LAMP, now=NOW + HOUR)
    assert (new.promise_due_at, new.reply_due_at) == (promised_at, NOW + 25 * HOUR)


async def test_a_ticket_that_is_done_is_not_split(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(resolve, desk.staff("老周"), ticket, text="水龙头已更换", **SAID)
    with pytest.raises(TransitionError, match="does not allow split"):
        await desk.do(split, desk.staff("小陈"), ticket, **LAMP)
