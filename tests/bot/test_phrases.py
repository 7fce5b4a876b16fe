from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from bot.phrases import PHRASES_FILE, Phrases, bare
from desk.settings import content_folder
from words.content import ContentFiles
from words.errors import ContentError

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)


@cache
def _files() -> ContentFiles:
    return ContentFiles.load(content_folder())


@cache
def _phrases() -> Phrases:
    return Phrases.read(_files(), ZONE)


@pytest.mark.parametrize(
    ("days", "told"),
    [(-2, "11月21日"), (-1, "昨天"), (0, "今天"), (1, "明天"), (2, "后天"), (3, "11月26日"), (40, "1月2日")],
)
def test_a_day_is_told_as_people_say_it(days: int, told: str) -> None:
    assert _phrases().day(NOW + timedelta(days=days), NOW) == told


def test_a_moment_is_told_in_local_time_with_two_digits_of_minutes() -> None:
    moment = datetime(2026, 11, 23, 10, 5, tzinfo=ZoneInfo("UTC"))
    assert _phrases().moment(moment, NOW) == "今天18:05"
    assert _phrases().clock(moment) == "18:05"


def test_midnight_belongs_to_the_day_that_begins() -> None:
    late = NOW.replace(hour=23, minute=59)
    assert _phrases().moment(late + timedelta(minutes=1), late) == "明天0:00"


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ((24, 0), (25, 0), "明天"),
        ((24, 15), (25, 0), "明天15:00以后"),
        ((24, 15), (24, 18), "明天15:00–18:00"),
        ((24, 15), (26, 12), "明天–11月26日"),
    ],
)
def test_a_period_is_read_back_as_it_was_meant(start: tuple[int, int], end: tuple[int, int], told: str) -> None:
    first = NOW.replace(day=start[0], hour=start[1])
    last = NOW.replace(day=end[0], hour=end[1])
    assert _phrases().period(first, last, NOW) == told


def test_of_a_phone_number_only_the_end_is_told() -> None:
    assert _phrases().tail("13812345678") == "电话尾号5678"


@pytest.mark.parametrize(
    ("said", "matter"),
    [
        ("你好，厨房水龙头漏水，谢谢", "厨房水龙头漏水"),
        ("我要报修，厨房水龙头漏水，快来人", "厨房水龙头漏水"),
        ("气死我了，楼上半夜吵闹", "楼上半夜吵闹"),
        ("厨房漏水，厨房漏水，厨房漏水", "厨房漏水"),
        ("厨房\0漏\u202e水\ufffd", "厨房漏水"),
        ("你好", ""),
        ("", ""),
    ],
)
def test_a_matter_is_what_is_left_without_courtesy_and_anger(said: str, matter: str) -> None:
    assert _phrases().matter(said, longest=60) == matter


def test_a_long_matter_is_cut_and_says_so() -> None:
    matter = _phrases().matter("漏水的地方很多" * 100, longest=60)
    assert len(matter) == 60
    assert matter.endswith("…")


@pytest.mark.parametrize("said", ["不对，是客厅", "说错了，是5栋", "  错了 "])
def test_a_correction_is_known_by_its_beginning(said: str) -> None:
    assert _phrases().corrects(said)


def test_no_correction_is_one_in_the_middle() -> None:
    assert not _phrases().corrects("厨房漏水，不对劲")


def test_a_corrected_matter_leaves_out_what_was_wrong() -> None:
    assert _phrases().corrected("不是厨房，是客厅的灯不亮", longest=60) == "客厅的灯不亮"
    assert _phrases().corrected("不对", longest=60) == ""


def test_the_home_and_the_estate_are_told_apart() -> None:
    assert _phrases().says_home("我家厨房漏水")
    assert not _phrases().says_home("楼道的灯不亮")
    assert _phrases().says_public("楼道的灯不亮")


def test_a_bare_answer_has_neither_spaces_nor_punctuation() -> None:
    assert bare(" 好的。 ！") == "好的"
    assert bare("😀_？") == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("join:", "jion:", r"phrases\.yml:1: lacks the phrase 'join'"),
        ("times:\n", "times: []\nothers:\n", r"phrases\.yml:1: "),
        ("tail: [", "tails: [", r"phrases\.yml:1: lacks the phrase 'tail'"),
    ],
)
def test_a_phrase_that_is_missing_is_named(old: str, new: str, message: str) -> None:
    changed = _files().texts[PHRASES_FILE].replace(old, new, 1)
    assert changed != _files().texts[PHRASES_FILE]
    with pytest.raises(ContentError, match=message):
        Phrases.read(ContentFiles({PHRASES_FILE: changed}), ZONE)
