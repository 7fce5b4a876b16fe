"""What makes a complaint a major one, in residents' words, and what only looks like it."""

import pytest

from actions.major import MajorReason, MajorRules, is_major
from tests.actions.factories import changed, rules
from words.errors import ContentError

MAJOR = [
    ("投诉三次没人理", MajorReason.THIRD_TIME),
    ("第三次了", MajorReason.THIRD_TIME),
    ("说了三次了 每次都说知道了", MajorReason.THIRD_TIME),
    ("我已经反映了4次了", MajorReason.THIRD_TIME),
    ("跟你们说了无数次", MajorReason.THIRD_TIME),
    ("这是我第5次投诉楼上", MajorReason.THIRD_TIME),
    ("打电话打了五六遍，第六次了", MajorReason.THIRD_TIME),
    ("电梯坏了第四次", MajorReason.THIRD_TIME),
    ("三次报修没人来", MajorReason.THIRD_TIME),
    ("找媒体曝光", MajorReason.MEDIA),
    ("再不处理我就找记者来", MajorReason.MEDIA),
    ("明天就发抖音让大家看看", MajorReason.MEDIA),
    ("不解决就曝光你们", MajorReason.MEDIA),
    ("再不修就打12345", MajorReason.OUTSIDE),
    ("我已经打了12315了", MajorReason.OUTSIDE),
    ("我去住建局告你们", MajorReason.LAWYER),
    ("去街道办反映你们", MajorReason.OUTSIDE),
    ("市长热线见", MajorReason.OUTSIDE),
    ("我要起诉物业", MajorReason.LAWYER),
    ("已经找律师了，等着收律师函", MajorReason.LAWYER),
    ("法院见", MajorReason.LAWYER),
    ("告你们！", MajorReason.LAWYER),
    ("我妈在大堂滑倒了，摔伤了腰", MajorReason.INJURY),
    ("孩子被狗咬了，流血了", MajorReason.INJURY),
    ("老人骨折住院了你们管不管", MajorReason.INJURY),
    ("瓷砖掉下来砸伤人", MajorReason.INJURY),
    ("你们把我电话泄露给装修公司", MajorReason.LEAK),
    ("业主信息都被你们卖了吧", MajorReason.LEAK),
    ("保安把我的手机号发到群里", MajorReason.LEAK),
    ("把我家门牌号公布出来，侵犯隐私", MajorReason.LEAK),
    ("再不管我找媒體", MajorReason.MEDIA),
    ("第 三 次 了！！！", MajorReason.THIRD_TIME),
]
PLAIN = [
    "我不找媒体，只想解决问题",
    "没有要曝光你们的意思",
    "不是要找记者",
    "没人受伤",
    "幸好没有人受伤",
    "老人差点摔伤",
    "孩子容易摔伤，请加个扶手",
    "怕老人滑倒了",
    "我不想打12345，但是",
    "不用打12315",
    "没有打官司的打算",
    "不会去法院的",
    "报告你们一个情况",
    "请转告物业",
    "垃圾一周清运三次",
    "每周三次保洁",
    "一天打扫三次也不干净",
    "说了两次了",
    "第二次了",
    "不是第三次缴费",
    "楼上太吵了",
    "我手机13812345678",
    "我的信息没有泄露吧",
    "密码是12345",
    "请在第三季度公布账目",
    "太伤心了，你们态度不好",
    "三栋二单元三楼",
    "楼下三个人吵架",
    "",
]


@pytest.mark.parametrize(("text", "reason"), MAJOR)
def test_a_major_complaint_is_recognised_by_its_words(text: str, reason: MajorReason) -> None:
    assert is_major(text, rules()) is reason


@pytest.mark.parametrize("text", PLAIN)
def test_negations_possibilities_and_everyday_words_are_no_signs(text: str) -> None:
    assert is_major(text, rules()) is None


def test_a_negated_sign_does_not_hide_a_true_one() -> None:
    assert is_major("我不找媒体，我直接打12345", rules()) is MajorReason.OUTSIDE


def test_a_comma_ends_a_negation() -> None:
    assert is_major("不，找媒体", rules()) is MajorReason.MEDIA


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  injury:\n    signs:\n", "  injury:\n    sins:\n", r"rules/major.yml:\d+: sins: is not known"),
        ("  injury:\n", "  wounds:\n", r"rules/major.yml:\d+: wounds: is not known"),
        ("骨折|", "骨折(|", r"rules/major.yml:\d+: signs: .* is not a regular expression"),
        ("homes: 5", "homes: 0", r"rules/major.yml:\d+: homes: 0 is not a whole number above zero"),
    ],
)
def test_wrong_words_are_refused_with_their_line(old: str, new: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        MajorRules.read(changed("rules/major.yml", old, new))


def test_every_reason_needs_its_words() -> None:
    text = changed("rules/major.yml", "homes", "homes").texts["rules/major.yml"]
    without = text[: text.index("  lawyer:")] + text[text.index("  outside:") :]
    with pytest.raises(ContentError, match="must name all of"):
        MajorRules.read(changed("rules/major.yml", text, without))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("我已经打了12345，工单号是20261123000077", "20261123000077"),
        ("12345受理编号：GD20261123-07，三天了", "GD20261123-07"),
        ("信访编号 2026-0077-3", "2026-0077-3"),
        ("我要打12345", ""),
        ("12345的电话打不通，我电话13812345678", ""),
        ("我的报修单号R-1001", ""),
    ],
)
def test_the_number_of_an_authority_is_read_from_the_residents_words(text: str, number: str) -> None:
    assert rules().major.reference(text) == number
