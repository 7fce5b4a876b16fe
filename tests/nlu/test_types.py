"""The contract of `desk parse`: the same keys for every message."""

import json
from datetime import datetime

import pytest

from nlu.engine import EmbeddedEngine
from nlu.types import EntityType, as_json

KEYS = ["text", "intent", "confidence", "unsure", "category", "emergency", "requests", "entities"]


@pytest.mark.parametrize("text", ["厨房漏水，3栋1502，明天上午来", "", "着火了", "你好", "\n", "😂"])
def test_every_message_has_the_same_keys_and_is_json(text: str, engine: EmbeddedEngine, now: datetime) -> None:
    told = as_json(engine.understand(text, now=now))
    assert list(told) == KEYS
    assert json.loads(json.dumps(told, ensure_ascii=False))["text"] == text


def test_requests_and_entities_say_exactly_where_they_stand(engine: EmbeddedEngine, now: datetime) -> None:
    text = "你好，物业费怎么交呀，顺便我家门铃坏了，3栋2单元1502"
    told = json.loads(json.dumps(as_json(engine.understand(text, now=now))))
    for item in [*told["requests"], *told["entities"]]:
        assert text[item["start"] : item["end"]] == item["text"]
    assert set(told["requests"][0]) == {"intent", "category", "text", "start", "end"}
    assert set(told["entities"][0]) == {"type", "text", "start", "end", "value"}


def test_the_first_entity_of_a_kind_is_found(engine: EmbeddedEngine, now: datetime) -> None:
    understood = engine.understand("不是3栋，是5栋", now=now)
    building = understood.first(EntityType.BUILDING)
    assert building is not None
    assert building.value == "3栋"
    assert understood.first(EntityType.PHONE) is None
