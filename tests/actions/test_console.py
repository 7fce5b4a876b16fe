"""The console's changes, where two people make them at once."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from actions import console
from actions.access import StaffIdentity
from actions.console import Answer, PuttingOff, Seen, Spoken
from actions.conversations import take_over
from actions.errors import ActionError, ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError
from actions.intake import Inbound, receive
from actions.store import Session, Store
from actions.tables import AuditEntry, Message, Severity, Ticket
from actions.tickets import TicketCard
from tests.actions.factories import STAFF, Desk, rules, settle_desk
from tests.conftest import NOW

GOOD = "王女士您好，水龙头的阀芯已经换好，现在不滴水了，谢谢您的耐心。"
TOLD: list[tuple[str, Mapping[str, Any]]] = []


def tell(_session: Session, _ticket: Ticket, reply_id: str, facts: Mapping[str, Any], _now: datetime) -> None:
    TOLD.append((reply_id, facts))


@pytest.fixture
async def desk(store: Store) -> Desk:
    TOLD.clear()
    return await settle_desk(store)


def member(desk: Desk, name: str = "小陈") -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({STAFF[name][0]}))


async def run(desk: Desk, change: Callable[[Session], Any]) -> Any:
    return await desk.store.write(change)


async def said(desk: Desk) -> list[str]:
    return await desk.rows(Message.text)


def replying(
    desk: Desk, ticket: TicketCard, name: str, seen: Seen, text: str = GOOD
) -> Callable[[Session], TicketCard]:
    answer = Answer(Spoken(text), concludes=True)
    return lambda session: console.reply(
        session, member(desk, name), ticket.id, answer, seen=seen, policy=rules(), now=NOW
    )


async def test_of_two_replies_at_once_one_is_sent_and_the_other_is_told(desk: Desk) -> None:
    ticket = await desk.open()
    seen = Seen(ticket=ticket.version)
    outcomes = await asyncio.gather(
        *(run(desk, replying(desk, ticket, name, seen)) for name in ("小陈", "孙主管", "赵经理")),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "ConflictError", "TicketCard"]
    assert await said(desk) == [GOOD]


async def test_of_two_who_accept_at_once_one_is_in_charge(desk: Desk) -> None:
    ticket = await desk.open()
    outcomes = await asyncio.gather(
        *(
            run(
                desk,
                partial(
                    console.accept,
                    staff=member(desk, name),
                    ticket_id=ticket.id,
                    seen=Seen(),
                    tell=tell,
                    now=NOW,
                ),
            )
            for name in ("小陈", "孙主管")
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, TicketCard) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ActionError) for outcome in outcomes) == 1


async def test_of_two_who_take_an_alarm_at_once_both_have_it_and_the_resident_is_told_once(desk: Desk) -> None:
    ticket = await desk.open("emergency", "fire", severity=Severity.ALARM)
    await asyncio.gather(
        *(
            run(
                desk,
                partial(console.acknowledge, staff=member(desk, name), ticket_id=ticket.id, tell=tell, now=NOW),
            )
            for name in ("监控室", "小陈")
        )
    )
    assert (await desk.events(ticket)).count("alarm:acknowledged") == 1
    # A store may run a change twice before it commits it; what is told in the end is told in the same transaction.
    assert {reply_id for reply_id, _ in TOLD} == {"emergency.acknowledged"}


async def test_a_reply_that_fails_leaves_nothing_behind(desk: Desk) -> None:
    ticket = await desk.open()
    late = Answer(Spoken(GOOD, ("A8",), "why"), promised_at=NOW - timedelta(hours=1))
    with pytest.raises(FieldError):
        await run(
            desk,
            lambda session: console.reply(session, member(desk), ticket.id, late, seen=Seen(), policy=rules(), now=NOW),
        )
    assert await said(desk) == []
    assert await desk.rows(AuditEntry.id) == []


async def test_what_the_resident_wrote_meanwhile_is_read_first(desk: Desk) -> None:
    ticket = await desk.open()
    inbound = Inbound(desk.cast.community_id, "web", "王芳", "1", "又漏了", NOW)
    await run(desk, lambda session: receive(session, inbound, NOW))
    with pytest.raises(ConflictError):
        await run(desk, replying(desk, ticket, "小陈", Seen(seq=0)))
    await run(desk, replying(desk, ticket, "小陈", Seen(seq=1)))
    assert await said(desk) == ["又漏了", GOOD]


async def test_a_colleague_who_holds_the_conversation_is_named(desk: Desk) -> None:
    ticket = await desk.open()
    talk = desk.cast.conversations["王芳"]
    await run(desk, lambda session: take_over(session, member(desk, "孙主管"), talk, version=0, now=NOW))
    with pytest.raises(ConflictError) as caught:
        await run(desk, replying(desk, ticket, "小陈", Seen()))
    assert caught.value.current == "孙主管"


async def test_a_breach_of_etiquette_is_recorded_with_its_reason_and_its_rules(desk: Desk) -> None:
    ticket = await desk.open()
    answer = Answer(Spoken("不归我管", ("A8.dismissal",), "住户要求原话"))
    await run(
        desk,
        lambda session: console.reply(session, member(desk), ticket.id, answer, seen=Seen(), policy=rules(), now=NOW),
    )
    ((action, reason, detail, subject),) = await desk.rows(
        (AuditEntry.action, AuditEntry.reason, AuditEntry.detail, AuditEntry.subject_id)
    )
    assert (action, reason, detail) == ("etiquette:overruled", "住户要求原话", {"rules": ["A8.dismissal"]})
    assert [subject] == await desk.rows(Message.id)


async def test_words_for_nobody_are_not_written(desk: Desk) -> None:
    ticket = await desk.open(conversation_id=None)
    await run(desk, replying(desk, ticket, "小陈", Seen(conversation=99, seq=99)))
    assert await said(desk) == []
    assert (await desk.clocks(ticket))["reply"] == "met"


async def test_each_change_is_told_to_the_resident_in_its_own_words(desk: Desk) -> None:
    ticket = await desk.open()
    chen = member(desk)
    steps: list[tuple[str, Callable[[Session], object]]] = [
        ("ticket.accepted", lambda s: console.accept(s, chen, ticket.id, seen=Seen(), tell=tell, now=NOW)),
        (
            "ticket.resolved",
            lambda s: console.resolve(
                s, chen, ticket.id, Spoken(GOOD), seen=Seen(), policy=rules(), tell=tell, now=NOW
            ),
        ),
        (
            "ticket.reopened",
            lambda s: console.reopen(s, chen, ticket.id, reason="还在漏", seen=Seen(), tell=tell, now=NOW),
        ),
    ]
    for reply_id, change in steps:
        TOLD.clear()
        await run(desk, change)
        assert TOLD[0][0] == reply_id
        assert TOLD[0][1]["ticket"] == ticket.number


async def test_who_takes_a_ticket_for_themselves_has_accepted_it(desk: Desk) -> None:
    ticket = await desk.open()
    for name, told in (("老周", []), ("小陈", ["ticket.accepted"])):
        TOLD.clear()
        await run(
            desk,
            partial(
                console.assign,
                staff=member(desk),
                ticket_id=ticket.id,
                staff_id=desk.cast.staff[name],
                reason="",
                seen=Seen(),
                tell=tell,
                now=NOW,
            ),
        )
        assert [reply_id for reply_id, _ in TOLD] == told


async def test_a_note_lies_in_the_record_and_in_the_conversation(desk: Desk) -> None:
    ticket = await desk.open()
    await run(desk, lambda session: console.note(session, member(desk), ticket.id, "  留意  ", NOW))
    assert await said(desk) == ["留意"]
    assert "ticket:noted" in await desk.events(ticket)
    with pytest.raises(FieldError):
        await run(desk, lambda session: console.note(session, member(desk), ticket.id, "  ", NOW))


async def test_nothing_is_done_to_a_ticket_that_one_may_not_see(desk: Desk) -> None:
    ticket = await desk.open()
    putting_off = PuttingOff(Spoken("您好"), "等配件", NOW + timedelta(hours=5), "0571-88880100")
    changes: list[Callable[..., object]] = [
        lambda s, m: console.hold(s, m, ticket.id, putting_off, seen=Seen(), now=NOW),
        lambda s, m: console.accept(s, m, ticket.id, seen=Seen(), tell=tell, now=NOW),
        lambda s, m: console.acknowledge(s, m, ticket.id, tell=tell, now=NOW),
        lambda s, m: console.note(s, m, ticket.id, "看看", NOW),
        lambda s, m: console.talk(s, m, desk.cast.conversations["王芳"], Spoken("您好"), seen=Seen(), now=NOW),
    ]
    stranger = StaffIdentity(1, 2, "外人", frozenset(role for role, _ in STAFF.values()))
    for change in changes:
        with pytest.raises(NotFoundError):
            await run(desk, partial(change, m=stranger))
        with pytest.raises(NotAllowedError):
            await run(desk, partial(change, m=member(desk, "管理员")))
    assert await said(desk) == []


async def test_what_its_state_does_not_allow_is_refused_with_nothing_said(desk: Desk) -> None:
    ticket = await desk.open()
    with pytest.raises(TransitionError):
        await run(
            desk,
            lambda session: console.reopen(
                session, member(desk), ticket.id, reason="试试", seen=Seen(), tell=tell, now=NOW
            ),
        )
    with pytest.raises(TransitionError):
        await run(
            desk,
            lambda session: console.acknowledge(session, member(desk), ticket.id, tell=tell, now=NOW),
        )
    assert TOLD == []
    statuses = await desk.store.read(lambda session: list(session.execute(select(Ticket.status)).scalars()))
    assert [status.value for status in statuses] == ["open"]
