"""What staff do in a written conversation, by the same verbs that the console uses."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from actions import console, conversations
from actions.access import StaffIdentity
from actions.store import Session
from actions.tables import Conversation, Role, Staff, StaffRole
from actions.tickets import TicketCard, open_cards
from actions.transcript import conversation_of
from bot.telling import Teller
from desk.stage import TERMINAL, Stage
from tests.dialogues import office

ANYTHING = console.Seen()
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


async def act(stage: Stage, step: Mapping[str, Any]) -> None:
    """Do one thing as the demo's agent, or as the monitoring centre where an alarm is acknowledged."""
    role = Role.MONITORING if step["do"] == "acknowledge" else Role.AGENT

    def do(session: Session) -> None:
        staff = _identity(session, stage.community_id, role)
        if step["do"] in office.VERBS:
            office.act(session, stage, staff, step)
            return
        conversation_id = conversation_of(session, stage.community_id, TERMINAL, "resident")
        assert conversation_id is not None, "nobody has written yet"
        cards = open_cards(session, stage.community_id, conversation_id, stage.now)
        _VERBS[step["do"]](session, stage, staff, conversation_id, cards, step)

    await stage.store.write(do)


async def owner(stage: Stage) -> str:
    """Whose turn it is in the resident's conversation."""

    def look(session: Session) -> str:
        conversation_id = conversation_of(session, stage.community_id, TERMINAL, "resident")
        return session.execute(select(Conversation.owner).where(Conversation.id == conversation_id)).scalar_one().value

    return await stage.store.read(look)


def _identity(session: Session, community_id: int, role: Role) -> StaffIdentity:
    staff_id, name = session.execute(
        select(Staff.id, Staff.name)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(Staff.community_id == community_id, StaffRole.role == role)
        .order_by(Staff.id)
        .limit(1)
    ).one()
    return StaffIdentity(community_id, staff_id, name, frozenset({role}))


def _take_over(
    session: Session, stage: Stage, staff: StaffIdentity, conversation_id: int, _cards: object, _step: object
) -> None:
    version = session.execute(select(Conversation.version).where(Conversation.id == conversation_id)).scalar_one()
    conversations.take_over(session, staff, conversation_id, version=version, now=stage.now)


def _hand_back(
    session: Session, stage: Stage, staff: StaffIdentity, conversation_id: int, _cards: object, _step: object
) -> None:
    conversations.hand_back(session, staff, conversation_id, now=stage.now)


def _ticket(cards: tuple[TicketCard, ...], step: Mapping[str, Any]) -> int:
    wanted = [card for card in cards if step.get("kind") in {None, card.kind}]
    assert wanted, "there is no such ticket"
    return wanted[0].id


def _reply(
    session: Session,
    stage: Stage,
    staff: StaffIdentity,
    _id: int,
    cards: tuple[TicketCard, ...],
    step: Mapping[str, Any],
) -> None:
    answer = console.Answer(console.Spoken(step["text"]), concludes=step.get("concludes", False))
    policy = stage.mind.rules.policy
    console.reply(session, staff, _ticket(cards, step), answer, seen=ANYTHING, policy=policy, now=stage.now)


def _hold(
    session: Session,
    stage: Stage,
    staff: StaffIdentity,
    _id: int,
    cards: tuple[TicketCard, ...],
    step: Mapping[str, Any],
) -> None:
    promised = str(step["promised"])
    putting_off = console.PuttingOff(
        console.Spoken(step["reason"]),
        reason=step["reason"],
        promised_at=stage.now + timedelta(**{_UNITS[promised[-1]]: float(promised[:-1])}),
        contact=step["contact"],
    )
    console.hold(session, staff, _ticket(cards, step), putting_off, seen=ANYTHING, now=stage.now)


def _accept(
    session: Session,
    stage: Stage,
    staff: StaffIdentity,
    _id: int,
    cards: tuple[TicketCard, ...],
    step: Mapping[str, Any],
) -> None:
    console.accept(session, staff, _ticket(cards, step), seen=ANYTHING, tell=_teller(stage), now=stage.now)


def _resolve(
    session: Session,
    stage: Stage,
    staff: StaffIdentity,
    _id: int,
    cards: tuple[TicketCard, ...],
    step: Mapping[str, Any],
) -> None:
    console.resolve(
        session,
        staff,
        _ticket(cards, step),
        console.Spoken(step.get("text", "您好，已经修好并试过，谢谢您的耐心。")),
        seen=ANYTHING,
        policy=stage.mind.rules.policy,
        tell=_teller(stage),
        now=stage.now,
    )


def _acknowledge(
    session: Session,
    stage: Stage,
    staff: StaffIdentity,
    _id: int,
    cards: tuple[TicketCard, ...],
    step: Mapping[str, Any],
) -> None:
    console.acknowledge(session, staff, _ticket(cards, step), tell=_teller(stage), now=stage.now)


def _teller(stage: Stage) -> Teller:
    return Teller(stage.mind.replies, stage.mind.rules.phrases)


_VERBS: Mapping[str, Any] = {
    "take_over": _take_over,
    "hand_back": _hand_back,
    "reply": _reply,
    "hold": _hold,
    "accept": _accept,
    "resolve": _resolve,
    "acknowledge": _acknowledge,
}
