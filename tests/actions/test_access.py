import itertools
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from actions.access import (
    PERMISSIONS,
    Permission,
    StaffIdentity,
    access_conversation,
    access_message,
    access_ticket,
    allows,
    only_technician,
    require,
)
from actions.errors import ActionError, NotAllowedError, NotFoundError
from actions.store import Session, Store
from actions.tables import Role
from tests.actions.world import World, add_staff, add_ticket, settle

# Written out once more, role by role, so that a slip in the table of the code shows.
EXPECTED: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset(
        {
            Permission.TICKET_SEE,
            Permission.TICKET_REPLY,
            Permission.TICKET_ASSIGN,
            Permission.TICKET_RESOLVE,
            Permission.CONVERSATION_SEE,
            Permission.CONVERSATION_TAKE_OVER,
            Permission.ALARM_ACKNOWLEDGE,
            Permission.PHONE_REVEAL,
            Permission.BILL_SEE,
            Permission.PAYMENT_CONFIRM,
            Permission.BINDING_MANAGE,
        }
    ),
    Role.TECHNICIAN: frozenset(
        {
            Permission.TICKET_SEE,
            Permission.TICKET_REPLY,
            Permission.TICKET_RESOLVE,
            Permission.PHONE_REVEAL,
        }
    ),
    Role.MONITORING: frozenset(
        {
            Permission.TICKET_SEE,
            Permission.TICKET_REPLY,
            Permission.TICKET_ASSIGN,
            Permission.CONVERSATION_SEE,
            Permission.CONVERSATION_TAKE_OVER,
            Permission.ALARM_ACKNOWLEDGE,
            Permission.PHONE_REVEAL,
        }
    ),
    Role.SUPERVISOR: frozenset(Permission) - {Permission.AUDIT_SEE, Permission.STAFF_MANAGE},
    Role.MANAGER: frozenset(Permission) - {Permission.STAFF_MANAGE},
    Role.QUALITY: frozenset(
        {
            Permission.TICKET_SEE,
            Permission.CONVERSATION_SEE,
            Permission.AUDIT_SEE,
            Permission.LOG_SEE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {Permission.AUDIT_SEE, Permission.STAFF_MANAGE, Permission.CONTENT_EDIT, Permission.ROSTER_MANAGE}
    ),
}


def _member(*roles: Role) -> StaffIdentity:
    return StaffIdentity(1, 2, "李静", frozenset(roles))


def test_every_permission_is_given_to_somebody_and_every_role_is_thought_of() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(PERMISSIONS.values())
    assert set(EXPECTED) == set(Role)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, permission: Permission) -> None:
    member = _member(role)
    assert allows(member, permission) == (permission in EXPECTED[role])
    if permission in EXPECTED[role]:
        require(member, permission)
    else:
        with pytest.raises(NotAllowedError, match=f"{permission} is not allowed to {role}"):
            require(member, permission)


@pytest.mark.parametrize("permission", Permission)
def test_who_has_no_role_may_do_nothing(permission: Permission) -> None:
    with pytest.raises(NotAllowedError, match="nobody"):
        require(_member(), permission)


def test_what_is_not_in_the_table_is_allowed_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.access.PERMISSIONS", {})
    for permission in Permission:
        with pytest.raises(NotAllowedError):
            require(_member(*Role), permission)


def test_several_roles_add_up() -> None:
    member = _member(Role.TECHNICIAN, Role.QUALITY)
    allowed = {permission for permission in Permission if allows(member, permission)}
    assert allowed == EXPECTED[Role.TECHNICIAN] | EXPECTED[Role.QUALITY]


@pytest.mark.parametrize(
    ("roles", "permission", "limited"),
    [
        ({Role.TECHNICIAN}, Permission.TICKET_SEE, True),
        ({Role.TECHNICIAN, Role.ADMINISTRATOR}, Permission.TICKET_SEE, True),
        ({Role.TECHNICIAN, Role.QUALITY}, Permission.TICKET_SEE, False),
        ({Role.TECHNICIAN, Role.QUALITY}, Permission.TICKET_REPLY, True),
        ({Role.TECHNICIAN, Role.SUPERVISOR}, Permission.TICKET_REPLY, False),
        ({Role.AGENT}, Permission.TICKET_SEE, False),
        ({Role.ADMINISTRATOR}, Permission.TICKET_SEE, False),
        (set(), Permission.TICKET_SEE, False),
    ],
)
def test_a_second_role_widens_a_technicians_view_only_where_it_carries_the_permission(
    roles: set[Role], permission: Permission, *, limited: bool
) -> None:
    assert only_technician(_member(*roles), permission) is limited


