"""Sets up the community that is played: homes, one resident in each, staff and their shifts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from actions.establishment import NewMember, NewShift, add_departments, add_members, add_shifts
from actions.estate import (
    Address,
    NewContact,
    NewResident,
    add_buildings,
    add_contacts,
    add_residents,
    add_rooms,
    found_community,
)
from actions.store import Session
from actions.tables import BindingRole
from desk.simulate.plan import SimulationPlan

CODE = "simulation"
# What half of the residents write by has to be delivered; the others fetch.
CHANNELS = ("web", "terminal")
_HOMES_PER_UNIT = 36
_UNITS = 2
_ROOMS_PER_FLOOR = 2
_ROWS = 500
_PHONES_FROM = 16_100_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Household:
    """One home and the address from which it writes."""

    number: int
    home: Address
    phone: str
    channel: str

    @property
    def address(self) -> str:
        """The address on the channel."""
        return f"h{self.number}"


def households(plan: SimulationPlan, count: int) -> tuple[Household, ...]:
    """All homes, floor by floor."""
    found = []
    for number in range(count):
        unit, place = divmod(number, _HOMES_PER_UNIT)
        building, entrance = divmod(unit, _UNITS)
        floor, door = divmod(place, _ROOMS_PER_FLOOR)
        home = Address(
            plan.community.building.format(number=building + 1),
            plan.community.unit.format(number=entrance + 1),
            f"{floor + 1}{door + 1:02d}",
        )
        found.append(Household(number, home, str(_PHONES_FROM + number), CHANNELS[number % 3 == 0]))
    return tuple(found)


def set_up(
    plan: SimulationPlan, homes: Sequence[Household], first: datetime, days: int, zone: ZoneInfo
) -> Iterator[Callable[[Session], object]]:
    """The functions that set everything up, each for a transaction of its own."""
    part = plan.community

    def found(session: Session) -> int:
        community_id = found_community(session, CODE, name=part.name, timezone=zone.key, facts=part.facts, now=first)
        add_departments(session, community_id, part.departments, first)
        units: dict[str, list[str]] = {}
        for one in homes:
            entrances = units.setdefault(one.home.building, [])
            if one.home.unit and one.home.unit not in entrances:
                entrances.append(one.home.unit)
        add_buildings(session, community_id, units, first)
        members = [NewMember(who.login, who.name, frozenset({who.role}), who.department) for who in plan.staff]
        add_members(session, community_id, members, first)
        return community_id

    yield found
    residents = [
        NewResident(part.resident.format(number=one.number), None, one.phone, ((one.home, BindingRole.OWNER),))
        for one in homes
    ]
    contacts = [NewContact(one.channel, one.address, resident_phone=one.phone) for one in homes]
    steps = (
        (add_rooms, [one.home for one in homes]),
        (add_residents, residents),
        (add_contacts, contacts),
        (add_shifts, list(_shifts(plan, first, days, zone))),
    )
    for add, rows in steps:
        for some in _parts(rows):
            yield partial(_add, add, some, first)


def _add(add: Callable[..., object], rows: object, now: datetime, session: Session) -> None:
    add(session, found_community(session, CODE, name="", timezone="", facts={}, now=now), rows, now)


def _shifts(plan: SimulationPlan, first: datetime, days: int, zone: ZoneInfo) -> Iterator[NewShift]:
    for offset in range(-1, days + 3):
        day = first.astimezone(zone).date() + timedelta(days=offset)
        for member in plan.staff:
            for begins_at, ends_at in member.shifts_around(day, zone):
                if begins_at.astimezone(zone).date() == day:
                    yield NewShift(member.login, member.role, begins_at, ends_at)


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
