"""Tickets that staff open, and what they do with tickets beside answering."""

from datetime import timedelta

import pytest

from actions import handling, ticket_work
from actions.access import StaffIdentity
from actions.errors import FieldError, NotAllowedError, NotFoundError
from actions.opening import Request, open_by_staff
from actions.store import Store
from actions.tables import Ticket
from actions.ticket_work import CallBack, Part, PauseReason
from actions.tickets import TicketCard
from actions.views.panel import resident_panel
from tests.actions.factories import HOUR, Desk, calendar, rules, settle_desk
from tests.actions.test_holding import member
from tests.conftest import NOW

GOOD = "王女士，水龙头的阀芯已经换好，现在不滴水了，谢谢您。"


async def opened(desk: Desk, request: Request, who: str = "小陈", talk: str | None = None) -> TicketCard:
    conversation_id = desk.cast.conversations[talk] if talk else None
    return await desk.store.write(
        lambda s: open_by_staff(
            s,
            member(desk, who),
            request,
            conversation_id=conversation_id,
            policy=rules(),
            calendar=calendar(),
            now=NOW,
        )
    )


async def test_from_a_conversation_it_belongs_to_its_resident_and_their_home(store: Store) -> None:
    desk = await settle_desk(store)
    card = await opened(desk, Request("repair", "water_pipe", " 水龙头滴水 "), talk="王芳")
    row = await desk.ticket(card, Ticket.summary, Ticket.resident_id, Ticket.room_id, Ticket.place, Ticket.phone)
    assert row == ("水龙头滴水", desk.cast.residents["王芳"], desk.cast.rooms["王芳"], "3栋2单元1502", "13812346688")
    assert await desk.events(card) == ["ticket:opened"]


async def test_pasted_from_a_group_it_finds_the_home_and_its_only_resident(store: Store) -> None:
    desk = await settle_desk(store)
    place = Request("repair", None, "下水堵了", place="3栋2单元1502", address=("3栋", "2单元", "1502"), origin="group")
    card = await opened(desk, place)
    row = await desk.ticket(card, Ticket.conversation_id, Ticket.resident_id, Ticket.room_id)
    assert row == (None, desk.cast.residents["王芳"], desk.cast.rooms["王芳"])
    unknown = await opened(desk, Request("repair", None, "灯坏了", place="99栋", address=("99栋", None, "1")))
    assert await desk.ticket(unknown, Ticket.room_id, Ticket.resident_id, Ticket.place) == (None, None, "99栋")


async def test_it_needs_words_a_kind_and_a_role_that_may(store: Store) -> None:
    desk = await settle_desk(store)
    for summary in ("", " ", "长" * 301):
        with pytest.raises(FieldError, match="summary"):
            await opened(desk, Request("repair", None, summary))
    with pytest.raises(FieldError):
        await opened(desk, Request("thanks", None, "谢谢"))
    for name in ("老周", "品质部", "管理员"):
        with pytest.raises(NotAllowedError):
            await opened(desk, Request("repair", None, "灯坏了"), who=name)
    await opened(desk, Request("repair", None, "灯坏了"), who="监控室")


