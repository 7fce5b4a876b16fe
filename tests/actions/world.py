"""A small world for tests: a community and its people, and short ways to let messages come and be understood."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Delete, Update, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from actions.access import StaffIdentity
from actions.ids import new_id
from actions.intake import Inbound, Received, Upload, receive
from actions.store import Session, Store
from actions.store.postgres import PostgresStore
from actions.tables import (
    Binding,
    BindingRole,
    Building,
    Community,
    Conversation,
    LiveEvent,
    Resident,
    Role,
    Room,
    Severity,
    Staff,
    StaffRole,
    Ticket,
    TicketStatus,
    TurnOwner,
    Unit,
)
from actions.turns import QuietTimes, Turn, claim_turn, finish_turn, record_understanding
from actions.unread import Unread
from tests.conftest import NOW

QUIET = QuietTimes(usual=timedelta(seconds=1.5), complaint=timedelta(seconds=4), longest=timedelta(seconds=8))
ON_POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def after(seconds: float) -> datetime:
    """So many seconds after the moment at which the tests begin."""
    return NOW + timedelta(seconds=seconds)


def executing(statement: Update | Delete) -> Callable[[Session], None]:
    """Something to be done behind the desk's back."""

    def run(session: Session) -> None:
        session.execute(statement)

    return run


def add_community(session: Session, code: str = "guiyuan") -> int:
    community_id = new_id(session, NOW)
    session.execute(
        insert(Community),
        {
            "id": community_id,
            "code": code,
            "name": code,
            "timezone": "Asia/Shanghai",
            "facts": {},
            "created_at": NOW,
        },
    )
    return community_id


def add_staff(session: Session, community_id: int, name: str, *roles: Role) -> StaffIdentity:
    staff_id = new_id(session, NOW)
    member = {"community_id": community_id, "id": staff_id, "login": f"s{staff_id}", "name": name, "created_at": NOW}
    session.execute(insert(Staff), member)
    for role in roles:
        session.execute(
            insert(StaffRole),
            {"community_id": community_id, "id": new_id(session, NOW), "staff_id": staff_id, "role": role},
        )
    return StaffIdentity(community_id, staff_id, name, frozenset(roles))


def add_resident(
    session: Session, community_id: int, name: str = "王芳", *, title: str | None = None, phone: str | None = None
) -> int:
    resident_id = new_id(session, NOW)
    values = {"community_id": community_id, "id": resident_id, "name": name, "title": title, "phone": phone}
    session.execute(insert(Resident), values | {"created_at": NOW, "updated_at": NOW})
    return resident_id


def add_building(session: Session, community_id: int, name: str) -> int:
    building_id = new_id(session, NOW)
    session.execute(insert(Building), {"community_id": community_id, "id": building_id, "name": name})
    return building_id


def add_unit(session: Session, community_id: int, building_id: int, name: str) -> int:
    unit_id = new_id(session, NOW)
    session.execute(
        insert(Unit), {"community_id": community_id, "id": unit_id, "building_id": building_id, "name": name}
    )
    return unit_id


def add_room(session: Session, community_id: int, building_id: int, unit_id: int | None, name: str) -> int:
    room_id = new_id(session, NOW)
    values = {"community_id": community_id, "id": room_id, "building_id": building_id, "unit_id": unit_id, "name": name}
    session.execute(insert(Room), values)
    return room_id


def add_binding(
    session: Session,
    community_id: int,
    resident_id: int,
    room_id: int,
    *,
    role: BindingRole = BindingRole.OWNER,
    since: datetime = NOW,
    until: datetime | None = None,
) -> None:
    values = {"community_id": community_id, "id": new_id(session, NOW), "resident_id": resident_id, "room_id": room_id}
    session.execute(insert(Binding), values | {"role": role, "since": since, "until": until})


def add_ticket(session: Session, community_id: int, *, assignee_id: int | None = None) -> int:
    """A bare row: enough to ask who may see it."""
    ticket_id = new_id(session, NOW)
    session.execute(
        insert(Ticket),
        {
            "community_id": community_id,
            "id": ticket_id,
            "number": f"T{ticket_id}",
            "kind": "repair",
            "severity": Severity.NORMAL,
            "status": TicketStatus.OPEN,
            "summary": "水龙头漏水",
            "assignee_id": assignee_id,
            "opened_at": NOW,
            "policy": {},
        },
    )
    return ticket_id


