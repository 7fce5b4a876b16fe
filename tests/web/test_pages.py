import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, FileSystemLoader, meta

from tests.actions.factories import rules
from tests.conftest import NOW
from tests.web.scene import replies
from web import notes
from web.deps import Limits
from web.forms import Form
from web.notes import notes_of
from web.pages import ASSETS, Pages, duration, linked
from words.language import Language

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAGES = Pages(rules().names)
TEMPLATES = Path(ASSETS).parent / "templates"


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(0), "今天10:00"),
        (timedelta(hours=13, minutes=59), "今天23:59"),
        (timedelta(hours=14), "明天0:00"),
        (timedelta(days=2, hours=-1), "后天9:00"),
        (timedelta(days=-1), "昨天10:00"),
        (timedelta(days=3), "11月26日 10:00"),
        (timedelta(days=-2), "11月21日 10:00"),
        (timedelta(days=60), "2027年1月22日 10:00"),
    ],
)
def test_a_moment_is_told_as_people_tell_it(ahead: timedelta, words: str) -> None:
    assert PAGES.text("moment", at=NOW + ahead, now=NOW, tz=SHANGHAI) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3 * 3600 + 12 * 60, "还剩 3小时12分"),
        (-20 * 60, "已超时 20分"),
        (59, "还剩 不到1分"),
        (-1, "已超时 不到1分"),
        (3600, "还剩 1小时"),
        (26 * 3600 + 59, "还剩 1天2小时"),
        (-3 * 86400, "已超时 3天"),
        (None, "无时限"),
    ],
)
def test_time_left_is_told_in_words(seconds: int | None, words: str) -> None:
    source = '{% import "_time.html" as time %}{{ time.left(seconds) }}'
    assert PAGES._environment.from_string(source).render(seconds=seconds) == words


def test_a_length_of_time_has_no_sign() -> None:
    assert duration(-90_061) == duration(90_061) == {"days": 1, "hours": 1, "minutes": 1}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("请拨119。", ["119"]),
        ("急救120或110", ["120", "110"]),
        ("0571-88880110（24小时）", ["0571-88880110"]),
        ("手机13812346688联系", ["13812346688"]),
        ("热线400-800-1234", ["400-800-1234"]),
        ("一共120元", []),
        ("单号 R-1190", []),
        ("金额 3120.5", []),
        ("2026年11月", []),
        ("身份证330102199001011234", []),
    ],
)
def test_what_can_be_called_can_be_touched(text: str, numbers: list[str]) -> None:
    assert re.findall(r'href="tel:([^"]+)"', linked(text)) == numbers


@pytest.mark.parametrize("text", ["<b>110</b>", "&#119;", "\"onclick='alert(119)'"])
def test_linking_leaves_no_markup_of_the_text(text: str) -> None:
    shown = linked(text)
    rest = re.sub(r'<a class="tel" href="tel:\d+">(\d+)</a>', r"\1", shown)
    assert not re.search(r"[<>\"']", rest)


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_every_template_can_be_compiled_and_finds_what_it_includes(template: str) -> None:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    environment.filters |= PAGES._environment.filters
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    found = meta.find_referenced_templates(environment.parse(source))
    assert all(name is None or (TEMPLATES / name).exists() for name in found)
    environment.compile(source)


def test_every_short_text_speaks_chinese_and_is_used() -> None:
    names = re.findall(r"macro (\w+)\(", (TEMPLATES / "texts.html").read_text(encoding="utf-8"))
    code = "".join(path.read_text(encoding="utf-8") for path in Path(ASSETS).parent.glob("*.py"))
    computed = ("done_", "field_", "photo_", "view_")
    for name in names:
        assert PAGES.has_text(name)
        assert f'"{name}"' in code or name.startswith(computed), name


def test_a_text_that_is_not_there_is_not_found_and_private_names_are_not_texts() -> None:
    assert not PAGES.has_text("nothing")
    assert not PAGES.has_text("__class__")
    assert not PAGES.has_text("_body_stream")


def test_what_a_text_is_told_with_is_told_as_it_is() -> None:
    told = PAGES.text("hold_words", reason="缺<b>配件</b>", when="今天18:00", contact="0571-88880100")
    assert "缺<b>配件</b>" in told
    assert "今天18:00前给您答复" in told


def test_a_note_speaks_of_a_kept_text_only_when_there_is_one() -> None:
    assert notes_of("漏水", (), ["photo_too_large"], Form(), 10) == ["photo_too_large"]
    assert notes_of("", (), ["photo_too_large"] * 3, Form(), 10) == ["photo_only_too_large"]
    assert notes_of("", (), [], Form(), 10) == ["empty"]
    assert notes_of("漏" * 11, (), [], Form(cut=True), 10) == ["cut", "too_long"]


def test_every_note_has_its_words() -> None:
    told = notes.Notes(replies(), PAGES, Limits(photos=4))
    for name in notes.NAMES:
        chinese, english = (told.told([name], language)[0] for language in Language)
        assert re.search(r"[\u3400-\u9fff]", chinese), name
        assert english.isascii(), name
        assert english != chinese
    for reason in ("too_large", "too_many_pixels", "unreadable", "too_many_now"):
        assert {f"photo_{reason}", f"photo_only_{reason}"} <= notes.NAMES
    assert "4张" in told.told(["photo_surplus"], Language.CHINESE)[0]
    assert "10 MB" in told.told(["photo_too_large"], Language.CHINESE)[0]
    assert told.told(["nothing", "__class__"], Language.CHINESE) == []


def test_local_time_is_the_communitys() -> None:
    moment = datetime(2026, 1, 1, 16, tzinfo=UTC)
    assert PAGES.text("moment", at=moment, now=moment, tz=SHANGHAI) == "今天0:00"
    assert PAGES.text("moment", at=moment, now=moment, tz=ZoneInfo("UTC")) == "今天16:00"
