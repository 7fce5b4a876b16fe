"""What homes owe and have paid; shown only to those whose role at the home gives sight of it (domain.md B4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.errors import FieldError
from actions.records import write_record
from actions.statements import table
from actions.tables import Bill, BindingRole, Building, FeeKind, Room, Unit

_BILL, _BUILDING, _ROOM, _UNIT = table(Bill), table(Building), table(Room), table(Unit)
_BILLS = (
    select(
        _BILL.c.id,
        _BILL.c.room_id,
        _BILL.c.fee_type,
        _BILL.c.kind,
        _BILL.c.period,
        _BILL.c.amount,
        _BILL.c.paid,
        _BILL.c.due_on,
        _BILL.c.payer,
        _BILL.c.detail,
        _BUILDING.c.name.label("building"),
        _UNIT.c.name.label("unit"),
        _ROOM.c.name.label("room"),
    )
    .join(_ROOM, and_(_ROOM.c.community_id == _BILL.c.community_id, _ROOM.c.id == _BILL.c.room_id))
    .join(_BUILDING, and_(_BUILDING.c.community_id == _ROOM.c.community_id, _BUILDING.c.id == _ROOM.c.building_id))
    .outerjoin(_UNIT, and_(_UNIT.c.community_id == _ROOM.c.community_id, _UNIT.c.id == _ROOM.c.unit_id))
    .where(
        _BILL.c.community_id == bindparam("this_community"),
        _BILL.c.room_id.in_(bindparam("rooms", expanding=True)),
        _BILL.c.due_on >= bindparam("since"),
    )
    .order_by(_BILL.c.due_on, _BILL.c.fee_type, _BILL.c.id)
)
_BEGINNING = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class BillLine:
    """The bill of a home for one fee and one period, in fen; `room` is the full address of the home."""

    id: int
    room_id: int
    fee_type: str
    kind: FeeKind
    period: str
    amount_fen: int
    owed_fen: int
    due_on: date
    payer: BindingRole
    room: str
    detail: str = ""


def bills_of(
    session: Session, community_id: int, seen: Mapping[int, frozenset[BindingRole]], *, since: date = _BEGINNING
) -> tuple[BillLine, ...]:
    """The bills that may be seen, paid ones too, what is due first leading; see `actions.sight.bills_seen`."""
    if not seen:
        return ()
    rows = session.execute(_BILLS, {"this_community": community_id, "rooms": sorted(seen), "since": since})
    return tuple(
        BillLine(
            id=row.id,
            room_id=row.room_id,
            fee_type=row.fee_type,
            kind=row.kind,
            period=row.period,
            amount_fen=row.amount,
            owed_fen=max(row.amount - row.paid, 0),
            due_on=row.due_on,
            payer=row.payer,
            room=f"{row.building}{row.unit or ''}{row.room}",
            detail=row.detail,
        )
        for row in rows
        if row.payer in seen[row.room_id]
    )


def mark_paid(
    session: Session, actor: Actor, community_id: int, room_id: int, bill_ids: tuple[int, ...], now: datetime
) -> tuple[BillLine, ...]:
    """Record that bills of a home are paid in full; returns them as they were before. It goes on record.

    Raises FieldError when none is named, or one is not an unpaid bill of this home: nothing is changed then.
    """
    rows = (
        session.execute(
            select(Bill)
            .where(Bill.community_id == community_id, Bill.room_id == room_id, Bill.id.in_(bill_ids))
            .order_by(Bill.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )
    if not bill_ids or len(rows) != len(set(bill_ids)) or any(row.paid >= row.amount for row in rows):
        raise FieldError("bills", "are not unpaid bills of this home; choose them from the list as it stands now")
    everybody = frozenset(BindingRole)
    before = {line.id: line for line in bills_of(session, community_id, {room_id: everybody})}
    for row in rows:
        row.paid = row.amount
    detail = {"bills": [[str(row.id), before[row.id].owed_fen] for row in rows]}
    write_record(session, actor, community_id, "bill:paid", ("room", room_id), detail=detail, now=now)
    return tuple(before[row.id] for row in rows)
