"""What the engine makes of messages: intents, requests, danger, certainty; and that nothing breaks it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlu.engine import EmbeddedEngine
from nlu.types import Intent, Understanding

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LABELLED = [
    ("厨房水龙头一直滴水，今天下午三点后有人在家", "repair", "water_pipe"),
    ("楼道灯坏了", "repair", "electrical"),
    ("我家马桶堵了，来个师傅", "repair", "drain"),
    ("门铃坏了", "repair", "intercom"),
    ("楼上天天晚上蹦迪，吵得没法睡，你们管不管", "complaint", "noise"),
    ("物业费怎么交", "fee", "pay"),
    ("我欠多少物业费", "fee", "bill"),
    ("能开发票吗", "fee", "invoice"),
    ("转人工", "human", None),
    ("你好", "greet", None),
    ("谢谢", "thanks", None),
    ("再见", "bye", None),
    ("我上次报修的水管修得怎么样了", "progress", "state"),
]
ALARMS = [
    ("着火了！！3栋", "fire"),
    ("电梯困人了！！9栋", "lift_trapped"),
    ("请问闻到一点点煤气味要紧吗", "gas"),
    ("家里水管爆了，水喷得到处都是，关不住", "flood"),
    ("我不想活了", "self_harm"),
    ("有老人晕倒在大堂了，叫不醒", "injury"),
]
CALM = [
    "今天热死了",
    "这个月电费爆炸了，贵得离谱",
    "如果着火了该怎么逃生",
    "电梯坏了，里面没人",
    "上个月漏水的事赔偿有结果了吗",
    "消防通道堵了，是个安全隐患",
]


@pytest.mark.parametrize(("text", "intent", "category"), LABELLED)
def test_everyday_messages_are_understood(
    text: str, intent: str, category: str | None, engine: EmbeddedEngine, now: datetime
) -> None:
    understood = engine.understand(text, now=now)
    assert (understood.intent.value, understood.category) == (intent, category)
    assert understood.emergency is None


@pytest.mark.parametrize(("text", "kind"), ALARMS)
def test_danger_going_on_now_is_an_emergency(text: str, kind: str, engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand(text, now=now)
    assert understood.emergency == kind
    assert understood.intent is Intent.EMERGENCY
    assert understood.category == kind
    assert not understood.unsure
    assert understood.requests[0].intent is Intent.EMERGENCY


@pytest.mark.parametrize("text", CALM)
def test_figures_of_speech_hypotheses_and_the_past_are_no_emergency(
    text: str, engine: EmbeddedEngine, now: datetime
) -> None:
    understood = engine.understand(text, now=now)
    assert understood.emergency is None
    assert understood.intent is not Intent.EMERGENCY


@pytest.mark.parametrize("filler", ["你好。{}", "{}。谢谢", "今天天气不错。{}。麻烦了", "在吗？{}"])
def test_an_emergency_in_any_sentence_is_found(filler: str, engine: EmbeddedEngine, now: datetime) -> None:
    assert engine.understand(filler.format("电梯困人了！！9栋"), now=now).emergency == "lift_trapped"


@pytest.mark.parametrize(
    "around",
    [
        "我在附近上班。最近天气凉快。{}。我是业主",
        "我说一下啊。我住得高。{}。孩子在睡觉",
        "刚到家。心情还行。{}。先写这些",
    ],
)
@pytest.mark.parametrize(
    ("said", "intent"), [("楼道灯坏了", "repair"), ("物业费怎么交", "fee"), ("健身房几点开门", "inquiry")]
)
def test_sentences_that_ask_for_nothing_neither_hide_a_request_nor_alarm(
    around: str, said: str, intent: str, engine: EmbeddedEngine, now: datetime
) -> None:
    understood = engine.understand(around.format(said), now=now)
    assert understood.emergency is None
    assert understood.intent.value == intent


@pytest.mark.parametrize("filler", ["你好，{}", "{}，谢谢", "您好在吗？{}。辛苦了", "麻烦问一下，{}，谢谢啦"])
def test_courtesy_around_a_request_is_never_a_request(filler: str, engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand(filler.format("厨房水龙头漏水了"), now=now)
    assert [(r.intent.value, r.category) for r in understood.requests] == [("repair", "water_pipe")]


def test_courtesy_is_left_out_of_the_span_of_a_request(engine: EmbeddedEngine, now: datetime) -> None:
    [request] = engine.understand("你好，厨房水龙头漏水了，谢谢", now=now).requests
    assert request.text == "厨房水龙头漏水了"


def test_two_matters_in_one_breath_are_two_requests(engine: EmbeddedEngine, now: datetime) -> None:
    text = "你好，物业费怎么交呀，顺便我家门铃坏了"
    requests = engine.understand(text, now=now).requests
    assert [(r.intent.value, r.category) for r in requests] == [("fee", "pay"), ("repair", "intercom")]
    assert [text[r.start : r.end] for r in requests] == [r.text for r in requests]
    assert requests[1].text == "顺便我家门铃坏了"


def test_an_emergency_does_not_swallow_the_other_matter(engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand("着火了！！快来人。另外我家门铃坏了", now=now)
    assert understood.intent is Intent.EMERGENCY
    assert [r.intent.value for r in understood.requests] == ["emergency", "repair"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u3000"])
def test_an_empty_message_is_small_talk_of_which_nothing_is_sure(
    text: str, engine: EmbeddedEngine, now: datetime
) -> None:
    understood = engine.understand(text, now=now)
    assert (understood.intent, understood.unsure, understood.requests) == (Intent.CHITCHAT, True, ())


@pytest.mark.parametrize("text", ["那个东西又那样了", "就上次那个", "那边那个"])
def test_what_says_nothing_is_not_acted_on_with_certainty(text: str, engine: EmbeddedEngine, now: datetime) -> None:
    assert engine.understand(text, now=now).unsure


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("12栋902", ["building", "room"]),
        ("10栋2单元1501，晚上七点以后有人，16012349933", ["building", "unit", "room", "time", "phone"]),
        ("2座1单元903，听日朝早喺屋企", ["building", "unit", "room", "time"]),
        ("明天下午三点", ["time"]),
    ],
)
def test_a_bare_answer_asks_for_nothing_and_gives_its_facts(
    text: str, kinds: list[str], engine: EmbeddedEngine, now: datetime
) -> None:
    understood = engine.understand(text, now=now)
    assert understood.unsure
    assert understood.emergency is None
    assert [entity.type.value for entity in understood.entities if entity.type.value != "place"] == kinds


def test_confidence_is_a_probability_and_falls_with_doubt(engine: EmbeddedEngine, now: datetime) -> None:
    sure = engine.understand("厨房水龙头漏水了，请派人维修", now=now)
    vague = engine.understand("那个东西又那样了", now=now)
    assert 0.0 <= vague.confidence < sure.confidence <= 1.0


def test_the_trace_holds_the_words_that_decided(engine: EmbeddedEngine, now: datetime) -> None:
    trace = engine.understand("厨房水龙头漏水了", now=now).trace
    assert trace
    assert all(word and weight > 0 for word, weight in trace)


def test_traditional_script_and_dialect_are_understood(engine: EmbeddedEngine, now: datetime) -> None:
    assert engine.understand("我屋企水喉漏紧水，唔該派個師傅嚟睇下", now=now).intent is Intent.REPAIR
    assert engine.understand("電梯壞了", now=now).category == "elevator"


def test_a_megabyte_is_read_from_both_ends(engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand("电梯真不错。" * 170_000 + "着火了！！快来人", now=now)
    assert understood.emergency == "fire"
    assert len(understood.entities) < 5_000


@pytest.mark.parametrize(
    "text", ["3栋" + "在家的" * 2000 + "嚯", "收费" + "一二三" * 2000, "收费" + "1," * 3000 + "元"]
)
def test_no_page_of_numerals_or_of_answers_keeps_the_reader_busy(
    text: str, engine: EmbeddedEngine, now: datetime
) -> None:
    wellformed(engine.understand(text, now=now), text)


def test_a_stretch_is_read_as_it_would_be_alone(engine: EmbeddedEngine) -> None:
    text = "着火了，楼道全是烟，不对是演习，车泡在水里了"
    spans = [(0, len(text)), (0, 3), (4, 9), (10, 15), (16, len(text))]
    told = engine.featuriser.stretches(text, spans)
    assert told == [engine.featuriser.blocks(text[start:end]) for start, end in spans]


def wellformed(understood: Understanding, text: str) -> None:
    assert understood.text == text
    assert 0.0 <= understood.confidence <= 1.0
    assert (understood.emergency is None) is (understood.intent is not Intent.EMERGENCY)
    assert bool(understood.requests) is bool(text.strip())
    for request in understood.requests:
        assert 0 <= request.start < request.end <= len(text)
        assert text[request.start : request.end] == request.text
    last = 0
    for entity in understood.entities:
        assert last <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        assert entity.value
        last = entity.end


ALPHABET = st.sampled_from(
    [
        *"3栋2单元1502号楼室房今明后天下午三点半一二十百千万块元周月日上个月初年-~:：.,，。！？ 1390",
        *"王李师傅漏水灯着火你好谢谢另外\n😂\u200d\ud800",
    ]
)


ANYTHING = st.text(st.characters(exclude_categories=()) | st.sampled_from("\0\u200e\u202e\u2066\ufeff\udfff\ue000"))
REPEATED = st.builds(lambda piece, times: piece * times, st.text(ALPHABET, min_size=1, max_size=6), st.integers(2, 90))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(ANYTHING, st.text(ALPHABET, max_size=60), REPEATED, st.builds(str.__add__, REPEATED, ANYTHING)))
def test_no_text_whatever_breaks_understanding(engine: EmbeddedEngine, text: str) -> None:
    wellformed(engine.understand(text, now=NOW), text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(ALPHABET, max_size=60), st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_no_moment_breaks_the_reading_of_times(engine: EmbeddedEngine, text: str, moment: datetime) -> None:
    wellformed(engine.understand(text, now=moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))), text)


def test_the_same_message_is_always_understood_the_same(engine: EmbeddedEngine, now: datetime) -> None:
    text = "楼上漏水到我家了，另外停车费怎么交"
    assert engine.understand(text, now=now) == engine.understand(text, now=now)
