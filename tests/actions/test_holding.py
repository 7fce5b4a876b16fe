"""A conversation that a person holds changes hands: given away, gone silent, or at the end of a shift."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Update, select, update

from actions.access import StaffIdentity
from actions.conversations import Words, hand_back, say, take_over
from actions.errors import ConflictError, FieldError, NotAllowedError
from actions.holding import HoldingRules, anything_to_release, release_one, transfer
from actions.intake import Inbound, receive
from actions.mentions import open_mentions
from actions.store import Session, Store
from actions.tables import Author, Conversation, Message, RosterEntry, Staff, TurnOwner
from tests.actions.factories import HOUR, MINUTE, STAFF, Desk, content, settle_desk
from tests.conftest import NOW

RULES = HoldingRules.read(content())


def member(desk: Desk, name: str) -> StaffIdentity:
    return StaffIdentity(desk.cast.community_id, desk.cast.staff[name], name, frozenset({STAFF[name][0]}))


async def held(desk: Desk, name: str = "小陈", now: datetime = NOW) -> int:
    """The conversation of 王芳, taken over."""
    conversation_id = desk.cast.conversations["王芳"]
    staff = member(desk, name)
    await desk.store.write(lambda s: take_over(s, staff, conversation_id, version=0, now=now))
    return conversation_id


async def answered(desk: Desk, conversation_id: int, now: datetime) -> None:
    words = Words("已为您安排，谢谢您。", author=Author.STAFF, staff_id=desk.cast.staff["小陈"])
    await desk.store.write(lambda s: say(s, desk.cast.community_id, conversation_id, words, now))


async def wrote(desk: Desk, now: datetime) -> None:
    inbound = Inbound(desk.cast.community_id, "web", "王芳", f"id-{now}", "还在吗", now)
    await desk.store.write(lambda s: receive(s, inbound, now))


async def stand(desk: Desk, conversation_id: int) -> tuple[TurnOwner, str | None]:
    """Who owns the turn, and who holds it by name."""
    names = {key: name for name, key in desk.cast.staff.items()}
    query = select(Conversation.owner, Conversation.staff_id).where(Conversation.id == conversation_id)

    def read(session: Session) -> tuple[TurnOwner, str | None]:
        row = session.execute(query).one()
        return row.owner, names.get(row.staff_id)

    return await desk.store.read(read)


async def release(desk: Desk, now: datetime) -> bool:
    """One step of the loop; the look without writing says the same beforehand."""
    due = await desk.store.read(lambda s: anything_to_release(s, RULES, now))
    done = await desk.store.write(lambda s: release_one(s, RULES, now)) is not None
    assert due is done
    return done


async def marks(desk: Desk) -> list[tuple[str, dict[str, Any] | None]]:
    rows = await desk.rows((Message.reply_id, Message.decision), Message.reply_id.startswith("marker."))
    return [(name.removeprefix("marker."), detail) for name, detail in rows]


async def test_after_a_silence_the_bot_takes_it_back_and_a_mark_says_so(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    await answered(desk, conversation_id, NOW + 5 * MINUTE)
    assert not await release(desk, NOW + 34 * MINUTE)
    assert await release(desk, NOW + 36 * MINUTE)
    assert await stand(desk, conversation_id) == (TurnOwner.BOT, None)
    assert [name for name, _ in await marks(desk)] == ["taken_over", "silence"]
    assert not await release(desk, NOW + 2 * HOUR)


async def test_a_resident_who_waits_for_the_person_is_never_given_to_the_bot(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    await answered(desk, conversation_id, NOW + MINUTE)
    await wrote(desk, NOW + 2 * MINUTE)
    assert not await release(desk, NOW + 5 * HOUR)
    assert await stand(desk, conversation_id) == (TurnOwner.STAFF, "小陈")


async def run(desk: Desk, statement: Update) -> None:
    """Change rows behind the desk's back."""

    def change(session: Session) -> None:
        session.execute(statement)

    await desk.store.write(change)


async def end_shift(desk: Desk, name: str, at: datetime) -> None:
    statement = update(RosterEntry).where(RosterEntry.staff_id == desk.cast.staff[name]).values(ends_at=at)

    await run(desk, statement)


