"""The places for which QR codes are printed: buildings with their units, or every home in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from actions.tables import Building, Room, Unit


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """A place with its name; `kind` is `b` for a building, `u` for a unit, `r` for a room."""

    kind: str
    row_id: int
    label: str


def targets(session: Session, community_id: int, buildings: frozenset[str], *, rooms: bool) -> tuple[LinkTarget, ...]:
    """The units of the buildings (all when none is named), and a building itself where it has none; or their rooms."""
    rows: Sequence[Any] = session.execute(
        select(Building.id, Building.name, Unit.id, Unit.name)
        .outerjoin(Unit, and_(Unit.community_id == Building.community_id, Unit.building_id == Building.id))
        .where(Building.community_id == community_id)
        .order_by(Building.id, Unit.id)
    ).all()
    chosen = [row for row in rows if not buildings or row[1] in buildings]
    if rooms:
        return _rooms(session, community_id, {row[0] for row in chosen})
    return tuple(
        LinkTarget("b", building_id, building) if unit_id is None else LinkTarget("u", unit_id, f"{building}{unit}")
        for building_id, building, unit_id, unit in chosen
    )


def _rooms(session: Session, community_id: int, buildings: set[int]) -> tuple[LinkTarget, ...]:
    rows = session.execute(
        select(Room.id, Building.name, Unit.name, Room.name)
        .join(Building, and_(Building.community_id == Room.community_id, Building.id == Room.building_id))
        .outerjoin(Unit, and_(Unit.community_id == Room.community_id, Unit.id == Room.unit_id))
        .where(Room.community_id == community_id, Room.building_id.in_(buildings))
        .order_by(Building.id, Unit.id, Room.id)
    )
    return tuple(LinkTarget("r", room_id, f"{building}{unit or ''}{room}") for room_id, building, unit, room in rows)
