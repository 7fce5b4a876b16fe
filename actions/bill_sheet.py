"""Reads a sheet, of bills or of homes: finds its header, and gives each line below it as cells by column."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Generic, TypeVar
from zipfile import BadZipFile, ZipFile

from actions.bill_rules import BillRules, Column, plain
from actions.errors import ActionError

MOST_ROWS = 20_000
_UNPACKED = 200 * 1024 * 1024
_HEADER_WITHIN = 10
Key = TypeVar("Key", bound=StrEnum)
_NEEDED = (Column.FEE, Column.PERIOD, Column.AMOUNT)


class SheetFault(StrEnum):
    """Why a file cannot be read as a sheet at all."""

    NOT_A_SHEET = "not_a_sheet"
    TOO_LARGE = "too_large"
    NO_HEADER = "no_header"
    NO_ROWS = "no_rows"


class SheetError(ActionError):
    """The file is no sheet that can be read; `fault` says why."""

    def __init__(self, fault: SheetFault) -> None:
        super().__init__(f"the file cannot be read as a sheet: {fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class SheetRow(Generic[Key]):
    """The cells of one line by column; columns that are not known are left out."""

    line: int
    cells: Mapping[Key, Any]


@dataclass(frozen=True, slots=True)
class Header(Generic[Key]):
    """What the columns of a sheet are called, and whether those that were found are enough to go on."""

    columns: Mapping[str, Key]
    enough: Callable[[AbstractSet[Key]], bool]


def read_rows(source: IO[bytes], rules: BillRules) -> tuple[SheetRow[Column], ...]:
    """The rows of the first sheet of bills below its header. Raises SheetError."""
    return read_table(source, Header(rules.columns, _enough))


def read_table(source: IO[bytes], header: Header[Key]) -> tuple[SheetRow[Key], ...]:
    """The rows of the first sheet below its header. Raises SheetError."""
    # The library takes 8 MB and is needed once a month.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with ZipFile(source) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _UNPACKED:
                raise SheetError(SheetFault.TOO_LARGE)
        source.seek(0)
        book = load_workbook(source, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise SheetError(SheetFault.NOT_A_SHEET) from error
    try:
        if not book.worksheets:
            raise SheetError(SheetFault.NO_ROWS)
        return _rows(enumerate(book.worksheets[0].iter_rows(values_only=True), 1), header)
    finally:
        book.close()


def _rows(lines: Iterator[tuple[int, tuple[Any, ...]]], wanted: Header[Key]) -> tuple[SheetRow[Key], ...]:
    header: dict[int, Key] | None = None
    found: list[SheetRow[Key]] = []
    for line, cells in lines:
        if header is None:
            header = _header(cells, wanted)
            if header is None and line >= _HEADER_WITHIN:
                break
            continue
        row = {column: cells[at] for at, column in header.items() if at < len(cells) and cells[at] not in {None, ""}}
        if row:
            found.append(SheetRow(line, row))
        if len(found) > MOST_ROWS:
            raise SheetError(SheetFault.TOO_LARGE)
    if header is None:
        raise SheetError(SheetFault.NO_HEADER)
    if not found:
        raise SheetError(SheetFault.NO_ROWS)
    return tuple(found)


def _header(cells: Sequence[Any], wanted: Header[Key]) -> dict[int, Key] | None:
    """Which column is which, or None when this line is no header; of two columns of one name the first counts."""
    named: dict[int, Key] = {}
    for at, cell in enumerate(cells):
        column = wanted.columns.get(plain(cell)) if cell is not None else None
        if column is not None and column not in named.values():
            named[at] = column
    return named if wanted.enough(set(named.values())) else None


def _enough(columns: AbstractSet[Column]) -> bool:
    located = Column.HOME in columns or {Column.BUILDING, Column.ROOM} <= columns
    return located and columns >= set(_NEEDED)