async def test_at_the_end_of_the_shift_a_waiting_resident_goes_to_whoever_is_on_duty(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    await wrote(desk, NOW + 2 * MINUTE)
    await end_shift(desk, "小陈", NOW + HOUR)
    assert not await release(desk, NOW + HOUR + 5 * MINUTE)
    assert await release(desk, NOW + HOUR + 11 * MINUTE)
    assert await stand(desk, conversation_id) == (TurnOwner.STAFF, "监控室")
    assert (await marks(desk))[-1] == ("shift_end", {"to": "监控室"})


async def test_with_nobody_on_duty_it_waits_for_a_person_and_the_bot_stays_silent(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    await wrote(desk, NOW + 2 * MINUTE)
    # Nobody else has a role that could stand in.
    for name in STAFF:
        await end_shift(desk, name, NOW + HOUR)
    others = update(Staff).where(Staff.id != desk.cast.staff["小陈"]).values(active=False)
    await run(desk, others)
    assert await release(desk, NOW + 2 * HOUR)
    assert await stand(desk, conversation_id) == (TurnOwner.NOBODY, None)
    assert (await marks(desk))[-1] == ("shift_end", {"nobody": True})


async def test_at_the_end_of_the_shift_an_answered_conversation_goes_back_to_the_bot(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    await answered(desk, conversation_id, NOW + 55 * MINUTE)
    await end_shift(desk, "小陈", NOW + HOUR)
    assert await release(desk, NOW + HOUR + 11 * MINUTE)
    assert await stand(desk, conversation_id) == (TurnOwner.BOT, None)
    assert (await marks(desk))[-1][0] == "shift_end"


async def test_who_takes_over_after_their_shift_keeps_it(store: Store) -> None:
    desk = await settle_desk(store)
    await end_shift(desk, "小陈", NOW - timedelta(minutes=30))
    await held(desk)
    await wrote(desk, NOW + MINUTE)
    assert not await release(desk, NOW + 3 * HOUR)


async def test_it_is_given_to_a_colleague_with_the_reason_and_they_are_told(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    chen, sun = member(desk, "小陈"), member(desk, "孙主管")
    await desk.store.write(
        lambda s: transfer(s, chen, conversation_id, staff_id=sun.staff_id, reason="住户要找主管", version=1, now=NOW)
    )
    assert await stand(desk, conversation_id) == (TurnOwner.STAFF, "孙主管")
    assert (await marks(desk))[-1] == ("transferred", {"to": "孙主管", "reason": "住户要找主管"})
    (called,) = await desk.store.read(lambda s: open_mentions(s, sun))
    assert (called.by, called.text, called.conversation_id) == ("小陈", "住户要找主管", conversation_id)
    with pytest.raises(ConflictError, match="somebody else"):
        await desk.store.write(
            lambda s: transfer(s, chen, conversation_id, staff_id=chen.staff_id, reason="不", version=None, now=NOW)
        )


async def test_it_is_not_given_without_a_reason_to_nobody_or_by_those_who_may_not(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    chen, sun = member(desk, "小陈"), desk.cast.staff["孙主管"]

    async def give(who: StaffIdentity = chen, *, to: int = sun, reason: str = "换班", version: int | None = 1) -> None:
        await desk.store.write(
            lambda s: transfer(s, who, conversation_id, staff_id=to, reason=reason, version=version, now=NOW)
        )

    with pytest.raises(FieldError, match="reason"):
        await give(reason=" ")
    with pytest.raises(FieldError, match="staff_id"):
        await give(to=1)
    with pytest.raises(ConflictError, match="changed"):
        await give(version=0)
    with pytest.raises(NotAllowedError):
        await give(member(desk, "老周"))
    assert await stand(desk, conversation_id) == (TurnOwner.STAFF, "小陈")


async def test_handing_back_leaves_a_mark_by_whom(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id = await held(desk)
    await desk.store.write(lambda s: hand_back(s, member(desk, "小陈"), conversation_id, now=NOW))
    rows = await desk.rows((Message.reply_id, Message.staff_id, Message.text), Message.reply_id.is_not(None))
    assert rows[-1] == ("marker.handed_back", desk.cast.staff["小陈"], "")
