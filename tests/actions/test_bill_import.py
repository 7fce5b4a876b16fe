"""A sheet of bills: what is read, what is left out and why, and that importing it again changes nothing."""

import io
import shutil
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from actions.bill_import import Importer, ImportReport, import_sheet
from actions.bill_rows import Fault
from actions.bill_rules import BillRules, Column
from actions.bill_sheet import SheetError, SheetFault
from actions.store import Store, open_store
from actions.tables import AuditEntry, Bill, BindingRole, FeeKind
from tests.actions.factories import Desk, changed, content, settle_desk
from tests.actions.world import add_room, add_unit
from tests.conftest import NOW
from words.errors import ContentError

HEADER = ("房屋", "费用", "账期", "金额")
RULES = BillRules.read(content())


def sheet(*rows: Sequence[Any], header: Sequence[Any] = HEADER) -> io.BytesIO:
    """A workbook in memory."""
    book = Workbook()
    assert book.active is not None
    for row in (header, *rows):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


async def take(desk: Desk, source: io.BytesIO, *, trial: bool = False) -> ImportReport:
    """Import as the supervisor."""
    importer = Importer(desk.staff("孙主管"), desk.cast.community_id, "账单.xlsx")
    return await import_sheet(desk.store, importer, source, RULES, NOW, trial=trial)


async def stored(desk: Desk) -> list[tuple[Any, ...]]:
    return await desk.rows((Bill.fee_type, Bill.period, Bill.amount, Bill.paid, Bill.due_on))


def faults(report: ImportReport) -> list[tuple[int, Column, Fault]]:
    return [(one.line, one.column, one.fault) for one in report.rejected]


async def test_a_sheet_becomes_bills(store: Store) -> None:
    desk = await settle_desk(store)
    report = await take(
        desk,
        sheet(
            ("3栋2单元1502", "物业费", "2026-10", 268.8, None, None, None, None),
            ("12-902", "停车费", datetime(2026, 11, 1), "￥1,300.00元", 300, "2026-12-25", "租户", "车位 B12"),  # noqa: DTZ001
            header=(*HEADER, "已缴", "到期日", "缴费人", "备注"),
        ),
    )
    assert (report.rows, report.added, report.updated, report.unchanged, report.rejected) == (2, 2, 0, 0, ())
    assert await stored(desk) == [
        ("物业费", "2026年10月", 26880, 0, date(2026, 10, 31)),
        ("停车费", "2026年11月", 130000, 30000, date(2026, 12, 25)),
    ]
    assert await desk.rows((Bill.kind, Bill.payer, Bill.detail)) == [
        (FeeKind.PROPERTY, BindingRole.OWNER, ""),
        (FeeKind.PARKING, BindingRole.TENANT, "车位 B12"),
    ]
    ((who, detail),) = await desk.rows((AuditEntry.actor_id, AuditEntry.detail), AuditEntry.action == "bill:imported")
    assert who == desk.cast.staff["孙主管"]
    assert (detail["file"], detail["added"]) == ("账单.xlsx", 2)


async def test_the_same_sheet_again_changes_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    rows = [("3栋2单元1502", "物业费", f"2026-{month:02d}", 268.8) for month in range(1, 11)]
    assert (await take(desk, sheet(*rows))).added == 10
    before = await stored(desk)
    again = await take(desk, sheet(*rows))
    assert (again.added, again.updated, again.unchanged) == (0, 0, 10)
    assert await stored(desk) == before


