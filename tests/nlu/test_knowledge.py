"""The knowledge base: found when asked, silent when unsure, and closed to those it is not meant for."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nlu.knowledge import Audience, Knowledge
from nlu.knowledge_evaluate import evaluate_knowledge, read_asked
from nlu.knowledge_index import Index
from nlu.knowledge_training import trained
from words.content import ContentFiles
from words.errors import ContentError

TODAY = date(2026, 11, 23)
HELDOUT = Path(__file__).parent / "knowledge" / "heldout.yml"
GOOD = """
- id: fees.pay
  audience: resident
  questions: [物业费怎么交, 在哪里缴物业费, 可以微信交物业费吗]
  answer: '请在公众号缴纳，或到前台。电话 {{ phone_desk }}'
  source: 收费公示2026
  category: fee.pay
- id: staff.dress
  audience: staff
  questions: [上班穿什么, 工装怎么穿, 工牌戴哪里]
  answer: 着工装，工牌戴左胸。
  source: 员工手册
- id: notice.pool
  audience: resident
  questions: [泳池开放吗, 游泳池几点开门, 泳池什么时候开]
  answer: 泳池七月至九月开放。
  source: 公告
  valid_from: 2026-07-01
  valid_until: 2026-09-30
  keywords: [游泳]
"""


@pytest.fixture(scope="module")
def knowledge(content: ContentFiles) -> Knowledge:
    return Knowledge.read(content)


def made(content: ContentFiles, text: str) -> Knowledge:
    texts = {name: body for name, body in content.texts.items() if not name.startswith("knowledge/")}
    return Knowledge.read(ContentFiles({**texts, "knowledge/a.yml": text}))


def test_every_question_finds_its_own_entry(knowledge: Knowledge) -> None:
    held = [entry for entry in knowledge.entries if entry.valid(TODAY)]
    asked = [(question, entry) for entry in held for question in entry.questions]
    lost = [
        question
        for question, entry in asked
        if knowledge.search(question, audience=entry.audience, today=TODAY)[0].entry.id != entry.id
    ]
    # Two entries may be so near that one way to ask fits both; that is rare.
    assert len(lost) <= len(asked) // 200, lost


def test_questions_that_were_never_seen_find_their_entry_or_nothing(knowledge: Knowledge) -> None:
    told = evaluate_knowledge(knowledge, read_asked(HELDOUT, TODAY))
    assert (told.answerable, told.foreign) == (300, 92)
    assert told.first >= 0.93
    assert told.sure >= 0.7
    assert told.wrong <= 0.015
    assert told.invented <= 0.07


@pytest.mark.parametrize("text", ["请问物业费可以用微信交吗，谢谢", "物业費喺邊度交", "可以微信交物业费么"])
def test_a_question_in_other_words_is_found(text: str, content: ContentFiles) -> None:
    best = made(content, GOOD).search(text, audience=Audience.RESIDENT, today=TODAY)[0]
    assert (best.entry.id, best.entry.category) == ("fees.pay", "fee.pay")


def test_a_question_asked_nearly_word_for_word_is_answered_with_confidence(content: ContentFiles) -> None:
    best = made(content, GOOD).search("你好，请问物业费怎么交", audience=Audience.RESIDENT, today=TODAY)[0]
    assert (best.entry.id, best.confident) == ("fees.pay", True)


@pytest.mark.parametrize("text", ["今天天气怎么样", "明年物业费会涨吗，谁说了算", "", "😂", "股票怎么开户"])
def test_nothing_is_invented(text: str, knowledge: Knowledge) -> None:
    assert not any(hit.confident for hit in knowledge.search(text, audience=Audience.RESIDENT, today=TODAY))


def test_what_is_for_staff_is_not_even_indexed_for_residents(content: ContentFiles) -> None:
    made_up = made(content, GOOD)
    assert all(
        hit.entry.audience is Audience.RESIDENT
        for hit in made_up.search("上班穿什么", audience=Audience.RESIDENT, today=TODAY)
    )
    assert "staff.dress" in made_up.shelves[Audience.STAFF].index.ids
    assert "staff.dress" not in made_up.shelves[Audience.RESIDENT].index.ids
    assert made_up.search("上班穿什么", audience=Audience.STAFF, today=TODAY)[0].entry.id == "staff.dress"


@pytest.mark.parametrize(
    ("day", "found"),
    [(date(2026, 6, 30), False), (date(2026, 7, 1), True), (date(2026, 9, 30), True), (date(2026, 10, 1), False)],
)
def test_an_entry_holds_only_in_its_days(day: date, found: bool, content: ContentFiles) -> None:
    hits = made(content, GOOD).search("泳池什么时候开", audience=Audience.RESIDENT, today=day)
    assert ("notice.pool" in [hit.entry.id for hit in hits]) is found


def test_only_the_first_hit_can_be_confident_and_the_limit_is_kept(knowledge: Knowledge) -> None:
    hits = knowledge.search("停车费怎么交", audience=Audience.RESIDENT, today=TODAY, limit=5)
    assert len(hits) <= 5
    assert not any(hit.confident for hit in hits[1:])
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_an_index_is_kept_and_found_again_with_the_same_scores(content: ContentFiles, tmp_path: Path) -> None:
    recipe = made(content, GOOD).shelves[Audience.RESIDENT].recipe
    kept = replace(recipe, version="kept", folder=tmp_path / "model")
    first = trained.__wrapped__(kept)
    (path,) = (tmp_path / "model").iterdir()
    assert path == kept.path
    again = Index.load(path, kept.terms)
    for text in ("物业费在哪交", "游泳", "股票"):
        assert again.scores(text) == pytest.approx(first.scores(text), abs=1e-6)
    path.write_bytes(path.read_bytes()[:500])
    assert trained.__wrapped__(kept).ids == first.ids, "a damaged file is trained anew"
    assert Index.load(path, kept.terms).ids == first.ids, "and written over"


def test_the_staff_index_is_kept_without_the_index_it_stands_on(content: ContentFiles, tmp_path: Path) -> None:
    recipe = made(content, GOOD).shelves[Audience.STAFF].recipe
    kept = replace(recipe, version="kept", folder=tmp_path)
    first = trained.__wrapped__(kept)
    assert kept.path is not None
    assert kept.path.is_file()
    again = trained.__wrapped__(kept)
    assert again.base is not None
    for text in ("上班穿什么", "物业费在哪交", "股票"):
        assert again.scores(text) == pytest.approx(first.scores(text), abs=1e-6)


def test_what_is_foreign_teaches_every_entry_not_to_answer(content: ContentFiles) -> None:
    asked, told = "物业费能不能换成黄金来交", "foreign:\n  - 物业费能换成金条交吗\n  - 黄金可以交物业费么\n"
    texts = {name: body for name, body in content.texts.items() if not name.startswith("knowledge/")}
    naive = Knowledge.read(ContentFiles({**texts, "knowledge/a.yml": GOOD}))
    taught = Knowledge.read(ContentFiles({**texts, "knowledge/a.yml": GOOD, "knowledge/foreign.yml": told}))
    before, after = (one.search(asked, audience=Audience.RESIDENT, today=TODAY)[0].score for one in (naive, taught))
    assert after < before / 2


def test_staff_are_told_their_own_from_what_residents_ask_in_the_same_words(content: ContentFiles) -> None:
    both = (
        "- id: pool\n  audience: resident\n  questions: [泳池几点开门, 泳池几点关门, 泳池今天开门吗]\n"
        "  answer: 泳池早上开门。\n  source: 公告\n"
        "- id: staff.pool\n  audience: staff\n  questions: [泳池由谁开门, 泳池开门要登记吗, 泳池关门谁检查]\n"
        "  answer: 由救生员开门并登记。\n  source: 手册\n"
    )
    held = made(content, both)
    index = held.shelves[Audience.STAFF].index
    assert (index.ids, index.base) == (("staff.pool", "pool"), held.shelves[Audience.RESIDENT].index)
    for text, alone in (("泳池由谁负责开门", "staff.pool"), ("泳池今天几点开门", "pool")):
        assert held.search(text, audience=Audience.STAFF, today=TODAY)[0].entry.id == alone
    of_staff = "泳池由谁开门"
    assert index.scores(of_staff)["pool"] < held.shelves[Audience.RESIDENT].index.scores(of_staff)["pool"] / 2


def test_staff_without_entries_of_their_own_are_served_from_the_residents(content: ContentFiles) -> None:
    only = made(content, GOOD[: GOOD.index("- id: staff.dress")])
    assert only.search("物业费怎么交", audience=Audience.STAFF, today=TODAY)[0].entry.id == "fees.pay"
    alone = made(content, GOOD[GOOD.index("- id: staff.dress") : GOOD.index("- id: notice.pool")])
    assert alone.search("上班穿什么", audience=Audience.STAFF, today=TODAY)[0].entry.id == "staff.dress"
    assert alone.search("上班穿什么", audience=Audience.RESIDENT, today=TODAY) == ()


@pytest.mark.parametrize("text", ["- 黄金\n", "foreign: 黄金\n", "other: []\n"])
def test_a_bad_list_of_foreign_questions_is_refused(text: str, content: ContentFiles) -> None:
    with pytest.raises(ContentError):
        Knowledge.read(ContentFiles({**content.texts, "knowledge/foreign.yml": text}))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("audience: resident", "audience: everyone"), 3),
        (("questions: [物业费怎么交, 在哪里缴物业费, 可以微信交物业费吗]", "questions: [物业费怎么交]"), 4),
        (("questions: [物业费怎么交, 在哪里缴物业费, 可以微信交物业费吗]", "questions: 物业费怎么交"), 4),
        (("source: 收费公示2026", "source: ''"), 6),
        (("category: fee.pay", "kategory: fee.pay"), 7),
        (("id: staff.dress", "id: fees.pay"), 8),
        (("valid_from: 2026-07-01", "valid_from: 七月"), 18),
    ],
)
def test_a_bad_entry_is_refused_with_its_line(change: tuple[str, str], line: int, content: ContentFiles) -> None:
    with pytest.raises(ContentError) as caught:
        made(content, GOOD.replace(*change))
    assert (caught.value.source, caught.value.line) == ("knowledge/a.yml", line)


@pytest.mark.parametrize("text", ["a: 1\n", "- 好\n"])
def test_a_file_of_something_else_is_refused(text: str, content: ContentFiles) -> None:
    with pytest.raises(ContentError):
        made(content, text)
