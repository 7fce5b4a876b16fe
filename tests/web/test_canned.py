"""Canned replies, one-key mends, quiet hours, and what is read from a pasted message."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.actions.factories import changed, content
from tests.web.scene import etiquette, knowledge
from web.canned import FACTS, Canned, read_canned, search
from web.content import ConsoleContent
from web.reading import address_in, read_pasted
from words.content import ContentFiles
from words.errors import ContentError
from words.etiquette import Author, Severity, Situation, mend
from words.mood import Mood

CANNED = read_canned(content())
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
WHOLE = {
    "salutation": "王女士",
    "place": "3栋2单元1502",
    "ticket": "R-1001",
    "me": "陈晨",
    "desk_phone": "0571-88880100",
    "duty_phone": "0571-88880110",
    "blank": "〔　　〕",
}


@pytest.fixture(scope="module")
def shipped() -> ConsoleContent:
    return ConsoleContent.read(content(), knowledge())


@pytest.mark.parametrize("one", CANNED, ids=lambda one: one.code)
def test_what_ships_keeps_the_etiquette_with_and_without_a_known_name(one: Canned) -> None:
    situation = Situation(
        author=Author.STAFF,
        mood=Mood.NEUTRAL,
        salutation="王女士",
        allowed_phones=(WHOLE["desk_phone"], WHOLE["duty_phone"]),
    )
    for facts in (WHOLE, WHOLE | {"salutation": "", "place": "", "ticket": ""}):
        text = one.filled(facts)
        assert "{" not in text
        blocked = [found for found in etiquette().check(text, situation) if found.severity is Severity.BLOCK]
        assert blocked == [], text


def test_every_known_fact_is_used_and_every_code_is_short() -> None:
    used = {fact for fact in FACTS for one in CANNED if f"{{{fact}}}" in one.text}
    assert used == set(FACTS)
    assert all(one.code.isascii() and len(one.code) <= 3 for one in CANNED)


@pytest.mark.parametrize("query", ["zy", "ZY ", "噪音", "zyrm"])
def test_it_is_found_by_code_chinese_and_initials(query: str) -> None:
    assert search(CANNED, query)[0].code == "zy"


def test_nothing_typed_lists_the_first_ones_and_nonsense_lists_none() -> None:
    assert len(search(CANNED, "")) == 12
    assert search(CANNED, "qqqq") == ()


def test_without_a_known_name_it_does_not_begin_with_a_gap() -> None:
    one = next(one for one in CANNED if one.code == "wx")
    assert one.filled(WHOLE | {"salutation": ""}).startswith("已请工程师傅")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{salutation}您好，我是物业客服{me}", "{unknown}您好", "placeholder"),
        ("{code: sd,", "{code: zt,", "twice"),
        ("{code: zt, title: 开头问候,", "{code: zt, titel: 开头问候,", "unknown key"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        read_canned(changed("canned/common.yml", old, new))


def test_what_a_page_is_told_does_what_the_rules_mend(shipped: ConsoleContent) -> None:
    text = "这个不归我管。"
    situation = Situation(author=Author.STAFF, first=True, mood=Mood.NEUTRAL)
    found = etiquette().check(text, situation)
    told = shipped.shown(found, text)
    assert any(one["words"] == "不归我管" and one["block"] for one in told)
    assert {one["start"] for one in told if one["mends"] and not one["taken"]} == {0, len(text)}
    for finding, one in zip(found, told, strict=True):
        assert one["mends"] is (finding.fix is not None)
        if one["mends"]:
            start = one["start"]
            assert text[start:].startswith(one["taken"])
            assert text[:start] + one["put"] + text[start + len(one["taken"]) :] == mend(text, finding)


@pytest.mark.parametrize(("hour", "quiet"), [(21, False), (22, True), (3, True), (7, True), (8, False)])
def test_in_quiet_hours_over_midnight_only_alarms_sound(shipped: ConsoleContent, hour: int, quiet: bool) -> None:
    assert shipped.quiet.hold(NOW.replace(hour=hour)) is quiet


@pytest.mark.parametrize(("old", "new"), [('from: "22:00"', "from: late"), ("quiet: {from", "quiet: {form")])
def test_a_wrong_rule_of_the_console_is_refused(old: str, new: str) -> None:
    with pytest.raises(ContentError, match="console"):
        ConsoleContent.read(changed("rules/console.yml", old, new), knowledge())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("3栋2单元1502", ("3栋", "2单元", "1502")),
        ("12栋902", ("12栋", None, "902")),
        ("三栋二单元1502室厨房", ("3栋", "2单元", "1502")),
        ("小区大门口", None),
        ("3栋大堂", None),
        ("", None),
    ],
)
def test_an_address_is_read_only_when_it_is_whole(text: str, address: tuple[str, str | None, str] | None) -> None:
    assert address_in(text) == address


@pytest.mark.parametrize(
    ("text", "summary", "place", "phone"),
    [
        ("老张 14:32\n3栋2单元1502下水堵了", "3栋2单元1502下水堵了", "3栋2单元1502", ""),
        ("老张 14:32\r\n3栋2单元1502下水堵了", "3栋2单元1502下水堵了", "3栋2单元1502", ""),
        ("王姐：电梯又坏了，12栋", "电梯又坏了，12栋", "12栋", ""),
        ("大门坏了，电话13812346688", "大门坏了，电话13812346688", "", "13812346688"),
        ("", "", "", ""),
    ],
)
def test_a_pasted_message_fills_the_form_without_the_senders_line(
    text: str, summary: str, place: str, phone: str
) -> None:
    read = read_pasted(text, None, NOW)
    assert (read.summary, read.place, read.phone, read.matter) == (summary, place, phone, "")


def test_the_files_of_canned_replies_are_the_ones_that_are_read() -> None:
    assert len(CANNED) == sum(text.count("- {code:") for name, text in content().texts.items() if "canned/" in name)
    assert read_canned(ContentFiles({})) == ()
