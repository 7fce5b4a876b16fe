"""Whatever is sent, or written into a content file, is answered clearly; nothing crashes and nothing is lost."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.audit import audit
from actions.intake import MAX_TEXT, storable
from actions.tables import Direction, Message
from desk.settings import content_folder
from desk.stage import Stage
from tests.desk.conftest import Command

WORDLESS = {
    "nothing": "",
    "blanks": "  \n\t\r ",
    "emoji": "😀🔥😭👍",
    "emoji joined": "👨‍👩‍👧‍👦" * 200,
    "null": "\0",
    "control characters": "".join(map(chr, range(32))),
    "half a surrogate pair": "\ud83d",
    "invisible characters": "\u200b\u200d\u2060\ufeff",
    "marks of direction": "\u202e\u202d\u2066\u200f\u202c",
    "punctuation": "？！。……，",
    "brackets": "（" * 5000,
    "line ends": "\n" * 3000,
}
ODD = {
    "20,000 characters": ("厨房水龙头漏水，" * 2500)[:MAX_TEXT],
    "100,000 characters": ("楼上太吵了！" * 17_000)[:100_000],
    "one character 100,000 times": "啊" * 100_000,
    "a null inside": "厨房\0水龙头\0漏水",
    "colours of a terminal": "厨房\x1b[31m水龙头\x1b[0m漏水\x07",
    "markup": "<b>你好</b>",
    "a script": "<script>alert(document.cookie)</script>厨房漏水",
    "an image": '<img src=x onerror="alert(1)">',
    "half a surrogate pair inside": "厨房\udc00水龙头漏水",
    "right to left": "\u202e厨房水龙头漏水\u202c مرحبا",
    "SQL": "'; DROP TABLE messages; --",
    "a template": "{{ phone_duty }}{% for x in range(10**9) %}x{% endfor %}",
    "format codes": "%s%n{0}{x.__class__}",
    "a path": "../../../etc/passwd",
    "many digits": "1" * 5000,
    "many accents": "a" + "\u0301" * 3000,
    "many times": "明天下午三点" * 1000,
    "full width": "ＨＥＬＬＯ　１２３",
    "private use": "\ue000\uf8ff漏水",
    "beyond the plane": "𠮷野家漏水𪚥",
}


async def _said(stage: Stage, text: str) -> tuple[list[str], str]:
    """The ids of the replies, and all that was replied as one text."""
    await stage.write(text)
    await stage.settle()
    replies = (await stage.exchange()).replies
    return [reply.reply_id or "" for reply in replies], "\n".join(reply.text for reply in replies)


async def _nothing_is_lost(stage: Stage, text: str) -> None:
    now = stage.now
    query = select(Message.text, Message.turn).where(Message.direction == Direction.IN)
    stored = await stage.store.read(lambda session: [tuple(row) for row in session.execute(query)])
    expected = storable(text)
    assert stored == [(expected if len(expected) <= MAX_TEXT else expected[: MAX_TEXT - 1] + "…", 1)]
    assert await stage.store.read(lambda session: audit(session, now)) == ()


@pytest.mark.parametrize("name", WORDLESS)
async def test_a_message_without_words_is_asked_for_again(stage: Stage, name: str) -> None:
    ids, _ = await _said(stage, WORDLESS[name])
    assert ids[-1] == "empty.message"
    await _nothing_is_lost(stage, WORDLESS[name])


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_message_is_answered_courteously_and_kept(stage: Stage, name: str) -> None:
    ids, answer = await _said(stage, ODD[name])
    assert ids
    assert "error.registered" not in ids, "a fault of ours"
    assert len(answer) < 400, "what was sent is not poured back"
    assert "0571-88880110" not in answer or "emergency" in ids[-1] or "bye" in ids[-1], "a template is text"
    assert not set(answer) & {"\0", "\x1b", "\x07", "\u202e", "\ufffd", "<", "{"}
    await _nothing_is_lost(stage, ODD[name])


async def test_odd_messages_one_after_another_never_end_the_conversation(stage: Stage) -> None:
    for text in [*WORDLESS.values(), *ODD.values()]:
        ids, _ = await _said(stage, text)
        assert "error.registered" not in ids
    now = stage.now
    assert await stage.store.read(lambda session: audit(session, now)) == ()
    left = select(Message.id).where(Message.direction == Direction.IN, Message.turn.is_(None))
    assert await stage.store.read(lambda session: session.execute(left).all()) == []


def _replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text, f"{old!r} is not in the file any more; choose another thing to break"
        return text.replace(old, new, 1)

    return change


BROKEN: dict[str, tuple[str, Callable[[str], str | bytes | None], str]] = {
    "a tab": (
        "replies/talk.yml",
        _replaced("  purpose: 道别", "\tpurpose: 道别"),
        r"replies/talk\.yml:\d+: is not valid",
    ),
    "an open quote": ("replies/talk.yml", lambda text: f'{text}\nx: "y\n', r"replies/talk\.yml:\d+: is not valid"),
    "a name twice": (
        "replies/talk.yml",
        lambda text: f"{text}\nbye.reply:\n  purpose: x\n",
        r"replies/talk\.yml:\d+: is not valid YAML: found duplicate key",
    ),
    "an unknown fact": (
        "replies/talk.yml",
        _replaced("{{ phone_duty }}", "{{ phone_dutty }}"),
        r"replies/talk\.yml:\d+: .*phone_dutty",
    ),
    "a computation": (
        "replies/talk.yml",
        _replaced("{{ phone_duty }}", "{{ 9 ** 9 }}"),
        r"replies/talk\.yml:\d+: only",
    ),
    "an unknown key": (
        "forms/repair.yml",
        lambda text: f"{text}\nsurprise: 1\n",
        r"forms/repair\.yml:\d+: unknown key `surprise`",
    ),
    "an unknown kind": (
        "forms/repair.yml",
        _replaced("kind: place", "kind: palace"),
        r"forms/repair\.yml:\d+: .*palace",
    ),
    "an unknown label": (
        "nlu/repair.yml",
        _replaced("repair.water_pipe", "repair.water_pip"),
        r"nlu/repair\.yml:\d+: .*repair\.water_pip",
    ),
    "other contents": ("rules/tickets.yml", lambda _: "nothing: here\n", r"rules/tickets\.yml:1: nothing"),
    "nothing": ("rules/ladder.yml", lambda _: "", r"rules/ladder\.yml:1: should hold"),
    "a list": ("phrases.yml", lambda _: "- a\n- b\n", r"phrases\.yml:1: "),
    "no such file": ("labels.yml", lambda _: None, r"labels\.yml: there is no such"),
    "not UTF-8": ("knowledge/fees.yml", lambda _: b"\xff\xfe\0a", r"knowledge/fees\.yml: is not UTF-8"),
    "no such day": (
        "calendar/overrides.yml",
        lambda text: f"{text}\n2026-02-31: x\n",
        r"calendar/overrides\.yml:\d+: holds no possible date",
    ),
    "no such time": (
        "rules/desk_hours.yml",
        _replaced("8:00", "25:00"),
        r"rules/desk_hours\.yml:\d+: .*25:00",
    ),
    "a lexicon that is a list": ("lexicon/emergency.yml", lambda _: "- 3\n", r"lexicon/emergency\.yml:1: should"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_content_file_is_named_with_its_line(name: str, command: Command, tmp_path: Path) -> None:
    file, change, expected = BROKEN[name]
    content = tmp_path / "data"
    shutil.copytree(content_folder(), content)
    changed = change((content / file).read_text(encoding="utf-8"))
    if changed is None:
        (content / file).unlink()
    else:
        (content / file).write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    ran = command("parse", "你好", DESK_CONTENT=str(content))
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert re.match(f"desk: {expected}", ran.err), ran.err
