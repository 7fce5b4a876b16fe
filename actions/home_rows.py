"""Checks the rows of a sheet of homes: each is a home, perhaps with somebody in it, or every field that is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from actions.bill_rules import plain
from actions.bill_sheet import Header, SheetRow
from actions.estate import Address
from actions.rulefile import Section
from actions.tables import BindingRole
from words.content import ContentFiles

SOURCE = "homes.yml"
_LONGEST_NAME = 40
_PARTS = re.compile(r"[0-9A-Za-z]+")
_SUFFIXES = "栋幢座号楼单元门室房"
_BUILDING = re.compile(r"[A-Z]?[1-9][0-9]{0,2}|[A-Z]")
_UNIT = re.compile(r"[1-9][0-9]?|[A-Z]|[东西南北中甲乙丙]")
_ROOM = re.compile(r"[A-Z]?[0-9]{1,5}[A-Z]?")
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{9,11}")
_PADDED = re.compile(r"0([0-9]{3})")


class HomeColumn(StrEnum):
    """What a column of a sheet of homes holds."""

    HOME = "home"
    BUILDING = "building"
    UNIT = "unit"
    ROOM = "room"
    NAME = "name"
    TITLE = "title"
    PHONE = "phone"
    ROLE = "role"


class HomeFault(StrEnum):
    """Why a field of a row cannot be used."""

    MISSING = "missing"
    NOT_A_HOME = "not_a_home"
    NOT_A_PHONE = "not_a_phone"
    UNKNOWN_TITLE = "unknown_title"
    UNKNOWN_ROLE = "unknown_role"
    TOO_LONG = "too_long"
    SOMEBODY_ELSES = "somebody_elses"


@dataclass(frozen=True, slots=True)
class HomeRejected:
    """A field of a row that cannot be used: the line of the sheet, the column, why, and what stands there."""

    line: int
    column: HomeColumn
    fault: HomeFault
    value: str = ""


@dataclass(frozen=True, slots=True)
class HomeRules:
    """The words by which columns, titles and roles are known, and the normal names of buildings and units."""

    columns: Mapping[str, HomeColumn]
    building: str
    unit: str
    titles: Mapping[str, str]
    roles: Mapping[str, BindingRole]

    @classmethod
    def read(cls, files: ContentFiles) -> "HomeRules":
        """Read the file. Raises ContentError for a name that is not known."""
        whole = Section.read(files, SOURCE)
        whole.only("columns", "names", "titles", "roles")
        columns, names = whole.section("columns"), whole.section("names")
        titles, roles = whole.section("titles"), whole.section("roles")
        columns.only(*HomeColumn)
        names.only("building", "unit")
        roles.only(*BindingRole)
        return cls(
            columns={plain(name): HomeColumn(key) for key in columns.node for name in columns.texts(key)},
            building=names.text("building"),
            unit=names.text("unit"),
            titles={plain(word): str(key) for key in titles.node for word in titles.texts(key)},
            roles={plain(word): BindingRole(key) for key in roles.node for word in roles.texts(key)},
        )

    @property
    def header(self) -> Header[HomeColumn]:
        """The columns that a sheet must have: where the home is."""
        located = {HomeColumn.BUILDING, HomeColumn.ROOM}
        return Header(self.columns, lambda found: HomeColumn.HOME in found or located <= found)


@dataclass(frozen=True, slots=True)
class Dweller:
    """Somebody of a home; the phone may be missing."""

    name: str
    title: str | None
    phone: str | None
    role: BindingRole


@dataclass(frozen=True, slots=True)
class SheetHome:
    """A row that can be used; nobody lives in a home of which only the address is told."""

    line: int
    address: Address
    dweller: Dweller | None


def check_homes(
    rows: Sequence[SheetRow[HomeColumn]], rules: HomeRules
) -> tuple[tuple[SheetHome, ...], tuple[HomeRejected, ...]]:
    """The rows that can be used, and every field for which a row cannot."""
    homes: list[SheetHome] = []
    rejected: list[HomeRejected] = []
    for row in rows:
        reader = _Reader(row, rules)
        home = reader.home()
        rejected += reader.faults
        if home is not None:
            homes.append(home)
    return tuple(homes), tuple(rejected)


class _Reader:
    """Reads one row and notes every field that cannot be used."""

    def __init__(self, row: SheetRow[HomeColumn], rules: HomeRules) -> None:
        self.faults: list[HomeRejected] = []
        self._row = row
        self._rules = rules

    def home(self) -> SheetHome | None:
        """The row as a home, or None when some field is not right."""
        address, dweller = self._address(), self._dweller()
        return None if self.faults or address is None else SheetHome(self._row.line, address, dweller)

    def _refuse(self, column: HomeColumn, fault: HomeFault) -> None:
        self.faults.append(HomeRejected(self._row.line, column, fault, self._text(column)[:_LONGEST_NAME]))

    def _text(self, column: HomeColumn) -> str:
        cell: Any = self._row.cells.get(column, "")
        # A spreadsheet makes 1502.0 of a room's number, and 1.3e10 of a phone.
        return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()

    def _address(self) -> Address | None:
        where = HomeColumn.HOME if HomeColumn.HOME in self._row.cells else HomeColumn.ROOM
        building, unit, room = self._parts()
        if not (building and room):
            self._refuse(where, HomeFault.NOT_A_HOME if where in self._row.cells else HomeFault.MISSING)
            return None
        if not (_BUILDING.fullmatch(building) and _ROOM.fullmatch(room) and (not unit or _UNIT.fullmatch(unit))):
            self._refuse(where, HomeFault.NOT_A_HOME)
            return None
        padded = _PADDED.fullmatch(room)
        return Address(
            self._rules.building.format(building),
            self._rules.unit.format(unit) if unit else None,
            padded[1] if padded else room,
        )

    def _parts(self) -> tuple[str, str, str]:
        """Building, unit and room, from one cell such as 3-2-1502 or from a column for each; empty where not told."""
        if HomeColumn.HOME not in self._row.cells:
            columns = (HomeColumn.BUILDING, HomeColumn.UNIT, HomeColumn.ROOM)
            building, unit, room = (plain(self._text(column)).upper().rstrip(_SUFFIXES) for column in columns)
            return building, unit, room
        match _PARTS.findall(plain(self._text(HomeColumn.HOME)).upper()):
            case [building, unit, room]:
                return building, unit, room
            case [building, room]:
                return building, "", room
            case _:
                return "", "", ""

    def _dweller(self) -> Dweller | None:
        name, phone, title = (self._text(column) for column in (HomeColumn.NAME, HomeColumn.PHONE, HomeColumn.TITLE))
        if not name:
            if phone:
                self._refuse(HomeColumn.NAME, HomeFault.MISSING)
            return None
        if len(name) > _LONGEST_NAME:
            self._refuse(HomeColumn.NAME, HomeFault.TOO_LONG)
        digits = plain(phone).replace("-", "")
        if digits and not _PHONE.fullmatch(digits):
            self._refuse(HomeColumn.PHONE, HomeFault.NOT_A_PHONE)
        if title and plain(title) not in self._rules.titles:
            self._refuse(HomeColumn.TITLE, HomeFault.UNKNOWN_TITLE)
        told = self._text(HomeColumn.ROLE)
        role = self._rules.roles.get(plain(told)) if told else BindingRole.OWNER
        if role is None:
            self._refuse(HomeColumn.ROLE, HomeFault.UNKNOWN_ROLE)
        return Dweller(name, self._rules.titles.get(plain(title)), digits or None, role or BindingRole.OWNER)
