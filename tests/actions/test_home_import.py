"""A sheet of homes: what is read, what is left out and why, and that importing it again changes nothing."""

from typing import Any

import pytest
from sqlalchemy import func, select

from actions.actors import SYSTEM
from actions.bill_import import Importer
from actions.bill_sheet import SheetError, SheetRow
from actions.estate import Address, room_ids
from actions.home_import import HomeReport, import_homes
from actions.home_rows import HomeColumn, HomeFault, HomeRules, check_homes
from actions.store import Store
from actions.tables import Binding, BindingRole, Resident
from tests.actions.factories import Desk, content, settle_desk
from tests.actions.test_bill_import import sheet
from tests.conftest import NOW

RULES = HomeRules.read(content())
HEADER = ("楼栋", "单元", "房号", "姓名", "性别", "联系电话", "身份")
ROWS = (
    ("3栋", "2单元", 1502.0, "王芳", "女", "138 1234 6688", "业主"),
    ("3", "2", "0301", "刘洋", None, 16000000123, "租户"),
    ("A座", None, "1201室", "刘洋", None, "16000000123", None),
    ("A座", None, "1202", None, None, None, None),
    ("A座", None, "1203", "没电话", "男", None, "家属"),
)


async def take(desk: Desk, *rows: Any, trial: bool = False) -> HomeReport:
    importer = Importer(SYSTEM, desk.cast.community_id, "住户.xlsx")
    return await import_homes(desk.store, importer, sheet(*rows, header=HEADER), RULES, NOW, trial=trial)


async def counted(desk: Desk) -> list[int]:
    tables = (Resident, Binding)
    return await desk.store.read(
        lambda s: [int(s.execute(select(func.count()).select_from(table)).scalar_one()) for table in tables]
    )


async def test_a_sheet_becomes_homes_and_people_once(store: Store) -> None:
    desk = await settle_desk(store)
    before = await counted(desk)
    tried = await take(desk, *ROWS, trial=True)
    assert await counted(desk) == before
    report = await take(desk, *ROWS)
    assert (report.buildings, report.homes, report.residents, report.bindings) == (1, 4, 2, 3)
    assert (tried.homes, tried.residents, tried.bindings, tried.trial) == (4, 2, 3, True)
    homes = await store.read(lambda s: room_ids(s, desk.cast.community_id))
    assert {Address("3栋", "2单元", "301"), Address("A栋", None, "1201"), Address("A栋", None, "1202")} <= homes.keys()
    people = select(Resident.name, Resident.title, Resident.phone, Binding.role).join(
        Binding, Binding.resident_id == Resident.id
    )
    found = await store.read(lambda s: {tuple(row) for row in s.execute(people)})
    assert {
        ("刘洋", None, "16000000123", BindingRole.TENANT),
        ("刘洋", None, "16000000123", BindingRole.OWNER),
        ("没电话", "先生", None, BindingRole.FAMILY),
    } <= found
    after = await counted(desk)
    again = await take(desk, *ROWS)
    assert (again.buildings, again.homes, again.residents, again.bindings) == (0, 0, 0, 0)
    assert await counted(desk) == after


def faults(*cells: Any) -> list[tuple[HomeColumn, HomeFault]]:
    """What is wrong with one row."""
    columns = (getattr(HomeColumn, name) for name in ("BUILDING", "UNIT", "ROOM", "NAME", "TITLE", "PHONE", "ROLE"))
    row = SheetRow(2, {column: cell for column, cell in zip(columns, cells, strict=False) if cell is not None})
    homes, rejected = check_homes([row], RULES)
    assert bool(homes) != bool(rejected)
    return [(one.column, one.fault) for one in rejected]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("3栋", None, None), (HomeColumn.ROOM, HomeFault.MISSING)),
        (("三期", None, "101"), (HomeColumn.ROOM, HomeFault.NOT_A_HOME)),
        (("3栋", None, "顶楼"), (HomeColumn.ROOM, HomeFault.NOT_A_HOME)),
        (("3栋", "很好", "101"), (HomeColumn.ROOM, HomeFault.NOT_A_HOME)),
        (("3栋", None, "101", None, None, "16000000001"), (HomeColumn.NAME, HomeFault.MISSING)),
        (("3栋", None, "101", "王" * 41), (HomeColumn.NAME, HomeFault.TOO_LONG)),
        (("3栋", None, "101", "王芳", None, "12345"), (HomeColumn.PHONE, HomeFault.NOT_A_PHONE)),
        (("3栋", None, "101", "王芳", "太太", None), (HomeColumn.TITLE, HomeFault.UNKNOWN_TITLE)),
        (("3栋", None, "101", "王芳", None, None, "房客甲"), (HomeColumn.ROLE, HomeFault.UNKNOWN_ROLE)),
    ],
)
def test_every_field_that_cannot_be_used_is_named(cells: tuple[Any, ...], expected: tuple[object, object]) -> None:
    assert faults(*cells) == [expected]


async def test_a_phone_belongs_to_one_person_on_record_and_in_the_sheet(store: Store) -> None:
    desk = await settle_desk(store)
    report = await take(
        desk,
        ("3栋", "2单元", "1502", "别人", None, "13812346688", None),
        ("5栋", None, "101", "甲", None, "16000000001", None),
        ("5栋", None, "102", "乙", None, "16000000001", None),
    )
    assert [(one.line, one.fault) for one in report.rejected] == [
        (2, HomeFault.SOMEBODY_ELSES),
        (4, HomeFault.SOMEBODY_ELSES),
    ]
    assert (report.residents, report.rejected_rows) == (1, 2)


async def test_a_sheet_without_rooms_is_none(store: Store) -> None:
    desk = await settle_desk(store)
    importer = Importer(SYSTEM, desk.cast.community_id, "住户.xlsx")
    with pytest.raises(SheetError):
        await import_homes(desk.store, importer, sheet(("王芳",), header=("姓名",)), RULES, NOW)
