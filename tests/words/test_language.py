"""Which language a message is in."""

import pytest

from words.language import Language, language_of

ZH, EN = Language.CHINESE, Language.ENGLISH


@pytest.mark.parametrize(
    "text",
    [
        "My kitchen tap is leaking",
        "hello",
        "When does the pool open?",
        "No hot water in building 3, room 1502 since yesterday!!",
        "the 水龙头 in my bathroom is broken",
        "please call me back, 13812345678",
    ],
)
def test_english_is_recognised(text: str) -> None:
    assert language_of(text) is EN


@pytest.mark.parametrize(
    "text",
    ["厨房水龙头漏水", "wifi坏了", "我家WiFi路由器和APP都连不上", "VIP卡怎么办", "3栋2单元1502 漏水", "OK，知道了"],
)
def test_chinese_with_borrowed_words_stays_chinese(text: str) -> None:
    assert language_of(text) is ZH
    assert language_of(text, before=EN) is ZH


@pytest.mark.parametrize(
    "text", ["", "ok", "13812345678", "👍", "3-2-1502", "A1109", "B12345", "yes", "...", "/start", "/start ref_1"]
)
def test_what_says_nothing_leaves_the_language_as_it_was(text: str) -> None:
    assert language_of(text) is ZH
    assert language_of(text, before=EN) is EN