@dataclass(frozen=True, slots=True)
class Standing:
    """How a conversation stands, as plain values."""

    owner: TurnOwner
    staff_id: int | None
    version: int
    state: dict[str, Any]
    last_seq: int
    taken_seq: int
    turn_count: int
    pending_since: datetime | None
    last_inbound_at: datetime | None
    ready_at: datetime | None
    wake_at: datetime | None


_STANDING = [getattr(Conversation, name) for name in Standing.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class World:
    """A store with one community in it."""

    store: Store
    community_id: int

    def inbound(
        self,
        text: str = "你好",
        *,
        key: str | None = None,
        address: str = "w1",
        channel: str = "web",
        attachments: tuple[Upload, ...] = (),
        display_name: str = "",
        pressed: bool = False,
    ) -> Inbound:
        """A message as a door hands it over; each has a key of its own unless one is given."""
        external_id = uuid.uuid4().hex if key is None else key
        return Inbound(
            self.community_id, channel, address, external_id, text, NOW, attachments, display_name, pressed=pressed
        )

    async def receive(self, inbound: Inbound | str = "你好", *, now: datetime = NOW) -> Received:
        """Let a message come; a bare text comes from the usual address."""
        whole = self.inbound(inbound) if isinstance(inbound, str) else inbound
        return await self.store.write(lambda session: receive(session, whole, now))

    async def understand(self, message_id: int, *, now: datetime = NOW, **understanding: Any) -> bool:
        """Record what a message was understood to say."""
        unread = Unread(self.community_id, message_id, "", NOW)
        return await self.store.write(
            lambda session: record_understanding(session, unread, understanding, "m1", QUIET, now)
        )

    async def hear(
        self, inbound: Inbound | str = "你好", *, now: datetime = NOW, intent: str = "inquiry", **understanding: Any
    ) -> Received:
        """Let a message come and be understood at once."""
        received = await self.receive(inbound, now=now)
        await self.understand(received.message_id, now=now, intent=intent, **understanding)
        return received

    async def claim(self, now: datetime) -> Turn | None:
        """Claim a turn and let go of it, so that a test can look at it."""
        return await self.store.write(lambda session: claim_turn(session, now))

    async def answer(
        self, now: datetime, *, state: dict[str, Any] | None = None, wake_at: datetime | None = None
    ) -> Turn:
        """Claim a turn and finish it, as a worker does in one transaction."""

        def work(session: Session) -> Turn:
            turn = claim_turn(session, now)
            assert turn is not None
            finish_turn(session, turn, state=state or {}, wake_at=wake_at, owner=turn.owner, now=now)
            return turn

        return await self.store.write(work)

    async def standing(self, conversation_id: int) -> Standing:
        """How a conversation stands now."""
        query = select(*_STANDING).where(Conversation.id == conversation_id)
        return Standing(*await self.store.read(lambda session: tuple(session.execute(query).one())))

    async def staff(self, name: str, *roles: Role) -> StaffIdentity:
        """A new staff member of the community."""
        return await self.store.write(lambda session: add_staff(session, self.community_id, name, *roles))

    async def feed(self) -> list[tuple[str, int | None]]:
        """All changes told to pages so far, and the conversations they concern."""
        query = select(LiveEvent.kind, LiveEvent.conversation_id).order_by(LiveEvent.position)
        return await self.store.read(lambda session: [(kind, where) for kind, where in session.execute(query)])

    async def values(self, *columns: Any) -> list[Any]:
        """All values of one column, or tuples of several, in the order of the table's ids."""
        query = select(*columns).order_by(columns[0].class_.id)
        rows = await self.store.read(lambda session: [tuple(row) for row in session.execute(query)])
        return [row[0] for row in rows] if len(columns) == 1 else rows


async def settle(store: Store, code: str = "guiyuan") -> World:
    """A world of one community."""
    return World(store, await store.write(lambda session: add_community(session, code)))


@asynccontextmanager
async def transaction(store: Store) -> AsyncIterator[AsyncSession]:
    """A transaction that the test commits itself, so that two can be interleaved; on PostgreSQL only."""
    assert isinstance(store, PostgresStore)
    async with AsyncSession(store._engine, info={"ids": store._ids}, expire_on_commit=False) as session:
        yield session


async def until_one_waits(store: Store) -> None:
    """Return as soon as some transaction of this database waits for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(1000):
        if await store.read(lambda session: session.execute(query).scalar_one()):
            return
        await asyncio.sleep(0.005)
    raise AssertionError("nobody came to wait for the lock")
