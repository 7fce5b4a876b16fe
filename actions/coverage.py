"""Where a roster has nobody: no step of a ladder may meet an empty chair unnoticed (domain.md C4, C9)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from actions.duty import Shift
from actions.roster import stand_ins
from actions.tables import Role

WATCHED = (Role.MONITORING, Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.QUALITY, Role.ADMINISTRATOR)
"""The roles that the ladders name, the one that must always be there first."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Who answers for a role now: those on duty in it, or in `stand_in`; nobody at all when `people` is empty."""

    role: Role
    people: tuple[Shift, ...]
    stand_in: Role | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a step that is meant for a role finds nobody on duty, in the role or above it."""

    role: Role
    begins: datetime
    ends: datetime


def cover(shifts: Sequence[Shift], role: Role, now: datetime) -> Cover:
    """Who is told of what is meant for a role at a moment."""
    for one in stand_ins(role):
        if people := tuple(shift for shift in shifts if shift.role is one and shift.starts_at <= now < shift.ends_at):
            return Cover(role, people, None if one is role else one)
    return Cover(role, ())


def gaps(shifts: Sequence[Shift], role: Role, begin: datetime, end: datetime) -> tuple[Gap, ...]:
    """The times of a period in which a role is uncovered.

    The monitoring centre is there at all hours (domain.md A10), so nobody stands in for it.
    """
    covering = (role,) if role is Role.MONITORING else stand_ins(role)
    return tuple(Gap(role, *hole) for hole in _holes(shifts, covering, begin, end))


def _holes(
    shifts: Sequence[Shift], roles: Collection[Role], begin: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    reached = begin
    for shift in sorted(shifts, key=lambda one: one.starts_at):
        if shift.role not in roles or shift.ends_at <= reached:
            continue
        if shift.starts_at >= end:
            break
        if shift.starts_at > reached:
            yield reached, shift.starts_at
        reached = shift.ends_at
    if reached < end:
        yield reached, end
