import io
import json
import sys
from datetime import timedelta
from typing import Any

import pytest

from desk.chat import Line, LineError, read_line, run_json, run_terminal
from desk.stage import Stage

USUAL = timedelta(seconds=10)


def test_a_plain_line_is_a_message() -> None:
    assert read_line("厨房漏水\r\n") == Line("厨房漏水", "resident", pressed=False, photos=0, wait=USUAL)
    assert read_line("\n").text == ""
    assert read_line("[1]\n").text == "[1]"


def test_an_object_says_more() -> None:
    raw = '{"text": "报修", "resident": "b", "pressed": true, "photos": 2, "wait": "2h"}'
    assert read_line(raw) == Line("报修", "b", pressed=True, photos=2, wait=timedelta(hours=2))
    assert read_line('{"wait": "24h"}') == Line(None, "resident", pressed=False, photos=0, wait=timedelta(days=1))


@pytest.mark.parametrize(
    ("wait", "expected"),
    [("10s", 10), ("1.5m", 90), ("2h", 7200), ("1d", 86_400), (5, 5), ("0s", 0)],
)
def test_a_wait_is_a_number_with_a_unit(wait: object, expected: float) -> None:
    assert read_line(json.dumps({"wait": wait})).wait == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("{broken", "is not JSON: .* at column 2"),
        ("{" * 100_000, "is not JSON"),
        ('{"photos": ' + "1" * 5000 + "}", "is not JSON that can be read"),
        ('{"txt": "x"}', "unknown key 'txt'; known are text"),
        ('{"text": 5}', "text: should be a text"),
        ('{"text": ["x"]}', "text: should be a text"),
        ('{"text": "x", "resident": null}', "resident: should be a text"),
        ('{"text": "x", "resident": ""}', "resident: should be a text"),
        ('{"text": "x", "pressed": "no"}', "pressed: should be true or false"),
        ('{"text": "x", "photos": "many"}', "photos: should be a whole number from 0 to 20"),
        ('{"text": "x", "photos": -1}', "photos: "),
        ('{"text": "x", "photos": 1e9}', "photos: "),
        ('{"text": "x", "wait": "soon"}', "wait: 'soon' should be a number with s, m, h or d"),
        ('{"text": "x", "wait": "-5h"}', "wait: '-5h' should lie between 0 and 366 days"),
        ('{"text": "x", "wait": "1e300d"}', "wait: "),
        ('{"text": "x", "wait": "nan"}', "wait: "),
        ('{"text": "x", "wait": Infinity}', "wait: "),
        ('{"text": "x", "wait": {}}', "wait: "),
    ],
)
def test_a_line_that_cannot_be_used_says_what_would_be_right(raw: str, message: str) -> None:
    with pytest.raises(LineError, match=message):
        read_line(raw)


async def _run(stage: Stage, *lines: str) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    wrong = await run_json(stage, iter(lines), out)
    return wrong, [json.loads(line) for line in out.getvalue().splitlines()]


async def test_every_line_is_answered_with_exactly_one(stage: Stage) -> None:
    lines = [
        "你好\n",
        "\n",
        "{broken\n",
        '{"text": "厨房水龙头漏水"}\n',
        '{"wait": "1h"}\n',
        '{"text": 1}',
        "a\ud800\n",
    ]
    wrong, found = await _run(stage, *lines)
    assert len(found) == len(lines)
    assert wrong == 2
    assert [line.get("line") for line in found] == [None, None, 3, None, None, 6, None]
    assert all(
        set(line) == {"text", "now", "understood", "replies", "tickets"} for line in found if "error" not in line
    )


async def test_the_answer_tells_what_was_understood_said_and_opened(stage: Stage) -> None:
    raw = json.dumps({"text": "我被困在3栋2单元电梯里了"})
    _, (found,) = await _run(stage, raw)
    assert found["text"] == "我被困在3栋2单元电梯里了"
    assert found["understood"][0]["emergency"] == "lift_trapped"
    assert found["replies"][0]["id"].startswith("emergency.lift_trapped")
    (ticket,) = found["tickets"]
    assert (ticket["kind"], ticket["severity"], ticket["status"]) == ("emergency", "alarm", "open")
    assert int(ticket["id"])
    assert isinstance(ticket["id"], str), "ids do not fit into a number of JSON"


async def test_each_resident_has_a_conversation_of_their_own(stage: Stage) -> None:
    _, found = await _run(stage, '{"text": "你好", "resident": "a"}', '{"text": "谢谢", "resident": "b"}')
    assert [line["understood"][0]["intent"] for line in found] == ["greet", "thanks"]
    assert [len(line["understood"]) for line in found] == [1, 1]


async def test_time_passes_only_as_told(stage: Stage) -> None:
    start = stage.now
    _, found = await _run(stage, '{"text": "你好", "wait": "5m"}', '{"wait": "1d"}')
    assert [line["now"] for line in found] == [
        (start + timedelta(minutes=5)).isoformat(),
        (start + timedelta(days=1, minutes=5)).isoformat(),
    ]
    assert found[1]["replies"] == []


async def test_the_terminal_shows_replies_and_choices(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("你好\n\n"))
    start = stage.now
    await run_terminal(stage)
    out = capsys.readouterr().out
    assert "  < " in out
    assert "[报修]" in out
    assert out.endswith("> ")
    assert stage.now == start + timedelta(seconds=10, minutes=10)
