"""Announcements that are in force, and the one that explains what a resident reports (domain.md D7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from actions.statements import table
from actions.tables import Notice

_NOTICE = table(Notice)
_ACTIVE = (
    select(
        _NOTICE.c.id,
        _NOTICE.c.title,
        _NOTICE.c.body,
        _NOTICE.c.explains,
        _NOTICE.c.buildings,
        _NOTICE.c.published_at,
        _NOTICE.c.starts_at,
        _NOTICE.c.ends_at,
    )
    .where(
        _NOTICE.c.community_id == bindparam("this_community"),
        _NOTICE.c.ends_at > bindparam("now"),
        _NOTICE.c.published_at <= bindparam("now"),
        _NOTICE.c.withdrawn_at.is_(None),
    )
    .order_by(_NOTICE.c.starts_at, _NOTICE.c.id)
)


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """An announcement; `buildings` is empty when it concerns the whole community."""

    id: int
    title: str
    body: str
    explains: tuple[str, ...]
    buildings: tuple[str, ...]
    published_at: datetime
    starts_at: datetime
    ends_at: datetime


def card_of(row: Any) -> NoticeCard:
    """The card of a stored notice, given as a row of the table or of a query over its columns."""
    return NoticeCard(
        id=row.id,
        title=row.title,
        body=row.body,
        explains=tuple(row.explains),
        buildings=tuple(row.buildings),
        published_at=row.published_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def active(session: Session, community_id: int, now: datetime) -> tuple[NoticeCard, ...]:
    """What has been announced, not withdrawn, and is not over yet; what begins first leads."""
    rows = session.execute(_ACTIVE, {"this_community": community_id, "now": now})
    return tuple(card_of(row) for row in rows)


def explaining(
    notices: Iterable[NoticeCard], label: str, building: str | None, now: datetime
) -> tuple[NoticeCard, ...]:
    """Of the announcements, those that explain a matter (`repair.outage`) in a building right now, likeliest first."""
    held = concerning(notices, building)
    return tuple(notice for notice in held if notice.starts_at <= now and label in notice.explains)


def concerning(notices: Iterable[NoticeCard], building: str | None) -> tuple[NoticeCard, ...]:
    """Of the announcements, those that hold in a building, the likeliest first.

    One that names the building is preferred to one for the whole community, and the newest to older ones. While the
    building is not known all of them may concern the resident: each says in its title where it holds.
    """
    fitting = [notice for notice in notices if not notice.buildings or building is None or building in notice.buildings]
    return tuple(sorted(fitting, key=lambda one: (bool(one.buildings), one.published_at), reverse=True))
