"""The clock is kept whatever happens: late, twice at once, set back, or with a damaged row."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.actors import BOT
from actions.calendar import Calendar
from actions.handling import assign, cancel, reply
from actions.ladder import thaw_plan
from actions.store import Store
from actions.tables import (
    Deadline,
    DeadlineKind,
    DeadlineState,
    Severity,
    Ticket,
    TicketEvent,
)
from actions.tickets import TicketCard, open_ticket
from actions.watch import DELAYED, PoisonedError, defer, enforce_one
from tests.actions.factories import HOUR, MINUTE, Desk, content, rules, settle_desk
from tests.conftest import NOW

TWO_DAYS = timedelta(days=2)


async def steps(desk: Desk, ticket: TicketCard, kind: str = "reply") -> list[tuple[str, datetime]]:
    """The recorded steps of one kind of clock, with the moment at which each was due."""
    rows = await desk.rows((TicketEvent.kind, TicketEvent.detail), TicketEvent.ticket_id == ticket.id)
    return [
        (event, datetime.fromisoformat(detail["at"]))
        for event, detail in rows
        if event.startswith("deadline:") and detail.get("kind") == kind
    ]


async def test_after_a_sleep_of_two_days_every_step_is_taken_in_order_with_its_own_time(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce_all(NOW + TWO_DAYS)
    assert await steps(desk, ticket) == [
        ("deadline:reminded", NOW + 16 * HOUR),
        ("deadline:escalated", NOW + 18 * HOUR),
        ("deadline:escalated", NOW + 22 * HOUR),
        ("deadline:word_due", NOW + 24 * HOUR - 30 * MINUTE),
        ("deadline:breached", NOW + 24 * HOUR),
        ("deadline:escalated", NOW + 48 * HOUR),
    ]
    breached = await desk.rows(Deadline.breached_at, Deadline.kind == DeadlineKind.REPLY)
    assert breached == [NOW + 24 * HOUR]
    assert len(desk.told) == 1


async def test_late_and_in_time_come_to_the_same(store: Store) -> None:
    desk = await settle_desk(store)
    punctual, sleeping = await desk.open(), await desk.open()

    def park(session: Session) -> None:
        session.execute(update(Deadline).where(Deadline.ticket_id == sleeping.id).values(next_check_at=None))

    kept = await desk.rows((Deadline.id, Deadline.next_check_at), Deadline.ticket_id == sleeping.id)
    await store.write(park)
    for hour in range(49):
        await desk.enforce_all(NOW + hour * HOUR)

    def wake(session: Session) -> None:
        for deadline_id, moment in kept:
            session.execute(update(Deadline).where(Deadline.id == deadline_id).values(next_check_at=moment))

    await store.write(wake)
    await desk.enforce_all(NOW + 48 * HOUR)
    assert await steps(desk, punctual) == await steps(desk, sleeping)
    assert await steps(desk, punctual, "dispatch") == await steps(desk, sleeping, "dispatch")


async def test_the_most_overdue_step_of_all_tickets_comes_first(store: Store) -> None:
    desk = await settle_desk(store)
    first = await desk.open(now=NOW)
    second = await desk.open(now=NOW + MINUTE)
    await desk.enforce(NOW + HOUR)
    assert (len(await desk.alerts(first)), len(await desk.alerts(second))) == (1, 0)


async def test_a_clock_that_steps_back_does_nothing_twice(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.enforce_all(NOW + 25 * HOUR)
    before = await desk.alerts(ticket)
    for moment in (NOW, NOW + 17 * HOUR, NOW + 24 * HOUR, NOW + 25 * HOUR):
        assert await desk.enforce_all(moment) == 0
    assert await desk.alerts(ticket) == before


async def test_two_who_enforce_at_once_never_take_one_step_twice(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = [await desk.open(), await desk.open("complaint", "noise"), await desk.open("emergency", "fire")]
    for moment in (NOW + 20 * MINUTE, NOW + 19 * HOUR, NOW + 25 * HOUR, NOW + 50 * HOUR):
        for _ in range(20):
            if not any(await asyncio.gather(*(desk.enforce(moment) for _ in range(6)))):
                break
        await desk.enforce_all(moment)
    for ticket in tickets:
        rows = await desk.rows(TicketEvent.detail, TicketEvent.ticket_id == ticket.id)
        taken = [(detail["deadline"], detail["step"]) for detail in rows if "step" in detail]
        assert taken
        assert len(taken) == len(set(taken))
    recorded: dict[int, list[int]] = defaultdict(list)
    for detail in await desk.rows(TicketEvent.detail):
        if "step" in detail:
            recorded[int(detail["deadline"])].append(detail["step"])
    for deadline_id, stage, stored in await desk.rows((Deadline.id, Deadline.stage, Deadline.ladder)):
        steps, ladder = sorted(recorded[deadline_id]), thaw_plan(stored)
        if ladder and ladder[-1].every:
            # Of repetitions that were slept through only the last is made; nothing else is ever passed over.
            assert steps[: len(ladder)] == list(range(len(ladder)))
            assert steps[-1] < stage
        else:
            assert steps == list(range(stage))


async def test_enforcing_while_staff_work_loses_no_step_and_no_change(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise", severity=Severity.MAJOR)
    moment = NOW + 20 * HOUR
    outcomes = await asyncio.gather(
        *(desk.enforce(moment) for _ in range(8)),
        desk.do(assign, desk.staff("小陈"), ticket, staff_id=desk.cast.staff["老周"], now=moment),
        desk.do(reply, desk.staff("孙主管"), ticket, text="经现场核实，已劝离施工人员", policy=rules(), now=moment),
        return_exceptions=True,
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    await desk.enforce_all(moment)
    assert (await desk.clocks(ticket))["reply"] == "met"
    rows = await desk.rows(TicketEvent.detail, TicketEvent.ticket_id == ticket.id)
    taken = [(detail["deadline"], detail["step"]) for detail in rows if "step" in detail]
    assert len(taken) == len(set(taken))


async def test_a_clock_left_over_on_a_ticket_that_ended_is_put_away_without_a_word(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    await desk.do(cancel, desk.resident(), ticket, reason="不用了")
    await store.write(
        lambda s: s.execute(
            update(Deadline).values(state=DeadlineState.RUNNING, next_check_at=NOW, ended_at=None)
        ).close()
    )
    assert await desk.enforce_all(NOW + TWO_DAYS) == 2
    assert set((await desk.clocks(ticket)).values()) == {"cancelled"}
    assert await desk.alerts(ticket) == []


async def test_a_damaged_row_is_deferred_and_the_others_go_on(store: Store) -> None:
    desk = await settle_desk(store)
    damaged, healthy = await desk.open(), await desk.open()
    await store.write(
        lambda s: s.execute(
            update(Deadline)
            .where(Deadline.ticket_id == damaged.id, Deadline.kind == DeadlineKind.DISPATCH)
            .values(ladder=[{"at": "yesterday"}])
        ).close()
    )
    moment = NOW + 15 * MINUTE
    with pytest.raises(PoisonedError, match="ValueError") as caught:
        await desk.enforce(moment)
    error = caught.value
    await store.write(lambda s: defer(s, error.deadline_id, str(error), moment))
    assert await desk.enforce_all(moment) == 1
    assert await desk.alerts(healthy) == [("孙主管", "escalation")]
    columns = (Deadline.next_check_at, Deadline.deferrals, Deadline.last_error)
    [(next_check_at, deferrals, last_error)] = await desk.rows(columns, Deadline.id == error.deadline_id)
    assert (next_check_at, deferrals) == (moment + HOUR, 1)
    assert "ValueError" in last_error


async def test_words_that_cannot_be_composed_poison_only_their_own_row(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()

    def fail(session: Session, row: Ticket, reply_id: str, facts: Mapping[str, object], now: datetime) -> None:
        raise KeyError(reply_id)

    moment = NOW + 24 * HOUR

    async def enforce_all() -> None:
        while await store.write(lambda s: enforce_one(s, fail, moment)):
            pass

    with pytest.raises(PoisonedError, match=DELAYED):
        await enforce_all()
    assert "deadline:breached" not in await desk.events(ticket)
    assert await desk.ticket(ticket, Ticket.breached) is False


async def test_many_overdue_tickets_are_all_enforced(store: Store) -> None:
    desk = await settle_desk(store)
    await asyncio.gather(*(desk.open("complaint", "other") for _ in range(30)))
    moment = NOW + 15 * MINUTE
    assert await desk.enforce_all(moment) == 30
    waiting = await store.read(
        lambda s: s.execute(select(Deadline.id).where(Deadline.next_check_at <= moment)).scalars().all()
    )
    assert waiting == []


async def test_a_clock_that_runs_a_day_ahead_and_is_set_right_flags_what_it_took_and_does_nothing_twice(
    store: Store,
) -> None:
    desk = await settle_desk(store)
    early, late = await desk.open(), await desk.open(now=NOW + 2 * HOUR)
    await desk.enforce_all(NOW + 26 * HOUR)  # the system's clock is a day ahead
    before = [await desk.alerts(ticket) for ticket in (early, late)]
    assert await desk.ticket(early, Ticket.breached) is True
    for hours in range(3, 25):  # and set right again
        assert await desk.enforce_all(NOW + hours * HOUR) == 0
    assert [await desk.alerts(ticket) for ticket in (early, late)] == before
    new = await desk.open(now=NOW + 3 * HOUR)
    await desk.enforce_all(NOW + 3 * HOUR + 15 * MINUTE)
    assert await desk.alerts(new) == [("孙主管", "escalation")]


@pytest.mark.parametrize(
    ("zone", "received"),
    [
        ("Europe/Berlin", datetime(2026, 10, 24, 10, tzinfo=UTC)),  # the clocks go back in the night
        ("Europe/Berlin", datetime(2026, 3, 28, 10, tzinfo=UTC)),  # and forward
        ("America/New_York", datetime(2026, 11, 1, 2, tzinfo=UTC)),
    ],
)
async def test_where_clocks_change_with_the_season_a_day_still_has_twenty_four_hours(
    store: Store, zone: str, received: datetime
) -> None:
    desk = await settle_desk(store)
    elsewhere = Calendar.read(content(), zone)
    new = desk.new("complaint", "noise", received_at=received)
    ticket = await store.write(lambda s: open_ticket(s, BOT, new, rules(), elsewhere, received))
    due = (await desk.due(ticket))["reply"]
    assert due <= received + 24 * HOUR
    assert not elsewhere.night.holds(due)
    await desk.enforce_all(received + TWO_DAYS)
    moments = [at for _event, at in await steps(desk, ticket)]
    assert moments == sorted(moments)
    assert ("deadline:breached", due) in await steps(desk, ticket)
