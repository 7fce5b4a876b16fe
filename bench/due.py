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
import time
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from actions import watch
from actions.calendar import Calendar
from actions.establishment import NewMember, NewShift, add_members, add_shifts
from actions.estate import found_community
from actions.ladder import Step, plan
from actions.migrate import upgrade
from actions.policy import Policy
from actions.store import Store, open_store
from actions.tables import DeadlineKind, DeadlineState, Responsible, Role, Severity, TicketStatus
from bench.databases import ENGINES, Databases, Row, databases
from desk.settings import read_settings
from words.content import ContentFiles

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FEW = 10_000
# Below every id of the present, so that the events of the steps come later.
_FIRST_ID = 1_000_000_000
_TICKET = (
    "community_id", "id", "number", "kind", "category", "severity", "status", "version", "place", "summary",
    "opened_at", "awaiting_reply_since", "reply_due_at", "policy", "breached", "reopened_count", "hold_count",
    "holds_agreed", "pause_count", "paused_seconds", "reference", "responsible",
)  # fmt: skip
_DEADLINE = (
    "community_id", "id", "ticket_id", "kind", "state", "started_at", "due_at", "stage", "next_check_at", "ladder",
    "words", "deferrals",
)  # fmt: skip
_LOOKS = 200
_STEPS = 200


def measure(engine: str | None, tickets: int) -> None:
    """Fill, measure with few and with all tickets, and print the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for name in (engine,) if engine else ENGINES:
        asyncio.run(_measure_on(name, tickets))


async def _measure_on(name: str, tickets: int) -> None:
    settings = read_settings(os.environ)
    files = ContentFiles.load(settings.content)
    policy, calendar = Policy.read(files), Calendar.read(files, settings.timezone.key)
    async with databases(name, settings.home) as place:
        url = await place.create("due")
        await upgrade(url)
        store = await open_store(url)
        try:
            community_id = await store.write(_found)
            before, after = 0, min(FEW, tickets)
            results = []
            while before < tickets:
                started = time.monotonic()
                await _fill(place, community_id, policy, calendar, range(before, after))
                filled = time.monotonic() - started
                finding, (moving, busy) = await _find(store), await _move(store)
                results.append((finding, moving, busy))
                print(
                    f"{name}: {after:>9,} open tickets (filled in {filled:.0f} s): finding what is due "
                    f"{1000 * finding:.3f} ms, a whole step {1000 * moving:.2f} ms, "
                    f"of the processor {1000 * busy:.2f} ms",
                    flush=True,
                )
                before, after = after, tickets
            if len(results) > 1:
                finding, moving, busy = (many / few for few, many in zip(*results, strict=True))
                print(f"{name}: growth: finding ×{finding:.2f}, step ×{moving:.2f}, its processor time ×{busy:.2f}")
        finally:
            await store.close()


def _found(session: Session) -> int:
    """A community with one person in each role, on duty throughout."""
    community_id = found_community(session, "bench", name="bench", timezone="Asia/Shanghai", facts={}, now=NOW)
    add_members(session, community_id, [NewMember(role, role, frozenset({role})) for role in Role], NOW)
    until = NOW + timedelta(days=30)
    add_shifts(session, community_id, [NewShift(role, role, NOW - timedelta(days=30), until) for role in Role], NOW)
    return community_id


async def _fill(place: Databases, community_id: int, policy: Policy, calendar: Calendar, numbers: range) -> None:
    """Open tickets, one clock each."""
    rules = policy.for_ticket("complaint", "noise")
    frozen = json.dumps({**rules.frozen(), "night": calendar.night.frozen(), "department_name": ""})
    ladder = rules.ladders[DeadlineKind.REPLY]
    await place.insert("due", "tickets", _TICKET, (_ticket(community_id, frozen, number) for number in numbers))
    await place.insert("due", "deadlines", _DEADLINE, (_deadline(community_id, ladder, number) for number in numbers))


def _received_at(number: int) -> datetime:
    """The clocks are spread over the hours to come; of the first ten thousand, and of all, one in twenty is due."""
    return NOW - timedelta(hours=16, minutes=48) + timedelta(seconds=(number * 37) % 57_600)


def _ticket(community_id: int, policy: str, number: int) -> Row:
    at = _received_at(number)
    due_at = at + timedelta(hours=24)
    return (
        community_id, _FIRST_ID + number, f"C-{number}", "complaint", "noise", Severity.NORMAL.value,
        TicketStatus.OPEN.value, 0, "", "bench", at, at, due_at, policy, False, 0, 0, 0, 0, 0, "",
        Responsible.PUBLIC.value,
    )  # fmt: skip


def _deadline(community_id: int, ladder: tuple[Step, ...], number: int) -> Row:
    at = _received_at(number)
    due_at = at + timedelta(hours=24)
    steps = plan(ladder, at, due_at)
    stored = json.dumps([step.frozen() for step in steps])
    return (
        community_id, _FIRST_ID + number, _FIRST_ID + number, DeadlineKind.REPLY.value, DeadlineState.RUNNING.value,
        at, due_at, 0, steps[0].at, stored, "", 0,
    )  # fmt: skip


async def _find(store: Store) -> float:
    """The median of many looks, each on a transaction of its own, without the way into the reader's thread."""

    def look(session: Session) -> float:
        started = time.perf_counter()
        watch.next_moment(session)
        return time.perf_counter() - started

    return statistics.median([await store.read(look) for _ in range(_LOOKS)])


async def _move(store: Store) -> tuple[float, float]:
    """The median of many steps, commit included, and what one took of the processor."""
    taken, before = [], time.process_time()
    for _ in range(_STEPS):
        started = time.perf_counter()
        assert await store.write(lambda session: watch.enforce_one(session, _silent, NOW)), "too few are due"
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), (time.process_time() - before) / _STEPS


def _silent(*_: object) -> None:
    """Nobody is told anything here."""
