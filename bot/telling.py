"""Words that the desk says by itself when something happens to a ticket, such as a deadline that was missed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actions import conversations
from actions.communities import facts_of
from actions.conversations import Words
from actions.store import Session
from actions.tables import Ticket
from bot.phrases import Phrases
from words.replies import Replies


class Teller:
    """Tells a ticket's resident a script; facts that are moments are told in local time."""

    def __init__(self, replies: Replies, phrases: Phrases) -> None:
        self._replies = replies
        self._phrases = phrases

    def __call__(
        self, session: Session, ticket: Ticket, reply_id: str, facts: Mapping[str, Any], now: datetime
    ) -> None:
        """Say `reply_id` in the ticket's conversation; a ticket without one was opened by staff and needs no words."""
        if ticket.conversation_id is None:
            return
        told: dict[str, str | int] = dict(facts_of(session, ticket.community_id))
        for name, value in facts.items():
            told[name] = self._phrases.moment(value, now) if isinstance(value, datetime) else str(value)
        rendered = self._replies.render(reply_id, told, seed=ticket.id % 997)
        words = Words(
            rendered.text,
            reply_id=reply_id,
            buttons=tuple({"label": button.label, "says": button.says} for button in rendered.buttons),
            decision={"because": reply_id, "ticket": ticket.number},
            purpose="notice",
        )
        conversations.say(session, ticket.community_id, ticket.conversation_id, words, now)
