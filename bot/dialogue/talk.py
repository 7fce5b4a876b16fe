"""A decision in the making: the steps so far, the state that will be kept, and how tickets and times are told."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from actions.tables import TicketStatus, TurnOwner
from actions.tickets import TicketCard
from bot.dialogue.situation import Heard, Situation
from bot.dialogue.state import State
from bot.dialogue.steps import Decision, Say, Step
from nlu.types import Intent

_MATTER_SHORT = 16
_DONE = frozenset({TicketStatus.RESOLVED, TicketStatus.CLOSED})


class Talk:
    """Collects what is decided about one turn.

    Handlers add steps and change `state`; `finish` freezes the result. `links` ties names of tickets opened in this
    turn to the places in the state that will hold their ids.
    """

    def __init__(self, situation: Situation, heard: Heard, state: State) -> None:
        self.situation = situation
        self.heard = heard
        self.state = state
        self.owner: TurnOwner = situation.owner
        self.steps: list[Step] = []
        self.links: list[tuple[str, str]] = []
        self.wake_after: timedelta | None = None
        self._opened = 0

    @property
    def now(self) -> datetime:
        """The moment of the decision."""
        return self.situation.now

    @property
    def clock(self) -> time:
        """The time of day where the desk is."""
        return self.now.astimezone(self.situation.rules.phrases.zone).time()

    def say(
        self,
        reply_id: str,
        facts: Mapping[str, str] | None = None,
        *,
        about: str | None = None,
        inside: str | None = None,
        parts: Mapping[str, str] | None = None,
    ) -> None:
        """Say a script; see `Say`."""
        self.steps.append(Say(reply_id, facts or {}, about, inside, parts or {}))

    def do(self, step: Step) -> None:
        """Add any other step."""
        self.steps.append(step)

    def new_ticket_name(self) -> str:
        """A name for a ticket that is opened in this turn."""
        self._opened += 1
        return f"new{self._opened}"

    def open_cards(self) -> tuple[TicketCard, ...]:
        """The tickets that are not done yet, newest first."""
        return tuple(card for card in self.situation.cards if card.status not in _DONE)

    def card_facts(self, card: TicketCard) -> dict[str, str]:
        """What may be said of a ticket, from its row."""
        phrases, names = self.situation.rules.phrases, self.situation.rules.policy.names
        facts = {
            "ticket": card.number,
            "matter": shorten(card.summary or names.matter(card.kind, card.category)),
            "state": phrases.name(names.status(card.status)),
            "department": phrases.name(card.department_name),
        }
        due = next_word_at(card)
        if due is not None:
            facts["due"] = phrases.moment(due, self.now)
        return facts

    def finish(self, *, why: Mapping[str, object]) -> Decision:
        """The decision as it stands."""
        self.state.last_talk_at = self.now
        wake_at = None if self.wake_after is None else self.now + self.wake_after
        understanding = self.heard.understanding
        reasons: dict[str, object] = {
            "intent": understanding.intent.value,
            "category": understanding.category,
            "confidence": round(understanding.confidence, 3),
            "unsure": understanding.unsure,
            "words": [word for word, _ in understanding.trace[:5]],
            "steps": [
                type(step).__name__ + (f" {step.reply_id}" if isinstance(step, Say) else "") for step in self.steps
            ],
            **why,
        }
        return Decision(tuple(self.steps), self.state.dump(), self.owner, wake_at, tuple(self.links), reasons)

    def sure_of(self, *intents: Intent) -> bool:
        """Whether the message was understood, and as one of these."""
        return not self.heard.understanding.unsure and self.heard.understanding.intent in intents


def next_word_at(card: TicketCard) -> datetime | None:
    """When the resident hears from a person next, as far as a deadline says so."""
    if card.promise_due_at is not None:
        return card.promise_due_at
    return card.first_contact_due_at or card.reply_due_at


def shorten(text: str, longest: int = _MATTER_SHORT) -> str:
    """A matter in the few characters that a list or a phone line has room for."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
