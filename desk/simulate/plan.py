"""Reads what the simulation plays from `data/simulation.yml`."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from actions.tables import Role
from words.content import ContentFiles
from words.errors import ContentError

FILE = "simulation.yml"


class Part(BaseModel):
    """A part of the file; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CommunityPart(Part):
    """The estate, and how its parts are called."""

    name: str
    facts: Mapping[str, str]
    building: str
    unit: str
    resident: str
    departments: Mapping[str, str]


class ArrivalsPart(Part):
    """How often residents write; `hours` are weights of the hours of a day, the others factors and shares."""

    per_household: float = Field(gt=0, le=1)
    hours: tuple[float, ...] = Field(min_length=24, max_length=24)
    day_off: float
    festival: float
    storm: float
    again: float
    not_fixed: float
    rated: float


class RequestPart(Part):
    """One thing that residents write, under its label; `danger` is the kind of emergency."""

    weight: float
    label: str
    says: str
    danger: str | None = None
    storm: float = 1
    festival: float = 1


class AnswerPart(Part):
    """What a resident answers to a script whose name begins so."""

    to: str = ""
    says: str
    label: str = "inquiry"


class TemperPart(Part):
    """How somebody works: minutes until they look, hours until they answer, and shares of what they do wrong."""

    look: float
    answers: float
    forgets: float
    hollow: float
    breaks: float
    blind: float
    acts: float


class ShiftPart(Part):
    """A shift on days of the week, Monday being 0, by hours; 32 is eight in the morning of the next day."""

    days: tuple[int, ...]
    begins: int = Field(alias="from", ge=0, le=24)
    ends: int = Field(alias="until", ge=1, le=48)


class MemberPart(Part):
    """Somebody who works there."""

    login: str
    name: str
    role: Role
    department: str
    temper: str
    shifts: tuple[ShiftPart, ...]

    def on_duty(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether a shift covers the moment."""
        return any(start <= moment < end for start, end in self.shifts_around(moment.astimezone(zone).date(), zone))

    def shifts_around(self, day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
        """The shifts that begin on the day or on the one before."""
        found = []
        for offset in (-1, 0):
            begins_on = day + timedelta(days=offset)
            midnight = datetime.combine(begins_on, datetime.min.time(), zone)
            found += [
                (midnight + timedelta(hours=shift.begins), midnight + timedelta(hours=shift.ends))
                for shift in self.shifts
                if begins_on.weekday() in shift.days
            ]
        return tuple(found)

    def next_shift(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The moment itself when they are on duty, otherwise the beginning of their next shift."""
        if self.on_duty(moment, zone):
            return moment
        day = moment.astimezone(zone).date()
        starts = [
            start
            for offset in range(9)
            for start, _end in self.shifts_around(day + timedelta(days=offset), zone)
            if start > moment
        ]
        return min(starts)


class IllPart(Part):
    """How often people fall ill, and for how many days."""

    share: float
    days: int


class SimulationPlan(Part):
    """The whole file."""

    community: CommunityPart
    arrivals: ArrivalsPart
    requests: tuple[RequestPart, ...]
    answers: tuple[AnswerPart, ...]
    urging: AnswerPart
    tempers: Mapping[str, TemperPart]
    staff: tuple[MemberPart, ...]
    ill: IllPart
    words: Mapping[str, str]
    report: Mapping[str, Any]

    @classmethod
    def read(cls, files: ContentFiles) -> "SimulationPlan":
        """Read the file. Raises ContentError for what is missing or of the wrong kind."""
        try:
            plan = cls.model_validate(files.read(FILE))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ContentError(FILE, None, f"{place}: {first['msg']}") from error
        for member in plan.staff:
            if member.temper not in plan.tempers:
                raise ContentError(FILE, None, f"staff.{member.login}: there is no temper {member.temper!r}")
        return plan

    def temper(self, member: MemberPart) -> TemperPart:
        """How a member works."""
        return self.tempers[member.temper]
