"""Checks the rows of a sheet of bills: each is a bill of a home, or every field for which it cannot be one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from actions.bill_rules import BillRules, Column, plain
from actions.bill_sheet import SheetRow
from actions.estate import Address
from actions.periods import Period, period_of
from actions.tables import BindingRole, FeeKind

_LONGEST = {Column.FEE: 30, Column.DETAIL: 200}
_MOST_FEN = 100_000_000_00
_PARTS = re.compile(r"[0-9A-Za-z]+")
_SUFFIXES = "栋幢座号楼单元门室房"
_MONEY = re.compile(r"[¥￥,元\s]")
_YEAR_DIGITS = 4


class Fault(StrEnum):
    """Why a field of a row cannot be used."""

    MISSING = "missing"
    UNKNOWN_HOME = "unknown_home"
    AMBIGUOUS_HOME = "ambiguous_home"
    NO_PERIOD = "no_period"
    NO_AMOUNT = "no_amount"
    OUT_OF_RANGE = "out_of_range"
    NO_DAY = "no_day"
    UNKNOWN_PAYER = "unknown_payer"
    TOO_LONG = "too_long"
    TWICE = "twice"
    PAID_MORE = "paid_more"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A field of a row that cannot be used: the line of the sheet, the column, why, and what stands there."""

    line: int
    column: Column
    fault: Fault
    value: str = ""


@dataclass(frozen=True, slots=True)
class SheetBill:
    """A row that can be used; amounts in fen, `paid` None where the sheet has no such column."""

    line: int
    room_id: int
    fee_type: str
    kind: FeeKind
    period: str
    amount: int
    paid: int | None
    due_on: date
    payer: BindingRole
    detail: str


def check_rows(
    rows: Sequence[SheetRow[Column]], homes: Mapping[Address, int], rules: BillRules
) -> tuple[tuple[SheetBill, ...], tuple[Rejected, ...]]:
    """The rows that can be used, and every field for which a row cannot; a bill that comes twice counts once."""
    rooms = _Rooms(homes)
    bills: list[SheetBill] = []
    rejected: list[Rejected] = []
    seen: set[tuple[int, str, str]] = set()
    for row in rows:
        reader = _RowReader(row, rules, rooms)
        bill = reader.bill()
        if bill is not None and (bill.room_id, bill.fee_type, bill.period) in seen:
            reader.faults.append(Rejected(row.line, Column.PERIOD, Fault.TWICE, bill.period))
            bill = None
        rejected += reader.faults
        if bill is not None:
            seen.add((bill.room_id, bill.fee_type, bill.period))
            bills.append(bill)
    return tuple(bills), tuple(rejected)


class _Rooms:
    """Finds a home by its bare names, however the sheet writes building and unit."""

    def __init__(self, homes: Mapping[Address, int]) -> None:
        self._exact: dict[tuple[str, str, str], int] = {}
        self._loose: dict[tuple[str, str], list[int]] = {}
        for home, room_id in homes.items():
            building, unit, room = _bare(home.building), _bare(home.unit or ""), _bare(home.room)
            self._exact[building, unit, room] = room_id
            self._loose.setdefault((building, room), []).append(room_id)

    def find(self, building: str, unit: str, room: str) -> int | Fault:
        """The room's id, or why it is not found."""
        building, unit, room = _bare(building), _bare(unit), _bare(room)
        if (exact := self._exact.get((building, unit, room))) is not None:
            return exact
        loose = self._loose.get((building, room), [])
        if unit or not loose:
            return Fault.UNKNOWN_HOME
        return loose[0] if len(loose) == 1 else Fault.AMBIGUOUS_HOME


