"""Imports a sheet of homes and of those who live in them; what is there already stays as it is."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.bill_import import Importer
from actions.bill_sheet import read_table
from actions.bindings import Person, ensure_binding, resident_for
from actions.estate import Address, add_buildings, add_rooms, building_ids, room_ids
from actions.home_rows import (
    Dweller,
    HomeColumn,
    HomeFault,
    HomeRejected,
    HomeRules,
    SheetHome,
    check_homes,
)
from actions.records import write_record
from actions.store import Store
from actions.tables import Binding, Community, Resident

_ROOMS = 400
_PEOPLE = 40
"""Rows of one transaction; somebody who moves in takes a few statements."""


@dataclass(frozen=True, slots=True)
class HomeReport:
    """What came of a sheet: how many of each were new. `trial` says that nothing was changed."""

    rows: int
    buildings: int
    homes: int
    residents: int
    bindings: int
    rejected: tuple[HomeRejected, ...]
    trial: bool = False

    @property
    def rejected_rows(self) -> int:
        """How many rows were left out; one row may have several faults."""
        return len({one.line for one in self.rejected})


@dataclass(frozen=True, slots=True)
class _Known:
    """What is on record: rooms by address, people by phone, and who lives where, by room and name."""

    buildings: frozenset[str]
    rooms: Mapping[Address, int]
    phones: Mapping[str | None, tuple[int, str]]
    living: Mapping[tuple[int, str], int]
    bound: frozenset[tuple[int, int, str]]

    @classmethod
    def read(cls, session: Session, community_id: int) -> "_Known":
        people = session.execute(
            select(Resident.id, Resident.name, Resident.phone).where(Resident.community_id == community_id)
        ).all()
        names = {key: name for key, name, _phone in people}
        bound = session.execute(
            select(Binding.room_id, Binding.resident_id, Binding.role).where(
                Binding.community_id == community_id, Binding.until.is_(None)
            )
        ).all()
        return cls(
            buildings=frozenset(building_ids(session, community_id)),
            rooms=room_ids(session, community_id),
            phones={phone: (key, name) for key, name, phone in people if phone},
            living={(room, names[resident]): resident for room, resident, _role in bound},
            bound=frozenset((room, resident, role.value) for room, resident, role in bound),
        )


async def import_homes(
    store: Store, importer: Importer, source: IO[bytes], rules: HomeRules, now: datetime, *, trial: bool = False
) -> HomeReport:
    """Import a sheet in small transactions; one that is interrupted is simply imported again.

    A phone number tells one resident from another: a row with the number of somebody of another name is left out.
    Raises SheetError for a file that is no sheet of homes.
    """
    rows = await asyncio.to_thread(read_table, source, rules.header)
    homes, rejected = await asyncio.to_thread(check_homes, rows, rules)
    known = await store.read(lambda session: _Known.read(session, importer.community_id))
    homes, elses = _without_mistaken(homes, known)
    report = _report(len(rows), homes, known, tuple(sorted((*rejected, *elses), key=lambda one: one.line)), trial=trial)
    if trial:
        return report
    for part in _parts(homes, _ROOMS):
        await store.write(partial(_places, importer.community_id, part, now))
    for part in _parts([home for home in homes if home.dweller], _PEOPLE):
        await store.write(partial(_people, importer.community_id, part, now))
    await store.write(partial(_record, importer, report, now))
    return report


def _without_mistaken(
    homes: Sequence[SheetHome], known: _Known
) -> tuple[tuple[SheetHome, ...], tuple[HomeRejected, ...]]:
    """Leave out rows whose phone belongs to somebody of another name, on record or further up in the sheet."""
    names = {phone: name for phone, (_key, name) in known.phones.items()}
    kept: list[SheetHome] = []
    rejected: list[HomeRejected] = []
    for home in homes:
        who = home.dweller
        if who and who.phone and names.setdefault(who.phone, who.name) != who.name:
            rejected.append(HomeRejected(home.line, HomeColumn.PHONE, HomeFault.SOMEBODY_ELSES, who.phone))
        else:
            kept.append(home)
    return tuple(kept), tuple(rejected)


def _report(
    rows: int, homes: Sequence[SheetHome], known: _Known, rejected: tuple[HomeRejected, ...], *, trial: bool
) -> HomeReport:
    people: set[tuple[object, ...]] = set()
    bindings: set[tuple[object, ...]] = set()
    for home in homes:
        if home.dweller is None:
            continue
        room, resident = known.rooms.get(home.address), _on_record(home, home.dweller, known)
        if resident is None:
            people.add((home.dweller.phone,) if home.dweller.phone else (home.address, home.dweller.name))
        if room is None or resident is None or (room, resident, home.dweller.role.value) not in known.bound:
            bindings.add((home.address, home.dweller.phone or home.dweller.name, home.dweller.role))
    return HomeReport(
        rows=rows,
        buildings=len({home.address.building for home in homes} - known.buildings),
        homes=len({home.address for home in homes} - known.rooms.keys()),
        residents=len(people),
        bindings=len(bindings),
        rejected=rejected,
        trial=trial,
    )


def _on_record(home: SheetHome, who: Dweller, known: _Known) -> int | None:
    if who.phone:
        return known.phones[who.phone][0] if who.phone in known.phones else None
    room = known.rooms.get(home.address)
    return None if room is None else known.living.get((room, who.name))


def _places(community_id: int, homes: Sequence[SheetHome], now: datetime, session: Session) -> None:
    """Add the buildings, units and rooms of some rows; two imports of one community take turns."""
    session.execute(select(Community.id).where(Community.id == community_id).with_for_update())
    shapes: dict[str, list[str]] = {}
    for home in homes:
        units = shapes.setdefault(home.address.building, [])
        if home.address.unit and home.address.unit not in units:
            units.append(home.address.unit)
    add_buildings(session, community_id, shapes, now)
    add_rooms(session, community_id, list(dict.fromkeys(home.address for home in homes)), now)


def _people(community_id: int, homes: Sequence[SheetHome], now: datetime, session: Session) -> None:
    """Put the people of some rows on record and tie them to their homes."""
    session.execute(select(Community.id).where(Community.id == community_id).with_for_update())
    known = _Known.read(session, community_id)
    phones, living = dict(known.phones), dict(known.living)
    known = replace(known, phones=phones, living=living)
    for home in homes:
        who = home.dweller
        if who is None:
            continue
        resident = _on_record(home, who, known)
        if resident is None:
            new = Person(name=who.name, title=who.title, phone=who.phone)
            resident = resident_for(session, community_id, new, now)
            # The same person may stand in the next row, with another home.
            if who.phone:
                phones[who.phone] = (resident, who.name)
        living[known.rooms[home.address], who.name] = resident
        ensure_binding(session, community_id, resident, known.rooms[home.address], who.role, now)


def _record(importer: Importer, report: HomeReport, now: datetime, session: Session) -> None:
    detail = {
        "file": importer.file_name,
        "rows": report.rows,
        "homes": report.homes,
        "residents": report.residents,
        "rejected": report.rejected_rows,
    }
    about = ("community", importer.community_id)
    write_record(session, importer.actor, importer.community_id, "home:imported", about, detail=detail, now=now)


def _parts(homes: Sequence[SheetHome], size: int) -> list[Sequence[SheetHome]]:
    return [homes[start : start + size] for start in range(0, len(homes), size)]
