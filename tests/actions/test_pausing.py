"""Work may wait for a reason, until a moment, and so often; what the resident is owed never waits."""

from datetime import timedelta

import pytest

from actions.audit import FindingKind, audit
from actions.errors import FieldError, NotAllowedError, TransitionError
from actions.handling import cancel, note, pause, reply, resolve, resume, urge
from actions.names import PauseReason
from actions.pausing import pauses_of
from actions.store import Store
from actions.tables import Deadline, DeadlineKind, DeadlineState, Ticket
from actions.tickets import TicketCard
from tests.actions.factories import HOUR, Desk, local, rules, settle_desk
from tests.conftest import NOW

DONE = "经现场查看，水龙头阀芯老化，已登记更换"
SAID = {"policy": rules()}
PARTS = {"reason": PauseReason.PARTS, "note": "阀芯缺货", "until": NOW + 30 * HOUR}


async def answered(desk: Desk) -> TicketCard:
    """A repair whose resident has heard a conclusion: on-site is due at 14:00, completion three working days on."""
    ticket = await desk.open()
    return await desk.do(reply, desk.staff("老周"), ticket, text=DONE, **SAID)


async def test_a_pause_stops_the_clocks_of_the_work_and_the_rest_is_due_so_much_later(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    before = await desk.due(ticket)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS, now=NOW + HOUR)
    assert (await desk.clocks(ticket))["on_site"] == "paused"
    assert await desk.enforce_all(NOW + 20 * HOUR) == 0
    await desk.do(resume, desk.staff("老周"), ticket, now=NOW + 25 * HOUR)
    after = await desk.due(ticket)
    assert after["on_site"] - before["on_site"] == 24 * HOUR
    assert await desk.ticket(ticket, Ticket.paused_until, Ticket.pause_count, Ticket.paused_seconds) == (
        None, 1, 24 * 3600,
    )  # fmt: skip


async def test_a_clock_of_desk_hours_goes_on_with_the_desk_hours_that_were_left(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    # 24 desk hours from Monday 10:00: 7 that day, 9 on Tuesday, 8 on Wednesday.
    assert (await desk.due(ticket))["completion"] == local(25, 16)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS, now=local(23, 15))
    await desk.do(resume, desk.staff("老周"), ticket, now=local(24, 15))
    # 19 hours were left: 2 on Tuesday, 9 on Wednesday, 8 on Thursday.
    assert (await desk.due(ticket))["completion"] == local(26, 16)


