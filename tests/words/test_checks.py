"""The content of the checkout against its own rules."""

import re
from collections.abc import Callable

import pytest

from words.checks import check_words, read_samples
from words.content import ContentFiles
from words.errors import ContentError
from words.etiquette import Author, Etiquette, Situation
from words.replies import Replies

_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")
_SETTINGS = {
    "community",
    "phone_duty",
    "phone_desk",
    "phone_gas",
    "desk_hours",
    "property_fee_price",
    "parking_monthly_price",
}


def test_every_variant_of_every_reply_is_courteous(
    replies: Replies, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    assert check_words(replies, etiquette, samples) == []


def test_a_fact_without_sample_is_reported(
    replies: Replies, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    del (fewer := dict(samples))["reason"]
    (finding,) = (one for one in check_words(replies, etiquette, fewer) if "no sample" in one.message)
    assert finding.file == "replies/photo.yml"
    assert finding.line is not None
    assert "reason" in finding.message


def test_a_discourteous_variant_is_reported_with_its_words(
    scripts: Callable[..., ContentFiles], etiquette: Etiquette
) -> None:
    topic = 'one.reply:\n  purpose: p\n  mood: neutral\n  variants: ["谢谢您。", "请你看。"]\n'
    found = check_words(Replies.read(scripts(topic)), etiquette, {"hello": "您好", "salutation": "王女士"})
    assert [(finding.file, finding.line) for finding in found] == [("replies/topic.yml", 1)]
    assert "one.reply, variant 2: A3.pronoun" in found[0].message
    assert "“你”" in found[0].message


def test_a_sample_is_a_text_or_a_number() -> None:
    with pytest.raises(ContentError, match=r"samples\.yml:2"):
        read_samples(ContentFiles({"replies/samples.yml": "due: 今天\nlines: [a]\n"}))


def test_knowledge_is_complete_and_courteous(
    files: ContentFiles, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    entries = [entry for name in files.below("knowledge") for entry in files.read(name)]
    assert sum(entry["audience"] == "resident" for entry in entries) >= 45
    assert sum(entry["audience"] == "staff" for entry in entries) >= 12
    assert len({entry["id"] for entry in entries}) == len(entries)
    phones = tuple(str(value) for name, value in samples.items() if name.startswith("phone_"))
    for entry in entries:
        names = set(_PLACEHOLDER.findall(entry["answer"]))
        assert names <= _SETTINGS, entry["id"]
        answer = _PLACEHOLDER.sub(lambda name: str(samples[name[1]]), entry["answer"])
        assert len(answer) <= 120, entry["id"]
        assert 4 <= len(entry["questions"]) <= 8, entry["id"]
        reply = f"请您参考：{answer}（来源：{entry['source']}）"
        found = etiquette.check(reply, Situation(Author.BOT, allowed_phones=phones))
        assert found == (), entry["id"]


def test_a_question_stands_under_one_entry_only(files: ContentFiles) -> None:
    questions = [
        question for name in files.below("knowledge") for entry in files.read(name) for question in entry["questions"]
    ]
    assert len(set(questions)) == len(questions)
