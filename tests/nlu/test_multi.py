"""Two requests in one message are both found, and one is not cut because it tells much."""

from datetime import datetime

import pytest

from nlu.emergency import hurried
from nlu.engine import EmbeddedEngine

TWO = [
    ("卧室的灯不亮了，另外我想开一张物业费的发票", ["repair", "fee"]),
    ("楼上半夜拖桌子太吵了。还有我上周报的水管什么时候来修", ["complaint", "progress"]),
    ("马桶堵了 顺便问一下游泳池几点关门", ["repair", "inquiry"]),
    ("谢谢昨天修空调的李师傅，手艺好人又耐心。另外厨房水龙头漏水了", ["praise", "repair"]),
]
ONE = [
    "厨房水龙头漏水，漏了两天了，地板都泡了，还有柜子也湿了，麻烦快点来",
    "楼上装修太吵了，我妈心脏不好，昨晚一夜没睡，你们能不能去说说",
    "电梯坏了，我住十八楼，还抱着孩子，什么时候能修好啊",
    "你们物业到底管不管，楼上装修天天早上七点就砸墙，说了三次了，每次都说知道了",
    "物业费怎么交，微信可以吗，还是要去前台",
]


@pytest.mark.parametrize(("text", "intents"), TWO)
def test_both_requests_are_found(text: str, intents: list[str], engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand(text, now=now)
    assert [request.intent.value for request in understood.requests] == intents
    assert all(text[request.start : request.end] == request.text for request in understood.requests)


@pytest.mark.parametrize("text", ONE)
def test_one_request_is_not_cut(text: str, engine: EmbeddedEngine, now: datetime) -> None:
    assert len(engine.understand(text, now=now).requests) == 1


def test_danger_is_found_beside_an_everyday_request(engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand("着火了消防通道被车堵了快让他挪车", now=now)
    assert understood.emergency == "fire"
    assert engine.understand("消防通道又被车堵了，万一着火怎么办，让他挪车", now=now).emergency is None


def test_what_a_message_without_stops_tells_first_is_looked_at_by_itself() -> None:
    def first(text: str) -> list[str]:
        return [text[start:end] for start, end in hurried(text, 0, len(text))]

    assert first("着火了消防通道被车堵了快让他挪车") == ["着火了"]
    assert first("着火了应该先报警还是先跑") == []
    assert first("着火了，快来") == []