async def test_a_corrected_sheet_corrects_and_never_takes_a_payment_back(store: Store) -> None:
    desk = await settle_desk(store)
    header = (*HEADER, "已缴")
    await take(
        desk, sheet(("12栋902", "物业费", "2026-10", 300, 300), ("12栋902", "停车费", "2026-10", 90, 0), header=header)
    )
    report = await take(
        desk,
        sheet(
            ("12栋902", "物业费", "2026-10", 310, 0),
            ("12栋902", "停车费", "2026-10", 95, 0),
            header=header,
        ),
    )
    assert (report.updated, report.rejected) == (2, ())
    assert [(row[2], row[3]) for row in await stored(desk)] == [(31000, 30000), (9500, 0)]
    less = await take(desk, sheet(("12栋902", "物业费", "2026-10", 200)))
    assert faults(less) == [(2, Column.AMOUNT, Fault.PAID_MORE)]
    assert (less.updated, less.rejected_rows) == (0, 1)


@pytest.mark.parametrize(
    ("row", "column", "fault"),
    [
        (("99栋101", "物业费", "2026-10", 5), Column.HOME, Fault.UNKNOWN_HOME),
        (("花园", "物业费", "2026-10", 5), Column.HOME, Fault.UNKNOWN_HOME),
        ((None, "物业费", "2026-10", 5), Column.ROOM, Fault.MISSING),
        (("12栋902", None, "2026-10", 5), Column.FEE, Fault.MISSING),
        (("12栋902", "费" * 31, "2026-10", 5), Column.FEE, Fault.TOO_LONG),
        (("12栋902", "物业费", None, 5), Column.PERIOD, Fault.MISSING),
        (("12栋902", "物业费", "十月", 5), Column.PERIOD, Fault.NO_PERIOD),
        (("12栋902", "物业费", "2026-10", None), Column.AMOUNT, Fault.MISSING),
        (("12栋902", "物业费", "2026-10", "很多"), Column.AMOUNT, Fault.NO_AMOUNT),
        (("12栋902", "物业费", "2026-10", 1.234), Column.AMOUNT, Fault.NO_AMOUNT),
        (("12栋902", "物业费", "2026-10", "nan"), Column.AMOUNT, Fault.NO_AMOUNT),
        (("12栋902", "物业费", "2026-10", "1e999"), Column.AMOUNT, Fault.OUT_OF_RANGE),
        (("12栋902", "物业费", "2026-10", 0), Column.AMOUNT, Fault.OUT_OF_RANGE),
        (("12栋902", "物业费", "2026-10", -5), Column.AMOUNT, Fault.OUT_OF_RANGE),
        (("12栋902", "物业费", "2026-10", 5, "月底"), Column.DUE, Fault.NO_DAY),
        (("12栋902", "物业费", "2026-10", 5, "2026-02-30"), Column.DUE, Fault.NO_DAY),
        (("12栋902", "物业费", "2026-10", 5, None, "谁"), Column.PAYER, Fault.UNKNOWN_PAYER),
    ],
)
async def test_a_row_that_cannot_be_used_is_told_with_line_column_and_reason(
    sqlite_desk: Desk, row: Sequence[Any], column: Column, fault: Fault
) -> None:
    good = ("12栋902", "物业费", "2026-09", 5)
    report = await take(sqlite_desk, sheet(good, row, header=(*HEADER, "到期日", "缴费人")))
    assert faults(report) == [(3, column, fault)]
    assert report.added == 1, "the good row is taken"


