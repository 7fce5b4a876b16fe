"""What staff members are told, until they have taken note."""

import pytest

from actions.alerts import acknowledge, mark_seen, open_alerts
from actions.errors import NotFoundError
from actions.handling import cancel
from actions.names import AlertKind
from actions.store import Store
from actions.tables import Alert, LiveEvent, Severity
from tests.actions.factories import HOUR, MINUTE, Desk, settle_desk
from tests.conftest import NOW


async def alerts_of(desk: Desk, name: str) -> list[tuple[str, AlertKind]]:
    cards = await desk.store.read(lambda s: open_alerts(s, desk.cast.community_id, desk.cast.staff[name]))
    return [(one.number, one.kind) for one in cards]


async def test_a_member_sees_their_own_alerts_newest_first(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open()
    await desk.enforce_all(NOW + 15 * MINUTE)
    await desk.open("complaint", "noise", severity=Severity.MAJOR, now=NOW + HOUR)
    assert await alerts_of(desk, "孙主管") == [("C-1001", AlertKind.ESCALATION), ("R-1001", AlertKind.ESCALATION)]
    assert await alerts_of(desk, "赵经理") == [("C-1001", AlertKind.ESCALATION)]
    assert await alerts_of(desk, "老周") == []


async def test_an_acknowledged_alert_is_gone_and_a_seen_one_stays(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open("complaint", "noise", severity=Severity.MAJOR)
    community, manager = desk.cast.community_id, desk.cast.staff["赵经理"]
    [shown] = await store.read(lambda s: open_alerts(s, community, manager))
    await store.write(lambda s: mark_seen(s, community, manager, [shown.id], NOW))
    await store.write(lambda s: mark_seen(s, community, manager, [shown.id], NOW + HOUR))
    await store.write(lambda s: mark_seen(s, community, manager, [], NOW))
    [seen] = await store.read(lambda s: open_alerts(s, community, manager))
    assert (shown.seen_at, seen.seen_at) == (None, NOW)
    await store.write(lambda s: acknowledge(s, community, manager, shown.id, NOW))
    await store.write(lambda s: acknowledge(s, community, manager, shown.id, NOW + HOUR))
    assert await alerts_of(desk, "赵经理") == []
    assert await desk.rows(Alert.acknowledged_at, Alert.staff_id == manager) == [NOW]


async def test_nobody_acknowledges_for_somebody_else(store: Store) -> None:
    desk = await settle_desk(store)
    await desk.open("complaint", "noise", severity=Severity.MAJOR)
    [alert_id] = await desk.rows(Alert.id, Alert.staff_id == desk.cast.staff["赵经理"])
    community, sun, zhao = desk.cast.community_id, desk.cast.staff["孙主管"], desk.cast.staff["赵经理"]
    with pytest.raises(NotFoundError):
        await store.write(lambda s: acknowledge(s, community, sun, alert_id, NOW))
    with pytest.raises(NotFoundError):
        await store.write(lambda s: acknowledge(s, community + 1, zhao, alert_id, NOW))


async def test_alerts_of_a_ticket_that_ended_are_not_shown(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("complaint", "noise", severity=Severity.MAJOR)
    await desk.do(cancel, desk.resident(), ticket, reason="误会")
    assert await alerts_of(desk, "赵经理") == []


async def test_an_alert_shows_on_open_pages_at_once(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open("emergency", "fire", summary="冒烟")
    kinds = await store.read(lambda s: [row.kind for row in s.query(LiveEvent).where(LiveEvent.ticket_id == ticket.id)])
    assert "alert:raised" in kinds
