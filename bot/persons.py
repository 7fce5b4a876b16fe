"""Carries out the steps about who is speaking: a request to be bound, a home let go, personal data erased."""

from datetime import datetime

from actions import bindings, personal
from actions.actors import Actor
from actions.binding_requests import NewRequest, ask_binding
from actions.store import Session
from actions.turns import Turn
from bot.dialogue.situation import Situation
from bot.dialogue.steps import AskBinding, Erase, Unbind


def ask(session: Session, turn: Turn, step: AskBinding, ticket_id: int, room_id: int | None, now: datetime) -> None:
    """Put the request before a member of staff."""
    new = NewRequest(ticket_id, room_id, step.place.label, step.role, step.person, step.phone)
    ask_binding(session, turn.community_id, turn.contact_id, new, now)


def let_go(session: Session, turn: Turn, situation: Situation, step: Unbind | Erase, actor: Actor) -> None:
    """End a tie, or erase everything up to the message that asked for it."""
    if isinstance(step, Erase):
        through = turn.messages[-1].seq if turn.messages else 0
        mark = situation.rules.phrases.erased
        personal.erase(session, turn.community_id, turn.contact_id, through, mark=mark, now=situation.now)
        return
    resident_id = situation.known.resident_id
    if resident_id is not None:
        bindings.unbind(
            session, actor, turn.community_id, resident_id, step.room_id, reason=step.text, now=situation.now
        )
