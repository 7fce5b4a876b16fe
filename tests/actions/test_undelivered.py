"""What did not arrive is nobody's answer: staff hear of it, and what must not arrive twice waits for a person."""

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from actions import outbox
from actions.audit import FindingKind, audit
from actions.conversations import Words, say
from actions.errors import NotFoundError
from actions.handling import reply
from actions.intake import reach
from actions.outbox import LEASE, Parcel
from actions.store import Store
from actions.tables import Author, OutboxRow, OutboxState, Ticket
from actions.undelivered import HeldParcel, release, settle_by_hand, waiting_for_person
from tests.actions.factories import HOUR, MINUTE, Desk, rules, settle_desk
from tests.conftest import NOW

CHANNELS = frozenset({"sms"})


async def send(desk: Desk, text: str, *, purpose: str = "reply") -> tuple[int, int]:
    """A message to a resident on a channel that has to carry it: the conversation and the message."""

    def run(session: Session) -> tuple[int, int]:
        conversation_id, _ = reach(session, desk.cast.community_id, "sms", "138", NOW)
        words = Words(text, author=Author.STAFF, purpose=purpose)
        return conversation_id, say(session, desk.cast.community_id, conversation_id, words, NOW)

    return await desk.store.write(run)


async def claim(desk: Desk, now: datetime) -> Parcel | None:
    return await desk.store.write(lambda s: outbox.claim(s, CHANNELS, "test", now))


async def states(desk: Desk) -> list[OutboxState]:
    return await desk.rows(OutboxRow.state)


async def waiting(desk: Desk) -> tuple[HeldParcel, ...]:
    return await desk.store.read(lambda s: waiting_for_person(s, desk.cast.community_id))


async def test_a_send_that_never_ends_is_tried_ever_more_slowly_and_given_up(store: Store) -> None:
    desk = await settle_desk(store)
    await send(desk, "您好")
    now, claims, waits = NOW, 0, []
    while (parcel := await claim(desk, now)) is not None:
        claims += 1
        [next_at] = await desk.rows(OutboxRow.next_attempt_at)
        waits.append(next_at - now)
        now = next_at
        assert parcel.attempts == claims
    assert claims == 12
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (LEASE, 30 * MINUTE)
    assert await states(desk) == [OutboxState.GIVEN_UP]
    [given_up] = await waiting(desk)
    assert (given_up.text, given_up.last_error) == ("您好", "no send came to an end in 12 attempts")
    assert await store.read(lambda s: audit(s, now)) == ()


@pytest.mark.parametrize("purpose", ["dunning", "payment"])
async def test_a_reminder_to_pay_that_may_have_arrived_is_held_for_a_person(store: Store, purpose: str) -> None:
    desk = await settle_desk(store)
    await send(desk, "本月物业费账单已出", purpose=purpose)
    assert await claim(desk, NOW) is not None
    assert await claim(desk, NOW + LEASE) is None
    assert await states(desk) == [OutboxState.HELD]
    [held] = await waiting(desk)
    await store.write(lambda s: release(s, desk.cast.community_id, held.id, NOW + HOUR))
    assert await claim(desk, NOW + HOUR) is not None
    assert await waiting(desk) == ()


async def test_a_reply_that_may_have_arrived_is_sent_again(store: Store) -> None:
    desk = await settle_desk(store)
    await send(desk, "您好")
    await claim(desk, NOW)
    parcel = await claim(desk, NOW + LEASE)
    assert parcel is not None
    assert parcel.ambiguous


async def test_an_ambiguous_failure_of_a_reminder_is_not_tried_again_by_itself(store: Store) -> None:
    desk = await settle_desk(store)
    await send(desk, "本月物业费账单已出", purpose="dunning")
    parcel = await claim(desk, NOW)
    assert parcel is not None
    await store.write(
        lambda s: outbox.record_failure(
            s, parcel, "timeout", permanent=False, retry_after=None, ambiguous=True, now=NOW
        )
    )
    assert await claim(desk, NOW + HOUR) is None
    assert await states(desk) == [OutboxState.HELD]


async def test_a_person_who_has_told_the_resident_otherwise_settles_it(store: Store) -> None:
    desk = await settle_desk(store)
    await send(desk, "您好")
    parcel = await claim(desk, NOW)
    assert parcel is not None
    await store.write(lambda s: outbox.record_failure(s, parcel, "blocked", permanent=True, retry_after=None, now=NOW))
    [given_up] = await waiting(desk)
    await store.write(lambda s: settle_by_hand(s, desk.cast.community_id, given_up.id, NOW))
    assert await states(desk) == [OutboxState.SENT]
    for verb in (release, settle_by_hand):
        with pytest.raises(NotFoundError):
            await store.write(partial(verb, community_id=desk.cast.community_id, row_id=given_up.id, now=NOW))


async def test_a_reply_that_was_given_up_answers_nobody_and_its_clock_starts_again(store: Store) -> None:
    desk = await settle_desk(store)
    conversation_id, message_id = await send(desk, "水龙头已更换")
    ticket = await desk.open(conversation_id=conversation_id)
    await desk.do(reply, desk.staff("老周"), ticket, text="水龙头已更换", policy=rules(), message_id=message_id)
    parcel = await claim(desk, NOW)
    assert parcel is not None
    moment = NOW + HOUR
    await store.write(
        lambda s: outbox.record_failure(s, parcel, "blocked", permanent=True, retry_after=None, now=moment)
    )
    assert await desk.ticket(ticket, Ticket.awaiting_reply_since) == moment
    assert (await desk.due(ticket))["reply"] == moment + 24 * HOUR
    assert (await desk.alerts(ticket))[-1] == ("老周", "undelivered")
    assert "ticket:undelivered" in await desk.events(ticket)


async def test_the_audit_asks_why_a_message_was_given_up(store: Store) -> None:
    desk = await settle_desk(store)
    await send(desk, "您好")
    await store.write(
        lambda s: s.execute(update(OutboxRow).values(state=OutboxState.GIVEN_UP, next_attempt_at=None)).close()
    )
    assert [one.kind for one in await store.read(lambda s: audit(s, NOW))] == [FindingKind.NOT_DELIVERED]