@pytest.fixture
async def sqlite_desk(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """What is wrong with a row does not depend on the engine."""
    path = tmp_path / "rows.sqlite3"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    store = await open_store(f"sqlite:///{path}")
    yield await settle_desk(store)
    await store.close()


async def test_all_faults_of_a_row_are_told_and_a_bill_that_comes_twice_counts_once(sqlite_desk: Desk) -> None:
    report = await take(
        sqlite_desk,
        sheet(
            ("99栋1", "物业费", "?", "x"),
            ("12栋902", "物业费", "2026-10", 5),
            ("12-902", "物业费", "2026年10月", 6),
        ),
    )
    assert faults(report) == [
        (2, Column.HOME, Fault.UNKNOWN_HOME),
        (2, Column.PERIOD, Fault.NO_PERIOD),
        (2, Column.AMOUNT, Fault.NO_AMOUNT),
        (4, Column.PERIOD, Fault.TWICE),
    ]
    assert (report.rejected_rows, report.added) == (2, 1)


async def test_a_home_is_found_however_it_is_written_and_never_guessed(sqlite_desk: Desk) -> None:
    desk = sqlite_desk

    def add(session: Any) -> None:
        third = desk.cast.buildings["3栋"]
        unit = add_unit(session, desk.cast.community_id, third, "1单元")
        add_room(session, desk.cast.community_id, third, unit, "1502")

    await desk.store.write(add)
    header = ("楼栋", "单元", "房号", "费用", "账期", "金额")
    report = await take(
        desk,
        sheet(
            (3, 2, 1502.0, "物业费", "2026-01", 5),
            ("3号楼", "2单元", "1502室", "物业费", "2026-02", 5),
            ("３幢", "２", "１５０２", "物业费", "2026-03", 5),
            (3, None, 1502, "物业费", "2026-04", 5),
            (12, None, 902, "物业费", "2026-05", 5),
            header=header,
        ),
    )
    assert faults(report) == [(5, Column.ROOM, Fault.AMBIGUOUS_HOME)]
    assert report.added == 4


async def test_a_trial_changes_nothing(store: Store) -> None:
    desk = await settle_desk(store)
    report = await take(desk, sheet(("12栋902", "物业费", "2026-10", 5)), trial=True)
    assert (report.trial, report.added) == (True, 1)
    assert await stored(desk) == []
    assert await desk.rows(AuditEntry.id, AuditEntry.action == "bill:imported") == []


async def test_a_header_may_stand_below_a_title_and_foreign_columns_are_left_alone(sqlite_desk: Desk) -> None:
    book = Workbook()
    assert book.active is not None
    rows: list[list[Any]] = [
        ["十月账单"],
        [],
        ["序号", "房产", "收费项目", "所属期", "应缴金额", "备注 "],
        [1, "12栋902", "水费", "2026-10", 43.2, "表数 10"],
        [],
    ]
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    assert (await take(sqlite_desk, out)).added == 1
    assert await sqlite_desk.rows((Bill.kind, Bill.detail)) == [(FeeKind.METERED, "表数 10")]


def _bomb() -> io.BytesIO:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (201 * 1024 * 1024))
    out.seek(0)
    return out


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (lambda: io.BytesIO(b"no sheet"), SheetFault.NOT_A_SHEET),
        (lambda: io.BytesIO(b""), SheetFault.NOT_A_SHEET),
        (_bomb, SheetFault.TOO_LARGE),
        (lambda: sheet(("12栋902", 5), header=("房屋", "金额")), SheetFault.NO_HEADER),
        (lambda: sheet(header=("费用", "账期", "金额")), SheetFault.NO_HEADER),
        (sheet, SheetFault.NO_ROWS),
    ],
)
async def test_what_is_no_sheet_of_bills_is_refused_whole(sqlite_desk: Desk, source: Any, fault: SheetFault) -> None:
    with pytest.raises(SheetError) as refused:
        await take(sqlite_desk, source())
    assert refused.value.fault is fault


def test_the_longest_word_says_what_kind_of_fee_is_meant() -> None:
    assert RULES.kinds_named("停车管理费和水费") == {FeeKind.PARKING, FeeKind.METERED} | RULES.kinds_named("管理费")
    assert RULES.kinds_named("我家欠多少") == frozenset()
    assert RULES.kind_of("车位管理费") is FeeKind.PARKING
    assert RULES.kind_of("滞纳金") is FeeKind.OTHER


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  fee: [费用", "  fees: [费用"),
        ("  parking: [停车", "  car: [停车"),
        ("  owner: [业主, 房东", "  boss: [业主, 房东"),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_its_line(old: str, new: str) -> None:
    with pytest.raises(ContentError, match=r"bills\.yml"):
        BillRules.read(changed("bills.yml", old, new))
