"""`desk found` and `desk import-homes`: from the demo to a community of one's own."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from argon2 import PasswordHasher

from actions.actors import SYSTEM
from actions.bill_import import Importer
from actions.bill_sheet import SheetError
from actions.errors import StoreError
from actions.establishment import add_departments
from actions.estate import find_community, found_community
from actions.fact_book import FactBook
from actions.home_import import HomeReport
from actions.home_import import import_homes as import_sheet
from actions.home_rows import HomeRules
from actions.migrate import upgrade
from actions.names import Names
from actions.staffing import NewStaff, create_staff
from actions.store import Session, Store, open_store
from actions.tables import Role
from desk.loops import utc_now
from desk.settings import EXIT_CODE, Settings, read_settings
from web.passwords import first_password
from words.content import ContentFiles

_DEMO = "demo"


def found(
    name: Annotated[str, typer.Option(help="What residents call the community.")],
    duty_phone: Annotated[str, typer.Option(help="The phone that is answered at all hours (monitoring centre).")],
    desk_phone: Annotated[str, typer.Option(help="The phone of the front desk.")],
    gas_phone: Annotated[str, typer.Option(help="The emergency phone of the gas company.")],
    admin: Annotated[str, typer.Option(help="The login of the first administrator.")] = "admin",
) -> None:
    """Set up the community of DESK_COMMUNITY, with its departments and a first administrator."""
    settings = read_settings(os.environ)
    facts = {"community": name, "phone_duty": duty_phone, "phone_desk": desk_phone, "phone_gas": gas_phone}
    files = ContentFiles.load(settings.content)
    if wrong := [key for key, value in facts.items() if not FactBook.read(files).entries[key].fits(value)]:
        print(f"desk: {', '.join(wrong)}: does not look right; give a telephone such as 0571-88880100", file=sys.stderr)
        raise typer.Exit(EXIT_CODE)
    password = first_password()
    asyncio.run(_found(settings, files, facts, (admin, PasswordHasher().hash(password)), utc_now()))
    print(f"{name} ({settings.community}) is set up; first password, shown this once: {admin} {password}")


def import_homes(
    file: Annotated[Path, typer.Argument(help="An Excel sheet (.xlsx) of homes and residents.")],
    trial: Annotated[bool, typer.Option("--trial", help="Say what would come of it and change nothing.")] = False,
) -> None:
    """Import buildings, homes and residents from an Excel sheet and tell of every row that was left out."""
    settings = read_settings(os.environ)
    rules = HomeRules.read(ContentFiles.load(settings.content))
    try:
        report = asyncio.run(_import(settings, rules, file, utc_now(), trial=trial))
    except SheetError as error:
        print(f"desk: {file}: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CODE) from error
    for one in report.rejected:
        print(f"line {one.line}: {one.column}: {one.fault}" + (f": {one.value}" if one.value else ""))
    new = (
        f"{report.buildings} buildings, {report.homes} homes, {report.residents} residents, {report.bindings} bindings"
    )
    print(f"{report.rows} rows; {'would be ' if trial else ''}new: {new}; {report.rejected_rows} rows left out")
    raise typer.Exit(1 if report.rejected else 0)


async def _found(
    settings: Settings, files: ContentFiles, facts: dict[str, str], admin: tuple[str, str], now: datetime
) -> None:
    code, zone = settings.community, settings.timezone.key
    if code == _DEMO:
        raise StoreError(f"DESK_COMMUNITY is {_DEMO}, which the demo belongs to; choose a code of your own")

    def set_up(session: Session) -> None:
        if find_community(session, code) is not None:
            raise StoreError(f"there is a community {code} already; look after it at /staff")
        key = found_community(session, code, name=facts["community"], timezone=zone, facts=facts, now=now)
        add_departments(session, key, Names.read(files).departments, now)
        login, password_hash = admin
        create_staff(session, key, NewStaff(login, login, frozenset({Role.ADMINISTRATOR}), password_hash), now)

    store = await _open(settings)
    try:
        await store.write(set_up)
    finally:
        await store.close()


async def _import(settings: Settings, rules: HomeRules, file: Path, now: datetime, *, trial: bool) -> HomeReport:
    with file.open("rb") as source:
        store = await _open(settings)
        try:
            community_id = await store.read(lambda session: find_community(session, settings.community))
            if community_id is None:
                raise StoreError(f"there is no community {settings.community}; set it up with `desk found`")
            importer = Importer(SYSTEM, community_id, file.name)
            return await import_sheet(store, importer, source, rules, now, trial=trial)
        finally:
            await store.close()


async def _open(settings: Settings) -> Store:
    settings.home.mkdir(parents=True, exist_ok=True)
    await upgrade(settings.database_url)
    return await open_store(settings.database_url)
