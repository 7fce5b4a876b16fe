"""Named people, and words that only look like names."""

import pytest

from nlu.entities.person import People
from words.content import ContentFiles

ROWS = [
    ("王师傅说要换阀门", "王师傅"),
    ("联系罗先生", "罗先生"),
    ("我叫刘敏", "刘敏"),
    ("业主陈建国", "陈建国"),
    ("找一下李管家", "李管家"),
    ("小李在吗", "小李"),
    ("老张头", "老张头"),
    ("欧阳女士", "欧阳女士"),
    ("表扬孙师傅和罗工", "孙师傅|罗工"),
    ("12栋902，刘敏，随时可约", "刘敏"),
    ("户名赵国庆", "赵国庆"),
    ("主任在吗", ""),
    ("对方总是不接电话", ""),
    ("物业安全", ""),
    ("小区门口", ""),
    ("高峰期", ""),
    ("张贴公告", ""),
    ("老毛病又来了", ""),
    ("谢谢师傅", ""),
    ("保安队长呢", ""),
    ("马上来", ""),
]


@pytest.fixture(scope="module")
def people(content: ContentFiles) -> People:
    return People.read(content)


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_a_named_individual_is_found(text: str, expected: str, people: People) -> None:
    assert "|".join(span.value for span in people.find(text)) == expected


def test_without_names_nobody_is_found() -> None:
    assert People().find("王师傅") == []
