"""`desk import-bills`: imports a sheet of bills from a file, and tells of every row that was left out."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from actions.actors import SYSTEM
from actions.bill_import import Importer, ImportReport, import_sheet
from actions.bill_rules import BillRules
from actions.errors import StoreError
from actions.estate import find_community
from actions.migrate import upgrade
from actions.store import open_store
from desk.settings import Settings


async def import_file(settings: Settings, rules: BillRules, file: Path, now: datetime, *, trial: bool) -> ImportReport:
    """Import a file into the community of the settings.

    Raises SheetError for a file that is no sheet of bills, OSError for one that cannot be read, and StoreError while
    a server writes to the same SQLite file: then the sheet is imported on the console's page.
    """
    with file.open("rb") as source:
        await upgrade(settings.database_url)
        store = await open_store(settings.database_url)
        try:
            community_id = await store.read(lambda session: find_community(session, settings.community))
            if community_id is None:
                raise StoreError(f"there is no community {settings.community}; start the desk once, or name another")
            importer = Importer(SYSTEM, community_id, file.name)
            return await import_sheet(store, importer, source, rules, now, trial=trial)
        finally:
            await store.close()


def told(report: ImportReport) -> Iterator[str]:
    """The report line by line: each field that cannot be used, then the counts."""
    for one in report.rejected:
        yield f"line {one.line}: {one.column}: {one.fault}" + (f": {one.value}" if one.value else "")
    counts = f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged"
    would = "would be: " if report.trial else ""
    yield f"{report.rows} rows; {would}{counts}, {report.rejected_rows} left out"
