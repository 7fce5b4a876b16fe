"""When a turn cannot be answered because of a fault of ours, a person gets it: nothing is dropped (domain.md C6)."""

from datetime import datetime

from actions import conversations, tickets, turns
from actions.actors import SYSTEM
from actions.communities import facts_of
from actions.conversations import Words
from actions.store import Session, Store
from actions.tables import Severity, TurnOwner
from actions.tickets import NewTicket
from bot.answering import Mind, TurnError
from bot.dialogue.state import State

_LONGEST_SUMMARY = 120


async def give_to_person(store: Store, mind: Mind, error: TurnError, now: datetime) -> bool:
    """Hand the conversation that could not be answered to a person, with what was said; its state starts afresh.

    The failed transaction left it ready, so it is the next one to be claimed. When another one is claimed, somebody
    else is at it, or goes first: nothing is done, and the turn is tried again.
    """

    def rescue(session: Session) -> bool:
        turn = turns.claim_turn(session, now)
        if turn is None or turn.conversation_id != error.conversation_id:
            return False
        if turn.owner is TurnOwner.STAFF:
            # The person who holds it reads along; there is nothing to hand over and nothing to say.
            turns.finish_turn(session, turn, state={}, wake_at=None, owner=TurnOwner.STAFF, now=now)
            return True
        said = " ".join(message.text for message in turn.messages).strip()
        new = NewTicket(
            community_id=turn.community_id,
            kind="human",
            category=None,
            severity=Severity.NORMAL,
            summary=(said or error.reason)[:_LONGEST_SUMMARY],
            received_at=turn.messages[0].stored_at if turn.messages else now,
            conversation_id=turn.conversation_id,
        )
        card = tickets.open_ticket(session, SYSTEM, new, mind.rules.policy, mind.calendar, now)
        due = card.first_contact_due_at or card.reply_due_at or now
        told = {"ticket": card.number, "due": mind.rules.phrases.moment(due, now)}
        rendered = mind.replies.render("error.registered", {**facts_of(session, turn.community_id), **told})
        words = Words(
            rendered.text,
            reply_id=rendered.reply_id,
            decision={"because": "fault", "error": error.reason, "turn": turn.number, "ticket": card.number},
        )
        conversations.say(session, turn.community_id, turn.conversation_id, words, now)
        # What is said until the person comes is kept in the ticket, and the resident hears that it is.
        state = State(last_talk_at=now, handover_ticket=card.id).dump()
        turns.finish_turn(session, turn, state=state, wake_at=None, owner=TurnOwner.NOBODY, now=now)
        return True

    return await store.write(rescue)
