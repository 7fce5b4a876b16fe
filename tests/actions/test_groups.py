"""Five homes with one matter within a day make a group complaint (domain.md C10)."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session

from actions.errors import NotAllowedError, NotFoundError
from actions.groups import answer_group, group_of
from actions.handling import cancel, reply
from actions.store import Store
from actions.tables import TicketEvent
from actions.tickets import TicketCard
from tests.actions.factories import HOUR, Desk, rules, settle_desk
from tests.actions.world import add_room
from tests.conftest import NOW


async def homes(desk: Desk, count: int) -> list[int]:
    building = desk.cast.buildings["3栋"]
    return await desk.store.write(
        lambda s: [add_room(s, desk.cast.community_id, building, None, f"{n}01") for n in range(1, count + 1)]
    )


async def report(desk: Desk, rooms: list[int], kind: str = "complaint", category: str = "noise") -> list[TicketCard]:
    return [await desk.open(kind, category, room_id=room) for room in rooms]


async def grouped(desk: Desk, tickets: list[TicketCard]) -> list[TicketCard]:
    return [ticket for ticket in tickets if "ticket:grouped" in await desk.events(ticket)]


async def test_the_fifth_home_makes_it_a_group_and_the_manager_is_told_once(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, await homes(desk, 7))
    assert await grouped(desk, tickets) == tickets[4:]
    assert [await desk.alerts(ticket) for ticket in tickets[4:]] == [[("赵经理", "group")], [], []]


async def test_one_home_that_complains_five_times_is_no_group(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, (await homes(desk, 1)) * 6)
    assert not await grouped(desk, tickets)


async def test_cancelled_and_old_reports_do_not_count(store: Store) -> None:
    desk = await settle_desk(store)
    rooms = await homes(desk, 5)
    await desk.open("complaint", "noise", room_id=rooms[0], now=NOW - 25 * HOUR)
    dropped = await desk.open("complaint", "noise", room_id=rooms[1])
    await desk.do(cancel, desk.resident(), dropped, reason="不用了")
    tickets = await report(desk, rooms[2:])
    assert not await grouped(desk, tickets)


@pytest.mark.parametrize(("kind", "category"), [("repair", "water_pipe"), ("complaint", "other"), ("inquiry", "any")])
async def test_faults_inside_homes_and_unlike_matters_are_no_group(store: Store, kind: str, category: str) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, await homes(desk, 6), kind, category)
    assert not await grouped(desk, tickets)


async def test_a_public_failure_reported_by_many_homes_is_a_group(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, await homes(desk, 5), "repair", "outage")
    assert "ticket:grouped" in await desk.events(tickets[-1])


async def test_reports_without_a_home_count_by_conversation_or_by_themselves(store: Store) -> None:
    desk = await settle_desk(store)
    for name in ("王芳", "李强"):
        await desk.open("complaint", "noise", room_id=None, conversation_id=desk.cast.conversations[name])
    last = [await desk.open("complaint", "noise", room_id=None, conversation_id=None) for _ in range(3)][-1]
    assert "ticket:grouped" in await desk.events(last)


async def test_all_homes_of_a_group_are_one_group_whose_lead_is_the_earliest(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, await homes(desk, 6))
    card = await store.read(lambda s: group_of(s, desk.cast.community_id, tickets[5].id))
    assert card is not None
    assert (card.lead_id, [one.id for one in card.members]) == (tickets[0].id, [one.id for one in tickets])
    assert card.awaiting == 6
    alone = await desk.open("complaint", "hygiene")
    assert await store.read(lambda s: group_of(s, desk.cast.community_id, alone.id)) is None
    with pytest.raises(NotFoundError):
        await store.read(lambda s: group_of(s, desk.cast.community_id + 1, alone.id))


async def test_the_manager_answers_every_home_in_one_wording_a_few_at_a_time(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, await homes(desk, 7))
    await desk.do(cancel, desk.resident(), tickets[6], reason="不用了")
    manager = desk.staff("赵经理")

    def answer(limit: int) -> Callable[[Session], int]:
        def one(session: Session, ticket_id: int, text: str) -> None:
            reply(session, manager, desk.cast.community_id, ticket_id, text=text, policy=rules(), now=NOW)

        text = "经现场核实，施工已停止"
        return lambda s: answer_group(
            s, manager, desk.cast.community_id, tickets[0].id, text=text, answer=one, limit=limit
        )

    assert [await store.write(answer(4)), await store.write(answer(4)), await store.write(answer(4))] == [2, 0, 0]
    for ticket in tickets[:6]:
        assert (await desk.events(ticket)).count("ticket:replied") == 1
    details = await desk.rows(TicketEvent.detail, TicketEvent.kind == "ticket:replied")
    assert {detail["text"] for detail in details} == {"经现场核实，施工已停止"}


async def test_nobody_but_the_manager_answers_a_group(store: Store) -> None:
    desk = await settle_desk(store)
    tickets = await report(desk, await homes(desk, 5))
    for who in (desk.staff("孙主管"), desk.resident()):
        with pytest.raises(NotAllowedError, match="answered by the manager"):
            await store.write(
                partial(
                    answer_group,
                    actor=who,
                    community_id=desk.cast.community_id,
                    lead_id=tickets[0].id,
                    text="x",
                    answer=lambda *_: None,
                )
            )
