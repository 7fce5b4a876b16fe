"""What is held about somebody: told to them, and erased at their wish."""

from typing import Any

import pytest
from sqlalchemy import insert, update

from actions import handling
from actions.contacts import known
from actions.ids import new_id
from actions.intake import Upload
from actions.personal import Erased, Held, erase, held
from actions.store import Session, Store
from actions.tables import (
    Attachment,
    AuditEntry,
    Binding,
    BindingRole,
    Contact,
    Message,
    Resident,
    Ticket,
    TicketEvent,
)
from tests.actions.factories import Desk, settle_desk
from tests.actions.world import World, after
from tests.conftest import NOW

MARK = "（已删除）"
PHOTO = Upload("photo", "a" * 64, "image/jpeg", 10)


async def _wrote(desk: Desk, name: str, text: str, *, photo: bool = False, answered: bool = True) -> None:
    """A message of the cast; `answered` when it has been taken into a turn."""
    world = World(desk.store, desk.cast.community_id)
    inbound = world.inbound(text, address=name, attachments=(PHOTO,) if photo else ())
    received = await world.receive(inbound)
    if answered:
        await world.understand(received.message_id, intent="inquiry")
        await world.answer(after(20))


async def _held(desk: Desk, name: str) -> Held:
    return await desk.store.read(lambda s: held(s, desk.cast.community_id, desk.cast.contacts[name]))


async def _erase(desk: Desk, name: str, through_seq: int = 99) -> Erased:
    contact = desk.cast.contacts[name]
    return await desk.store.write(lambda s: erase(s, desk.cast.community_id, contact, through_seq, mark=MARK, now=NOW))


async def _as(desk: Desk, name: str, role: BindingRole) -> None:
    """Bound in another role."""
    resident = desk.cast.residents[name]

    def change(session: Session) -> None:
        session.execute(update(Binding).where(Binding.resident_id == resident).values(role=role))

    await desk.store.write(change)


async def test_everybody_is_told_of_their_own_data_alone(store: Store) -> None:
    desk = await settle_desk(store)
    await _wrote(desk, "王芳", "水龙头漏水", photo=True)
    await _wrote(desk, "李强", "你好")
    ticket = await desk.open()
    found = await _held(desk, "王芳")
    assert (found.name, found.title, found.phone) == ("王芳", "女士", "13812346688")
    assert [home.label for home in found.homes] == ["3栋2单元1502"]
    assert (found.messages, found.photos, found.since) == (1, 1, NOW)
    assert [one.number for one in found.tickets] == [ticket.number]
    other = await _held(desk, "李强")
    assert (other.name, other.messages, other.photos, other.tickets) == ("李强", 1, 0, ())


async def test_a_tenant_is_erased_and_the_facts_of_the_work_stay(store: Store) -> None:
    desk = await settle_desk(store)
    await _as(desk, "王芳", BindingRole.TENANT)
    await _wrote(desk, "王芳", "我是王芳，水龙头漏水，电话13812346688", photo=True)
    ticket = await desk.open(summary="王芳家水龙头漏水", phone="13812346688")
    await desk.do(handling.note, desk.resident(), ticket, text="在家等，电话13812346688")
    await desk.do(handling.cancel, desk.resident(), ticket, reason="王芳说不用了")
    erased = await _erase(desk, "王芳")
    assert erased == Erased(messages=1, photos=1, tickets=1, owner_stays=False)
    assert await desk.rows((Message.text, Message.understanding), Message.text != "") == [(MARK, None)]
    assert await desk.rows(Attachment.id) == []
    row = await desk.rows((Ticket.number, Ticket.kind, Ticket.category, Ticket.place, Ticket.summary, Ticket.phone))
    assert row == [(ticket.number, "repair", "water_pipe", "3栋", MARK, None)]
    links = await desk.rows((Ticket.resident_id, Ticket.room_id, Ticket.conversation_id))
    assert links == [(None, None, None)]
    told = str(await desk.rows((TicketEvent.detail, TicketEvent.reason)))
    assert "1381" not in told
    assert "王芳" not in told
    person = await desk.rows(
        (Resident.name, Resident.title, Resident.phone), Resident.id == desk.cast.residents["王芳"]
    )
    assert person == [("", None, None)]
    after_all = await store.read(lambda s: known(s, desk.cast.community_id, desk.cast.contacts["王芳"]))
    assert (after_all.resident_id, after_all.homes, after_all.phone) == (None, (), None)
    ((actor, detail),) = await desk.rows(
        (AuditEntry.actor_id, AuditEntry.detail), AuditEntry.action == "personal:erased"
    )
    assert actor == desk.cast.contacts["王芳"]
    assert detail == {"messages": 1, "photos": 1, "tickets": 1, "owner_stays": False}


async def test_an_owner_stays_in_the_register_and_is_forgotten_everywhere_else(store: Store) -> None:
    desk = await settle_desk(store)
    await _wrote(desk, "王芳", "你好，我是王芳")
    erased = await _erase(desk, "王芳")
    assert erased.owner_stays
    assert await desk.rows(Resident.name, Resident.id == desk.cast.residents["王芳"]) == ["王芳"]
    assert await desk.rows(Binding.until, Binding.resident_id == desk.cast.residents["王芳"]) == [None]
    assert (await _held(desk, "王芳")).name is None


async def test_nobody_else_is_touched(store: Store) -> None:
    desk = await settle_desk(store)
    await _wrote(desk, "李强", "我家灯坏了", photo=True)
    await desk.open(
        summary="李强家的灯",
        resident_id=desk.cast.residents["李强"],
        room_id=desk.cast.rooms["李强"],
        conversation_id=desk.cast.conversations["李强"],
    )
    before = await _held(desk, "李强")
    await _erase(desk, "王芳")
    assert await _held(desk, "李强") == before
    assert await desk.rows(Message.text) == ["我家灯坏了"]


async def test_all_addresses_of_a_person_are_erased_and_what_waits_is_left_to_be_read(store: Store) -> None:
    desk = await settle_desk(store)
    community, resident = desk.cast.community_id, desk.cast.residents["王芳"]

    def second(session: Session) -> None:
        key = new_id(session, NOW)
        contact: dict[str, Any] = {"community_id": community, "id": key, "channel": "web", "address": "phone"}
        session.execute(insert(Contact), contact | {"resident_id": resident, "created_at": NOW, "phone": "1"})

    await store.write(second)
    await _wrote(desk, "phone", "在另一台手机上说的")
    await _wrote(desk, "王芳", "说过的")
    await _wrote(desk, "王芳", "刚发来还没看的", answered=False)
    await _erase(desk, "王芳", through_seq=1)
    assert await desk.rows(Message.text) == [MARK, MARK, "刚发来还没看的"]
    assert await desk.rows((Contact.phone, Contact.resident_id), Contact.address == "phone") == [(None, None)]


async def test_a_running_ticket_is_left_as_it_is(store: Store) -> None:
    desk = await settle_desk(store)
    ticket = await desk.open()
    assert (await _erase(desk, "王芳")).tickets == 0
    assert await desk.ticket(ticket, Ticket.summary) == "厨房水龙头滴水"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_erasing_twice_is_no_error(store: Store) -> None:
    desk = await settle_desk(store)
    await _as(desk, "王芳", BindingRole.TENANT)
    await _erase(desk, "王芳")
    assert (await _erase(desk, "王芳")).tickets == 0
