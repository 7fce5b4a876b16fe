"""What homes owe; shown only to whoever is bound to the home (domain.md B4)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from actions.statements import table
from actions.tables import Bill, Building, Room, Unit

_BILL, _BUILDING, _ROOM, _UNIT = table(Bill), table(Building), table(Room), table(Unit)
_OWED = (
    select(
        _BILL.c.fee_type,
        _BILL.c.period,
        _BILL.c.amount - _BILL.c.paid,
        _BILL.c.due_on,
        _BUILDING.c.name,
        _UNIT.c.name,
        _ROOM.c.name,
    )
    .join(_ROOM, and_(_ROOM.c.community_id == _BILL.c.community_id, _ROOM.c.id == _BILL.c.room_id))
    .join(_BUILDING, and_(_BUILDING.c.community_id == _ROOM.c.community_id, _BUILDING.c.id == _ROOM.c.building_id))
    .outerjoin(_UNIT, and_(_UNIT.c.community_id == _ROOM.c.community_id, _UNIT.c.id == _ROOM.c.unit_id))
    .where(
        _BILL.c.community_id == bindparam("this_community"),
        _BILL.c.room_id.in_(bindparam("rooms", expanding=True)),
        _BILL.c.amount > _BILL.c.paid,
    )
    .order_by(_BILL.c.due_on, _BILL.c.fee_type, _BILL.c.id)
)


@dataclass(frozen=True, slots=True)
class BillLine:
    """What a home still owes for one fee and one period, in fen; `room` is the full address of the home."""

    fee_type: str
    period: str
    owed_fen: int
    due_on: date
    room: str


def bills_of(session: Session, community_id: int, room_ids: Collection[int]) -> tuple[BillLine, ...]:
    """All that the homes still owe, what was due first leading; nothing for no homes."""
    if not room_ids:
        return ()
    rows = session.execute(_OWED, {"this_community": community_id, "rooms": list(room_ids)})
    return tuple(
        BillLine(fee_type, period, owed, due_on, f"{building}{unit or ''}{room}")
        for fee_type, period, owed, due_on, building, unit, room in rows
    )
