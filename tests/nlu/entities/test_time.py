"""Times, seen from Monday 23 November 2026, ten in the morning, in Shanghai."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nlu.entities.calendar import Festivals
from nlu.entities.time import find_times
from nlu.normalise import fold
from words.content import ContentFiles

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

ROWS = [
    # The day and the hour of a visit.
    ("今天下午三点后有人在家", "11-23 15:00", "11-23 18:00"),
    ("今天下午三点来", "11-23 15:00", "11-23 16:00"),
    ("明天上午九点来", "11-24 09:00", "11-24 10:00"),
    ("明早七点上门可以吗", "11-24 07:00", "11-24 08:00"),
    ("明天下午3点以后在家", "11-24 15:00", "11-24 18:00"),
    ("后天上午", "11-25 08:00", "11-25 12:00"),
    ("大后天", "11-26 00:00", "11-27 00:00"),
    ("今晚", "11-23 18:00", "11-23 22:00"),
    ("今晚七点以后才到家", "11-23 19:00", "11-23 22:00"),
    ("晚上七点半有人", "11-23 19:30", "11-23 20:30"),
    ("下午两点到四点", "11-23 14:00", "11-23 16:00"),
    ("上午9点到11点", "11-23 10:00", "11-23 11:00"),
    ("明天14:30", "11-24 14:30", "11-24 15:30"),
    ("中午", "11-23 11:00", "11-23 14:00"),
    ("三点以后", "11-23 15:00", "11-23 18:00"),
    ("我家水管坏了，下午三点后", "11-23 15:00", "11-23 18:00"),
    ("明后天都可以来", "11-24 00:00", "11-26 00:00"),
    ("明天中午12点", "11-24 12:00", "11-24 13:00"),
    ("明天三点一刻", "11-24 15:15", "11-24 16:15"),
    ("明晚八点二十", "11-24 20:20", "11-24 21:20"),
    ("今天下班前", "11-23 10:00", "11-23 18:00"),
    ("听日朝早", "11-24 06:00", "11-24 10:00"),
    # Weekdays: the coming one, unless the clause tells of the past.
    ("周三来", "11-25 00:00", "11-26 00:00"),
    ("星期六上午方便", "11-28 08:00", "11-28 12:00"),
    ("礼拜天", "11-29 00:00", "11-30 00:00"),
    ("周末有人在家", "11-28 00:00", "11-30 00:00"),
    ("下周一", "11-30 00:00", "12-01 00:00"),
    ("下下周二", "12-08 00:00", "12-09 00:00"),
    ("这周五下午", "11-27 12:00", "11-27 18:00"),
    ("上周三报修的", "11-18 00:00", "11-19 00:00"),
    ("周五报的修到现在没人来", "11-20 00:00", "11-21 00:00"),
    ("周一到周五都在家", "11-23 00:00", "11-28 00:00"),
    ("周六周日", "11-28 00:00", "11-29 00:00"),
    # The past.
    ("昨天停水了", "11-22 00:00", "11-23 00:00"),
    ("昨晚十一点半还在吵", "11-22 23:30", "11-23 00:30"),
    ("昨晚一点半", "11-23 01:30", "11-23 02:30"),
    ("前天下午", "11-21 12:00", "11-21 18:00"),
    ("上周", "11-16 00:00", "11-23 00:00"),
    ("上个月", "10-01 00:00", "11-01 00:00"),
    ("上上个月", "09-01 00:00", "10-01 00:00"),
    ("上月20号", "10-20 00:00", "10-21 00:00"),
    ("上个季度", "07-01 00:00", "10-01 00:00"),
    ("今天早上七点就砸墙了", "11-23 07:00", "11-23 08:00"),
    # Days and months.
    ("8号来收", "12-08 00:00", "12-09 00:00"),
    ("8号交的钱", "11-08 00:00", "11-09 00:00"),
    ("本月15号", "11-15 00:00", "11-16 00:00"),
    ("下个月", "12-01 00:00", "2027-01-01 00:00"),
    ("月底", "11-21 00:00", "12-01 00:00"),
    ("9月2日", "09-02 00:00", "09-03 00:00"),
    ("9月份的水费", "09-01 00:00", "10-01 00:00"),
    ("十月", "10-01 00:00", "11-01 00:00"),
    ("12月5号来", "12-05 00:00", "12-06 00:00"),
    ("4月中旬", "04-11 00:00", "04-21 00:00"),
    ("2025年3月", "2025-03-01 00:00", "2025-04-01 00:00"),
    ("2026-12-01", "12-01 00:00", "12-02 00:00"),
    ("1月到6月", "01-01 00:00", "07-01 00:00"),
    ("一季度", "01-01 00:00", "04-01 00:00"),
    # Years and festivals.
    ("去年", "2025-01-01 00:00", "2026-01-01 00:00"),
    ("去年冬天", "2025-12-01 00:00", "2026-03-01 00:00"),
    ("去年十月", "2025-10-01 00:00", "2025-11-01 00:00"),
    ("2023年", "2023-01-01 00:00", "2024-01-01 00:00"),
    ("上半年", "01-01 00:00", "07-01 00:00"),
    ("国庆", "10-01 00:00", "10-08 00:00"),
    ("月底前能修好吗", "11-23 10:00", "12-01 00:00"),
    ("国庆后第一天来", "2027-10-08 00:00", "2027-10-09 00:00"),
    ("国庆假期最后一天", "2027-10-07 00:00", "2027-10-08 00:00"),
    ("春节前修好", "11-23 10:00", "2027-02-06 00:00"),
    ("中秋", "09-25 00:00", "09-26 00:00"),
    ("今年春节", "02-17 00:00", "02-24 00:00"),
    ("明年春节", "2027-02-06 00:00", "2027-02-13 00:00"),
]
NO_TIMES = [
    "以下三点建议",
    "一周三次",
    "每天晚上都吵",
    "三天了没人来",
    "现在",
    "刚才",
    "上次",
    "对方总是不接",
    "我提三点",
    "一点都不好",
    "祝周末愉快",
    "晚上好",
    "3号楼",
    "一晚上没睡",
    "一下午",
    "7号线地铁",
    "差一点摔倒",
    "六年级",
]


@pytest.fixture(scope="module")
def festivals(content: ContentFiles) -> Festivals:
    return Festivals.read(content)


def read(text: str, festivals: Festivals, now: datetime = NOW) -> list[str]:
    folded = fold(text)
    return [span.value for span in find_times(folded, folded, now, festivals)]


def iso(written: str) -> str:
    whole = written if len(written) > len("11-23 15:00") else f"2026-{written}"
    return whole.replace(" ", "T") + ":00+08:00"


@pytest.mark.parametrize(("text", "start", "end"), ROWS)
def test_a_time_is_an_interval_in_the_zone_of_now(text: str, start: str, end: str, festivals: Festivals) -> None:
    assert read(text, festivals)[:1] == [f"{iso(start)}/{iso(end)}"]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_only_sounds_like_a_time_is_none(text: str, festivals: Festivals) -> None:
    assert read(text, festivals) == []


@pytest.mark.parametrize("hour", range(24))
def test_a_visit_this_afternoon_is_never_in_the_past(hour: int, festivals: Festivals) -> None:
    now = NOW.replace(hour=hour, minute=30)
    for text in ("今天下午三点来", "下午三点来", "下午有人在家", "三点以后都在家"):
        [value] = read(text, festivals, now)
        start, end = (datetime.fromisoformat(half) for half in value.split("/"))
        assert now <= end
        assert now <= start or start >= now.replace(second=0, microsecond=0)


@pytest.mark.parametrize("day", range(23, 30))
def test_a_bare_weekday_for_a_visit_is_never_in_the_past(day: int, festivals: Festivals) -> None:
    now = NOW.replace(day=day, hour=23)
    for text in ("周三来", "周一上午方便", "周日下午三点上门"):
        [value] = read(text, festivals, now)
        assert datetime.fromisoformat(value.split("/")[1]) > now


def test_the_zone_of_now_is_kept(festivals: Festivals) -> None:
    assert read("明天上午九点来", festivals, datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) == [
        "2026-11-24T09:00:00+00:00/2026-11-24T10:00:00+00:00"
    ]


def test_two_times_are_both_read(festivals: Festivals) -> None:
    assert len(read("不是今天，是明天上午", festivals)) == 2


def test_the_end_of_the_calendar_is_survived(festivals: Festivals) -> None:
    for now in (datetime(2, 1, 2, tzinfo=UTC), datetime(9997, 12, 30, tzinfo=UTC)):
        for text in ("去年", "下个月", "国庆", "国庆后第一天", "明后天", "月底前", "周三来", "明天", "三年前"):
            read(text, festivals, now)
