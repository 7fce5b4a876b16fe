"""Facts are of a kind, and no claim is told without a fact of its kind (domain.md A11)."""

import pytest

from words.content import ContentFiles
from words.errors import ContentError, ReplyError
from words.facts import FactKinds
from words.replies import Replies


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ticket", "R-1024", "已登记"),
        ("due", "今天18:00", "尽快"),
        ("due", "18:00 today", "soon"),
        ("phone_duty", "0755-55500110", "请稍候"),
        ("total", "568.80元", "一些"),
        ("place_in_queue", "3", "最前"),
        ("matter", "门铃不响", " "),
    ],
)
def test_a_fact_has_the_form_of_its_kind(files: ContentFiles, name: str, good: str, bad: str) -> None:
    kinds = FactKinds.read(files)
    assert kinds.fits(name, good)
    assert not kinds.fits(name, bad)


@pytest.mark.parametrize(
    ("reply_id", "spoiled"),
    [
        ("repair.opened", {"ticket": ""}),
        ("repair.opened", {"due": ""}),
        ("repair.opened", {"due": "尽快"}),
        ("repair.opened", {"department": " "}),
        ("fee.bills", {"total": "未知"}),
        ("ticket.accepted", {"ticket": "无"}),
        ("emergency.acknowledged", {"phone_duty": ""}),
    ],
)
def test_a_claim_without_its_fact_is_never_told(
    replies: Replies, samples: dict[str, str | int], reply_id: str, spoiled: dict[str, str]
) -> None:
    assert replies.render(reply_id, samples).text
    with pytest.raises(ReplyError, match=r"claims .* without"):
        replies.render(reply_id, samples | spoiled)


def test_a_blank_fact_that_no_claim_needs_is_left_out(replies: Replies, samples: dict[str, str | int]) -> None:
    assert replies.render("repair.confirm", samples | {"note": ""}).text


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a:\n  facts: [x]\n", 1, "does not say what it is like"),
        ("a:\n  facts: [x]\n  like: ['(x)']\n", 3, "may not capture"),
        ("a:\n  facts: [x]\n  like: [x]\nb:\n  facts: [x]\n  like: [y]\n", 5, "of two kinds"),
        ("a:\n  fact: [x]\n  like: [x]\n", 2, "unknown key `fact`"),
    ],
)
def test_kinds_that_cannot_be_used_are_refused_with_their_line(text: str, line: int, message: str) -> None:
    with pytest.raises(ContentError, match=message) as refused:
        FactKinds.read(ContentFiles({"replies/facts.yml": text}))
    assert refused.value.line == line


def test_without_the_file_every_fact_is_a_text() -> None:
    assert FactKinds.read(ContentFiles({})).fits("ticket", "x")
