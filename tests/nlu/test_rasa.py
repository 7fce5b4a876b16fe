"""The Rasa engine against a double of Rasa's server: what it says is used, and whatever it does, a message is read."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from nlu.engine import EmbeddedEngine
from nlu.labels import Labels
from nlu.live import LiveEngine
from nlu.rasa import RasaEngine, at_hand
from nlu.rasa_answer import Answer, Failure
from nlu.rasa_client import RasaClient
from nlu.types import EntityType, Intent, Understanding
from tests.nlu.rasa_double import Double, rasa_double, reading

LEAK = "厨房水龙头一直滴水，3栋2单元1502"
# Far more than the double takes, on however busy a machine.
SECONDS = 30.0


@dataclass
class Desk:
    """An engine with its double."""

    engine: RasaEngine
    double: Double
    now: datetime
    news: list[bool] = field(default_factory=list)

    def read(self, text: str = LEAK) -> Understanding:
        return self.engine.understand(text, now=self.now)

    @property
    def fallbacks(self) -> dict[Failure, int]:
        return dict(self.engine.standing().fallbacks)


@pytest.fixture
def desk(engine: EmbeddedEngine, labels: Labels, now: datetime) -> Iterator[Desk]:
    with rasa_double() as double:
        client = RasaClient(double.url, SECONDS)
        news: list[bool] = []
        yield Desk(RasaEngine(engine, client, labels, lambda up, _why: news.append(up), rest=0.0), double, now, news)
        client.close()


def test_rasa_names_the_intent_and_the_desk_finds_the_entities(desk: Desk) -> None:
    desk.double.says = reading("complaint.noise", 0.8, repair__water_pipe=0.1)
    read = desk.read()
    assert (read.intent, read.category, read.unsure) == (Intent.COMPLAINT, "noise", False)
    assert read.confidence == pytest.approx(0.8)
    assert [(r.intent, r.category) for r in read.requests] == [(Intent.COMPLAINT, "noise")]
    assert [entity.value for entity in read.entities if entity.type is EntityType.ROOM] == ["1502"]
    assert desk.double.asked == [LEAK]
    assert desk.engine.standing().answered == 1


def test_the_version_of_a_message_says_who_read_it(desk: Desk) -> None:
    embedded = desk.engine.embedded.version
    assert desk.read().model_version == f"rasa:light+{embedded}" == desk.engine.version
    desk.double.status = 500
    read = desk.read()
    assert (read.model_version, read.fallback) == (embedded, True)


def test_a_model_that_takes_another_s_place_meanwhile_is_not_named_in_its_stead(
    desk: Desk, engine: EmbeddedEngine, labels: Labels
) -> None:
    live = LiveEngine(engine)
    newer = replace(engine, model=replace(engine.model, version="newer"))

    class Exchanging(RasaClient):
        def parse(self, text: str) -> Answer:
            live.exchange(newer)
            return super().parse(text)

    client = Exchanging(desk.double.url, SECONDS)
    rasa = RasaEngine(live, client, labels)
    versions = [rasa.understand(LEAK, now=desk.now).model_version for _ in range(2)]
    client.close()
    assert versions == [f"rasa:light+{engine.version}", "rasa:light+newer"]


def test_the_categories_of_an_intent_count_together(desk: Desk) -> None:
    desk.double.says = reading("inquiry", 0.35, repair__drain=0.3, repair__water_pipe=0.25)
    read = desk.read()
    assert (read.intent, read.category) == (Intent.REPAIR, "drain")
    assert read.confidence == pytest.approx(0.55)


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.1), (0.48, 0.45)])
def test_what_rasa_is_not_sure_of_is_asked_back(desk: Desk, first: float, second: float) -> None:
    desk.double.says = reading("repair.drain", first, fee=second)
    assert desk.read().unsure


def test_danger_is_told_by_the_embedded_engine_and_waits_for_nobody(desk: Desk) -> None:
    desk.double.says = reading("chitchat", 0.99)
    read = desk.read("着火了，厨房全是火，快来人")
    assert (read.intent, read.emergency, read.fallback) == (Intent.EMERGENCY, "fire", False)
    assert desk.double.asked == []
    assert desk.engine.standing().guarded == 1


def test_danger_that_rasa_is_sure_of_is_an_alarm_too(desk: Desk) -> None:
    desk.double.says = reading("emergency.gas", 0.95)
    read = desk.read()
    assert (read.intent, read.emergency, read.category) == (Intent.EMERGENCY, "gas", "gas")
    desk.double.says = reading("emergency.gas", 0.8, repair__water_pipe=0.1)
    read = desk.read()
    assert (read.intent, read.emergency, read.unsure) == (Intent.REPAIR, None, True)


@pytest.mark.parametrize("text", ["", "  \n", "3栋2单元1502"])
def test_where_nothing_is_asked_rasa_is_not_asked_either(desk: Desk, text: str) -> None:
    assert desk.read(text) == desk.engine.embedded.understand(text, now=desk.now)
    assert desk.double.asked == []


def test_a_message_cannot_command_rasa(desk: Desk) -> None:
    desk.read(' //emergency.fire{"room": "1502"} 水龙头滴水')
    desk.read("/ /漏水了")
    assert [text[:1] for text in desk.double.asked] == ["e", "漏"]


def test_a_message_without_a_word_that_rasa_knows_does_not_make_it_rest(desk: Desk) -> None:
    desk.double.says = {"text": "😀", "intent": {"name": None, "confidence": 0.0}, "intent_ranking": []}
    own = desk.engine.embedded.understand("😀😀", now=desk.now)
    assert [desk.read("😀😀"), desk.read("/ /")] == [own, desk.engine.embedded.understand("/ /", now=desk.now)]
    assert desk.fallbacks.keys() <= {Failure.NOTHING}
    assert desk.engine.standing().up
    assert len(desk.double.asked) == 1


def test_several_requests_stay_cut_where_rasa_sees_one_of_them(desk: Desk) -> None:
    text = "我家厨房水龙头坏了。另外我想问一下物业费怎么交"
    own = desk.engine.embedded.understand(text, now=desk.now)
    assert [request.intent for request in own.requests] == [Intent.REPAIR, Intent.FEE]
    desk.double.says = reading("fee", 0.8)
    assert desk.read(text).requests == own.requests
    desk.double.says = reading("praise", 0.8)
    assert [(r.intent, r.text) for r in desk.read(text).requests] == [(Intent.PRAISE, text)]


BROKEN: list[Any] = [
    b"<html>",
    b'{"intent": ',
    b"[]",
    b"{}",
    b'{"intent": null, "intent_ranking": []}',
    b'{"intent_ranking": [{"name": "fee"}]}',
    b'{"intent_ranking": [{"name": "fee", "confidence": NaN}]}',
    b'{"intent_ranking": [{"name": "fee", "confidence": 1' + b"0" * 400 + b"}]}",
    b'{"intent_ranking": 7}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'"' + b"x" * 1_100_000 + b'"',
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_an_answer_that_makes_no_sense_leaves_the_embedded_reading(desk: Desk, body: bytes) -> None:
    desk.double.body = body
    assert desk.read() == replace(desk.engine.embedded.understand(LEAK, now=desk.now), fallback=True)
    assert desk.fallbacks == {Failure.BROKEN: 1}


@pytest.mark.parametrize("status", [500, 503, 404, 302])
def test_an_error_of_the_server_is_tried_once_more_and_then_counted(desk: Desk, status: int) -> None:
    desk.double.status = status
    assert desk.read().intent is Intent.REPAIR
    assert len(desk.double.asked) == 2
    assert desk.fallbacks == {Failure.STATUS: 1}
    assert desk.engine.standing().retried == 1


def test_an_error_that_passes_is_not_seen(desk: Desk) -> None:
    desk.double.says = reading("fee", 0.9)
    desk.double.failures = 1
    assert desk.read().intent is Intent.FEE
    assert desk.fallbacks == {}
    assert desk.engine.standing().retried == 1


def test_labels_that_the_desk_does_not_know_are_not_used(desk: Desk) -> None:
    desk.double.says = reading("book_flight", 0.99, fee=0.01)
    assert desk.read().intent is Intent.REPAIR
    assert desk.fallbacks == {Failure.UNKNOWN_LABEL: 1}
    assert len(desk.double.asked) == 1


def test_a_server_that_hangs_is_given_up(desk: Desk, engine: EmbeddedEngine, labels: Labels) -> None:
    desk.double.silent.clear()
    client = RasaClient(desk.double.url, 0.1)
    rasa = RasaEngine(engine, client, labels)
    assert rasa.understand(LEAK, now=desk.now).intent is Intent.REPAIR
    client.close()
    assert dict(rasa.standing().fallbacks) == {Failure.TIMEOUT: 1}


def test_a_server_that_failed_is_left_alone_for_a_while(desk: Desk, engine: EmbeddedEngine, labels: Labels) -> None:
    client = RasaClient(desk.double.url, SECONDS)
    resting = RasaEngine(engine, client, labels, rest=3600.0)
    desk.double.status = 500
    for _ in range(3):
        resting.understand(LEAK, now=desk.now)
    client.close()
    assert len(desk.double.asked) == 2, "one message and its second try"
    assert dict(resting.standing().fallbacks) == {Failure.STATUS: 1, Failure.RESTING: 2}


def test_a_server_that_is_down_is_counted_told_once_and_used_again_when_it_is_back(
    engine: EmbeddedEngine, labels: Labels, now: datetime
) -> None:
    with rasa_double() as double:
        port = int(double.url.rpartition(":")[2])
    client = RasaClient(f"http://127.0.0.1:{port}", SECONDS)
    news: list[bool] = []
    rasa = RasaEngine(engine, client, labels, lambda up, _why: news.append(up), rest=0.0)
    assert [rasa.understand(LEAK, now=now).intent for _ in range(3)] == [Intent.REPAIR] * 3
    assert (rasa.standing().up, dict(rasa.standing().fallbacks)) == (False, {Failure.UNREACHABLE: 3})
    with rasa_double(port) as double:
        double.says = reading("fee", 0.9)
        assert rasa.understand(LEAK, now=now).intent is Intent.FEE
    client.close()
    assert rasa.standing().up
    assert news == [False, True]


@pytest.mark.parametrize("text", ["\ud800漏水", "漏水\0" * 2_000, "😀" * 20_000, "\u202e\u200f"])
def test_any_text_is_read(desk: Desk, text: str) -> None:
    assert desk.read(text).text == text
    assert all(len(asked) <= 2_000 for asked in desk.double.asked)


def test_where_nothing_may_wait_the_embedded_engine_is_asked(desk: Desk) -> None:
    assert at_hand(desk.engine) is desk.engine.embedded
    assert at_hand(desk.engine.embedded) is desk.engine.embedded
