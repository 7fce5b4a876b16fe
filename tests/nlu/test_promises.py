"""What staff promise is read from their words, and what promises nothing is left alone."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.settings import content_folder
from nlu.promises import Kind, PromiseReader
from words.content import ContentFiles
from words.errors import ContentError

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Monday
FILE = "lexicon/promises.yml"


@pytest.fixture(scope="module")
def reader(content: ContentFiles) -> PromiseReader:
    return PromiseReader.read(content)


@pytest.mark.parametrize(
    ("text", "kind", "words", "due"),
    [
        ("明天上午给您答复", Kind.ANSWER, "明天上午给您答复", "11-24 12:00"),
        ("我们周五前修好，请您放心", Kind.DONE, "周五前修好", "11-26 18:00"),
        ("下午给您答复", Kind.ANSWER, "下午给您答复", "11-23 18:00"),
        ("今天下班前给您回电", Kind.ANSWER, "今天下班前给您回电", "11-23 18:00"),
        ("两小时内给您回复", Kind.ANSWER, "两小时内给您回复", "11-23 12:00"),
        ("半小时后师傅过来看一下", Kind.VISIT, "半小时后师傅过来", "11-23 10:30"),
        ("一个半小时内到场", Kind.VISIT, "一个半小时内到场", "11-23 11:30"),
        ("24小时内有师傅上门", Kind.VISIT, "24小时内有师傅上门", "11-24 10:00"),
        ("三个工作日内答复您", Kind.ANSWER, "三个工作日内答复您", "11-26 18:00"),
        ("因为配件缺货，明天上午10点前由王师傅上门更换", Kind.VISIT, "明天上午10点前由王师傅上门", "11-24 10:00"),
        ("11月25日下午三点左右到您家更换阀芯", Kind.VISIT, "11月25日下午三点左右到您家", "11-25 15:00"),
        ("后天上午九点到十一点上门检修", Kind.VISIT, "后天上午九点到十一点上门", "11-25 11:00"),
        ("0571-88880100，明天下午3点以后给您回电话", Kind.ANSWER, "明天下午3点以后给您回电", "11-24 18:00"),
        ("月底前退还到您账户", Kind.DONE, "月底前退还到", "11-30 18:00"),
        ("元旦前完工", Kind.DONE, "元旦前完工", "12-31 18:00"),
        ("厂家27号来更换主板", Kind.VISIT, "27号来更换", "11-27 18:00"),
        ("本周内给您一个明确的答复", Kind.ANSWER, "本周内给您一个明确的答复", "11-29 18:00"),
        ("晚上8点前恢复供水", Kind.DONE, "晚上8点前恢复供水", "11-23 20:00"),
        ("下午三点前回您电话", Kind.ANSWER, "下午三点前回您电话", "11-23 15:00"),
        ("好的，两个小时内", Kind.ANSWER, "两个小时内", "11-23 12:00"),
        ("最迟明天上午吧", Kind.ANSWER, "明天上午", "11-24 12:00"),
        ("24小时内回复", Kind.ANSWER, "24小时内回复", "11-24 10:00"),
        ("师傅15分钟到", Kind.VISIT, "15分钟到", "11-23 10:15"),
        ("一两个小时到", Kind.VISIT, "一两个小时到", "11-23 12:00"),
        ("两三天内解决", Kind.DONE, "两三天内解决", "11-26 18:00"),
        ("不超过两小时给您回复", Kind.ANSWER, "不超过两小时给您回复", "11-23 12:00"),
        ("过两天给您答复", Kind.ANSWER, "过两天给您答复", "11-25 18:00"),
        ("元旦后安排维修", Kind.DONE, "元旦后安排维修", "01-08 18:00"),
        ("请您放心，明天中午给您回音", Kind.ANSWER, "明天中午给您回音", "11-24 14:00"),
    ],
)
def test_a_promise_is_read_with_its_words_and_its_moment(
    reader: PromiseReader, text: str, kind: Kind, words: str, due: str
) -> None:
    [found] = reader.find(text, now=NOW)
    assert (found.kind, found.text, f"{found.due_at:%m-%d %H:%M}") == (kind, words, due)
    assert text[found.start : found.end] == words


@pytest.mark.parametrize(
    "text",
    [
        "您明天上午在家吗？",
        "明天上午方便师傅上门吗",
        "请您明天上午来前台办理",
        "昨天已上门查看",
        "收到，我们会尽快处理",
        "明天不能上门",
        "如果明天下午还没修好，请联系我们",
        "已经修好了",
        "明天停水，请您储水",
        "物业费请于月底前缴纳",
        "到货后当天上门更换",
        "配件周四到",
        "两个小时内？",
        "我们小区有三天没水了",
        "等了两个小时",
        "物业费每月每平方米2.80元",
        "",
    ],
)
def test_what_promises_nothing_is_left_alone(reader: PromiseReader, text: str) -> None:
    assert reader.find(text, now=NOW) == ()


def test_two_promises_of_one_message_are_two(reader: PromiseReader) -> None:
    found = reader.find("师傅明天上午10点上门维修，下周三前处理完毕", now=NOW)
    assert [(one.kind, f"{one.due_at:%m-%d %H:%M}") for one in found] == [
        (Kind.VISIT, "11-24 10:00"),
        (Kind.DONE, "12-01 18:00"),
    ]


def test_the_span_is_that_of_the_text_as_it_was_written(reader: PromiseReader) -> None:
    text = "😀您好，１０點前給您答覆！"
    [found] = reader.find(text, now=NOW.replace(hour=8))
    assert text[found.start : found.end] == found.text == "１０點前給您答覆"


def test_a_moment_that_is_over_is_no_promise(reader: PromiseReader) -> None:
    assert reader.find("今天上午10点前给您答复", now=NOW.replace(hour=11)) == ()


@given(st.text(max_size=60) | st.text("明天上午下前后给您答复修好门月日0123456789点，。吗", max_size=40))
def test_no_text_is_too_strange_and_every_promise_lies_ahead(text: str) -> None:
    last = 0
    for found in _reader().find(text, now=NOW):
        assert text[found.start : found.end] == found.text
        assert found.due_at > NOW
        assert found.start >= last
        last = found.end


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('day_ends: "18:00"', "day_ends: late", "write an hour"),
        ("answer:\n", "anser:\n", "answer: is missing"),
        ("visit:\n  - 来", "visit:\n  - '(来'\n  - 来", "not a regular expression"),
    ],
)
def test_a_broken_list_is_refused_with_its_file(content: ContentFiles, old: str, new: str, message: str) -> None:
    text = content.texts[FILE]
    assert old in text
    with pytest.raises(ContentError, match=message):
        PromiseReader.read(ContentFiles({**content.texts, FILE: text.replace(old, new, 1)}))


@cache
def _reader() -> PromiseReader:
    return PromiseReader.read(ContentFiles.load(content_folder()))
