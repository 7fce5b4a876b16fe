"""Wishes that are plain from their words, however residents write them, and what is none."""

from functools import cache
from zoneinfo import ZoneInfo

import pytest

from bot.dialogue.binding import code_in
from bot.phrases import Phrases
from bot.wishes import Wish, Wishes
from tests.actions.factories import changed, content
from words.content import parse_yaml
from words.errors import ContentError


@cache
def phrases() -> Phrases:
    return Phrases.read(content(), ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("你们存了我什么信息", Wish.HELD),
        ("你们 都 有 我哪些资料？", Wish.HELD),
        ("我想看看我的个人信息", Wish.HELD),
        ("你們存了我什麼資料", Wish.HELD),
        ("what information do you have about me", Wish.HELD),
        ("把我的信息都删了吧", Wish.ERASE),
        ("我的聊天记录帮我清除", Wish.ERASE),
        ("注销账号", Wish.ERASE),
        ("delete my personal data", Wish.ERASE),
        ("导出我的信息", Wish.EXPORT),
        ("把我的资料发我一份", Wish.EXPORT),
        ("隐私政策在哪看", Wish.PRIVACY),
        ("你们会不会泄露我的电话", Wish.PRIVACY),
        ("怎么绑定房号", Wish.BIND),
        ("我要业主认证", Wish.BIND),
        ("绑定3栋2单元1502", Wish.BIND),
        ("绑定码在哪里拿", Wish.BIND),
        ("没有绑定码", Wish.NO_CODE),
        ("绑定码找不到了", Wish.NO_CODE),
        ("6位绑定码过期了", Wish.NO_CODE),
        ("解绑", Wish.UNBIND),
        ("我已经搬走了，帮我解除绑定", Wish.UNBIND),
        ("我们上个月搬走了", Wish.UNBIND),
    ],
)
def test_a_wish_is_heard_however_it_is_written(text: str, wish: Wish) -> None:
    assert phrases().wishes.asked(text) is wish


@pytest.mark.parametrize(
    "text",
    [
        "车牌识别绑定怎么弄啊，要带行驶证吗",
        "绑定不了房号所以交不了费",
        "楼上搬走了一直没人管",
        "房子卖了，预存的钱可以退还给我吗",
        "物业泄露我的信息，我要投诉",
        "帮我删掉监控里我家门口的录像",
        "业主群里有人发广告能不能删了",
        "装修要准备什么资料",
        "厨房水龙头漏水",
        "",
    ],
)
def test_what_only_sounds_like_it_is_none(text: str) -> None:
    assert phrases().wishes.asked(text) is None


@pytest.mark.parametrize(
    ("wish", "text", "says"),
    [
        (Wish.AGAIN, "还是那个灯", True),
        (Wish.AGAIN, "上次报的水管又漏了", True),
        (Wish.AGAIN, "卧室灯不亮了", False),
        (Wish.RESCHEDULE, "改到明天下午三点", True),
        (Wish.RESCHEDULE, "改成3栋2单元", False),
        (Wish.OTHER_TIME, "能换个时间上门吗", True),
        (Wish.OTHER_TIME, "换门锁要不要提前报备", False),
        (Wish.SHOWS, "这是照片", True),
    ],
)
def test_words_about_a_ticket_are_heard(wish: Wish, text: str, says: bool) -> None:
    assert phrases().wishes.says(wish, text) is says


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ("绑定码 K7M3-PX", False, "K7M3PX"),
        ("k7m3px", False, "K7M3PX"),
        ("Ｋ７Ｍ３－ＰＸ", False, "K7M3PX"),
        ("K 7 M 3 P X", False, "K7M3PX"),
        ("我的码是K7M3—PX，麻烦了", False, "K7M3PX"),
        ("好的K7M3PX给你", True, "K7M3PX"),
        ("好的K7M3PX给你", False, None),
        ("粤B7K3M2", False, None),
        ("粤B7K3M2要绑定", True, None),
        ("绑定码 ABCDEF", False, None),
        ("绑定码 234567", False, None),
        ("绑定码 K7M3P", False, None),
        ("绑定码 K7M3PXX", False, None),
        ("A1109漏水", False, None),
        ("", True, None),
    ],
)
def test_a_code_is_found_where_it_is_one(text: str, expected: bool, code: str | None) -> None:
    assert code_in(text, phrases(), expected=expected) == code


def test_a_wish_without_words_and_an_unknown_one_are_refused() -> None:
    with pytest.raises(ContentError, match="has no words for"):
        Wishes.read("x.yml", parse_yaml("x.yml", "bind: {says: [a]}"))
    with pytest.raises(ContentError, match="unknown key `bend`"):
        Wishes.read("x.yml", parse_yaml("x.yml", "bend: {says: [a]}"))
    with pytest.raises(ContentError, match=r"phrases\.yml"):
        Phrases.read(changed("phrases.yml", "  erase:\n    says:", "  erase:\n    sais:"), ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("text", "name"),
    [("我叫何婷", "何婷"), ("何婷。", "何婷"), ("姓名：欧阳雪", "欧阳雪"), ("13812345678", ""), ("好", ""), ("", "")],
)
def test_a_name_is_taken_without_what_stands_around_it(text: str, name: str) -> None:
    assert phrases().name_in(text) == name
