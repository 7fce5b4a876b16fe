"""The sheet on which people label messages: written with a list of the labels to choose from, and read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from actions.bill_rules import plain
from actions.bill_sheet import Header, SheetRow, read_table
from actions.reviewing import Reason
from actions.rulefile import Section
from words.content import ContentFiles

SOURCE = "review.yml"
# What a number of 63 bits has.
_DIGITS = 19
_WIDTHS = (22, 6, 60, 24, 8, 22, 24, 24)


class Column(StrEnum):
    """What a column of the sheet holds, in the order of the sheet."""

    IDS = "ids"
    TIMES = "times"
    TEXT = "text"
    UNDERSTOOD = "understood"
    CONFIDENCE = "confidence"
    REASON = "reason"
    SUGGESTED = "suggested"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """Messages that read alike once personal data is covered; `suggested` and `understood` are labels."""

    message_ids: tuple[int, ...]
    text: str
    understood: str
    confidence: float
    reason: Reason
    suggested: str


@dataclass(frozen=True, slots=True)
class FilledRow:
    """A line of a sheet that came back with a label; the label is "" when the messages are passed over.

    A line without a number is an example of the clerk's own; what is written there and is no number becomes 0.
    """

    line: int
    message_ids: tuple[int, ...]
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class ReviewWords:
    """The words of the sheet: names of columns and sheets, reasons, and how a line is passed over."""

    columns: Mapping[Column, tuple[str, ...]]
    sheets: tuple[str, str]
    label_columns: tuple[str, ...]
    reasons: Mapping[Reason, str]
    pass_over: tuple[str, ...]

    @classmethod
    def read(cls, files: ContentFiles) -> "ReviewWords":
        """Read the file. Raises ContentError for a name that is not known, or a column or a reason without words."""
        whole = Section.read(files, SOURCE)
        whole.only("columns", "sheets", "label_columns", "reasons", "pass_over")
        columns, sheets, reasons = whole.section("columns"), whole.section("sheets"), whole.section("reasons")
        columns.only(*Column)
        reasons.only(*Reason)
        if missing := [column for column in Column if not columns.texts(column)]:
            raise whole.fail("columns", f"has no name for {', '.join(missing)}")
        if not whole.texts("pass_over") or not whole.texts("label_columns"):
            raise whole.fail("pass_over", "and `label_columns` each need a word")
        return cls(
            {column: tuple(columns.texts(column)) for column in Column},
            (sheets.text("review"), sheets.text("labels")),
            tuple(whole.texts("label_columns")),
            {reason: reasons.text(reason) for reason in Reason},
            tuple(whole.texts("pass_over")),
        )

    @property
    def header(self) -> Header[Column]:
        """The columns that a sheet must have: which messages, their words, and the labels."""
        named = {plain(name): column for column, names in self.columns.items() for name in names}
        return Header(named, lambda found: found >= {Column.IDS, Column.TEXT, Column.LABEL})


def write_review_sheet(
    target: Path | IO[bytes], rows: Sequence[ReviewRow], words: ReviewWords, labels: Mapping[str, str]
) -> None:
    """Write the sheet; `labels` are the names of all labels by code. Raises OSError when it cannot be written."""
    # The library takes 8 MB and is needed now and then.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    book = Workbook(write_only=False)
    book.remove(book.worksheets[0])
    sheet, names = (book.create_sheet(title) for title in words.sheets)
    for place, column in enumerate(Column, 1):
        sheet.cell(1, place, words.columns[column][0]).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS[place - 1]
    for line, row in enumerate(rows, 2):
        for place, value in enumerate(_cells(row, words, labels), 1):
            cell = sheet.cell(line, place, value)
            if isinstance(value, str):
                # A message that begins with “=” is no formula.
                cell.data_type = "s"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    for place, heading in enumerate(words.label_columns, 1):
        names.cell(1, place, heading).font = Font(bold=True)
    offered = [(words.pass_over[0], ""), *((name, code) for code, name in labels.items())]
    for line, entry in enumerate(offered, 2):
        for place, value in enumerate(entry, 1):
            names.cell(line, place, value)
    names.column_dimensions["A"].width = names.column_dimensions["B"].width = 32
    choice = DataValidation(
        type="list",
        formula1=f"'{words.sheets[1]}'!$A$2:$A${len(offered) + 1}",
        allow_blank=True,
        showErrorMessage=False,
    )
    sheet.add_data_validation(choice)
    letter = get_column_letter(len(Column))
    choice.add(f"{letter}2:{letter}{len(rows) + 2}")
    book.save(target)


def read_review_sheet(source: IO[bytes], words: ReviewWords, labels: Mapping[str, str]) -> tuple[FilledRow, ...]:
    """The lines that have a label; a name is turned into its code, what is no name stays for the check to refuse.

    Raises SheetError for a file that is no such sheet.
    """
    codes = {plain(name): code for code, name in labels.items()} | {plain(code): code for code in labels}
    codes |= {plain(word): "" for word in words.pass_over}
    rows = read_table(source, words.header)
    return tuple(_filled(row, codes) for row in rows if plain(row.cells.get(Column.LABEL, "")))


def _cells(row: ReviewRow, words: ReviewWords, labels: Mapping[str, str]) -> tuple[str | int | float, ...]:
    return (
        " ".join(str(message_id) for message_id in row.message_ids),
        len(row.message_ids),
        row.text,
        labels.get(row.understood, row.understood),
        round(row.confidence, 2),
        words.reasons[row.reason],
        labels.get(row.suggested, row.suggested),
        "",
    )


def _filled(row: SheetRow[Column], codes: Mapping[str, str]) -> FilledRow:
    written = plain(row.cells[Column.LABEL])
    ids = str(row.cells.get(Column.IDS, "")).split()
    text: Any = row.cells.get(Column.TEXT, "")
    return FilledRow(
        row.line,
        tuple(int(one) if one.isdecimal() and len(one) <= _DIGITS else 0 for one in ids),
        str(text),
        codes.get(written, str(row.cells[Column.LABEL]).strip()),
    )
