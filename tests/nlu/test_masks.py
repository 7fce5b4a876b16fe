"""Personal data is covered before a message is shown to be labelled, and training sees ordinary values in its place."""

import pytest

from nlu.masks import SOURCE, Masks
from nlu.types import Entity, EntityType
from words.content import ContentFiles
from words.errors import ContentError


@pytest.fixture(scope="module")
def masks(content: ContentFiles) -> Masks:
    return Masks.read(content)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我是3栋2单元1502的王女士，厨房漏水", "我是XX栋X单元XXX室的某女士，厨房漏水"),
        ("打138 1234 5678找我", "打某电话找我"),
        ("浙A·12345挡了我的车", "某车牌挡了我的车"),
        ("粤BD12345占了车位", "某车牌占了车位"),
        ("身份证330106199001011234", "身份证某证件号"),
        ("卡号6222 0212 3456 7890 123", "卡号某证件号"),
        ("发到Wang.Fang@example.com", "发到某邮箱"),
        ("小李说没来，我叫刘敏", "某某说没来，我叫某某"),
        ("厨房漏水了，明天下午在家", "厨房漏水了，明天下午在家"),
    ],
)
def test_who_and_where_is_covered_and_the_matter_stays(masks: Masks, text: str, shown: str) -> None:
    assert masks.hide(text) == shown
    assert masks.left(shown) is None


def test_what_was_found_when_it_was_read_and_names_on_record_are_covered_too(masks: Masks) -> None:
    found = (Entity(EntityType.ROOM, "顶楼那户", 0, 4, "顶楼"), Entity(EntityType.OBJECT, "水管", 5, 7, "水管"))
    assert masks.hide("顶楼那户的水管，欧阳娜娜说的", found, ["欧阳娜娜", ""]) == "XXX室的水管，某某说的"


def test_covers_that_overlap_become_one(masks: Masks) -> None:
    found = (Entity(EntityType.PHONE, "13812345678 转", 2, 15, ""),)
    assert masks.hide("电话13812345678 转2", found) == "电话某电话2"


@pytest.mark.parametrize("text", ["13812345678", "3栋1502", "浙A12345", "a@b.cn", "330106199001011234"])
def test_what_tells_who_it_is_is_found(masks: Masks, text: str) -> None:
    assert masks.left(f"请看{text}谢谢")


def test_training_reads_ordinary_values(masks: Masks) -> None:
    assert masks.filled("XX栋X单元XXX室的某女士，某电话，找某某和某师傅") == (
        "8栋2单元301室的张女士，13800000000，找张三和张师傅"
    )
    assert masks.filled("某些人说某天停水") == "某些人说某天停水"


def test_a_kind_without_a_word_is_told(content: ContentFiles) -> None:
    broken = content.texts[SOURCE].replace("plate: {shown: 某车牌, ", "plate: {")
    with pytest.raises(ContentError, match="plate” needs"):
        Masks.read(ContentFiles({**content.texts, SOURCE: broken}))
