"""Ladders: when their steps fall, and what is refused when they are read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.ladder import Act, Planned, Step, plan, read_ladders, stage_after, step_at
from actions.tables import DeadlineKind
from tests.actions.factories import HOUR, MINUTE, changed, content, rules
from tests.conftest import NOW
from words.errors import ContentError


def moments(kind: DeadlineKind, length: timedelta) -> list[tuple[timedelta, tuple[str, ...], Act]]:
    steps = plan(rules().ladders[kind], NOW, NOW + length)
    return [(step.at - NOW, step.to, step.act) for step in steps]


def test_the_ladder_of_a_full_reply_is_that_of_the_source() -> None:
    assert moments(DeadlineKind.REPLY, 24 * HOUR)[:5] == [
        (16 * HOUR, ("assignee",), Act.REMIND),
        (18 * HOUR, ("manager",), Act.ESCALATE),
        (22 * HOUR, ("quality",), Act.ESCALATE),
        (23 * HOUR + 30 * MINUTE, ("resident",), Act.TELL),
        (24 * HOUR, ("supervisor", "manager"), Act.BREACH),
    ]


def test_a_shorter_clock_has_the_same_steps_sooner() -> None:
    assert [at for at, _to, _act in moments(DeadlineKind.REPLY, 12 * HOUR)[:5]] == [
        8 * HOUR,
        9 * HOUR,
        11 * HOUR,
        11 * HOUR + 30 * MINUTE,
        12 * HOUR,
    ]


def test_undispatched_and_unaccepted_work_reaches_the_supervisor_and_goes_on_upwards() -> None:
    assert moments(DeadlineKind.DISPATCH, 15 * MINUTE)[:2] == [
        (15 * MINUTE, ("supervisor",), Act.ESCALATE),
        (60 * MINUTE, ("manager",), Act.ESCALATE),
    ]
    assert moments(DeadlineKind.ACCEPT, 30 * MINUTE)[:2] == [
        (30 * MINUTE, ("supervisor",), Act.ESCALATE),
        (90 * MINUTE, ("manager",), Act.ESCALATE),
    ]


def test_a_major_matter_reaches_the_manager_at_once() -> None:
    first = moments(DeadlineKind.FIRST_CONTACT, 30 * MINUTE)[0]
    assert first == (timedelta(0), ("supervisor", "manager"), Act.ESCALATE)


def test_an_alarm_rings_at_once_and_goes_up_by_the_minute() -> None:
    assert [(at, to) for at, to, _act in moments(DeadlineKind.ACKNOWLEDGE, MINUTE)][:5] == [
        (0 * MINUTE, ("monitoring",)),
        (1 * MINUTE, ("supervisor",)),
        (2 * MINUTE, ("manager",)),
        (3 * MINUTE, ("quality",)),
        (4 * MINUTE, ("administrator",)),
    ]


@given(st.integers(0, 40), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_a_step_that_comes_again_does_so_for_ever_and_what_was_slept_through_is_made_up_once(
    stage: int, late: timedelta
) -> None:
    steps = plan(rules().ladders[DeadlineKind.ACKNOWLEDGE], NOW, NOW + MINUTE)
    step, before = step_at(steps, stage), step_at(steps, max(stage - 1, 0))
    assert step is not None
    assert before is not None
    assert step.at >= before.at
    now = step.at + late
    after = stage_after(steps, stage, now)
    following = step_at(steps, after)
    assert after > stage
    assert following is not None
    if after > len(steps):
        assert now < following.at <= now + steps[-1].every
    assert step_at(plan(rules().ladders[DeadlineKind.REPLY], NOW, NOW + HOUR), 40) is None


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=8)), st.sampled_from(DeadlineKind))
def test_steps_are_in_order_and_the_breach_stands_at_the_due_moment(length: timedelta, kind: DeadlineKind) -> None:
    due = NOW + length
    steps = plan(rules().ladders[kind], NOW, due)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert all(step.at >= NOW for step in steps)
    for number, step in enumerate(steps):
        if step.act is Act.BREACH:
            assert step.at == due
            assert all(later.at > due for later in steps[number + 1 :])


@given(st.sampled_from(DeadlineKind))
def test_a_ladder_is_the_same_after_it_was_stored(kind: DeadlineKind) -> None:
    steps = rules().ladders[kind]
    assert tuple(Step.thaw(step.frozen()) for step in steps) == steps
    planned = plan(steps, NOW, NOW + HOUR)
    assert tuple(Planned.thaw(step.frozen()) for step in planned) == planned


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{share: 2/3,", "{share: 5/3,", r"rules/ladder.yml:\d+: share: lies outside"),
        ("{share: 2/3,", "{share: bald,", r"rules/ladder.yml:\d+: share: is not a fraction"),
        ("{share: 2/3,", "{share: 2/3, after: 1h,", r"rules/ladder.yml:\d+: share: say once"),
        ("to: assignee,", "to: boss,", r"rules/ladder.yml:\d+: to: 'boss' is neither"),
        ("to: assignee,", "to: [],", r"rules/ladder.yml.*to: is missing"),
        ("act: remind", "act: shout", r"rules/ladder.yml:\d+: act: 'shout' is not one of"),
        ("act: remind", "act: breach", r"rules/ladder.yml:\d+: reply: a breach stands at the due moment"),
        ("{past: 24h,", "{past: 1 day,", r"rules/ladder.yml:\d+: past: '1 day' is not a length of time"),
        (
            "[supervisor, manager], act: breach",
            "[supervisor, manager], act: escalate",
            r"rules/ladder.yml:\d+: reply: needs one breach",
        ),
        (
            "call_back:\n  - {before: 0min, to: agent, act: remind}\n  - {past: 24h, to: supervisor, act: escalate}",
            "call_back: []",
            r"rules/ladder.yml:\d+: call_back: has no steps",
        ),
        ("act: tell, then: renewed}", "act: tell}", r"rules/ladder.yml: then: is missing"),
        ("act: tell, then: renewed}", "act: tell, then: soon}", r"rules/ladder.yml:\d+: then: 'soon' is not one of"),
        ("to: resident, act: tell", "to: manager, act: tell", r"rules/ladder.yml:\d+: to: a new time is told to the"),
        ("act: resume}", "act: remind}", r"rules/ladder.yml:\d+: pause: resumes nothing"),
        (
            "dispatch:\n  - {before: 0min, to: supervisor, act: escalate}",
            "dispatch:\n  - {before: 0min, to: supervisor, act: breach}",
            r"rules/ladder.yml:\d+: dispatch: cannot be breached",
        ),
        (", every: 5min}", "}", r"rules/ladder.yml:\d+: acknowledge: must ring on until somebody comes"),
        (", every: 5min}", ", every: 5s}", r"rules/ladder.yml:\d+: every: repeats an alarm or escalation"),
        (
            "{past: 45min, to: manager, act: escalate}",
            "{past: 45min, to: manager, act: escalate, every: 5min}",
            r"rules/ladder.yml:\d+: dispatch: repeats a step before its last",
        ),
        ("accept:\n", "akzept:\n", r"rules/ladder.yml:\d+: akzept: is not known here"),
    ],
)
def test_a_wrong_ladder_is_refused_with_its_line(old: str, new: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        read_ladders(changed("rules/ladder.yml", old, new))


def test_the_ladders_that_ship_can_be_read() -> None:
    assert set(read_ladders(content())) == {*DeadlineKind, "renewed", "last"}
