"""Runs a whole simulation: sets the community up, plays the days, and judges what came of them."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from actions.audit import Finding, audit
from actions.errors import StoreError
from actions.establishment import staff_ids
from actions.happenings import any_community
from actions.migrate import upgrade
from actions.proof import Overdue, fingerprint, overdue
from actions.run_numbers import RunNumbers, run_numbers
from actions.store import open_store
from bot.telling import Teller
from desk.content import Content
from desk.simulate.arrivals import Year, arrivals
from desk.simulate.community import Household, households, set_up
from desk.simulate.conduct import Conduct
from desk.simulate.crashing import CrashingStore
from desk.simulate.crew import Crew
from desk.simulate.labelled import LabelledEngine
from desk.simulate.plan import SimulationPlan
from desk.simulate.play import Counts, Play
from desk.simulate.residents import Residents

# What was written on the last day is played to its end.
_AFTERMATH = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played. `url` names an empty database; without one a temporary SQLite file is used.

    The process is killed `kills` times, on average once in `kill_every` writes.
    """

    days: int
    households: int
    seed: int
    first: date
    url: str = ""
    kills: int = 0
    kill_every: int = 150


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the numbers, what was late, what the audit found, and a hash of everything that happened."""

    wanted: Wanted
    year: Year
    engine: str
    ended_at: datetime
    counts: Counts
    numbers: RunNumbers
    overdue: tuple[Overdue, ...]
    findings: tuple[Finding, ...]
    fingerprint: str
    writes: int
    kills: int

    @property
    def silent(self) -> tuple[Overdue, ...]:
        """What was late without the whole ladder having been delivered before."""
        return tuple(one for one in self.overdue if one.silent)


async def play_out(content: Content, wanted: Wanted, progress: Callable[[datetime], None]) -> Outcome:
    """Play it. Raises StoreError when the database cannot be opened."""
    if wanted.url:
        await upgrade(wanted.url)
        await _refuse_used(wanted.url)
        return await _simulate_on(content, wanted, wanted.url, progress)
    with tempfile.TemporaryDirectory(prefix="desk-simulate-", dir=_memory()) as folder:
        url = f"sqlite:///{Path(folder) / 'desk.sqlite3'}"
        await upgrade(url)
        return await _simulate_on(content, wanted, url, progress)


async def _refuse_used(url: str) -> None:
    """Nobody's own database is played in."""
    store = await open_store(url)
    try:
        if await store.read(any_community):
            raise StoreError("--database: there is a community in it; name an empty database")
    finally:
        await store.close()


def _memory() -> Path | None:
    """A folder in memory where there is a file system for it: a run is little else than commits."""
    memory = Path("/dev/shm")  # noqa: S108 - only the throwaway database of this run lives there
    return memory if memory.is_dir() else None


async def _simulate_on(content: Content, wanted: Wanted, url: str, progress: Callable[[datetime], None]) -> Outcome:
    zone = content.calendar.timezone
    plan = SimulationPlan.read(content.files)
    first = datetime.combine(wanted.first, time(0), zone)
    store = CrashingStore(url, await open_store(url), kills=wanted.kills, every=wanted.kill_every, seed=wanted.seed)
    try:
        homes = households(plan, wanted.households)
        community_id = 0
        # Setting up is not what is tried out: a process is killed only while it serves.
        for number, step in enumerate(set_up(plan, homes, first, wanted.days, zone)):
            made = await store.quietly(step)
            community_id = made if number == 0 else community_id  # type: ignore[assignment]
        play = await _stage(content, plan, store, community_id, homes, wanted, first)
        year = Year.of(content.calendar, wanted.first, wanted.days)
        for written in arrivals(plan, year, zone, wanted.households, wanted.seed):
            play.place(play.writes(written))
        await play.run(first + timedelta(days=wanted.days) + _AFTERMATH, progress)
        return await _judge(play, wanted, year, store)
    finally:
        await store.close()


async def _stage(
    content: Content,
    plan: SimulationPlan,
    store: CrashingStore,
    community_id: int,
    homes: tuple[Household, ...],
    wanted: Wanted,
    first: datetime,
) -> Play:
    zone: ZoneInfo = content.calendar.timezone
    engine = await asyncio.to_thread(LabelledEngine.build, content.files)
    ids = await store.read(partial(staff_ids, community_id=community_id))
    play = Play(store, community_id, content.mind(engine), engine, plan, homes, zone, wanted.seed, first)
    crew = Crew(plan, community_id, ids, zone, wanted.seed)
    teller = Teller(content.replies, content.rules.phrases)
    play.react = Conduct(play, crew, Residents(play, crew), content.rules.policy, teller).react
    return play


async def _judge(play: Play, wanted: Wanted, year: Year, store: CrashingStore) -> Outcome:
    community_id, now = play.community_id, play.now
    return Outcome(
        wanted=wanted,
        year=year,
        engine=store.dialect,
        ended_at=now,
        counts=play.counts,
        numbers=await store.read(lambda session: run_numbers(session, community_id)),
        overdue=await store.read(lambda session: overdue(session, community_id)),
        findings=await store.read(lambda session: audit(session, now)),
        fingerprint=await store.read(lambda session: fingerprint(session, community_id)),
        writes=store.writes,
        kills=store.kills,
    )
