"""Who works there, when they are there and when they look: staff who are late, ill, silent or lazy, by chance."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from actions.access import StaffIdentity
from actions.tables import Role
from desk.simulate.plan import MemberPart, SimulationPlan, TemperPart

_LONGEST_SEARCH = 40
_SPREAD = 0.7


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the staff with the row that stands for them."""

    part: MemberPart
    temper: TemperPart
    identity: StaffIdentity

    @property
    def id(self) -> int:
        """The staff row."""
        return self.identity.staff_id


class Crew:
    """Everybody who works there; the same for the same seed."""

    def __init__(self, plan: SimulationPlan, community_id: int, ids: dict[str, int], zone: ZoneInfo, seed: int) -> None:
        self._plan = plan
        self._zone = zone
        self._seed = seed
        self.members = tuple(
            Member(
                part,
                plan.temper(part),
                StaffIdentity(community_id, ids[part.login], part.name, frozenset({part.role})),
            )
            for part in plan.staff
        )
        self.by_id = {member.id: member for member in self.members}
        self._is_ill = lru_cache(maxsize=4096)(self._draw_ill)

    def of(self, *roles: Role) -> tuple[Member, ...]:
        """All members of some roles."""
        return tuple(member for member in self.members if member.part.role in roles)

    def present(self, member: Member, moment: datetime) -> bool:
        """Whether a member is on duty and not ill."""
        if not member.part.on_duty(moment, self._zone):
            return False
        # The monitoring centre is always staffed: whoever falls ill there is stood in for.
        day = moment.astimezone(self._zone).date()
        return member.part.role is Role.MONITORING or not self._is_ill(member.part.login, day)

    def next_presence(self, member: Member, moment: datetime) -> datetime:
        """When a member is there again; the moment itself when they are there."""
        at = moment
        for _ in range(_LONGEST_SEARCH):
            at = member.part.next_shift(at, self._zone)
            if self.present(member, at):
                return at
            at = at.astimezone(self._zone).replace(hour=0, minute=0, second=0) + timedelta(days=1)
        return at

    def next_look(self, member: Member, moment: datetime, key: object) -> datetime:
        """When a member looks at the screen next: some minutes into their presence, but not on a blind day."""
        at = self.next_presence(member, moment)
        for _ in range(_LONGEST_SEARCH):
            day = at.astimezone(self._zone).date()
            if self.dice("blind", member.part.login, day).random() >= member.temper.blind:
                look = at + timedelta(
                    minutes=self._spread(self.dice("look", member.part.login, key), member.temper.look)
                )
                return look if self.present(member, look) else self.next_presence(member, look)
            tomorrow = at.astimezone(self._zone).replace(hour=0, minute=0, second=0) + timedelta(days=1)
            at = self.next_presence(member, tomorrow)
        return at

    def answers_after(self, member: Member, moment: datetime, key: object) -> datetime:
        """When a member comes to the answer that is theirs: so many hours on, in their own hours of work."""
        hours = self._spread(self.dice("answer", member.part.login, key), member.temper.answers)
        return self.next_presence(member, moment + timedelta(hours=hours))

    def soonest(self, members: Sequence[Member], moment: datetime, key: object) -> Member | None:
        """One of those who are there first; by chance among equals."""
        if not members:
            return None
        moments = {member.id: self.next_presence(member, moment) for member in members}
        first = min(moments.values())
        there = [member for member in members if moments[member.id] == first]
        return self.dice("who", key).choice(there)

    def workers(self, department: str, without: Iterable[int]) -> tuple[Member, ...]:
        """Who can do the work of a department; the agents where it has nobody else."""
        left_out = set(without)
        own = [one for one in self.of(Role.TECHNICIAN) if one.part.department == department and one.id not in left_out]
        return tuple(own) or tuple(one for one in self.of(Role.AGENT) if one.id not in left_out)

    def dice(self, *key: object) -> Random:
        """Chance for one purpose."""
        return Random(":".join(map(str, (self._seed, *key))))

    def _spread(self, dice: Random, usual: float) -> float:
        """Around the usual, now and then much more: as waiting times are."""
        return usual * math.exp(dice.gauss(0, _SPREAD))

    def _draw_ill(self, login: str, day: date) -> bool:
        days = (day - timedelta(days=back) for back in range(self._plan.ill.days))
        return any(self.dice("ill", login, one).random() < self._plan.ill.share for one in days)
