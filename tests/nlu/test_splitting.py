"""Messages with marked requests are read with exact offsets, and a slip in them is told with its line."""

import pytest

from nlu.splitting import Message
from nlu.training_data import TrainingData
from words.content import ContentFiles
from words.errors import ContentError


def read(text: str) -> tuple[Message, ...]:
    return TrainingData.read(ContentFiles({"nlu/splitting.yml": text})).splitting


def test_a_mark_stands_where_the_next_request_begins() -> None:
    [two, three, one] = read(
        "splitting:\n  two:\n    - 灯坏了，|另外查账单\n    - 修灯 |修门|催单\n  one:\n    - 灯坏了，快来\n"
    )
    assert two == Message("灯坏了，另外查账单", (4,), "nlu/splitting.yml", 3)
    assert (three.text, three.cuts) == ("修灯 修门催单", (3, 5))
    assert (one.text, one.cuts) == ("灯坏了，快来", ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("splitting:\n  two:\n    - 灯坏了，另外查账单\n", 3),
        ("splitting:\n  one:\n    - 灯坏了|快来\n", 3),
        ("splitting:\n  two:\n    - 灯坏了|\n", 3),
        ("splitting:\n  two: 灯坏了|查账单\n", 2),
        ("splitting:\n  many:\n    - 灯坏了\n", 1),
    ],
)
def test_a_slip_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ContentError) as told:
        read(text)
    assert told.value.line == line
