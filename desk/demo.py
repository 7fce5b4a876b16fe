"""Loads the demo community, in small transactions that may be interrupted and run again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher

from actions.errors import NotFoundError
from actions.establishment import (
    NewMember,
    NewShift,
    add_departments,
    add_members,
    add_shifts,
    finish_set_up,
    is_set_up,
)
from actions.estate import (
    EstateSize,
    NewBill,
    NewContact,
    NewNotice,
    NewResident,
    add_bills,
    add_buildings,
    add_contacts,
    add_notices,
    add_residents,
    add_rooms,
    estate_size,
    find_community,
    found_community,
    lock_community,
)
from actions.store import Session, Store
from actions.tables import FeeKind
from desk.demo_content import Day, DemoContent, MomentPart, NoticesPart
from desk.settings import content_folder
from web.passwords import first_password
from words.content import ContentFiles

Step = Callable[[Session], None]
T = TypeVar("T")

ROWS_PER_STEP = 500
"""The most rows that one transaction adds."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo community has in it."""

    community_id: int
    code: str
    size: EstateSize


def demo_loaded(session: Session, code: str) -> bool:
    """Whether the community of that code exists and its set-up came to its end."""
    community_id = find_community(session, code)
    return community_id is not None and is_set_up(session, community_id)


def new_passwords(content: ContentFiles) -> Mapping[str, str]:
    """A random first password for each demo account that can sign in, by login; 79 bits each, easy to type."""
    return {who.login: first_password() for who in DemoContent.read(content).staff if who.sign_in}


def hash_passwords(passwords: Mapping[str, str]) -> Mapping[str, str]:
    """The argon2 hashes to store. It takes about a tenth of a second each, so it is done outside any transaction."""
    hasher = PasswordHasher()
    return {login: hasher.hash(password) for login, password in passwords.items()}


def demo_steps(content: ContentFiles, now: datetime, *, password_hashes: Mapping[str, str]) -> tuple[Step, ...]:
    """The functions that load the demo, each for a transaction of its own, in this order.

    They add what is missing, so running them again changes nothing. The last one sets the passwords and marks the
    community as loaded; only after its commit are the passwords worth printing. Raises ContentError for a wrong file.
    """
    demo = DemoContent.read(content)
    code = demo.community.code
    shapes = {name: part.units for part in demo.buildings for name in part.names}
    return (
        partial(_found, demo, now),
        _step(code, add_buildings, shapes, now),
        *(_step(code, add_rooms, part, now) for part in _parts(demo.homes())),
        _step(code, add_residents, _residents(demo), now),
        _step(code, add_contacts, _contacts(demo), now),
        *(_step(code, add_bills, part, now) for part in _parts(tuple(_bills(demo, now)))),
        _step(code, add_members, _members(demo), now),
        *_roster_steps(demo, now),
        _step(code, add_notices, _notices(demo.notices, demo.community.timezone, now), now),
        _step(code, finish_set_up, password_hashes, now),
    )


def roster_steps(content: ContentFiles, now: datetime) -> tuple[Step, ...]:
    """The functions that lay the weekly pattern out around `now`; run again later they carry the roster on."""
    return _roster_steps(DemoContent.read(content), now)


def load_demo(
    session: Session, content: ContentFiles, now: datetime, *, password_hashes: Mapping[str, str] | None = None
) -> DemoSummary:
    """Load the whole demo in one transaction, for throwaway databases and tests; see `demo_steps`."""
    for step in demo_steps(content, now, password_hashes=password_hashes or {}):
        step(session)
    return demo_summary(session, DemoContent.read(content).community.code)


async def load_demo_whole(
    store: Store,
    now: datetime,
    content: ContentFiles | None = None,
    *,
    password_hashes: Mapping[str, str] | None = None,
) -> int:
    """Load the demo into an open store, each step in its own transaction; returns the community's id.

    Without `content` it is read from the folder that comes with the program.
    """
    files = ContentFiles.load(content_folder()) if content is None else content
    for step in demo_steps(files, now, password_hashes=password_hashes or {}):
        await store.write(step)
    summary = await store.read(partial(demo_summary, code=DemoContent.read(files).community.code))
    return summary.community_id


