"""Opening tickets: numbers, clocks and cards."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from actions.actors import BOT
from actions.errors import FieldError, NotFoundError
from actions.store import Session, Store
from actions.tables import ActorKind, Severity, Ticket, TicketEvent, TicketNumber, TicketStatus
from actions.tickets import NewTicket, card, open_cards, open_ticket
from tests.actions.factories import HOUR, MINUTE, add_cast, calendar, local, rules, settle_desk
from tests.actions.world import add_community
from tests.conftest import NOW


async def test_a_repair_gets_a_number_a_department_and_a_reply_within_24_hours(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open(phone="13812346688", visit_from=NOW + 5 * HOUR, visit_until=NOW + 7 * HOUR)
    assert (ticket.number, ticket.status, ticket.department_name) == ("R-1001", TicketStatus.OPEN, "工程组")
    assert ticket.reply_due_at == NOW + 24 * HOUR
    assert (ticket.assignee_name, ticket.overdue, ticket.replied, ticket.version) == (None, False, False, 1)
    assert await desk.clocks(ticket) == {"reply": "running", "dispatch": "running"}
    assert await desk.events(ticket) == ["ticket:opened"]


async def test_the_clock_starts_when_the_request_was_received(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open(received_at=NOW - 2 * HOUR)
    assert ticket.reply_due_at == NOW + 22 * HOUR


async def test_a_request_from_the_future_counts_from_now(store: Store) -> None:
    desk = await settle_desk(store)
    assert (await desk.open(received_at=NOW + HOUR)).reply_due_at == NOW + 24 * HOUR


async def test_praise_owes_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("praise", None, summary="保安帮忙提东西")
    assert (ticket.number, ticket.reply_due_at, ticket.overdue) == ("P-1001", None, False)
    assert await desk.clocks(ticket) == {}


async def test_a_major_complaint_is_told_to_supervisor_and_manager_at_once(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "construction", severity=Severity.MAJOR, reason="third_time")
    assert ticket.first_contact_due_at == NOW + 30 * MINUTE
    assert await desk.alerts(ticket) == [("孙主管", "escalation"), ("赵经理", "escalation")]
    reasons = await desk.rows(TicketEvent.reason, TicketEvent.kind == "ticket:opened")
    assert reasons == ["third_time"]


async def test_an_alarm_rings_at_the_monitoring_centre_in_the_same_breath(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("emergency", "lift_trapped", summary="9栋电梯困人")
    assert (ticket.number, ticket.severity) == ("A-1001", Severity.ALARM)
    assert await desk.alerts(ticket) == [("监控室", "alarm")]
    assert (await desk.due(ticket))["acknowledge"] == NOW + MINUTE


async def test_the_limit_of_an_authority_counts_when_it_is_earlier(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise", reference="12345-2026-7", limit_at=NOW + 3 * HOUR)
    assert ticket.reply_due_at == NOW + 3 * HOUR
    later = await desk.open("complaint", "noise", limit_at=NOW + 72 * HOUR)
    assert later.reply_due_at == NOW + 24 * HOUR


async def test_everyday_work_of_the_night_is_dispatched_from_eight_on(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open(now=local(23, 23))
    assert (await desk.due(ticket))["dispatch"] == local(24, 8, 15)


async def test_the_rules_are_frozen_on_the_ticket(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    stored = await desk.ticket(ticket, Ticket.policy)
    assert stored["times"]["reply"] == 24 * 3600
    assert stored["night"]["timezone"] == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"summary": "  "}, "summary"),
        ({"kind": "greet"}, "kind"),
        ({"visit_from": NOW, "visit_until": NOW - HOUR}, "visit_until"),
    ],
)
async def test_what_cannot_be_a_ticket_is_refused(store: Store, details: dict[str, object], field: str) -> None:
    desk = await settle_desk(store)
    with pytest.raises(FieldError) as caught:
        await desk.open(**details)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert await desk.rows(Ticket.id) == []


async def test_numbers_have_no_gaps_and_no_doubles_when_fifty_open_at_once(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await asyncio.gather(*(desk.open() for _ in range(50)))
    assert sorted(ticket.number for ticket in tickets) == [f"R-{number}" for number in range(1001, 1051)]


async def test_a_ticket_that_could_not_be_opened_takes_no_number(store: Store) -> None:
    desk = await settle_desk(store)

    def fail(session: Session) -> None:
        open_ticket(session, BOT, desk.new(), rules(), calendar(), NOW)
        raise ValueError("lost")

    outcomes = await asyncio.gather(
        *(store.write(fail) for _ in range(3)), *(desk.open() for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(outcome, ValueError) for outcome in outcomes) == 3
    assert sorted(await desk.rows(Ticket.number)) == ["R-1001", "R-1002", "R-1003"]


async def test_each_prefix_and_each_community_counts_for_itself(store: Store) -> None:
    desk = await settle_desk(store)
    other = await store.write(lambda session: add_cast(session, "second"))
    await desk.open()
    complaint = await desk.open("complaint", "noise")
    assert complaint.number == "C-1001"
    foreign = NewTicket(other.community_id, "repair", None, Severity.NORMAL, "灯坏", NOW)
    opened = await store.write(lambda s: open_ticket(s, BOT, foreign, rules(), calendar(), NOW))
    assert opened.number == "R-1001"


async def test_a_card_of_another_community_is_not_there(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    with pytest.raises(NotFoundError):
        await store.read(lambda session: card(session, desk.cast.community_id + 1, ticket.id, NOW))


async def test_a_community_without_the_department_still_opens_the_ticket(store: Store) -> None:
    bare = await store.write(lambda session: add_community(session, "bare"))
    foreign = NewTicket(bare, "repair", None, Severity.NORMAL, "灯坏", NOW)
    ticket = await store.write(lambda s: open_ticket(s, BOT, foreign, rules(), calendar(), NOW))
    assert ticket.department_name == "工程组"


async def test_open_cards_are_those_one_may_still_speak_of_newest_first(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = [await desk.open() for _ in range(5)]
    states = [
        TicketStatus.OPEN,
        TicketStatus.CLOSED,
        TicketStatus.CANCELLED,
        TicketStatus.RESOLVED,
        TicketStatus.RESOLVED,
    ]
    ages = [0, 0, 0, 6, 8]

    def set_states(session: Session) -> None:
        for ticket, state, age in zip(tickets, states, ages, strict=True):
            session.execute(
                update(Ticket).where(Ticket.id == ticket.id).values(status=state, resolved_at=NOW - timedelta(days=age))
            )

    await store.write(set_states)
    await desk.open(conversation_id=desk.cast.conversations["李强"])
    cards = await store.read(
        lambda session: open_cards(session, desk.cast.community_id, desk.cast.conversations["王芳"], NOW)
    )
    assert [one.number for one in cards] == ["R-1004", "R-1001"]


async def test_a_ticket_past_its_time_is_overdue(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    late = await store.read(lambda s: card(s, desk.cast.community_id, ticket.id, NOW + 24 * HOUR + MINUTE))
    in_time = await store.read(lambda s: card(s, desk.cast.community_id, ticket.id, NOW + 24 * HOUR))
    assert (in_time.overdue, late.overdue) == (False, True)


async def test_who_opened_it_is_recorded(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    assert await desk.rows((TicketEvent.actor, TicketEvent.at)) == [(ActorKind.BOT, NOW)]
    assert await store.read(lambda s: s.execute(select(func.count()).select_from(TicketNumber)).scalar_one()) == 1
