"""No statement of a turn or of the clock reads a whole table: their cost must not grow with all that was ever said."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from desk.stage import Stage

ON_SQLITE = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)
# These grow for ever; what else there is grows with the estate and its staff.
GROWING = "messages|tickets|deadlines|ticket_events|alerts|outbox|conversations|contacts|live_events|residents|audit"
SEES_ALL = re.compile(rf"^(?:SCAN (?:{GROWING})\b|SEARCH (?:{GROWING}) .*\(community_id=\?\)$)")
# Partial indexes hold only what waits.
WAITING = re.compile(
    r"INDEX ix_(?:messages_unread|alerts_pass_on|deadlines_due|outbox_\w+|conversations_(?:ready|wake|held))$"
)


@pytest.fixture
def plans() -> Iterator[dict[str, list[str]]]:
    """The plan of every statement that reads or changes something, as SQLite makes it at that moment."""
    found: dict[str, list[str]] = {}

    def explain(_c: Connection, cursor: Any, sql: str, values: Any, _context: object, many: bool) -> None:
        driver = getattr(cursor, "connection", None)
        if sql in found or not isinstance(driver, sqlite3.Connection) or not sql.startswith(("SELECT", "UPDATE")):
            return
        rows = driver.execute(f"EXPLAIN QUERY PLAN {sql}", values[0] if many else values)
        found[sql] = [row[3] for row in rows]

    event.listen(Engine, "before_cursor_execute", explain)
    yield found
    event.remove(Engine, "before_cursor_execute", explain)


@ON_SQLITE
async def test_no_turn_and_no_step_of_the_clock_reads_a_whole_table(stage: Stage, plans: dict[str, list[str]]) -> None:
    plans.clear()
    for text in ("厨房水龙头一直滴水，3栋2单元1502", "明天下午三点，电话13812345678", "修得怎么样了", "转人工"):
        await stage.write(text)
        await stage.settle(timedelta(minutes=1))
    await stage.settle(timedelta(hours=30))
    assert len(plans) > 40
    await stage.desk.audit(whole=False)
    whole = {sql: [line for line in plan if SEES_ALL.search(line)] for sql, plan in plans.items()}
    assert {sql: lines for sql, lines in whole.items() if any(not WAITING.search(line) for line in lines)} == {}
