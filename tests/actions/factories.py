"""A small community with a fixed cast, so that a test of the desk's duties reads as a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from actions.actors import BOT, Actor
from actions.calendar import Calendar
from actions.ids import new_id
from actions.policy import Policy
from actions.store import Store
from actions.tables import (
    Alert,
    Contact,
    Conversation,
    Deadline,
    DeadlineKind,
    Department,
    Role,
    RosterEntry,
    Severity,
    Staff,
    Ticket,
    TicketEvent,
)
from actions.tickets import NewTicket, TicketCard, open_ticket
from actions.watch import enforce_one
from tests.actions.world import (
    add_binding,
    add_building,
    add_community,
    add_resident,
    add_room,
    add_staff,
    add_unit,
)
from tests.conftest import NOW
from words.content import ContentFiles

T = TypeVar("T")
DATA = Path(__file__).parents[2] / "data"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

DEPARTMENTS = {"engineering": "工程组", "environment": "环境组", "order": "秩序组", "service": "客服组"}
STAFF: Mapping[str, tuple[Role, str]] = {
    "小陈": (Role.AGENT, "service"),
    "老周": (Role.TECHNICIAN, "engineering"),
    "监控室": (Role.MONITORING, "order"),
    "孙主管": (Role.SUPERVISOR, "service"),
    "赵经理": (Role.MANAGER, "service"),
    "品质部": (Role.QUALITY, "service"),
    "管理员": (Role.ADMINISTRATOR, "service"),
}


@cache
def content() -> ContentFiles:
    """The content that ships."""
    return ContentFiles.load(DATA)


@cache
def rules() -> Policy:
    """The rules that ship."""
    return Policy.read(content())


@cache
def answering_rules() -> Policy:
    """The rules that ship without the clocks of the work itself, for tests of the clocks that residents wait on."""
    left_out = {DeadlineKind.ON_SITE, DeadlineKind.COMPLETION, DeadlineKind.CALL_BACK}
    shipped = rules()
    kept = {
        name: replace(rule, times={kind: time for kind, time in rule.times.items() if kind not in left_out})
        for name, rule in shipped.rules.items()
    }
    return replace(shipped, rules=kept)


@cache
def calendar() -> Calendar:
    """The calendar that ships, in Shanghai."""
    return Calendar.read(content(), "Asia/Shanghai")


def changed(name: str, old: str, new: str) -> ContentFiles:
    """The content that ships, with one passage of one file changed."""
    text = content().texts[name]
    assert old in text, f"{old!r} is not in {name}"
    return ContentFiles({**content().texts, name: text.replace(old, new, 1)})


@dataclass(frozen=True, slots=True)
class Cast:
    """The ids of a community and its people; `staff` by name, rooms, residents and conversations by resident."""

    community_id: int
    staff: Mapping[str, int]
    residents: Mapping[str, int]
    rooms: Mapping[str, int]
    conversations: Mapping[str, int]
    contacts: Mapping[str, int]
    buildings: Mapping[str, int]


def add_cast(session: Session, code: str = "guiyuan") -> Cast:
    """王芳 of 3栋2单元1502 and 李强 of 12栋902, both bound, and one member of each role, on duty from NOW on."""
    community_id = add_community(session, code)
    departments = {name: _add_department(session, community_id, name) for name in DEPARTMENTS}
    staff = {}
    for name, (role, department) in STAFF.items():
        staff[name] = add_staff(session, community_id, name, role).staff_id
        member = session.get_one(Staff, (community_id, staff[name]))
        member.department_id = departments[department]
        put_on_duty(session, community_id, staff[name], role)
    third, twelfth = add_building(session, community_id, "3栋"), add_building(session, community_id, "12栋")
    rooms = {
        "王芳": add_room(session, community_id, third, add_unit(session, community_id, third, "2单元"), "1502"),
        "李强": add_room(session, community_id, twelfth, None, "902"),
    }
    residents = {
        "王芳": add_resident(session, community_id, "王芳", title="女士", phone="13812346688"),
        "李强": add_resident(session, community_id, "李强", title="先生"),
    }
    contacts, conversations = {}, {}
    for name, resident_id in residents.items():
        add_binding(session, community_id, resident_id, rooms[name])
        contacts[name], conversations[name] = add_conversation(session, community_id, name, resident_id)
    buildings = {"3栋": third, "12栋": twelfth}
    return Cast(community_id, staff, residents, rooms, conversations, contacts, buildings)


def put_on_duty(
    session: Session,
    community_id: int,
    staff_id: int,
    role: Role,
    *,
    starts_at: datetime = NOW - HOUR,
    ends_at: datetime = NOW + timedelta(days=30),
) -> None:
    """A shift, by default one that covers now and the weeks after."""
    values = {"community_id": community_id, "id": new_id(session, NOW), "staff_id": staff_id, "role": role}
    session.execute(insert(RosterEntry), values | {"starts_at": starts_at, "ends_at": ends_at})


def add_conversation(session: Session, community_id: int, address: str, resident_id: int | None) -> tuple[int, int]:
    """A contact on the web chat and its conversation."""
    contact_id, conversation_id = new_id(session, NOW), new_id(session, NOW)
    contact = {"community_id": community_id, "id": contact_id, "channel": "web", "address": address}
    session.execute(insert(Contact), contact | {"resident_id": resident_id, "created_at": NOW})
    conversation = {"community_id": community_id, "id": conversation_id, "contact_id": contact_id}
    session.execute(insert(Conversation), conversation | {"state": {}, "opened_at": NOW})
    return contact_id, conversation_id


def _add_department(session: Session, community_id: int, code: str) -> int:
    department_id = new_id(session, NOW)
    values = {"community_id": community_id, "id": department_id, "code": code, "name": DEPARTMENTS[code]}
    session.execute(insert(Department), values)
    return department_id


@dataclass(slots=True)
class Desk:
    """A store with the cast in it, and short ways to work at it."""

    store: Store
    cast: Cast
    policy: Policy = field(default_factory=answering_rules)
    told: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    def staff(self, name: str) -> Actor:
        """A member of the cast as the one who acts."""
        return Actor.staff(self.cast.staff[name])

    def resident(self, name: str = "王芳") -> Actor:
        """A resident of the cast as the one who acts."""
        return Actor.resident(self.cast.contacts[name])

    def new(self, kind: str = "repair", category: str | None = "water_pipe", **details: Any) -> NewTicket:
        """What a ticket of 王芳 is opened with."""
        values: dict[str, Any] = {
            "severity": Severity.NORMAL,
            "summary": "厨房水龙头滴水",
            "received_at": NOW,
            "conversation_id": self.cast.conversations["王芳"],
            "resident_id": self.cast.residents["王芳"],
            "room_id": self.cast.rooms["王芳"],
            "place": "3栋2单元1502",
        }
        return NewTicket(self.cast.community_id, kind, category, **(values | details))

    async def open(
        self, kind: str = "repair", category: str | None = "water_pipe", *, now: datetime = NOW, **details: Any
    ) -> TicketCard:
        """Open a ticket of 王芳."""
        new = self.new(kind, category, **({"received_at": now} | details))
        return await self.store.write(lambda session: open_ticket(session, BOT, new, self.policy, calendar(), now))

    async def do(
        self, verb: Callable[..., TicketCard], who: Actor, ticket: TicketCard | int, **details: Any
    ) -> TicketCard:
        """Do something to a ticket, by default at NOW."""
        ticket_id = ticket if isinstance(ticket, int) else ticket.id
        values = {"now": NOW} | details
        return await self.store.write(lambda session: verb(session, who, self.cast.community_id, ticket_id, **values))

    async def enforce(self, now: datetime) -> bool:
        """Take one step of the clock; what residents are told is kept in `told`."""
        return await self.store.write(lambda session: enforce_one(session, self._tell, now))

    async def enforce_all(self, now: datetime) -> int:
        """Take every step that is due, and say how many there were."""
        steps = 0
        while await self.enforce(now):
            steps += 1
            assert steps < 500, "the clock never comes to rest"
        return steps

    def _tell(
        self, _session: Session, ticket: Ticket, reply_id: str, facts: Mapping[str, object], _now: datetime
    ) -> None:
        self.told.append((reply_id, ticket.number, facts))

    async def events(self, ticket: TicketCard, *, subject: str = "") -> list[str]:
        """The kinds of a ticket's events in their order, of one subject (`deadline`) or all."""
        rows = await self.rows(TicketEvent.kind, TicketEvent.ticket_id == ticket.id)
        return [kind for kind in rows if kind.startswith(subject)]

    async def alerts(self, ticket: TicketCard) -> list[tuple[str, str]]:
        """Who was told of a ticket and why, in order."""
        names = {staff_id: name for name, staff_id in self.cast.staff.items()}
        rows = await self.rows((Alert.staff_id, Alert.kind), Alert.ticket_id == ticket.id)
        return [(names.get(staff_id, "nobody"), kind) for staff_id, kind in rows]

    async def clocks(self, ticket: TicketCard) -> dict[str, str]:
        """The state of each kind of clock of a ticket; of several of one kind the last."""
        rows = await self.rows((Deadline.kind, Deadline.state), Deadline.ticket_id == ticket.id)
        return {kind.value: state.value for kind, state in rows}

    async def due(self, ticket: TicketCard) -> dict[str, datetime]:
        """When each kind of clock of a ticket is due; of several of one kind the last."""
        rows = await self.rows((Deadline.kind, Deadline.due_at), Deadline.ticket_id == ticket.id)
        return {kind.value: due_at for kind, due_at in rows}

    async def rows(self, columns: Any, *where: Any) -> list[Any]:
        """All values of one column, or tuples of several, in the order of the ids."""
        many = isinstance(columns, tuple)
        chosen = columns if many else (columns,)
        query = select(*chosen).where(*where).order_by(chosen[0].class_.id)
        found = await self.store.read(lambda session: [tuple(row) for row in session.execute(query)])
        return found if many else [row[0] for row in found]

    async def ticket(self, ticket: TicketCard, *columns: Any) -> Any:
        """Columns of a ticket's row."""
        rows = await self.rows(columns, Ticket.id == ticket.id)
        return rows[0] if len(columns) > 1 else rows[0][0]


async def settle_desk(store: Store, policy: Policy | None = None) -> Desk:
    """A desk with its cast, and one other community beside it; by default without the clocks of the work itself."""

    def build(session: Session) -> Cast:
        add_community(session, "other")
        return add_cast(session)

    return Desk(store, await store.write(build), policy or answering_rules())


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai."""
    return datetime(2026, 11, day, hour, minute, tzinfo=calendar().timezone)


def day(month: int, number: int, year: int = 2026) -> date:
    """A day."""
    return date(year, month, number)
