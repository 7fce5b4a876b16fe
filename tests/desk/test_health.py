"""A monitor sees whether the desk is alive, and its numbers; strangers see neither names nor numbers."""

from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from starlette.applications import Starlette

from actions.gauges import gauges
from actions.handling import reply
from actions.store import Store
from actions.tables import Severity
from desk import pulse
from desk.health import Health
from desk.pulse import Pulse
from nlu.rasa import Standing
from nlu.rasa_answer import Failure
from tests.actions.factories import HOUR, MINUTE, Desk, rules, settle_desk
from tests.conftest import NOW

TOKEN = "a-token-of-some-length"


@pytest.fixture
async def desk(store: Store) -> Desk:
    return await settle_desk(store)


async def get(
    store: Store, path: str, beating: Pulse, *, token: str = "", host: str = "127.0.0.1", **headers: str
) -> httpx2.Response:
    app = Starlette(routes=Health(store, beating, lambda: NOW, token).routes())
    transport = httpx2.ASGITransport(app=app, client=(host, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as client:
        return await client.get(path, headers=headers)


async def test_a_desk_whose_loops_come_round_is_healthy(store: Store) -> None:
    beating = Pulse()
    for loop in ("watch", "answer", "deliver"):
        beating.beat(loop, worked=True)
    answer = await get(store, "/healthz", beating)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["loops"]) == {"watch", "answer", "deliver"}


async def test_a_loop_that_is_stuck_is_named_and_the_desk_is_not_healthy(store: Store) -> None:
    beating = Pulse()
    beating.beat("answer")
    beating.beats["watch"] = beating.beats["answer"] - pulse.STALE_SECONDS - 1
    answer = await get(store, "/healthz", beating)
    assert (answer.status_code, answer.json()["stale"]) == (503, ["watch"])


def test_a_loop_that_works_once_an_hour_may_rest_longer() -> None:
    beating = Pulse()
    beating.beat("audit")
    beating.beats["audit"] -= 3600
    assert beating.stale() == ()
    beating.beats["audit"] -= 3 * 3600
    assert beating.stale() == ("audit",)


def test_a_loop_that_fails_still_comes_round() -> None:
    beating = Pulse()
    beating.fault("watch")
    assert (beating.stale(), beating.faults["watch"], beating.steps["watch"]) == ((), 1, 0)


async def test_the_numbers_are_told_to_this_machine_and_to_nobody_else(store: Store) -> None:
    assert (await get(store, "/metrics", Pulse())).status_code == 200
    assert (await get(store, "/metrics", Pulse(), host="203.0.113.7")).status_code == 404
    for header in ("x-forwarded-for", "forwarded", "x-real-ip"):
        assert (await get(store, "/metrics", Pulse(), **{header: "203.0.113.7"})).status_code == 404


async def test_with_a_token_the_token_is_asked_of_everybody(store: Store) -> None:
    for host in ("127.0.0.1", "203.0.113.7"):
        assert (await get(store, "/metrics", Pulse(), token=TOKEN, host=host)).status_code == 404
        wrong = await get(store, "/metrics", Pulse(), token=TOKEN, host=host, authorization=f"Bearer {TOKEN}x")
        assert wrong.status_code == 404
        right = await get(store, "/metrics", Pulse(), token=TOKEN, host=host, authorization=f"Bearer {TOKEN}")
        assert right.status_code == 200


async def test_the_numbers_say_how_the_desk_stands(store: Store, desk: Desk) -> None:
    beating = replace(Pulse(), findings=0)
    beating.beat("watch", worked=True)
    await desk.open(now=NOW - 25 * HOUR)
    await desk.open("emergency", "gas", summary="煤气味")
    text = (await get(store, "/metrics", beating)).text
    told = {line.split(" ")[0]: float(line.split(" ")[1]) for line in text.splitlines() if not line.startswith("#")}
    assert told["desk_unanswered_tickets"] == 2
    assert told["desk_overdue_tickets"] == 1
    assert told["desk_unacknowledged_alarms"] == 1
    assert told["desk_oldest_unanswered_seconds"] == 25 * 3600
    assert told["desk_watch_late_seconds"] > 0
    assert told["desk_audit_findings"] == 0
    assert told['desk_open_tickets{state="open"}'] == 2
    assert told['desk_loop_steps_total{loop="watch"}'] == 1
    assert "王芳" not in text
    assert "煤气" not in text


async def test_whoever_looks_sees_that_rasa_is_down_while_the_desk_itself_is_well(store: Store) -> None:
    standing = Standing(up=False, answered=3, guarded=1, retried=2, fallbacks={Failure.TIMEOUT: 4})
    routes = Health(store, Pulse(), lambda: NOW, rasa=lambda: standing).routes()
    transport = httpx2.ASGITransport(app=Starlette(routes=routes), client=("127.0.0.1", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as client:
        answer, numbers = await client.get("/healthz"), (await client.get("/metrics")).text.splitlines()
    assert answer.status_code == 200
    assert answer.json()["rasa"] == {"up": False, "answered": 3, "fallbacks": {"timeout": 4}}
    assert {"desk_rasa_up 0.0", "desk_rasa_answers_total 3.0", "desk_rasa_retries_total 2.0"} <= set(numbers)
    assert {'desk_rasa_fallbacks_total{why="timeout"} 4.0', 'desk_rasa_fallbacks_total{why="status"} 0.0'} <= set(
        numbers
    )


async def test_a_desk_without_rasa_says_nothing_of_it(store: Store) -> None:
    assert "rasa" not in (await get(store, "/healthz", Pulse())).json()
    assert "rasa" not in (await get(store, "/metrics", Pulse())).text


async def test_what_is_answered_is_counted_no_more(store: Store, desk: Desk) -> None:
    ticket = await desk.open()
    before = await store.read(lambda s: gauges(s, NOW + MINUTE))
    assert (before.unanswered, before.overdue, before.oldest_unanswered) == (1, 0, 60.0)
    await desk.do(reply, desk.staff("老周"), ticket, text="水龙头已更换", policy=rules())
    after = await store.read(lambda s: gauges(s, NOW + timedelta(days=2)))
    assert (after.unanswered, after.overdue, after.oldest_unanswered) == (0, 0, 0.0)


async def test_alerts_that_nobody_has_seen_are_counted(store: Store, desk: Desk) -> None:
    await desk.open("complaint", "noise", severity=Severity.MAJOR)
    assert (await store.read(lambda s: gauges(s, NOW))).unseen_alerts == 2
