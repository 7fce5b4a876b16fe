from pathlib import Path
from typing import Any

import pytest

from desk.demo_content import FILE, DemoContent
from desk.settings import content_folder
from words.content import ContentFiles
from words.errors import ContentError


@pytest.fixture(scope="module")
def content() -> ContentFiles:
    return ContentFiles.load(content_folder())


def test_the_numbers_of_people_cannot_be_called(content: ContentFiles) -> None:
    read = DemoContent.read(content)
    phones = [who.phone for who in read.staff] + [who.phone for who in read.residents]
    phones += [who.phone for who in read.contacts]
    assert all(phone.startswith("160") and len(phone) == 11 for phone in phones if phone)  # no operator was given 160


def test_notices_explain_labels_that_exist(content: ContentFiles) -> None:
    intents: Any = content.read("labels.yml")["intents"]
    labels = {f"{intent}.{category}" for intent, value in intents.items() for category in value["categories"]}
    for notice in DemoContent.read(content).notices.list:
        assert set(notice.explains) <= labels


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("department: finance", "department: fiance", "there is no department fiance"),
        (
            "staff: feng, role: monitoring, days: [fri",
            "staff: fang, role: monitoring, days: [fri",
            "fang is not on the",
        ),
        ("staff: qian, role: agent", "staff: qian, role: manager", "qian is not on the staff as manager"),
        ('[12栋, "902"]', '[12栋, "9902"]', "there is no home 12栋9902"),
        ("buildings: [9栋]", "buildings: [99栋]", "there is no building 99栋"),
        ("10栋, 11栋, 12栋]}", "10栋, 11栋, 13栋]}", "there is no building 13栋"),
        ('phone: "16012340101"', 'phone: "16012346688"', "16012346688 is there twice"),
        ('resident: "16012341402"', 'resident: "16000009999"', "no resident has the number"),
        ("roles: [quality]", "roles: [qualty]", "not 'qualty'"),
        ("days: 60", "days: many", "not 'many'"),
        ('"1302"], role: family}', '"1302"], role: family, area: 96}', "is paid for by somebody else"),
        ("title: 桂苑邻里节", "tilte: 桂苑邻里节", "title"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(
    content: ContentFiles, right: str, wrong: str, message: str
) -> None:
    text = content.texts[FILE]
    assert right in text
    spoilt = text.replace(right, wrong, 1)
    with pytest.raises(ContentError) as caught:
        DemoContent.read(ContentFiles({FILE: spoilt}))
    assert message in str(caught.value)
    assert caught.value.line is not None


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ContentError, match=FILE):
        DemoContent.read(ContentFiles({}))


def test_the_content_folder_is_the_one_of_this_checkout() -> None:
    assert content_folder() == Path(__file__).resolve().parents[2] / "data"
