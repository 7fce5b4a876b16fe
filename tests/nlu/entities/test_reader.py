"""All readers together: what one took, the next does not take again."""

from datetime import datetime

import pytest

from nlu.entities.calendar import Festivals
from nlu.entities.lookup import Lookups
from nlu.entities.reader import EntityReader
from nlu.training_data import TrainingData
from words.content import ContentFiles
from words.errors import ContentError


@pytest.fixture(scope="module")
def reader(content: ContentFiles, training: TrainingData) -> EntityReader:
    return EntityReader.build(content, training)


def test_a_whole_report_is_read(reader: EntityReader, now: datetime) -> None:
    text = "我是3栋2单元1502的刘敏，电话138 0013 8000，厨房水龙头漏水，明天下午三点后来，上次收了80元上门费"
    assert [(e.type.value, e.text, e.value) for e in reader.read(text, now)] == [
        ("building", "3栋", "3栋"),
        ("unit", "2单元", "2单元"),
        ("room", "1502", "1502"),
        ("person", "刘敏", "刘敏"),
        ("phone", "138 0013 8000", "13800138000"),
        ("place", "厨房", "厨房"),
        ("object", "水龙头", "水龙头"),
        ("time", "明天下午三点后", "2026-11-24T15:00:00+08:00/2026-11-24T18:00:00+08:00"),
        ("money", "80元", "8000"),
        ("fee_type", "上门费", "上门费"),
    ]


@pytest.mark.parametrize("text", ["7号楼2门301", "5-1902", "11-2-1702"])
def test_an_address_is_never_a_date(text: str, reader: EntityReader, now: datetime) -> None:
    assert {e.type.value for e in reader.read(text, now)} <= {"building", "unit", "room"}


def test_synonyms_give_the_canonical_word(reader: EntityReader, now: datetime) -> None:
    assert [(e.text, e.value) for e in reader.read("抽烟机不转了", now)] == [("抽烟机", "油烟机")]


def test_the_longer_thing_wins(reader: EntityReader, now: datetime) -> None:
    assert [e.text for e in reader.read("太阳能热水器坏了", now)] == ["太阳能热水器"]


def test_original_spelling_is_kept_in_the_text(reader: EntityReader, now: datetime) -> None:
    [building] = reader.read("６棟", now)
    assert (building.text, building.value) == ("６棟", "6栋")


def test_without_lists_only_rules_find_something(now: datetime) -> None:
    assert [e.type.value for e in EntityReader().read("3栋水龙头坏了", now)] == ["building"]


def test_lookups_for_other_kinds_are_ignored() -> None:
    assert Lookups.build(TrainingData((), {"colour": ("红",)})).find("红") == []


def test_a_festival_without_a_day_is_refused_with_its_line() -> None:
    files = ContentFiles({"lexicon/festivals.yml": "festivals:\n  元旦: {day: '01-01'}\n  春节: {days: 3}\n"})
    with pytest.raises(ContentError) as caught:
        Festivals.read(files)
    assert caught.value.line == 3
