"""Every page of the console by axe, wide and narrow, in light and dark; and no page wider than its window."""

from actions import handling
from actions.drafts import be_present
from actions.tables import Severity
from tests.actions.test_holding import member
from tests.browser.axe import PHONE, WIDE, faults, faults_in_every_look
from tests.browser.conftest import House
from tests.web.test_review import unsure
from tests.web.test_tickets import writes

PAGES = (
    "/staff", "/staff?view=complaints&q=x", "/staff/alarms", "/staff/new", "/staff/suggestions", "/staff/password",
    "/staff/today?show=open", "/staff/logs/record", "/staff/account", "/staff/assistant?q=业主来投诉怎么接待",
)  # fmt: skip
OFFICE = (
    "/staff/office", "/staff/members", "/staff/duty", "/staff/notices", "/staff/notices/new", "/staff/facts",
    "/staff/review",
)  # fmt: skip


async def fill(house: House) -> tuple[str, str]:
    """Something of everything; the addresses of a ticket and of a conversation."""
    card = await house.desk.open()
    await house.desk.open("emergency", "lift_trapped", summary="电梯困人", severity=Severity.ALARM)
    await house.desk.open("complaint", "noise", summary="楼上很吵", resident_id=house.desk.cast.residents["王芳"])
    await house.desk.do(
        handling.assign, house.desk.staff("孙主管"), card, staff_id=house.desk.cast.staff["小陈"], reason="住得近"
    )
    await writes(house.scene, "物业费怎么交")
    talk = house.desk.cast.conversations["王芳"]
    sun = member(house.desk, "孙主管")
    await house.scene.store.write(lambda s: be_present(s, sun, talk, writing=True, now=house.scene.now))
    return f"/staff/tickets/{card.id}", f"/staff/conversations/{talk}"


async def test_axe_finds_nothing_on_any_page(house: House) -> None:
    ticket, talk = await fill(house)
    page = await house.staff("赵经理")
    await page.emulate_media(reduced_motion="reduce")
    told: list[str] = []
    for path in (*PAGES, ticket, talk):
        await page.goto(house.base + path)
        told += await faults_in_every_look(page)
    await page.goto(f"{house.base}/staff/logs")
    told += await faults_in_every_look(page)
    await page.fill("#reason", "核对物业费的问答")
    await page.click(".look button")
    await page.fill("#q", "物业费")
    await page.click(".find-words button")
    told += await faults_in_every_look(page)
    await page.click(".found h3 a")
    await page.wait_for_selector(".talk-read .bubble")
    told += await faults_in_every_look(page)
    await page.click("text=打印版")
    await page.wait_for_selector("#print:not([hidden])")
    told += await faults_in_every_look(page)
    await page.goto(f"{house.base}/staff/account")
    await page.click("#totp .btn.main")
    await page.wait_for_selector(".qr svg")
    told += await faults_in_every_look(page)
    assert told == []


async def test_axe_finds_nothing_in_the_administration(house: House) -> None:
    await unsure(house.scene)
    page = await house.staff("管理员", "/staff/office")
    await page.emulate_media(reduced_motion="reduce")
    told: list[str] = []
    for path in (*OFFICE, f"/staff/members/{house.desk.cast.staff['老周']}"):
        await page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        await page.goto(house.base + path)
        if path.endswith("/new"):
            await page.fill("#title", "9栋清洗水箱停水")
            await page.fill("#body", "你们自己看着办")
            await page.check("[name='label_repair.outage']")
            await page.click("button[value=hear]")
        await page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        told += await faults(page)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            told.append(f"{path} is wider than a phone")
    assert told == []


async def test_axe_finds_nothing_when_everything_is_open(house: House) -> None:
    ticket, _talk = await fill(house)
    page = await house.staff("赵经理", ticket)
    await page.emulate_media(reduced_motion="reduce")
    await page.click("form[data-turn=take_over] button")
    await page.wait_for_selector("form[data-turn=hand_back]")
    await page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    await page.fill("#reply-text", "你好，这个不归我管，明天上午10点前给您答复")
    await page.wait_for_selector(".findings .block")
    await page.wait_for_selector(".promises")
    told = await faults(page)
    await page.keyboard.press("Control+k")
    await page.wait_for_selector("#commands[open] li")
    told += await faults(page)
    await page.keyboard.press("Escape")
    await page.click("[data-open=add-knowledge], #open-keys")
    told += await faults(page)
    assert told == []