def _outcome(look: Callable[[], object]) -> str:
    """What somebody who looks gets to see."""
    try:
        look()
    except ActionError as error:
        return type(error).__name__
    return "row"


def _tried(
    session: Session, members: list[StaffIdentity], rows: dict[str, int]
) -> dict[tuple[Role, Permission, str], str]:
    """What every role gets to see with every permission of every row."""
    tried = {}
    for member, permission, (name, row_id) in itertools.product(members, Permission, rows.items()):
        access = access_conversation if name.startswith("conversation") else access_ticket
        [role] = member.roles
        tried[role, permission, name] = _outcome(partial(access, session, member, row_id, permission))
    return tried


async def _rows(world: World, other: World, assignee_id: int) -> dict[str, int]:
    def tickets(session: Session) -> dict[str, int]:
        return {
            "ticket assigned": add_ticket(session, world.community_id, assignee_id=assignee_id),
            "ticket": add_ticket(session, world.community_id),
            "ticket elsewhere": add_ticket(session, other.community_id),
            "ticket nowhere": 1,
        }

    return await world.store.write(tickets) | {
        "conversation": (await world.receive()).conversation_id,
        "conversation elsewhere": (await other.receive()).conversation_id,
        "conversation nowhere": 1,
    }


async def test_a_row_is_handed_out_only_with_the_permission_and_in_its_own_community(store: Store) -> None:
    world, other = await settle(store), await settle(store, "lanyuan")
    members = await store.write(lambda s: [add_staff(s, world.community_id, role, role) for role in Role])
    [technician] = [member for member in members if member.roles == {Role.TECHNICIAN}]
    rows = await _rows(world, other, technician.staff_id)
    tried = await store.read(lambda s: _tried(s, members, rows))
    for (role, permission, name), outcome in tried.items():
        expected = "row" if name in {"ticket assigned", "ticket", "conversation"} else "NotFoundError"
        if name == "ticket" and role is Role.TECHNICIAN:
            expected = "NotFoundError"
        allowed = permission in EXPECTED[role]
        if name.startswith("conversation"):
            allowed = allowed and Permission.CONVERSATION_SEE in EXPECTED[role]
        # Without the permission the answer is the same whether the row exists or not.
        assert outcome == (expected if allowed else "NotAllowedError"), (role, permission, name)
    assert len(tried) == len(Role) * len(Permission) * len(rows)


async def test_a_technician_sees_assigned_tickets_only_whatever_else_they_manage(store: Store) -> None:
    world = await settle(store)
    member = await world.staff("赵强", Role.TECHNICIAN, Role.ADMINISTRATOR)
    colleague = await world.staff("钱伟", Role.TECHNICIAN)
    mine, theirs = await store.write(
        lambda s: [add_ticket(s, world.community_id, assignee_id=one.staff_id) for one in (member, colleague)]
    )
    assert await store.read(lambda s: access_ticket(s, member, mine, Permission.TICKET_SEE).id) == mine
    for permission in EXPECTED[Role.TECHNICIAN]:
        with pytest.raises(NotFoundError):
            await store.read(partial(access_ticket, staff=member, ticket_id=theirs, permission=permission))


async def test_a_message_is_seen_by_whoever_may_see_its_conversation(store: Store) -> None:
    world, other = await settle(store), await settle(store, "lanyuan")
    received = await world.receive("漏水了")
    agent = await world.staff("李静", Role.AGENT)
    technician = await world.staff("赵强", Role.TECHNICIAN)
    stranger = await other.staff("周敏", Role.MANAGER)
    assert await store.read(lambda s: access_message(s, agent, received.message_id).text) == "漏水了"
    with pytest.raises(NotAllowedError):
        await store.read(lambda s: access_message(s, technician, received.message_id).text)
    with pytest.raises(NotFoundError):
        await store.read(lambda s: access_message(s, stranger, received.message_id).text)
