"""Reads the demo community from `data/demo/community.yml` and checks that its parts fit together."""

from collections.abc import Iterator, Mapping
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from actions.estate import Address
from actions.tables import BindingRole, Role
from words.content import ContentFiles, line_of, parse_yaml
from words.errors import ContentError

FILE = "demo/community.yml"
Name = Annotated[str, Field(min_length=1)]


class Day(StrEnum):
    """A day of the week, in the order of `date.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Part(BaseModel):
    """A part of the file; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CommunityPart(Part):
    """The community itself."""

    code: Name
    name: Name
    timezone: ZoneInfo
    facts: Mapping[str, str]


class BuildingsPart(Part):
    """Buildings of one shape."""

    names: tuple[Name, ...]
    units: tuple[Name, ...]
    floors: int = Field(ge=1, le=99)
    rooms_per_floor: int = Field(ge=1, le=20)

    def homes(self) -> Iterator[Address]:
        """Every home, numbered as usual: floor, then two digits."""
        for building in self.names:
            for unit in self.units or (None,):
                for floor in range(1, self.floors + 1):
                    for number in range(1, self.rooms_per_floor + 1):
                        yield Address(building, unit, f"{floor}{number:02d}")


class StaffPart(Part):
    """A member of the staff; with `sign_in` they get a first password."""

    login: Name
    name: Name
    roles: frozenset[Role] = Field(min_length=1)
    department: str | None = None
    phone: str | None = None
    area: tuple[str, ...] = ()
    sign_in: bool = False


class ShiftPart(Part):
    """A shift that returns on the same days of every week; local times."""

    staff: str
    role: Role
    days: tuple[Day, ...] = Field(min_length=1)
    begins: time = Field(alias="from")
    ends: time = Field(alias="until")


class RosterPart(Part):
    """The pattern, and how many days before and after the day of loading it is laid out."""

    days: int = Field(ge=1, le=366)
    shifts: tuple[ShiftPart, ...]


class HomePart(Part):
    """A resident's home, and what it pays for."""

    at: tuple[Name, ...] = Field(min_length=2, max_length=3)
    role: BindingRole
    area: int = Field(default=0, ge=0)
    parking: int = Field(default=0, ge=0)
    unpaid: int = Field(default=0, ge=0)

    @property
    def address(self) -> Address:
        """Building, perhaps unit, and room."""
        return Address(self.at[0], self.at[1] if len(self.at) > 2 else None, self.at[-1])  # noqa: PLR2004 - building, unit, room


class ResidentPart(Part):
    """A resident; the title may be missing."""

    name: Name
    phone: Name
    title: str | None = None
    homes: tuple[HomePart, ...] = ()


class ContactPart(Part):
    """An address on a channel; `resident` is the phone number of the one who writes from it."""

    channel: Name
    address: Name
    name: str = ""
    phone: str | None = None
    resident: str | None = None


class MomentPart(Part):
    """A local time on a day counted from the day of loading."""

    day: int
    at: time


class NoticePart(Part):
    """An announcement."""

    title: Name
    body: Name
    explains: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()
    published: MomentPart
    starts: MomentPart
    ends: MomentPart


class NoticesPart(Part):
    """All announcements."""

    date_format: Name
    list: tuple[NoticePart, ...]


class FeePart(Part):
    """A fee and its price in fen."""

    name: Name
    fen: int = Field(ge=1)


class BillsPart(Part):
    """How the bills of the last months are made."""

    months: int = Field(ge=1, le=36)
    period: Name
    due_day: int = Field(ge=1, le=28)
    property_fee: FeePart
    parking: FeePart


class DemoContent(Part):
    """The whole file."""

    community: CommunityPart
    buildings: tuple[BuildingsPart, ...]
    departments: Mapping[str, str]
    staff: tuple[StaffPart, ...]
    roster: RosterPart
    residents: tuple[ResidentPart, ...]
    contacts: tuple[ContactPart, ...]
    notices: NoticesPart
    bills: BillsPart

    @classmethod
    def read(cls, files: ContentFiles) -> "DemoContent":
        """Read the file. Raises ContentError with the line of what does not fit."""
        if FILE not in files.texts:
            raise ContentError(FILE, None, "there is no such content file")
        return _parsed(files.texts[FILE])

    def homes(self) -> tuple[Address, ...]:
        """Every home of the estate."""
        return tuple(home for part in self.buildings for home in part.homes())

    def misfits(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What names something that the file does not have: its place and a message."""
        yield from self._misfits_of_staff()
        yield from self._misfits_of_homes()
        for key, values in (("staff", [who.login for who in self.staff]), ("residents", list(self._phones()))):
            for index, value in enumerate(values):
                if value in values[:index]:
                    yield (key, index), f"{value} is there twice"
        for index, contact in enumerate(self.contacts):
            if contact.resident is not None and contact.resident not in self._phones():
                yield ("contacts", index, "resident"), f"no resident has the number {contact.resident}"
        for index, notice in enumerate(self.notices.list):
            for building in sorted(set(notice.buildings) - self._building_names()):
                yield ("notices", "list", index, "buildings"), f"there is no building {building}"

    def _misfits_of_staff(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        roles = {who.login: who.roles for who in self.staff}
        for index, who in enumerate(self.staff):
            if who.department is not None and who.department not in self.departments:
                yield ("staff", index, "department"), f"there is no department {who.department}"
            for building in sorted(set(who.area) - self._building_names()):
                yield ("staff", index, "area"), f"there is no building {building}"
        for index, shift in enumerate(self.roster.shifts):
            if shift.role not in roles.get(shift.staff, frozenset()):
                yield ("roster", "shifts", index, "staff"), f"{shift.staff} is not on the staff as {shift.role}"

    def _misfits_of_homes(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        known = frozenset(self.homes())
        paying: set[Address] = set()
        for index, resident in enumerate(self.residents):
            for number, home in enumerate(resident.homes):
                place = ("residents", index, "homes", number, "at")
                if home.address not in known:
                    yield place, f"there is no home {''.join(home.at)}"
                if home.address in paying and (home.area or home.parking):
                    yield place, f"{''.join(home.at)} is paid for by somebody else already"
                if home.area or home.parking:
                    paying.add(home.address)

    def _building_names(self) -> frozenset[str]:
        return frozenset(name for part in self.buildings for name in part.names)

    def _phones(self) -> tuple[str, ...]:
        return tuple(resident.phone for resident in self.residents)


@lru_cache(maxsize=2)
def _parsed(text: str) -> DemoContent:
    """Reading takes a sixth of a second, and the same text is asked for by every throwaway desk of a test run."""
    tree = parse_yaml(FILE, text)
    try:
        demo = DemoContent.model_validate(tree)
    except ValidationError as error:
        detail = error.errors()[0]
        raise _error(tree, detail["loc"], f"{detail['msg']}, not {detail['input']!r}") from None
    for place, message in demo.misfits():
        raise _error(tree, place, message)
    return demo


def _error(tree: CommentedMap | CommentedSeq, place: tuple[str | int, ...], message: str) -> ContentError:
    """The error at the deepest line that the place leads to."""
    line: int | None = None
    node: object = tree
    for key in place:
        if not isinstance(node, CommentedMap | CommentedSeq):
            break
        line = line_of(node, key) or line
        try:
            node = node[key]
        except (KeyError, IndexError):
            break
    return ContentError(FILE, line, f"{'.'.join(str(key) for key in place)}: {message}")
