"""What is worth a label, who may see it, and that nothing is offered twice."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import null, update

from actions.actors import Actor
from actions.errors import FieldError, NotAllowedError
from actions.intake import Inbound, receive
from actions.reviewing import (
    Candidate,
    Reason,
    Reviewer,
    Verdict,
    candidates,
    known_messages,
    record_export,
    record_look,
    record_reviews,
)
from actions.store import Session, Store
from actions.suggestions import decide, suggest_label, suggestions
from actions.tables import ActorKind, AuditEntry, Message, Review, SuggestionState, Ticket
from tests.actions.factories import Desk, settle_desk
from tests.actions.test_holding import member
from tests.actions.world import executing
from tests.conftest import NOW

SURE: Mapping[str, Any] = {"intent": "repair", "category": "drain", "confidence": 0.9, "unsure": False}


async def wrote(desk: Desk, text: str, *, who: str = "王芳", turn: int | None = None, **understood: Any) -> int:
    """A message that was read as told; its id."""
    inbound = Inbound(desk.cast.community_id, "web", who, f"id-{text}", text, NOW)
    received = await desk.store.write(lambda s: receive(s, inbound, NOW))

    def read(session: Session) -> None:
        values = {"understanding": {**SURE, **understood}, "model_version": "v1", "turn": turn}
        session.execute(update(Message).where(Message.id == received.message_id).values(**values))

    await desk.store.write(read)
    return received.message_id


async def offered(desk: Desk, by: Reviewer | None = None, **how: Any) -> list[Candidate]:
    return list(await desk.store.read(partial(candidates, by=by or Reviewer(desk.cast.community_id), now=NOW, **how)))


async def test_unsure_corrected_and_fallback_readings_are_offered_and_sure_ones_are_not(store: Store) -> None:
    desk = await settle_desk(store)
    await wrote(desk, "下水道堵了")
    await wrote(desk, "那个又来了", unsure=True)
    await wrote(desk, "引擎停了", fallback=True)
    wrong = await wrote(desk, "楼上又在装修")
    refused = await wrote(desk, "没错的")
    chen, sun = member(desk, "小陈"), member(desk, "孙主管")
    for label in ("complaint.noise", "complaint.construction"):
        await store.write(partial(suggest_label, staff=chen, message_id=wrong, label=label, now=NOW))
    await store.write(partial(suggest_label, staff=chen, message_id=refused, label="bye", now=NOW))
    card = (await store.read(lambda s: suggestions(s, sun, SuggestionState.PENDING)))[-1]
    await store.write(partial(decide, staff=sun, suggestion_id=card.id, accepted=False, now=NOW))
    found = await offered(desk)
    assert [(one.text, one.reason, one.proposed) for one in found] == [
        ("楼上又在装修", Reason.CORRECTED, "complaint.construction"),
        ("引擎停了", Reason.FALLBACK, ""),
        ("那个又来了", Reason.UNSURE, ""),
    ]
    assert found[0].names == ("王芳",)
    assert found[0].model_version == "v1"


async def test_what_went_to_a_person_because_it_was_not_understood_is_told_apart(store: Store) -> None:
    desk = await settle_desk(store)
    for number, text in enumerate(("就那个", "你懂的", "老样子"), 1):
        await wrote(desk, text, turn=number, unsure=True)
    await wrote(desk, "清楚的", turn=3)

    def gave_up(session: Session) -> None:
        kept = {"because": "not understood twice", "turn": 3}
        talk = desk.cast.conversations["王芳"]
        session.execute(
            update(Message)
            .where(Message.conversation_id == talk, Message.text == "清楚的")
            .values(direction="out", decision=kept, understanding=null())
        )

    await store.write(gave_up)
    assert [(one.text, one.reason) for one in await offered(desk)] == [
        ("老样子", Reason.GIVEN_UP),
        ("你懂的", Reason.GIVEN_UP),
        ("就那个", Reason.UNSURE),
    ]


async def test_buttons_old_and_unread_messages_are_left_out(store: Store) -> None:
    desk = await settle_desk(store)
    pressed = await wrote(desk, "是的", unsure=True)
    await store.write(executing(update(Message).where(Message.id == pressed).values(pressed=True)))
    await wrote(desk, "那个", unsure=True)
    assert len(await offered(desk)) == 1
    later = partial(candidates, by=Reviewer(desk.cast.community_id), now=NOW + timedelta(days=8), days=7)
    assert await store.read(later) == ()


async def test_what_was_looked_at_is_not_offered_again_and_each_look_is_on_record(store: Store) -> None:
    desk = await settle_desk(store)
    first, second = await wrote(desk, "那个", unsure=True), await wrote(desk, "这个", unsure=True)
    sun = Reviewer(desk.cast.community_id, member(desk, "孙主管"))
    await store.write(partial(record_look, by=sun, shown=2, now=NOW))
    await store.write(partial(record_export, by=Reviewer(desk.cast.community_id), shown=2, days=30, now=NOW))
    verdicts = [Verdict((first,), "repair.drain"), Verdict((second,), "")]
    for expected in (2, 0):
        assert await store.write(partial(record_reviews, by=sun, verdicts=verdicts, now=NOW)) == expected
    assert await offered(desk) == []
    assert await desk.rows((Review.message_id, Review.label, Review.staff_id)) == [
        (first, "repair.drain", desk.cast.staff["孙主管"]),
        (second, "", desk.cast.staff["孙主管"]),
    ]
    records = await desk.rows((AuditEntry.action, AuditEntry.actor, AuditEntry.detail))
    assert [tuple(row) for row in records if row[0].startswith("review:")] == [
        ("review:listed", ActorKind.STAFF, {"messages": 2}),
        ("review:exported", ActorKind.SYSTEM, {"messages": 2, "days": 30}),
        ("review:recorded", ActorKind.STAFF, {"messages": 2, "passed_over": 1}),
    ]


async def test_only_who_edits_content_looks_and_nobody_at_complaints_about_themselves(store: Store) -> None:
    desk = await settle_desk(store)
    message_id = await wrote(desk, "那个", unsure=True)
    agent = Reviewer(desk.cast.community_id, member(desk, "小陈"))
    for work in (
        partial(candidates, by=agent, now=NOW),
        partial(record_look, by=agent, shown=1, now=NOW),
        partial(record_export, by=agent, shown=1, days=1, now=NOW),
        partial(record_reviews, by=agent, verdicts=[Verdict((message_id,), "bye")], now=NOW),
    ):
        with pytest.raises(NotAllowedError):
            await store.write(work)
    card = await desk.open()
    sun = member(desk, "孙主管")
    accused = {"about_staff_id": sun.staff_id, "conversation_id": desk.cast.conversations["王芳"]}
    await store.write(executing(update(Ticket).where(Ticket.id == card.id).values(**accused)))
    assert await offered(desk, Reviewer(desk.cast.community_id, sun)) == []
    assert len(await offered(desk)) == 1


async def test_a_message_of_nobody_is_refused(store: Store) -> None:
    desk = await settle_desk(store)
    by = Reviewer(desk.cast.community_id)
    assert by.actor == Actor(ActorKind.SYSTEM)
    known = await wrote(desk, "那个", unsure=True)
    assert await store.read(partial(known_messages, community_id=by.community_id, ids=[known, 77])) == {known}
    with pytest.raises(FieldError, match="77"):
        await store.write(partial(record_reviews, by=by, verdicts=[Verdict((known, 77), "bye")], now=NOW))
    assert await desk.rows((Review.id,)) == []
