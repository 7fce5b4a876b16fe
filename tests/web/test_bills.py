"""The console's pages about bills: told payments, and the import of a sheet."""

import io
from typing import Any

import pytest

from actions.estate import Address, NewBill, add_bills
from actions.tables import AuditEntry, Bill, Role, Ticket, TicketStatus
from tests.actions.factories import day
from tests.actions.test_bill_import import sheet
from tests.conftest import NOW
from tests.web.scene import ROLES, Scene

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DESK = {Role.AGENT, Role.SUPERVISOR, Role.MANAGER}
_LEADERS = {Role.SUPERVISOR, Role.MANAGER}


def _upload(source: io.BytesIO, name: str = "账单.xlsx") -> dict[str, Any]:
    return {"sheet": (name, source.getvalue(), _XLSX)}


@pytest.mark.parametrize("name", ROLES)
async def test_the_desk_sees_bills_and_its_leaders_import_them(scene: Scene, name: str) -> None:
    browser, role = await scene.staff(name), ROLES[name]
    page = await browser.get("/staff/bills")
    assert page.status_code == (200 if role in _DESK else 403)
    assert ("导入账单" in page.text) is (role in _LEADERS)
    files = _upload(sheet(("12栋902", "物业费", "2026-10", 5)))
    answer = await browser.post("/staff/bills/import", files=files)
    assert answer.status_code == (200 if role in _LEADERS else 403)
    assert len(await scene.values(Bill.id)) == (1 if role in _LEADERS else 0)


async def test_every_rejected_row_is_shown_with_line_column_and_reason(scene: Scene) -> None:
    browser = await scene.staff("孙主管")
    source = sheet(
        ("12栋902", "物业费", "2026-10", 268.8),
        ("99栋<b>101", "物业费", "2026-10", 5),
        ("12栋902", "停车费", "十月", "很多"),
    )
    text = (await browser.post("/staff/bills/import", files=_upload(source))).text
    assert "共3行：新增1" in text
    assert "没有导入2" in text
    assert "<td>3</td><td>房屋</td><td>99栋&lt;b&gt;101</td><td>没有这个房屋</td>" in text
    assert "<td>4</td><td>账期</td><td>十月</td>" in text
    assert "<td>4</td><td>金额</td><td>很多</td>" in text
    assert ("bill:imported",) in await scene.values(AuditEntry.action)


async def test_a_trial_changes_nothing(scene: Scene) -> None:
    browser = await scene.staff("孙主管")
    files = _upload(sheet(("12栋902", "物业费", "2026-10", 5)))
    text = (await browser.post("/staff/bills/import", files=files, data={"trial": "1"})).text
    assert "只检查，没有改动" in text
    assert await scene.values(Bill.id) == []


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"sheet": ("a.txt", b"hello", "text/plain")}, "不是 Excel 表格"),
        ({"sheet": ("a.xlsx", b"0" * (9 * 1024 * 1024), _XLSX)}, "文件太大"),
        ({"sheet": ("", b"", _XLSX)}, "请选择要导入的文件"),
        (_upload(sheet(header=("姓名", "电话"))), "没有找到表头"),
    ],
    ids=["no sheet", "too large", "no file", "no header"],
)
async def test_a_file_that_is_no_sheet_is_refused_with_what_would_be_right(
    scene: Scene, files: dict[str, Any], told: str
) -> None:
    browser = await scene.staff("孙主管")
    answer = await browser.post("/staff/bills/import", files=files)
    assert (answer.status_code, told in answer.text) == (422, True)


async def test_a_told_payment_is_confirmed_on_the_page(scene: Scene) -> None:
    desk = scene.desk
    bill = NewBill(Address("3栋", "2单元", "1502"), "物业费", "2026年10月", 30000, 0, day(10, 25))
    await scene.store.write(lambda s: add_bills(s, desk.cast.community_id, [bill], NOW))
    card = await desk.open("fee", "payment_told", summary="物业费昨天转的")
    browser = await scene.staff("小陈")
    page = (await browser.get("/staff/bills")).text
    assert "物业费昨天转的" in page
    assert "物业费 2026年10月 300.00元" in page
    ((bill_id,),) = await scene.values(Bill.id)
    path, room = f"/staff/bills/payments/{card.id}", desk.cast.rooms["王芳"]
    nothing = await browser.post(path, data={"room_id": room})
    assert (nothing.status_code, "请勾选" in nothing.text) == (422, True)
    answer = await browser.post(
        path, data={"room_id": room, f"bill_{bill_id}": "1", "bill_x": "1", f"bill_{2**70}": "1"}
    )
    assert answer.headers["location"] == "/staff/bills?done=done_paid"
    assert await scene.values(Bill.amount, Bill.paid) == [(30000, 30000)]
    told = "\n".join(text for way, text in await scene.messages() if way == "out")
    assert "物业费 2026年10月 300.00元" in told
    assert (await scene.values(Ticket.status))[0][0] is TicketStatus.RESOLVED
    assert "没有待核对的缴费" in (await browser.get("/staff/bills")).text


async def test_a_technician_confirms_nothing(scene: Scene) -> None:
    card = await scene.desk.open("fee", "payment_told")
    browser = await scene.staff("老周")
    answer = await browser.post(f"/staff/bills/payments/{card.id}", data={"room_id": "1", "bill_1": "1"})
    assert answer.status_code == 403
