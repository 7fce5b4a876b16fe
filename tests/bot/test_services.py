"""Services known by their words, and short questions that have no subject of their own."""

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.forms import Forms
from bot.phrases import Phrases
from words.content import ContentFiles
from words.errors import ContentError

DAY, NIGHT = time(10), time(23, 40)


@pytest.fixture(scope="module")
def files() -> ContentFiles:
    return ContentFiles.load(Path("data"))


@pytest.mark.parametrize(
    ("said", "service"),
    [
        ("帮我开一份住址证明", "certificate"),
        ("门禁卡再加办一张", "card"),
        ("我车让人堵死了", "move_car"),
        ("约个阿姨来打扫卫生", "booking"),
        ("物业费怎么交", None),
        ("居住证明怎么开", None),
        ("淋浴花洒漏水了，来修一下", None),
        ("我捡到一个走丢的小朋友", None),
        ("消防通道总有车堵着", None),
    ],
)
def test_a_service_is_begun_by_a_request_and_not_by_a_question_about_it(
    files: ContentFiles, said: str, service: str | None
) -> None:
    form = Forms.read(files).asked_for(said, DAY)
    assert (form.id if form else None) == service


def test_noise_right_now_is_a_service_of_the_night_alone(files: ContentFiles) -> None:
    forms = Forms.read(files)
    at_night = forms.asked_for("楼上这个点还在唱歌", NIGHT)
    assert at_night is not None
    assert at_night.id == "noise_now"
    assert at_night.label == "complaint.noise"
    assert forms.asked_for("楼上这个点还在唱歌", DAY) is None


@pytest.mark.parametrize(
    ("said", "harmless"),
    [
        ("捡到一块手表，谁的", True),
        ("我刚捡到一串钥匙", True),
        ("捡到一个不认识的小女孩", False),
        ("捡到一个小孩的书包，孩子不见了", False),
        ("捡到一只水獭", False),
    ],
)
def test_only_a_thing_that_is_named_as_harmless_is_no_lost_child(
    files: ContentFiles, said: str, harmless: bool
) -> None:
    assert Forms.read(files).by_id["found_item"].harmless["missing"].fit(said) == harmless


def test_a_service_may_not_stand_above_danger(files: ContentFiles) -> None:
    text = files.texts["forms/move_car.yml"].replace("over: [", "over: [emergency.fire, ")
    with pytest.raises(ContentError, match=r"forms/move_car.yml.*harmless"):
        Forms.read(ContentFiles({**files.texts, "forms/move_car.yml": text}))


@pytest.mark.parametrize(
    ("said", "kind"),
    [("要多少钱？", "price"), ("那要带什么材料呀", "papers"), ("在哪里办", "where"), ("多久能好", "when")],
)
def test_a_question_without_a_subject_asks_about_what_was_spoken_of(files: ContentFiles, said: str, kind: str) -> None:
    asked = Phrases.read(files, ZoneInfo("Asia/Shanghai")).follow_ups.asked(said)
    assert asked is not None
    assert asked.name == kind


@pytest.mark.parametrize("said", ["门禁卡要多少钱", "物业费在哪里交", "要多少钱才肯来修水管"])
def test_a_question_with_a_subject_stands_for_itself(files: ContentFiles, said: str) -> None:
    assert Phrases.read(files, ZoneInfo("Asia/Shanghai")).follow_ups.asked(said) is None
