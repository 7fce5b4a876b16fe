"""Nobody is reminded of bills while a complaint or dispute is open (domain.md D6)."""

from typing import Any

import pytest

from actions import handling
from actions.dunning import note_dispute, without_dunning
from actions.store import Store
from actions.tables import DunningStop
from actions.tickets import TicketCard
from tests.actions.factories import Desk, rules, settle_desk
from tests.conftest import NOW


async def _stopped(desk: Desk) -> set[str]:
    rooms = {room: name for name, room in desk.cast.rooms.items()}
    found = await desk.store.read(lambda s: without_dunning(s, desk.cast.community_id, list(rooms)))
    return {rooms[room] for room in found}


async def _disputes(desk: Desk, kind: str, category: str, *names: str, **details: Any) -> TicketCard:
    """A ticket without a home of its own, noted for the homes of these."""
    card = await desk.open(kind, category, room_id=None, resident_id=None, **details)
    rooms = [desk.cast.rooms[name] for name in names]
    await desk.store.write(lambda s: note_dispute(s, desk.cast.community_id, card, rooms, NOW))
    return card


async def _end(desk: Desk, card: TicketCard) -> None:
    text = "您好，账目已核对并更正，谢谢您。"
    await desk.do(handling.resolve, desk.staff("小陈"), card, text=text, policy=rules())


@pytest.mark.parametrize(
    ("kind", "category"), [("complaint", "fee_dispute"), ("fee", "payment_told"), ("fee", "refund")]
)
async def test_what_is_doubted_or_told_as_paid_stops_it_until_the_ticket_is_done(
    store: Store, kind: str, category: str
) -> None:
    desk = await settle_desk(store)
    card = await _disputes(desk, kind, category, "李强")
    assert await _stopped(desk) == {"李强"}
    await _end(desk, card)
    assert await _stopped(desk) == set()
    await desk.do(handling.reopen, desk.staff("小陈"), card, reason="没改对", received_at=NOW)
    assert await _stopped(desk) == {"李强"}, "what is opened again is doubted again"


async def test_other_matters_of_money_stop_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    await _disputes(desk, "fee", "invoice", "李强")
    assert await _stopped(desk) == set()
    assert await desk.rows(DunningStop.id) == []


async def test_any_complaint_by_somebody_of_the_home_stops_it(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open("complaint", "noise")
    assert await _stopped(desk) == {"王芳"}
    await _end(desk, card)
    assert await _stopped(desk) == set()


async def test_a_repair_stops_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    assert await _stopped(desk) == set()
    assert await store.read(lambda s: without_dunning(s, desk.cast.community_id, [])) == frozenset()


async def test_to_note_it_twice_changes_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    card = await _disputes(desk, "fee", "refund", "李强", "王芳")
    rooms = list(desk.cast.rooms.values())
    await store.write(lambda s: note_dispute(s, desk.cast.community_id, card, rooms, NOW))
    assert len(await desk.rows(DunningStop.id)) == 2
