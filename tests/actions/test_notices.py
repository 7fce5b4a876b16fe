"""Announcements in force, and the one that explains what a resident reports (domain.md D7)."""

from typing import Any

import pytest
from sqlalchemy import insert

from actions.ids import new_id
from actions.notices import active, explaining
from actions.store import Store
from actions.tables import Notice
from tests.actions.factories import HOUR, Desk, settle_desk
from tests.conftest import NOW


async def publish(desk: Desk, **details: Any) -> int:
    def add(session: Any) -> int:
        key = new_id(session, NOW)
        values = {
            "community_id": desk.cast.community_id,
            "id": key,
            "title": "停水通知",
            "body": "3至6栋今天9:00–15:00因水泵检修停水",
            "explains": ["repair.outage"],
            "buildings": ["3栋", "4栋"],
            "published_at": NOW - 24 * HOUR,
            "starts_at": NOW - HOUR,
            "ends_at": NOW + 5 * HOUR,
        }
        session.execute(insert(Notice), values | details)
        return key

    return await desk.store.write(add)


async def explained(
    desk: Desk, label: str = "repair.outage", building: str | None = "3栋", now: Any = NOW
) -> str | None:
    notices = await desk.store.read(lambda s: active(s, desk.cast.community_id, now))
    return next((notice.title for notice in explaining(notices, label, building, now)), None)


async def test_an_outage_in_a_named_building_is_explained(store: Store) -> None:
    desk = await settle_desk(store)
    await publish(desk)
    assert await explained(desk) == "停水通知"


async def test_while_the_building_is_not_known_a_notice_for_some_buildings_may_explain_it(store: Store) -> None:
    desk = await settle_desk(store)
    await publish(desk)
    assert await explained(desk, building=None) == "停水通知"


@pytest.mark.parametrize(("label", "building"), [("repair.elevator", "3栋"), ("repair.outage", "12栋")])
async def test_what_it_does_not_concern_is_not_explained(store: Store, label: str, building: str | None) -> None:
    desk = await settle_desk(store)
    await publish(desk)
    assert await explained(desk, label, building) is None


@pytest.mark.parametrize(
    "details",
    [{"withdrawn_at": NOW}, {"ends_at": NOW}, {"starts_at": NOW + HOUR}, {"published_at": NOW + HOUR}],
)
async def test_what_is_not_in_force_explains_nothing(store: Store, details: dict[str, Any]) -> None:
    desk = await settle_desk(store)
    await publish(desk, **details)
    assert await explained(desk) is None


async def test_a_notice_for_all_concerns_everybody(store: Store) -> None:
    desk = await settle_desk(store)
    await publish(desk, buildings=[])
    assert await explained(desk, building=None) == "停水通知"


async def test_the_nearest_and_then_the_newest_notice_is_told(store: Store) -> None:
    desk = await settle_desk(store)
    await publish(desk, title="全区", buildings=[], published_at=NOW)
    await publish(desk, title="旧")
    await publish(desk, title="新", published_at=NOW - HOUR)
    assert await explained(desk) == "新"


async def test_what_is_announced_for_later_is_listed_and_what_begins_first_leads(store: Store) -> None:
    desk = await settle_desk(store)
    await publish(desk, title="后", starts_at=NOW + HOUR)
    await publish(desk, title="先")
    await publish(desk, title="完", ends_at=NOW)
    listed = await store.read(lambda s: active(s, desk.cast.community_id, NOW))
    assert [notice.title for notice in listed] == ["先", "后"]
    assert await store.read(lambda s: active(s, desk.cast.community_id + 1, NOW)) == ()
