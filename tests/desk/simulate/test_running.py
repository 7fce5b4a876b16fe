"""Whole days against the real code: nobody is forgotten, on both engines alike, however often the process is killed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from actions.errors import StoreError
from actions.ladder import Act
from actions.names import Names
from actions.proof import Overdue, SilentStep
from actions.tables import DeadlineKind
from desk.content import Content, read_content
from desk.settings import read_settings
from desk.simulate.picture import picture
from desk.simulate.plan import SimulationPlan
from desk.simulate.report import report
from desk.simulate.running import Outcome, Wanted, play_out
from tests.actions.world import ON_POSTGRES

WANTED = Wanted(days=2, households=120, seed=3, first=date(2026, 3, 2))
KILLS = 12


@pytest.fixture(scope="module")
def content() -> Content:
    settings = read_settings({})
    return read_content(settings.content, settings.timezone)


@pytest.fixture(scope="module")
def played(content: Content) -> Outcome:
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, play_out(content, WANTED, lambda _now: None)).result()


async def test_nobody_is_forgotten_and_nobody_is_late_unknown_to_those_in_charge(played: Outcome) -> None:
    assert len(played.numbers.opened) > 5
    assert played.findings == ()
    assert played.silent == ()
    assert len(played.numbers.waits) >= len(played.numbers.opened) - played.numbers.by_kind.get("praise", 0)


async def test_a_process_that_is_killed_again_and_again_comes_to_the_same(content: Content, played: Outcome) -> None:
    killed = await play_out(content, replace(WANTED, kills=KILLS, kill_every=12), lambda _now: None)
    assert killed.kills == KILLS
    assert killed.findings == ()
    assert killed.fingerprint == played.fingerprint


@ON_POSTGRES
async def test_both_engines_come_to_the_same(content: Content, played: Outcome, database_url: str) -> None:
    other = await play_out(content, replace(WANTED, url=database_url), lambda _now: None)
    assert (other.engine, played.engine) == ("postgresql", "sqlite")
    assert other.findings == ()
    assert other.fingerprint == played.fingerprint


async def test_nobody_plays_in_a_database_that_is_in_use(content: Content, demo_url: str) -> None:
    with pytest.raises(StoreError, match="there is a community in it"):
        await play_out(content, replace(WANTED, url=demo_url), lambda _now: None)


async def test_the_report_tells_a_manager_what_came_of_it(content: Content, played: Outcome) -> None:
    plan, names = SimulationPlan.read(content.files), Names.read(content.files)
    text = report(plan, played, names, content.calendar.timezone)
    assert f"{len(played.numbers.opened)}张工单" in text
    assert "系统自查：没有发现问题" in text
    assert all(member.name in text for member in plan.staff)
    assert "{" not in text


async def test_the_report_says_so_when_somebody_was_forgotten(content: Content, played: Outcome) -> None:
    plan, names = SimulationPlan.read(content.files), Names.read(content.files)
    unseen = SilentStep(Act.ESCALATE, played.ended_at, taken=True)
    late = Overdue(1, "C-1001", DeadlineKind.REPLY, played.ended_at, "客服丙", (unseen,))
    bad = replace(played, overdue=(late,))
    text = report(plan, bad, names, content.calendar.timezone)
    assert "有1项超时之前没有按升级阶梯通知到人" in text
    assert "C-1001 没有答复" in text
    assert "负责人客服丙；没有人看到的升级" in text


async def test_the_picture_is_a_picture_with_a_column_for_every_day(content: Content, played: Outcome) -> None:
    drawn = ET.fromstring(picture(SimulationPlan.read(content.files), played, content.calendar.timezone))  # noqa: S314
    words = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "模拟小区：每天的工单与超时" in words
    assert "16至24小时" in words