async def test_nothing_is_paused_while_the_resident_waits_for_an_answer(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await desk.open()
    with pytest.raises(TransitionError, match="waits for an answer; reply first"):
        await desk.do(pause, desk.staff("老周"), ticket, **PARTS)


async def test_a_pause_never_stops_the_clock_of_an_answer(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS)
    await desk.do(urge, desk.resident(), ticket, now=NOW + HOUR)
    assert (await desk.clocks(ticket))["reply"] == "running"


async def test_a_pause_ends_by_itself_and_those_in_charge_are_told(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS)
    await desk.enforce_all(NOW + 30 * HOUR)
    clocks = await desk.clocks(ticket)
    assert (clocks["on_site"], clocks["completion"]) == ("running", "running")
    assert (await desk.alerts(ticket))[-2:] == [("老周", "reminder"), ("孙主管", "reminder")]
    assert "ticket:resumed" in await desk.events(ticket)


async def test_a_pause_that_waits_for_the_resident_is_over_when_the_resident_writes(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    waiting = PARTS | {"reason": PauseReason.RESIDENT, "note": "等住户确认时间"}
    await desk.do(pause, desk.staff("老周"), ticket, **waiting)
    await desk.do(note, desk.staff("小陈"), ticket, text="电话没人接", now=NOW + HOUR)
    assert (await desk.clocks(ticket))["on_site"] == "paused"
    await desk.do(note, desk.resident(), ticket, text="明天下午都在", now=NOW + 2 * HOUR)
    assert (await desk.clocks(ticket))["on_site"] == "running"


async def test_a_pause_that_waits_for_parts_is_not_ended_by_a_word(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS)
    await desk.do(note, desk.resident(), ticket, text="谢谢", now=NOW + HOUR)
    assert (await desk.clocks(ticket))["on_site"] == "paused"


async def test_pauses_are_counted_and_the_third_needs_a_supervisor(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    for hours in (0, 2):
        await desk.do(pause, desk.staff("老周"), ticket, **PARTS, now=NOW + hours * HOUR)
        await desk.do(resume, desk.staff("老周"), ticket, reason="到货", now=NOW + (hours + 1) * HOUR)
    with pytest.raises(NotAllowedError, match="was paused 2 times; ask a supervisor"):
        await desk.do(pause, desk.staff("老周"), ticket, **PARTS, now=NOW + 5 * HOUR)
    await desk.do(pause, desk.staff("孙主管"), ticket, **PARTS, now=NOW + 5 * HOUR)
    shown = await store.read(lambda s: pauses_of(s, desk.cast.community_id, ticket.id))
    assert [(one.reason, one.by, one.ended_at) for one in shown] == [
        (PauseReason.PARTS, "老周", NOW + HOUR),
        (PauseReason.PARTS, "老周", NOW + 3 * HOUR),
        (PauseReason.PARTS, "孙主管", None),
    ]


@pytest.mark.parametrize(
    ("details", "error"),
    [
        ({"note": " "}, "note: is missing"),
        ({"until": NOW}, "until: should lie ahead"),
        ({"until": NOW + timedelta(days=6)}, "until: should lie ahead, and within 5 days"),
    ],
)
async def test_a_pause_without_a_reason_or_an_end_is_refused(
    store: Store, details: dict[str, object], error: str
) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    with pytest.raises(FieldError, match=error):
        await desk.do(pause, desk.staff("老周"), ticket, **(PARTS | details))


async def test_a_paused_ticket_is_not_paused_again_and_one_that_runs_is_not_resumed(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    with pytest.raises(TransitionError, match="is not paused"):
        await desk.do(resume, desk.staff("老周"), ticket)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS)
    with pytest.raises(TransitionError, match="paused already"):
        await desk.do(pause, desk.staff("老周"), ticket, **PARTS)


async def test_what_is_late_already_stays_late(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    await desk.enforce_all(NOW + 5 * HOUR)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS, now=NOW + 5 * HOUR)
    clocks = await desk.clocks(ticket)
    assert (clocks["on_site"], clocks["completion"]) == ("running", "paused")


@pytest.mark.parametrize("verb", [resolve, cancel])
async def test_no_clock_is_left_paused_on_a_ticket_that_ended(store: Store, verb: object) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS)
    details: dict[str, object] = {"text": "水龙头已更换", **SAID} if verb is resolve else {"reason": "不用了"}
    await desk.do(verb, desk.staff("老周"), ticket, **details, now=NOW + HOUR)  # type: ignore[arg-type]
    left = await desk.rows(Deadline.kind, Deadline.state.in_((DeadlineState.PAUSED, DeadlineState.RUNNING)))
    assert left == ([DeadlineKind.CALL_BACK] if verb is resolve else [])
    assert await desk.ticket(ticket, Ticket.paused_until) is None


async def test_the_audit_finds_a_clock_that_would_stand_still_for_ever(store: Store) -> None:
    desk = await settle_desk(store, rules())
    ticket = await answered(desk)
    await desk.do(pause, desk.staff("老周"), ticket, **PARTS)
    assert await store.read(lambda s: audit(s, NOW)) == ()
    lost = await desk.rows(Deadline.id, Deadline.kind == DeadlineKind.PAUSE)
    await store.write(lambda s: s.delete(s.get_one(Deadline, (desk.cast.community_id, lost[0]))))
    kinds = {finding.kind for finding in await store.read(lambda s: audit(s, NOW))}
    assert FindingKind.PAUSE_WITHOUT_END in kinds