class _RowReader:
    """Reads one row and notes every field that cannot be used."""

    def __init__(self, row: SheetRow[Column], rules: BillRules, rooms: _Rooms) -> None:
        self.faults: list[Rejected] = []
        self._row = row
        self._rules = rules
        self._rooms = rooms

    def bill(self) -> SheetBill | None:
        """The row as a bill, or None when some field is not right."""
        room_id, fee, period = self._room(), self._text(Column.FEE), self._period()
        amount, paid = self._fen(Column.AMOUNT), self._fen(Column.PAID, needed=False)
        payer, detail = self._payer(), self._text(Column.DETAIL, needed=False)
        due_on = self._due(period)
        if amount is not None and paid is not None and paid > amount:
            self._refuse(Column.PAID, Fault.PAID_MORE)
        if self.faults or room_id is None or period is None or amount is None or due_on is None:
            return None
        kind = self._rules.kind_of(fee)
        return SheetBill(self._row.line, room_id, fee, kind, period.label, amount, paid, due_on, payer, detail)

    def _refuse(self, column: Column, fault: Fault) -> None:
        self.faults.append(Rejected(self._row.line, column, fault, str(self._row.cells.get(column, ""))[:40]))

    def _room(self) -> int | None:
        cells = self._row.cells
        where = Column.HOME if Column.HOME in cells else Column.ROOM
        building, unit, room = _address(cells)
        found = self._rooms.find(building, unit, room) if building and room else Fault.UNKNOWN_HOME
        if isinstance(found, Fault):
            self._refuse(where, found if where in cells else Fault.MISSING)
            return None
        return found

    def _text(self, column: Column, *, needed: bool = True) -> str:
        text = _number_or_text(self._row.cells.get(column, "")).strip()
        if needed and not text:
            self._refuse(column, Fault.MISSING)
        if len(text) > _LONGEST[column]:
            self._refuse(column, Fault.TOO_LONG)
        return text

    def _period(self) -> Period | None:
        cell = self._row.cells.get(Column.PERIOD)
        period = None if cell is None else period_of(cell)
        if period is None:
            self._refuse(Column.PERIOD, Fault.MISSING if cell is None else Fault.NO_PERIOD)
        return period

    def _fen(self, column: Column, *, needed: bool = True) -> int | None:
        cell = self._row.cells.get(column)
        if cell is None:
            if needed:
                self._refuse(column, Fault.MISSING)
            return None
        try:
            fen = Decimal(_MONEY.sub("", str(cell))) * 100
        except InvalidOperation:
            self._refuse(column, Fault.NO_AMOUNT)
            return None
        # A spreadsheet's sums carry crumbs such as 268.79999999999995; half a fen is somebody's mistake.
        whole = round(fen) if fen.is_finite() else None
        if whole is None or abs(fen - whole) > Decimal("0.001"):
            self._refuse(column, Fault.NO_AMOUNT)
            return None
        if not (0 < whole <= _MOST_FEN or (whole == 0 and column is Column.PAID)):
            self._refuse(column, Fault.OUT_OF_RANGE)
            return None
        return whole

    def _due(self, period: Period | None) -> date | None:
        cell = self._row.cells.get(Column.DUE)
        if cell is None:
            return None if period is None else period.last
        if isinstance(cell, date):
            return cell.date() if isinstance(cell, datetime) else cell
        parts = [int(part) for part in _PARTS.findall(plain(cell)) if part.isdecimal() and len(part) <= _YEAR_DIGITS]
        try:
            return date(*parts)
        except (TypeError, ValueError):
            self._refuse(Column.DUE, Fault.NO_DAY)
            return None

    def _payer(self) -> BindingRole:
        cell = self._row.cells.get(Column.PAYER)
        payer = BindingRole.OWNER if cell is None else self._rules.payers.get(plain(cell))
        if payer is None:
            self._refuse(Column.PAYER, Fault.UNKNOWN_PAYER)
        return payer or BindingRole.OWNER


def _address(cells: Mapping[Column, Any]) -> tuple[str, str, str]:
    """Building, unit and room, from one cell such as 3栋2单元1502 or from a column for each; empty where not told."""
    if Column.HOME not in cells:
        building, unit, room = (
            _number_or_text(cells.get(column, "")) for column in (Column.BUILDING, Column.UNIT, Column.ROOM)
        )
        return building, unit, room
    match _PARTS.findall(plain(cells[Column.HOME])):
        case [building, unit, room]:
            return building, unit, room
        case [building, room]:
            return building, "", room
        case _:
            return "", "", ""


def _bare(name: str) -> str:
    return plain(name).rstrip(_SUFFIXES).upper()


def _number_or_text(cell: Any) -> str:
    """A cell as text: a spreadsheet makes 1502.0 of a room's number."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
