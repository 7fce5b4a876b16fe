import pytest

from bot.channels.telegram.keyboard import keyboard, pressed


def _rows(*labels: str) -> list[list[str]]:
    markup = keyboard(2**62, [{"label": label, "says": "x" * 100} for label in labels])
    assert markup is not None
    return [[str(button.text) for button in row] for row in markup.inline_keyboard]


def test_short_buttons_share_a_row_and_long_ones_do_not() -> None:
    assert _rows("没错", "要改") == [["没错", "要改"]]
    assert _rows("报修", "投诉", "费用", "咨询", "找人工") == [["报修", "投诉", "费用"], ["咨询", "找人工"]]
    assert _rows("今天下午三点以后上门", "明天") == [["今天下午三点以后上门"], ["明天"]]


def test_without_buttons_there_is_no_keyboard() -> None:
    assert keyboard(1, ()) is None


def test_what_a_button_carries_fits_whatever_it_says_and_is_read_back() -> None:
    markup = keyboard(2**63 - 1, [{"label": "是", "says": "很长" * 50}])
    assert markup is not None
    data = str(markup.inline_keyboard[0][0].callback_data)
    assert len(data.encode()) <= 64
    assert pressed(data) == (2**63 - 1, 0)


def test_a_button_with_an_address_opens_it() -> None:
    markup = keyboard(1, [{"label": "打开私聊", "says": "", "url": "https://t.me/a_bot"}])
    assert markup is not None
    assert markup.inline_keyboard[0][0].url == "https://t.me/a_bot"


@pytest.mark.parametrize("data", [None, "", "b:1", "b:x:1", "b:1:2:3", "b:-1:0", "old:1:1", "b:" + "9" * 30 + ":0"])
def test_data_that_is_none_of_ours_means_nothing(data: str | None) -> None:
    assert pressed(data) is None
