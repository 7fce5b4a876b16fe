"""Reads what a decision about one turn rests on; what only some messages need is read for those alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actions import bills, codes, contacts, notices, personal, repeats, tickets
from actions.calendar import Calendar
from actions.cards import alarm_is_taken
from actions.codes import Tried
from actions.communities import facts_of
from actions.contacts import Known
from actions.sight import bills_seen
from actions.store import Session
from actions.tables import TurnOwner
from actions.turns import Turn
from bot.dialogue.bills import CODE
from bot.dialogue.binding import code_in
from bot.dialogue.situation import Heard, Rules, Situation
from bot.dialogue.state import State
from bot.wishes import Wish
from nlu.types import Intent

_BILLS_SHOWN = timedelta(days=730)
_HELD = frozenset({Wish.HELD, Wish.EXPORT, Wish.ERASE})
_WORK = frozenset({Intent.REPAIR, Intent.COMPLAINT})


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Gathers situations with one snapshot of content."""

    rules: Rules
    calendar: Calendar

    def situation(self, session: Session, turn: Turn, heard: Heard | None, state: State, now: datetime) -> Situation:
        """The situation of a turn; a binding code in it is tried first, so that what it opens is known already."""
        community_id, contact_id = turn.community_id, turn.contact_id
        tried = self._tried(session, turn, heard, state, now)
        known = contacts.known(session, community_id, contact_id)
        cards = tickets.open_cards(session, community_id, turn.conversation_id, now, resident_id=known.resident_id)
        asked = frozenset() if heard is None else frozenset(one.intent for one in heard.understanding.requests)
        about_fees = Intent.FEE in asked or (tried is not None and tried.home is not None)
        working = not asked.isdisjoint(_WORK)
        return Situation(
            now=now,
            known=known,
            owner=turn.owner,
            cards=cards,
            notices=notices.active(session, community_id, now),
            bills=self._bills(session, community_id, known, now) if about_fees else (),
            facts=facts_of(session, community_id),
            desk_open=self.calendar.is_open(now),
            opens_at=self.calendar.next_opening(now),
            rules=self.rules,
            tried=tried,
            held=personal.held(session, community_id, contact_id) if heard and heard.wish in _HELD else None,
            told=repeats.times_told(session, community_id, [card.id for card in cards]) if heard and cards else {},
            earlier=repeats.earlier_matters(session, community_id, turn.conversation_id, known.resident_id, now)
            if working
            else (),
            alarm_taken=state.alarm_ticket is not None and alarm_is_taken(session, community_id, state.alarm_ticket),
        )

    def _bills(self, session: Session, community_id: int, known: Known, now: datetime) -> tuple[bills.BillLine, ...]:
        since = (now - _BILLS_SHOWN).date()
        return bills.bills_of(session, community_id, bills_seen(known.homes), since=since)

    def _tried(self, session: Session, turn: Turn, heard: Heard | None, state: State, now: datetime) -> Tried | None:
        """What came of a binding code in the message; while danger or a colleague has the word none is tried."""
        if heard is None or heard.understanding.emergency is not None or turn.owner is TurnOwner.STAFF:
            return None
        code = code_in(heard.text, self.rules.phrases, expected=state.asked == CODE)
        return None if code is None else codes.try_code(session, turn.community_id, turn.contact_id, code, now)
