"""`desk review`: messages that the desk was unsure of go out on a sheet, and come back with labels to learn from."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from actions.bill_sheet import SheetError
from actions.errors import StoreError
from actions.estate import find_community
from actions.migrate import upgrade
from actions.review_sheet import read_review_sheet, write_review_sheet
from actions.reviewing import SINCE_DAYS, Reviewer, record_export
from actions.store import open_store
from desk.content import content_files
from desk.learning import HeldoutFolder
from desk.loops import utc_now
from desk.settings import EXIT_CODE, Settings, heldout_folder, read_settings
from nlu.reviewed import Fault, Refused
from web.reviewing import Outcome, ReviewDesk

review = typer.Typer(no_args_is_help=True, help="Label messages that were not understood, and learn from them.")

_SUFFIX = ".xlsx"
_WRONG = {
    Fault.NO_LABEL: "there is no label {}; choose one of the list on the second sheet",
    Fault.NO_MESSAGE: "message {} is not in this community; leave the column of the numbers as it was",
    Fault.EMPTY: "the text has no words: {}",
    Fault.TOO_LONG: "the text has {} characters; keep the sentence that tells, at most 600",
    Fault.PERSONAL: "the text still holds {}; put a mark there such as those of the other lines",
    Fault.OTHER_LABEL: "the same text has another label: {}; correct the one that is wrong",
    Fault.HELD_OUT: "the text is nearly the one at {}, which measures the model; pass it over",
}


@review.command("export")
def export_sheet(
    file: Annotated[Path, typer.Argument(help="The Excel sheet (.xlsx) to write.")],
    since: Annotated[int, typer.Option(min=1, max=3650, help="How many days back to look.")] = SINCE_DAYS,
    heldout: HeldoutFolder = None,
) -> None:
    """Write a sheet of messages to label, without personal data; the look goes on record."""
    settings = read_settings(os.environ)
    _must_be_sheet(file)
    count = asyncio.run(_export(settings, file, since, heldout or heldout_folder()))
    print(f"{count} messages to label in {file}")


@review.command("import")
def import_sheet(
    file: Annotated[Path, typer.Argument(help="The sheet (.xlsx) with labels filled in.")],
    heldout: HeldoutFolder = None,
) -> None:
    """Learn the labels of a sheet; when any line is wrong, each is told and nothing is learned."""
    settings = read_settings(os.environ)
    _must_be_sheet(file)
    try:
        outcome = asyncio.run(_import(settings, file, heldout or heldout_folder()))
    except SheetError as error:
        print(f"desk: {file}: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CODE) from error
    for line in told(file, outcome):
        print(line)
    raise typer.Exit(1 if outcome.refused else 0)


def told(file: Path, outcome: Outcome) -> Iterator[str]:
    """The outcome line by line: each line that is wrong with what would be right, or the counts."""
    for one in outcome.refused:
        yield f"{file}:{one.line}: {wrong(one)}"
    if outcome.refused:
        yield f"{len({one.line for one in outcome.refused})} lines are wrong; nothing was learned"
        return
    yield f"{outcome.learned} new examples, {outcome.known} known already, {outcome.passed} passed over"
    if outcome.learned:
        yield "“desk train” makes a model of them; a server that runs takes it up by itself"


def wrong(one: Refused) -> str:
    """What is wrong with a line."""
    return _WRONG[one.fault].format(one.detail)


async def _export(settings: Settings, file: Path, days: int, heldout: Path) -> int:
    now = utc_now()
    async with _opened(settings, heldout) as (desk, by):
        rows = await desk.waiting(by, now, days)
        # First the record, then the file: nothing goes out unrecorded.
        await desk.store.write(partial(record_export, by=by, shown=len(rows), days=days, now=now))
        await asyncio.to_thread(write_review_sheet, file, rows, desk.words, desk.names)
        return len(rows)


async def _import(settings: Settings, file: Path, heldout: Path) -> Outcome:
    with file.open("rb") as source:
        async with _opened(settings, heldout) as (desk, by):
            filled = await asyncio.to_thread(read_review_sheet, source, desk.words, desk.names)
            return await desk.take(by, filled, utc_now())


@asynccontextmanager
async def _opened(settings: Settings, heldout: Path) -> AsyncIterator[tuple[ReviewDesk, Reviewer]]:
    """The desk for labelling; while a server writes to the same SQLite file, its page /staff/review does the same."""
    files = content_files(settings.content, settings.home)
    try:
        await upgrade(settings.database_url)
        store = await open_store(settings.database_url)
    except StoreError as error:
        raise StoreError(f"{error}; or use the page /staff/review of the server that runs") from error
    try:
        community_id = await store.read(partial(find_community, code=settings.community))
        if community_id is None:
            raise StoreError(f"there is no community {settings.community}; start the desk once, or name another")
        yield ReviewDesk.build(store, files, settings.home, heldout), Reviewer(community_id)
    finally:
        await store.close()


def _must_be_sheet(file: Path) -> None:
    if file.suffix.lower() != _SUFFIX:
        print(f"desk: {file}: the sheet is an Excel file; give a name that ends with {_SUFFIX}", file=sys.stderr)
        raise typer.Exit(EXIT_CODE)