async def test_two_tickets_of_one_resident_are_merged_by_number(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await desk.open(), await desk.open(now=NOW - HOUR, summary="还是水龙头")
    chen = member(desk, "小陈")

    async def merge(into: str, reason: str = "同一件事", who: StaffIdentity = chen) -> TicketCard:
        return await store.write(
            lambda s: ticket_work.merge(s, who, first.id, into=into, reason=reason, version=None, now=NOW)
        )

    with pytest.raises(FieldError, match="reason"):
        await merge(second.number, " ")
    with pytest.raises(FieldError, match="into_id"):
        await merge("R-9999")
    with pytest.raises(NotAllowedError):
        await merge(second.number, who=member(desk, "品质部"))
    done = await merge(second.number.lower())
    assert done.id == second.id
    assert await desk.ticket(first, Ticket.status) == "cancelled"


async def test_a_second_matter_is_split_off_and_both_are_linked(store: Store) -> None:
    desk = await settle_desk(store)
    card, chen = await desk.open(), member(desk, "小陈")
    part = Part("fee", "dispute", "多收停车费")
    new = await store.write(
        lambda s: ticket_work.split(
            s, chen, card.id, part=part, reason="两件事", policy=rules(), calendar=calendar(), now=NOW
        )
    )
    tied = await store.read(lambda s: ticket_work.linked_to(s, chen, card.id))
    assert [(one.number, one.how) for one in tied] == [(new.number, "split")]
    other = await desk.open(summary="隔壁也滴水")
    await store.write(lambda s: ticket_work.link(s, chen, card.id, other=other.number, reason="同一根水管", now=NOW))
    assert len(await store.read(lambda s: ticket_work.linked_to(s, chen, card.id))) == 2


async def test_a_linked_complaint_about_oneself_is_not_shown(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    about = await desk.open("complaint", "staff", about_staff_id=desk.cast.staff["小陈"])
    sun, chen = member(desk, "孙主管"), member(desk, "小陈")
    await store.write(lambda s: ticket_work.link(s, sun, card.id, other=about.number, reason="", now=NOW))
    assert len(await store.read(lambda s: ticket_work.linked_to(s, sun, card.id))) == 1
    assert await store.read(lambda s: ticket_work.linked_to(s, chen, card.id)) == ()
    with pytest.raises(FieldError, match="other_id"):
        await store.write(lambda s: ticket_work.link(s, chen, card.id, other=about.number, reason="", now=NOW))


async def test_work_is_paused_resumed_begun_and_called_back(store: Store) -> None:
    desk = await settle_desk(store)
    card, chen = await desk.open(), member(desk, "小陈")
    await desk.do(handling.reply, desk.staff("小陈"), card, text=GOOD, policy=desk.policy, concludes=True)
    until = NOW + timedelta(days=1)
    await store.write(
        lambda s: ticket_work.pause(
            s, chen, card.id, reason=PauseReason.PARTS, note="等阀芯", until=until, version=None, now=NOW
        )
    )
    assert await desk.ticket(card, Ticket.paused_until) == until
    await store.write(lambda s: ticket_work.resume(s, chen, card.id, version=None, now=NOW))
    await store.write(lambda s: ticket_work.arrive(s, chen, card.id, note="", version=None, now=NOW))
    await desk.do(handling.resolve, desk.staff("小陈"), card, text=GOOD, policy=desk.policy)
    await store.write(
        lambda s: ticket_work.call_back(
            s, chen, card.id, outcome=CallBack.SATISFIED, text="不滴了", version=None, now=NOW
        )
    )
    kinds = await desk.events(card, subject="ticket")
    assert {"ticket:paused", "ticket:resumed", "ticket:arrived", "ticket:called_back"} <= set(kinds)
    with pytest.raises(NotFoundError):
        await store.write(
            lambda s: ticket_work.arrive(s, member(desk, "老周"), card.id, note="", version=None, now=NOW)
        )


async def test_the_panel_shows_the_residents_tickets_and_fees_only_to_who_may_see_them(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    await desk.open("complaint", "staff", about_staff_id=desk.cast.staff["赵经理"])
    talk = desk.cast.conversations["李强"]
    panel = await store.read(lambda s: resident_panel(s, member(desk, "小陈"), desk.cast.conversations["王芳"], NOW))
    assert card.number in {row.number for row in panel.open_tickets}
    assert panel.owed == ()
    watch = await store.read(lambda s: resident_panel(s, member(desk, "监控室"), talk, NOW))
    assert (watch.owed, watch.open_tickets) == (None, ())
    with pytest.raises(NotAllowedError):
        await store.read(lambda s: resident_panel(s, member(desk, "老周"), talk, NOW))
    with pytest.raises(NotFoundError):
        await store.read(lambda s: resident_panel(s, member(desk, "赵经理"), desk.cast.conversations["王芳"], NOW))
