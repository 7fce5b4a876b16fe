"""The command `desk`: serve, chat, parse, train, evaluate, check-data, audit, simulate and others."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from actions import audit as audits
from actions.bill_sheet import SheetError
from actions.errors import StoreError
from actions.store import read_beside
from desk.chat import run_json, run_terminal
from desk.content import engine_for, read_content
from desk.engines import with_rasa
from desk.learning import HeldoutFolder, evaluate, train
from desk.lines import message_of, take_any_text
from desk.loops import utc_now
from desk.own_community import found, import_homes
from desk.review import review
from desk.settings import EXIT_CODE, Settings, SettingsError, heldout_folder, read_settings
from desk.simulate.command import simulate
from desk.stage import Stage
from nlu.rasa_answer import RasaError, RasaMissingError
from nlu.types import as_json
from words.errors import ContentError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command; an error that a person can mend is one clear line and exit code 2."""
    take_any_text()
    try:
        app()
    except (SettingsError, ContentError, StoreError, RasaError, RasaMissingError) as error:
        print(f"desk: {error}", file=sys.stderr)
        raise SystemExit(EXIT_CODE) from error
    except OSError as error:
        if error.filename is None:
            raise
        print(f"desk: {error.filename}: {error.strerror}", file=sys.stderr)
        raise SystemExit(EXIT_CODE) from error


@app.command()
def serve() -> None:
    """Serve residents and staff; prepares the model, the database and, on an empty one, the demo community."""
    # The web server takes a while to import; the other commands do without it.
    from desk.serving import serve as run  # noqa: PLC0415

    run(_settings())


@app.command()
def chat(
    as_lines: Annotated[
        bool, typer.Option("--json", help="One message per line in, one JSON line per message out.")
    ] = False,
    resident: Annotated[str | None, typer.Option(help="Speak as this resident of the demo: id, name or phone.")] = None,
    now: Annotated[datetime | None, typer.Option(help="Where the simulated clock starts.")] = None,
) -> None:
    """Talk to the desk in the terminal, on a throwaway database with a simulated clock."""
    settings = _settings()
    _quiet_log()
    start = _moment(now, settings)
    content = read_content(settings.content, settings.timezone, settings.home)
    engine = with_rasa(settings, content, engine_for(content, settings.home, _progress))
    mind = content.mind(engine, settings.home)

    async def talk() -> int:
        async with Stage(mind, start) as stage:
            if resident is not None:
                await stage.speak_as(resident, "resident")
            if as_lines:
                return await run_json(stage, iter(sys.stdin), sys.stdout)
            print("> ", end="", flush=True)
            await run_terminal(stage)
            return 0

    try:
        wrong = asyncio.run(talk())
    except LookupError as error:
        print(f"desk: --resident: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CODE) from error
    raise typer.Exit(1 if wrong else 0)


@app.command()
def parse(
    text: Annotated[
        str | None, typer.Argument(help="One message; without it, messages are read from standard input.")
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One line in (plain or JSON with `text`), one line out.")
    ] = False,
    now: Annotated[datetime | None, typer.Option(help="The moment that anchors words such as tomorrow.")] = None,
) -> None:
    """Show how messages are understood."""
    settings = _settings()
    _quiet_log()
    anchor = _moment(now, settings)
    content = read_content(settings.content, settings.timezone, settings.home)
    engine = with_rasa(settings, content, engine_for(content, settings.home, _progress))
    if text is not None and not jsonl:
        print(json.dumps(as_json(engine.understand(text, now=anchor)), ensure_ascii=False, indent=2))
        return
    wrong = 0
    lines: Iterator[str] = iter([text]) if text is not None else iter(sys.stdin)
    for raw in lines:
        message, error = message_of(raw)
        wrong += error is not None
        found: dict[str, object] = dict(as_json(engine.understand(message, now=anchor)))
        if error is not None:
            found["error"] = error
        print(json.dumps(found, ensure_ascii=False), flush=True)
    raise typer.Exit(1 if wrong else 0)


@app.command()
def check_data(
    heldout: HeldoutFolder = None,
) -> None:
    """Check all content: gaps both ways, scripts, knowledge, forms, rules."""
    from desk.checking import check_content  # noqa: PLC0415

    settings = _settings()
    findings = check_content(settings.content, settings.timezone, heldout or heldout_folder(), settings.home)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


@app.command()
def audit() -> None:
    """Prove that nothing slipped: every deadline has its events, every message its turn. Works beside the server."""
    settings = _settings()
    _quiet_log()
    findings = asyncio.run(read_beside(settings.database_url, lambda session: audits.audit(session, utc_now())))
    for finding in findings:
        print(f"{finding.kind}: {finding.message}")
    print(f"{len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


@app.command()
def qr(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("qr.html"),
    building: Annotated[list[str] | None, typer.Option(help="Only this building; may be repeated.")] = None,
    rooms: Annotated[bool, typer.Option("--rooms", help="A code for every home instead of every unit.")] = False,
    bot: Annotated[str | None, typer.Option(help="The bot's name, so that Telegram need not be asked.")] = None,
) -> None:
    """Write a sheet of QR codes that open the Telegram chat with the place known; print it from a browser."""
    from desk.qr import write_sheet  # noqa: PLC0415

    count = write_sheet(_settings(), out, buildings=frozenset(building or ()), rooms=rooms, bot=bot)
    print(f"{count} codes in {out}")


@app.command()
def import_bills(
    file: Annotated[Path, typer.Argument(help="An Excel sheet (.xlsx) of bills.")],
    trial: Annotated[bool, typer.Option("--trial", help="Say what would come of it and change nothing.")] = False,
) -> None:
    """Import bills from an Excel sheet and tell of every row that was left out; the same sheet may come again."""
    from desk.importing import import_file, told  # noqa: PLC0415

    settings = _settings()
    _quiet_log()
    rules = read_content(settings.content, settings.timezone).rules.bills
    try:
        report = asyncio.run(import_file(settings, rules, file, utc_now(), trial=trial))
    except SheetError as error:
        print(f"desk: {file}: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CODE) from error
    for line in told(report):
        print(line)
    raise typer.Exit(1 if report.rejected else 0)


@app.command()
def migrate() -> None:
    """Create the database, or bring it to the newest schema; `serve` does it at each start."""
    from actions.migrate import upgrade  # noqa: PLC0415

    settings = _settings()
    _quiet_log()
    asyncio.run(upgrade(settings.database_url))


@app.command()
def sweep_files() -> None:
    """Remove the photos that residents had erased from the disk; `serve` does it at each start."""
    from desk.sweeping import sweep_beside  # noqa: PLC0415

    settings = _settings()
    _quiet_log()
    removed = asyncio.run(sweep_beside(settings.database_url, settings.home / "uploads", utc_now()))
    print(f"{removed} files removed")


app.command()(train)
app.command()(evaluate)
app.add_typer(review, name="review")
app.command()(simulate)
app.command()(found)
app.command()(import_homes)


def _settings() -> Settings:
    return read_settings(os.environ)


def _moment(given: datetime | None, settings: Settings) -> datetime:
    """The moment that was named, or the present, in the zone of the desk."""
    if given is not None and given.tzinfo is None:
        return given.replace(tzinfo=settings.timezone)
    return (given or utc_now()).astimezone(settings.timezone)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _quiet_log() -> None:
    """Standard output belongs to the answers; only faults are logged, on standard error."""
    structlog.configure(
        # The library's own console shows every local variable of every frame, which here is all content and the model.
        processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    main()
