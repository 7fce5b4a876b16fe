"""Staff accounts as an administrator keeps them, and what becomes of the work of those who leave."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions import handling
from actions.access import StaffIdentity
from actions.account_list import Account, account, accounts, departments
from actions.accounts import Details, add_account, change_account
from actions.audit import audit
from actions.conversations import take_over
from actions.errors import ConflictError, FieldError, NotAllowedError, NotFoundError
from actions.leaving import close_account, open_account, return_some
from actions.roster import on_duty
from actions.staffing import open_session, reset_password, session_of
from actions.store import Store
from actions.tables import (
    AuditEntry,
    Conversation,
    Deadline,
    DeadlineKind,
    DeadlineState,
    Message,
    Role,
    Staff,
    Ticket,
    TicketStatus,
    TurnOwner,
)
from tests.actions.factories import Desk, settle_desk
from tests.actions.test_holding import member
from tests.actions.world import add_community, add_staff, executing
from tests.conftest import NOW

CHEN = Details("陈晨", frozenset({Role.AGENT}))


def admin(desk: Desk) -> StaffIdentity:
    """The administrator, who has a password as every one who can let people in does."""
    return member(desk, "管理员")


async def settled(store: Store) -> Desk:
    desk = await settle_desk(store)
    given = update(Staff).where(Staff.id == desk.cast.staff["管理员"]).values(password_hash="hash")
    await store.write(executing(given))
    return desk


async def shown(store: Store, desk: Desk, name: str) -> Account:
    return await store.read(lambda s: account(s, admin(desk), desk.cast.staff[name]))


async def test_a_member_is_added_with_everything_and_signs_in_with_a_password_to_be_changed(store: Store) -> None:
    desk = await settled(store)
    teams = await store.read(lambda s: departments(s, admin(desk)))
    team = next(key for key, name in teams.items() if name == "客服组")
    building = desk.cast.buildings["3栋"]
    details = Details("林悦", frozenset({Role.AGENT, Role.MONITORING}), team, frozenset({building}), "16000000002")
    key = await store.write(lambda s: add_account(s, admin(desk), "lin", details, "hash", NOW))
    one = await store.read(lambda s: account(s, admin(desk), key))
    assert (one.login, one.roles, one.department) == ("lin", (Role.AGENT, Role.MONITORING), "客服组")
    assert (dict(one.buildings), one.masked_phone) == ({building: "3栋"}, "160****0002")
    assert (one.active, one.must_change_password, one.last_seen_at) == (True, True, None)
    entry = select(AuditEntry.actor_id, AuditEntry.action).where(AuditEntry.subject_id == key)
    assert await store.read(lambda s: [tuple(row) for row in s.execute(entry)]) == [
        (admin(desk).staff_id, "staff:created")
    ]


@pytest.mark.parametrize(
    ("login", "details", "field"),
    [
        ("admin 2", CHEN, "login"),
        ("陈", CHEN, "login"),
        ("", CHEN, "login"),
        ("chen", Details(" ", CHEN.roles), "name"),
        ("chen", Details("陈晨", frozenset()), "roles"),
        ("chen", Details("陈晨", CHEN.roles, 5), "department"),
        ("chen", Details("陈晨", CHEN.roles, None, frozenset({5})), "buildings"),
        ("chen", Details("陈晨", CHEN.roles, phone="打我手机"), "phone"),
    ],
)
async def test_an_account_that_cannot_be_is_refused(store: Store, login: str, details: Details, field: str) -> None:
    desk = await settled(store)
    with pytest.raises(FieldError) as caught:
        await store.write(lambda s: add_account(s, admin(desk), login, details, "hash", NOW))
    assert caught.value.field == field
    assert len(await store.read(lambda s: accounts(s, admin(desk)))) == 7


async def test_what_is_said_of_a_member_can_be_changed_and_lost_roles_end_their_shifts(store: Store) -> None:
    desk = await settled(store)
    before = await shown(store, desk, "老周")
    details = Details("周建国", frozenset({Role.AGENT}), None, frozenset({desk.cast.buildings["12栋"]}), "")
    await store.write(lambda s: change_account(s, admin(desk), before.id, details, mark=before.mark, now=NOW))
    after = await shown(store, desk, "老周")
    assert (after.name, after.roles, after.department, list(after.buildings.values())) == (
        "周建国",
        (Role.AGENT,),
        None,
        ["12栋"],
    )
    community = desk.cast.community_id
    assert await store.read(lambda s: on_duty(s, community, Role.TECHNICIAN, NOW)) == ()
    with pytest.raises(ConflictError):
        await store.write(lambda s: change_account(s, admin(desk), before.id, details, mark=before.mark, now=NOW))


async def test_the_last_administrator_cannot_lock_everybody_out(store: Store) -> None:
    desk = await settled(store)
    me = await shown(store, desk, "管理员")
    details = Details(me.name, frozenset({Role.AGENT}))
    for change in (
        lambda s: change_account(s, admin(desk), me.id, details, mark=me.mark, now=NOW),
        lambda s: close_account(s, admin(desk), me.id, mark=me.mark, now=NOW),
    ):
        with pytest.raises(FieldError, match="last_administrator"):
            await store.write(change)
    boss = Details("第二位", frozenset({Role.ADMINISTRATOR}))
    await store.write(lambda s: add_account(s, admin(desk), "boss", boss, "hash", NOW))
    await store.write(lambda s: close_account(s, admin(desk), me.id, mark=me.mark, now=NOW))
    assert not (await shown(store, desk, "管理员")).active


async def test_nobody_but_an_administrator_touches_accounts_and_nobody_those_of_another_estate(store: Store) -> None:
    desk = await settled(store)
    zhou = await shown(store, desk, "老周")

    def elsewhere(session: Session) -> StaffIdentity:
        return add_staff(session, add_community(session, "elsewhere"), "外人", Role.ADMINISTRATOR)

    stranger = await store.write(elsewhere)
    for who, error in ((member(desk, "赵经理"), NotAllowedError), (stranger, NotFoundError)):
        for change in (
            lambda s, who=who: change_account(s, who, zhou.id, CHEN, mark=zhou.mark, now=NOW),
            lambda s, who=who: reset_password(s, who, zhou.id, "x", NOW),
            lambda s, who=who: close_account(s, who, zhou.id, mark=zhou.mark, now=NOW),
            lambda s, who=who: open_account(s, who, zhou.id, "x", mark=zhou.mark, now=NOW),
            lambda s, who=who: return_some(s, who, zhou.id, NOW),
        ):
            with pytest.raises(error):
                await store.write(change)
    assert await shown(store, desk, "老周") == zhou


async def test_a_reset_password_must_be_changed_and_signs_out_everywhere(store: Store) -> None:
    desk = await settled(store)
    community, zhou = desk.cast.community_id, desk.cast.staff["老周"]
    token = await store.write(lambda s: open_session(s, community, zhou, user_agent="", now=NOW))
    await store.write(lambda s: reset_password(s, admin(desk), zhou, "new hash", NOW))
    assert await store.read(lambda s: session_of(s, token, NOW)) is None
    assert (await shown(store, desk, "老周")).must_change_password
    assert (await shown(store, desk, "老周")).last_seen_at == NOW


async def test_the_work_of_one_who_leaves_goes_back_with_its_clocks(store: Store) -> None:
    desk = await settled(store)
    chen, talk = desk.cast.staff["小陈"], desk.cast.conversations["李强"]
    cards = [await desk.open() for _ in range(2)]
    for card in cards:
        await desk.do(handling.assign, desk.staff("孙主管"), card, staff_id=chen)
    await desk.do(handling.accept, desk.staff("小陈"), cards[0])
    await store.write(lambda s: take_over(s, member(desk, "小陈"), talk, version=0, now=NOW))
    before = await shown(store, desk, "小陈")
    assert (before.tickets, before.talks) == (2, 1)
    with pytest.raises(FieldError, match="active"):
        await store.write(lambda s: return_some(s, admin(desk), chen, NOW))
    await store.write(lambda s: close_account(s, admin(desk), chen, mark=before.mark, now=NOW))
    later = NOW + timedelta(minutes=1)
    moved = await store.write(lambda s: return_some(s, admin(desk), chen, later))
    assert (moved.tickets, moved.talks) == (2, 1)
    assert not await store.write(lambda s: return_some(s, admin(desk), chen, later))
    rows = await store.read(lambda s: [tuple(row) for row in s.execute(select(Ticket.status, Ticket.assignee_id))])
    assert rows == [(TicketStatus.OPEN, None)] * 2
    running = select(Deadline.kind).where(Deadline.state == DeadlineState.RUNNING)
    kinds = await store.read(lambda s: list(s.execute(running).scalars()))
    assert (kinds.count(DeadlineKind.REPLY), kinds.count(DeadlineKind.DISPATCH)) == (2, 2)
    assert DeadlineKind.ACCEPT not in kinds
    assert tuple(await store.read(lambda s: audit(s, later))) == ()
    owner = select(Conversation.owner, Conversation.staff_id).where(Conversation.id == talk)
    assert await store.read(lambda s: tuple(s.execute(owner).one())) == (TurnOwner.BOT, None)
    assert "marker.left" in await store.read(lambda s: list(s.execute(select(Message.reply_id)).scalars()))


async def test_whoever_comes_back_gets_a_new_password(store: Store) -> None:
    desk = await settled(store)
    zhou = await shown(store, desk, "老周")
    await store.write(lambda s: close_account(s, admin(desk), zhou.id, mark=zhou.mark, now=NOW))
    closed = await shown(store, desk, "老周")
    assert not closed.active
    await store.write(lambda s: open_account(s, admin(desk), zhou.id, "hash", mark=closed.mark, now=NOW))
    back = await shown(store, desk, "老周")
    assert (back.active, back.must_change_password, back.mark) == (True, True, zhou.mark)
