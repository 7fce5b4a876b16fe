"""Carries out a decision: tickets first, then the words that tell of them, each fact from a row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from actions import contacts, handling, tickets
from actions.actors import BOT, Actor
from actions.calendar import Calendar
from actions.conversations import Words
from actions.dispatching import TicketChanges
from actions.dunning import note_dispute
from actions.photos import attach_photos
from actions.sight import bills_seen
from actions.store import Session
from actions.tables import Severity
from actions.tickets import NewTicket, TicketCard
from actions.turns import Turn
from bot.dialogue.situation import Heard, Rules, Situation
from bot.dialogue.state import put
from bot.dialogue.steps import (
    Add,
    Amend,
    AskBinding,
    Decision,
    Erase,
    KeepPhone,
    Open,
    Place,
    Press,
    Raise,
    Rate,
    Reopen,
    Say,
    Step,
    Unbind,
    Withdraw,
)
from bot.dialogue.talk import next_word_at, shorten
from bot.noting import note_told, visit_limit
from bot.persons import ask, let_go
from bot.seeds import seed_of
from words.answers import fill
from words.language import Language
from words.replies import Rendered, Replies
from words.templates import count_sentences

# How many scripts the desk remembers the last variant of, so that it does not repeat itself.
_REMEMBERED_VARIANTS = 12
_MOST_SENTENCES = 3
# Facts that repeat what the resident wrote; nobody checks a resident's manners.
_QUOTED = ("summary", "matter", "lines", "person")
# A photo that came before its words belongs to them.
_PHOTOS_BEFORE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Performed:
    """What is to be said, in order, and the state with the ids of new tickets in their places.

    `greeted` says that the first text opens with the greeting.
    """

    words: tuple[Words, ...]
    greeted: bool
    state: Mapping[str, Any]


class Performer:
    """Carries out the steps of one turn inside its transaction."""

    def __init__(
        self,
        session: Session,
        rules: Rules,
        calendar: Calendar,
        replies: Replies,
        turn: Turn,
        situation: Situation,
        heard: Heard | None,
        language: Language = Language.CHINESE,
    ) -> None:
        self._session = session
        self._rules = rules
        self._calendar = calendar
        self._replies = replies
        self._turn = turn
        self._language = language
        self._situation = situation
        self._message_id = turn.messages[-1].message_id if turn.messages else None
        self._resident = Actor.resident(turn.contact_id) if heard is not None else BOT
        self._cards: dict[str, TicketCard] = {str(card.id): card for card in situation.cards}
        self._words: list[Words] = []
        self._variants: dict[str, int] = {}

    def perform(self, decision: Decision, *, greet: bool) -> Performed:
        """Do every step; the first thing said is led by the opening when `greet` is true (domain.md A1, A12)."""
        state = dict(decision.state)
        remembered = state.get("last_variants")
        self._variants = dict(remembered) if isinstance(remembered, dict) else {}
        for step in decision.steps:
            self._do(step)
        greeted = greet and self._lead_with_opening()
        for path, name in decision.links:
            put(state, path, self._cards[name].id)
        state["last_variants"] = dict(list(self._variants.items())[-_REMEMBERED_VARIANTS:])
        return Performed(tuple(self._words), greeted, state)

    def _do(self, step: Step) -> None:
        match step:
            case Say():
                self._say(step)
            case Open():
                self._open(step)
            case KeepPhone():
                contacts.note_phone(self._session, self._turn.community_id, self._turn.contact_id, step.phone)
            case AskBinding():
                room_id = self._room_of(step.place)
                ask(self._session, self._turn, step, self._cards[step.ticket].id, room_id, self._situation.now)
            case Unbind() | Erase():
                let_go(self._session, self._turn, self._situation, step, self._resident)
            case _:
                self._change(step)

    def _open(self, step: Open) -> None:
        visit_from, visit_until = step.visit or (None, None)
        now = self._situation.now
        new = NewTicket(
            community_id=self._turn.community_id,
            kind=step.kind,
            category=step.category,
            severity=step.severity,
            summary=step.summary,
            received_at=step.received_at,
            conversation_id=self._turn.conversation_id,
            resident_id=self._situation.known.resident_id,
            room_id=self._room_of(step.place),
            place=step.place.label,
            phone=step.phone,
            visit_from=visit_from,
            visit_until=visit_until,
            reason=step.reason,
            limit_at=visit_limit(visit_from, self._rules.phrases.zone, now)
            if step.within is None
            else now + step.within,
            responsible=step.responsible,
        )
        opened = tickets.open_ticket(self._session, self._resident, new, self._rules.policy, self._calendar, now)
        self._cards[step.name] = note_told(self._session, self._turn, opened, self._rules.policy, step.summary, now)
        ticket_id = opened.id
        self._attach(ticket_id, step.received_at - _PHOTOS_BEFORE)
        rooms = {new.room_id} if new.room_id else set(bills_seen(self._situation.known.homes))
        note_dispute(self._session, self._turn.community_id, self._cards[step.name], rooms, now)

    def _attach(self, ticket_id: int, since: datetime) -> None:
        """Photos belong to the ticket that is spoken of; whoever works on it sees them there."""
        if self._message_id is not None:
            attach_photos(self._session, self._turn.community_id, self._turn.conversation_id, ticket_id, since=since)

    def _change(self, step: Add | Press | Amend | Withdraw | Rate | Reopen | Raise) -> None:
        session, community, now = self._session, self._turn.community_id, self._situation.now
        ticket_id = step.ticket_id
        match step:
            case Add():
                handling.note(
                    session, self._resident, community, ticket_id, text=step.text, message_id=self._message_id, now=now
                )
            case Press():
                handling.urge(
                    session, self._resident, community, ticket_id, text=step.text, message_id=self._message_id, now=now
                )
            case Raise():
                handling.raise_severity(
                    session,
                    self._resident,
                    community,
                    ticket_id,
                    severity=Severity.MAJOR,
                    reason=step.reason,
                    policy=self._rules.policy,
                    now=now,
                )
            case Amend():
                changes = self._changes(step)
                handling.update_fields(session, self._resident, community, ticket_id, now=now, **changes)
            case Withdraw():
                handling.cancel(session, self._resident, community, ticket_id, reason=step.text, now=now)
            case Rate():
                handling.rate(session, self._resident, community, ticket_id, stars=step.stars, now=now)
            case Reopen():
                handling.reopen(
                    session,
                    self._resident,
                    community,
                    ticket_id,
                    reason=step.text,
                    received_at=step.received_at,
                    message_id=self._message_id,
                    now=now,
                )
        if isinstance(step, Add | Press | Reopen) and self._turn.messages:
            self._attach(ticket_id, self._turn.messages[0].stored_at)
        card = tickets.card(session, community, ticket_id, now)
        if isinstance(step, Add | Press | Raise):
            card = note_told(session, self._turn, card, self._rules.policy, "", now)
        self._cards[str(ticket_id)] = card

    def _changes(self, step: Amend) -> TicketChanges:
        changes: TicketChanges = {}
        if step.place is not None:
            changes["place"] = step.place.label
            changes["room_id"] = self._room_of(step.place)
        if step.phone is not None:
            changes["phone"] = step.phone
        if step.visit is not None:
            changes["visit_from"], changes["visit_until"] = step.visit
        return changes

    def _room_of(self, place: Place) -> int | None:
        if place.room_id is not None or not (place.building and place.room):
            return place.room_id
        return contacts.find_room(self._session, self._turn.community_id, place.building, place.unit, place.room)

    def _say(self, step: Say) -> None:
        parts = {
            fact: self._render(reply_id, {}, None).text if reply_id else "" for fact, reply_id in step.parts.items()
        }
        rendered = self._render(step.reply_id, {**step.facts, **parts}, step.about)
        text, buttons = rendered.text, rendered.buttons
        if step.inside is not None:
            text = self._render(step.inside, {"question": text}, None).text
        self._words.append(
            Words(
                text,
                reply_id=step.reply_id,
                buttons=tuple({"label": button.label, "says": button.says} for button in buttons),
                quotes=tuple(step.facts[fact] for fact in _QUOTED if step.facts.get(fact)),
            )
        )

    def _render(self, reply_id: str, facts: Mapping[str, str], about: str | None) -> Rendered:
        told = {**self._situation.facts, **facts}
        if about is not None and about in self._cards:
            told = {**self._situation.facts, **self._told_of(self._cards[about]), **facts}
        if "answer" in facts:
            told["answer"] = fill(facts["answer"], self._situation.facts)
        rendered = self._replies.render(
            reply_id,
            told,
            avoid=self._variants.get(reply_id),
            seed=seed_of(self._turn, len(self._words)),
            language=self._language,
        )
        self._variants.pop(reply_id, None)
        self._variants[reply_id] = rendered.variant
        return rendered

    def _told_of(self, card: TicketCard) -> dict[str, str]:
        phrases, now = self._rules.phrases, self._situation.now
        facts = {
            "ticket": card.number,
            "department": phrases.name(card.department_name),
            "matter": shorten(card.summary),
            "state": phrases.name(self._rules.policy.names.status(card.status)),
        }
        if (due := next_word_at(card)) is not None:
            facts["due"] = phrases.moment(due, now)
        if card.first_contact_due_at is not None:
            facts["contact_due"] = phrases.moment(card.first_contact_due_at, now)
        return facts

    def _lead_with_opening(self) -> bool:
        """Greet and introduce the assistant in front of the first reply; safety words are never led by anything."""
        if not self._words or (self._words[0].reply_id or "").startswith("emergency."):
            return False
        now_local = self._situation.now.astimezone(self._rules.phrases.zone)
        opening = self._replies.greeting(
            now_local,
            self._situation.known.salutation,
            seed=seed_of(self._turn, len(self._words)),
            language=self._language,
        )
        first = self._words[0]
        if not self._situation.known.privacy_told:
            self._words.insert(0, Words(opening.text + self._privacy(), reply_id=opening.reply_id))
        elif count_sentences(opening.text + first.text) <= _MOST_SENTENCES:
            self._words[0] = replace(first, text=opening.text + first.text)
        else:
            # A reply of three sentences keeps its room; the greeting goes before it as a message of its own.
            self._words.insert(0, Words(opening.text, reply_id=opening.reply_id))
        return True

    def _privacy(self) -> str:
        """The privacy notice, once for each contact, with the words that say who is speaking (domain.md A12)."""
        contacts.note_privacy_told(self._session, self._turn.community_id, self._turn.contact_id, self._situation.now)
        return self._replies.render("open.privacy", {}, seed=seed_of(self._turn, 0), language=self._language).text
