"""`desk simulate`: plays the days, prints the report, and writes it with its picture."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from desk.settings import read_settings

_EVERY_SECONDS = 5.0
_FIRST_DAY = datetime(2026, 1, 5)  # noqa: DTZ001 - a day as it is typed, without a zone
_ERRORS_ONLY = 40
_WRITES_PER_REQUEST = 14


def simulate(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days to play.")] = 90,
    households: Annotated[int, typer.Option(min=1, max=100_000, help="How many homes write.")] = 3000,
    seed: Annotated[int, typer.Option(help="The same seed plays the same days.")] = 1,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = _FIRST_DAY,
    database: Annotated[str, typer.Option(help="An empty database; without one a throwaway file is used.")] = "",
    kills: Annotated[int, typer.Option(min=0, help="End the process at so many random moments.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A folder for the report and its picture.")] = None,
) -> None:
    """Play days of a community on a simulated clock and report on them; exit code 1 when anybody was forgotten."""
    # What plays takes a while to import; the other commands do without it.
    from desk.content import read_content  # noqa: PLC0415
    from desk.simulate.picture import picture  # noqa: PLC0415
    from desk.simulate.plan import SimulationPlan  # noqa: PLC0415
    from desk.simulate.report import report  # noqa: PLC0415
    from desk.simulate.running import Wanted, play_out  # noqa: PLC0415

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_ERRORS_ONLY))
    settings = read_settings(os.environ)
    content = read_content(settings.content, settings.timezone)
    wanted = Wanted(days, households, seed, start.date(), database, kills, _kill_every(days, households, kills))
    outcome = asyncio.run(play_out(content, wanted, _progress()))
    plan = SimulationPlan.read(content.files)
    text = report(plan, outcome, content.rules.policy.names, settings.timezone)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.txt").write_text(text, encoding="utf-8")
        (out / "picture.svg").write_text(picture(plan, outcome, settings.timezone), encoding="utf-8")
        print(f"{out / 'report.txt'}  {out / 'picture.svg'}")
    print(f"fingerprint {outcome.fingerprint}  writes {outcome.writes}  kills {outcome.kills}")
    raise typer.Exit(1 if outcome.silent or outcome.findings else 0)


def _kill_every(days: int, households: int, kills: int) -> int:
    """Once in how many writes, so that all kills come about: a household writes about once in eighty days."""
    writes = _WRITES_PER_REQUEST * days * households // 80
    return max(3, writes // kills) if kills else 0


def _progress() -> Callable[[datetime], None]:
    """A line now and then on standard error: how far the simulated time has come."""
    told = time.monotonic()

    def tell(now: datetime) -> None:
        nonlocal told
        if time.monotonic() - told > _EVERY_SECONDS:
            told = time.monotonic()
            print(f"  {now:%Y-%m-%d}", file=sys.stderr, flush=True)

    return tell
