"""How often a resident came with one matter (domain.md C10)."""

from datetime import timedelta
from typing import Any

from actions import handling
from actions.repeats import earlier_matters, times_told
from actions.store import Store
from actions.tickets import TicketCard
from tests.actions.factories import HOUR, MINUTE, Desk, rules, settle_desk
from tests.conftest import NOW


async def _times(desk: Desk, card: TicketCard) -> int:
    told = await desk.store.read(lambda s: times_told(s, desk.cast.community_id, [card.id]))
    return told[card.id].times


async def test_each_time_that_the_resident_comes_back_counts(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    assert await _times(desk, card) == 1
    await desk.do(handling.urge, desk.resident(), card, now=NOW + 2 * HOUR)
    await desk.do(handling.urge, desk.resident(), card, now=NOW + 2 * HOUR + MINUTE)
    assert await _times(desk, card) == 2, "two words in one sitting are one time"
    await desk.do(
        handling.resolve,
        desk.staff("小陈"),
        card,
        text="您好，阀芯已换好，谢谢您。",
        policy=rules(),
        now=NOW + 4 * HOUR,
    )
    await desk.do(handling.reopen, desk.resident(), card, reason="又漏", received_at=NOW + 9 * HOUR, now=NOW + 9 * HOUR)
    assert await _times(desk, card) == 3


async def test_a_members_note_is_no_time(store: Store) -> None:
    desk = await settle_desk(store)
    card = await desk.open()
    await desk.do(handling.note, desk.staff("小陈"), card, text="已联系", now=NOW + 2 * HOUR)
    assert await _times(desk, card) == 1
    assert await store.read(lambda s: times_told(s, desk.cast.community_id, [])) == {}


async def test_earlier_matters_are_the_persons_own_of_the_last_two_months(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open(now=NOW - timedelta(days=61))
    await desk.open("repair", "drain", now=NOW - timedelta(days=59))
    gone = await desk.open("repair", "outage", now=NOW - timedelta(days=3))
    await desk.do(handling.cancel, desk.resident(), gone, reason="不用了")
    elsewhere: dict[str, Any] = {
        "conversation_id": desk.cast.conversations["李强"],
        "resident_id": desk.cast.residents["李强"],
    }
    await desk.open("repair", "elevator", **elsewhere)
    conversation, resident = desk.cast.conversations["王芳"], desk.cast.residents["王芳"]
    found = await store.read(lambda s: earlier_matters(s, desk.cast.community_id, conversation, resident, NOW))
    assert [(one.kind, one.category, one.place) for one in found] == [("repair", "drain", "3栋2单元1502")]


async def test_the_same_person_at_another_address_is_the_same_person(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open(conversation_id=None)
    conversation, resident = desk.cast.conversations["李强"], desk.cast.residents["王芳"]
    community = desk.cast.community_id
    assert len(await store.read(lambda s: earlier_matters(s, community, conversation, resident, NOW))) == 1
    assert await store.read(lambda s: earlier_matters(s, community, conversation, None, NOW)) == ()