def demo_summary(session: Session, code: str) -> DemoSummary:
    """Count what the community has. Raises NotFoundError when there is none of that code."""
    community_id = find_community(session, code)
    if community_id is None:
        raise NotFoundError(f"there is no community {code}")
    return DemoSummary(community_id, code, estate_size(session, community_id))


def _roster_steps(demo: DemoContent, now: datetime) -> tuple[Step, ...]:
    return tuple(_step(demo.community.code, add_shifts, part, now) for part in _parts(tuple(_shifts(demo, now))))


def _step(code: str, add: Callable[[Session, int, T, datetime], object], rows: T, now: datetime) -> Step:
    """One transaction on the community, which stays locked meanwhile."""

    def run(session: Session) -> None:
        add(session, lock_community(session, code), rows, now)

    return run


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + ROWS_PER_STEP] for start in range(0, len(rows), ROWS_PER_STEP))


def _found(demo: DemoContent, now: datetime, session: Session) -> None:
    part = demo.community
    key = found_community(session, part.code, name=part.name, timezone=part.timezone.key, facts=part.facts, now=now)
    add_departments(session, key, demo.departments, now)


def _residents(demo: DemoContent) -> tuple[NewResident, ...]:
    return tuple(
        NewResident(who.name, who.title, who.phone, tuple((home.address, home.role) for home in who.homes))
        for who in demo.residents
    )


def _contacts(demo: DemoContent) -> tuple[NewContact, ...]:
    return tuple(
        NewContact(who.channel, who.address, who.name, phone=who.phone, resident_phone=who.resident)
        for who in demo.contacts
    )


def _members(demo: DemoContent) -> tuple[NewMember, ...]:
    return tuple(NewMember(who.login, who.name, who.roles, who.department, who.phone, who.area) for who in demo.staff)


def _shifts(demo: DemoContent, now: datetime) -> Iterator[NewShift]:
    zone = demo.community.timezone
    today = now.astimezone(zone).date()
    for offset in range(-demo.roster.days, demo.roster.days + 1):
        day = today + timedelta(days=offset)
        for shift in demo.roster.shifts:
            if tuple(Day)[day.weekday()] not in shift.days:
                continue
            last = day if shift.ends > shift.begins else day + timedelta(days=1)
            yield NewShift(
                shift.staff,
                shift.role,
                datetime.combine(day, shift.begins, zone),
                datetime.combine(last, shift.ends, zone),
            )


def _bills(demo: DemoContent, now: datetime) -> Iterator[NewBill]:
    rules = demo.bills
    today = now.astimezone(demo.community.timezone).date()
    for resident in demo.residents:
        for home in resident.homes:
            amounts = (
                (rules.property_fee.name, FeeKind.PROPERTY, home.area * rules.property_fee.fen),
                (rules.parking.name, FeeKind.PARKING, home.parking * rules.parking.fen),
            )
            for back in range(rules.months):
                due_on = _months_before(today, back).replace(day=rules.due_day)
                period = rules.period.format(year=due_on.year, month=due_on.month)
                for fee, kind, amount in amounts:
                    if amount:
                        paid = 0 if back < home.unpaid else amount
                        yield NewBill(home.address, fee, period, amount, paid, due_on, kind)


def _notices(part: NoticesPart, zone: ZoneInfo, now: datetime) -> tuple[NewNotice, ...]:
    today = now.astimezone(zone).date()

    def moment(given: MomentPart) -> datetime:
        return datetime.combine(today + timedelta(days=given.day), given.at, zone)

    def text(body: str, day: date) -> str:
        return body.replace("{date}", part.date_format.format(month=day.month, day=day.day))

    return tuple(
        NewNotice(
            notice.title,
            text(notice.body, moment(notice.starts).date()),
            notice.explains,
            notice.buildings,
            moment(notice.published),
            moment(notice.starts),
            moment(notice.ends),
        )
        for notice in part.list
    )


def _months_before(day: date, months: int) -> date:
    """The first day of the month that lies so many months back."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
