"""The content of the checkout against its own rules."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from words.checks import Finding, check_words, read_samples
from words.content import ContentFiles
from words.errors import ContentError
from words.etiquette import Author, Etiquette, Situation
from words.language import Language
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
    "phone_quality",
    "phone_committee",
    "phone_police",
    "phone_water",
    "phone_power",
    "desk_place",
    "locker_place",
    "gym_hours",
    "playground_hours",
    "court_hours",
    "pool_season",
    "pool_hours",
    "rubbish_hours",
    "bulky_day",
    "quiet_hours",
    "repair_hours",
    "moving_hours",
    "renovation_hours",
    "renovation_deposit",
    "renovation_rubbish_price",
    "access_card_price",
    "temporary_parking_price",
    "aircon_hours",
    "aircon_price",
}


def test_every_variant_of_every_reply_is_courteous(
    replies: Replies, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    assert check_words(replies, etiquette, samples) == []


def test_every_english_variant_of_every_reply_is_courteous(
    files: ContentFiles, replies: Replies, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    english = read_samples(files, Language.ENGLISH)
    assert english["due"] != samples["due"]
    assert check_words(replies, etiquette, samples, english) == []


def test_a_fact_without_sample_is_reported(
    replies: Replies, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    del (fewer := dict(samples))["reason"]
    found = [one for one in check_words(replies, etiquette, fewer) if "no sample" in one.message]
    assert "replies/photo.yml" in {finding.file for finding in found}
    assert all(finding.line is not None and "reason" in finding.message for finding in found)


def test_a_discourteous_variant_is_reported_with_its_words(
    scripts: Callable[..., ContentFiles], etiquette: Etiquette
) -> None:
    topic = 'one.reply:\n  purpose: p\n  mood: neutral\n  variants: ["谢谢您。", "请你看。"]\n'
    (finding,) = (one for one in _found(scripts(topic), etiquette) if "one.reply, variant 2" in one.message)
    assert (finding.file, finding.line) == ("replies/topic.yml", 1)
    assert "one.reply, variant 2: A3.pronoun" in finding.message
    assert "“你”" in finding.message


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ('["谢谢您的耐心。"]', "has one variant"),
        ('["谢谢您的耐心，请稍候。", "谢谢您的耐心，请稍候！"]', "hardly different"),
        ('["谢谢您。", "请您看看。"]', "is not written in English"),
        ('["谢谢您。", "请您看看。"]\n  english: ["Look at this."]', "english variant 1: A2.courtesy_english"),
    ],
)
def test_what_a_reply_lacks_in_variety_is_reported(
    scripts: Callable[..., ContentFiles], etiquette: Etiquette, variants: str, message: str
) -> None:
    topic = f"one.reply:\n  purpose: p\n  mood: neutral\n  variants: {variants}\n"
    assert any(message in finding.message for finding in _found(scripts(topic), etiquette))


def test_a_reply_that_is_only_a_fact_needs_no_second_way(
    scripts: Callable[..., ContentFiles], etiquette: Etiquette
) -> None:
    topic = 'one.reply:\n  purpose: p\n  facts: [hello]\n  mood: neutral\n  variants: ["{{ hello }}"]\n'
    assert not [finding for finding in _found(scripts(topic), etiquette) if "one.reply: has" in finding.message]


def _found(files: ContentFiles, etiquette: Etiquette) -> list[Finding]:
    samples = {"hello": "您好", "salutation": "王女士"}
    return check_words(Replies.read(files), etiquette, samples, samples)


def test_a_sample_is_a_text_or_a_number() -> None:
    with pytest.raises(ContentError, match=r"samples\.yml:2"):
        read_samples(ContentFiles({"replies/samples.yml": "due: 今天\nlines: [a]\n"}))


def test_knowledge_is_complete_and_courteous(
    files: ContentFiles, etiquette: Etiquette, samples: dict[str, str | int]
) -> None:
    entries = _entries(files)
    assert sum(entry["audience"] == "resident" for entry in entries) >= 100
    assert sum(entry["audience"] == "staff" for entry in entries) >= 60
    assert len({entry["id"] for entry in entries}) == len(entries)
    phones = tuple(str(value) for name, value in samples.items() if name.startswith("phone_"))
    for entry in entries:
        names = set(_PLACEHOLDER.findall(entry["answer"]))
        assert names <= _SETTINGS, entry["id"]
        answer = _PLACEHOLDER.sub(lambda name: str(samples[name[1]]), entry["answer"])
        assert len(answer) <= 120, entry["id"]
        assert 6 <= len(entry["questions"]) <= 45, entry["id"]
        reply = f"请您参考：{answer}（来源：{entry['source']}）"
        found = etiquette.check(reply, Situation(Author.BOT, allowed_phones=phones))
        assert found == (), entry["id"]


def test_a_question_stands_under_one_entry_only(files: ContentFiles) -> None:
    questions = [question for entry in _entries(files) for question in entry["questions"]]
    assert len(set(questions)) == len(questions)


def _entries(files: ContentFiles) -> list[Any]:
    """The entries of the knowledge base; its synonyms and what is foreign to it are no entries."""
    names = [name for name in files.below("knowledge") if not name.endswith(("/synonyms.yml", "/foreign.yml"))]
    return [entry for name in names for entry in files.read(name)]
