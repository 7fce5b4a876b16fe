"""Markup in a message is no word, and its places hold."""

import pytest

from bot.plain import without_markup


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>你好</b>", ["你好"]),
        ('<a href="x">水管</a>漏了<br/>', ["水管", "漏了"]),
        ("厨房&nbsp;漏水", ["厨房", "漏水"]),
        ("1<2，3>2", ["1<2，3>2"]),
        ("<3 谢谢", ["<3", "谢谢"]),
        ("a < b > c", ["a", "<", "b", ">", "c"]),
    ],
)
def test_tags_and_entities_are_blanked_out(text: str, words: list[str]) -> None:
    plain = without_markup(text)
    assert plain.split() == words
    assert len(plain) == len(text)
    assert all(plain[at] in {sign, " "} for at, sign in enumerate(text))
