"""Earlier tickets: the same matter again, another time for the visit, photos that come later (domain.md C5, C10)."""

from datetime import datetime, timedelta

from actions.repeats import THIRD_TIME
from actions.tables import Severity
from actions.tickets import TicketCard
from bot.dialogue import slots
from bot.dialogue.state import FormState
from bot.dialogue.steps import Add, Amend, Place, Press, Raise, Reopen
from bot.dialogue.talk import Talk
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import EntityType, Intent

VISIT = "visit"
_ONE_SITTING = timedelta(hours=1)
_LONGEST_HINT = 30
_SHORT_HINT = 16
_WORK = frozenset({"repair", "complaint"})
# What is surely something else is not taken for a word about an earlier ticket.
_SOMETHING_ELSE = frozenset(
    {Intent.FEE, Intent.HUMAN, Intent.PRAISE, Intent.SUGGESTION, Intent.INQUIRY, Intent.CANCEL, Intent.RATE}
)
_NO_VISIT = frozenset({Intent.FEE, Intent.HUMAN, Intent.PRAISE, Intent.SUGGESTION, Intent.COMPLAINT, Intent.CANCEL})
_LOOSE = frozenset({Intent.CHITCHAT, Intent.AFFIRM, Intent.GREET, Intent.THANKS, Intent.INQUIRY, Intent.PROGRESS})


def recognise(talk: Talk) -> str | None:
    """Take a message as being about a ticket that is known; None when it is not."""
    if not talk.situation.cards:
        return None
    wishes, text = talk.situation.rules.phrases.wishes, talk.heard.text
    if _shows_photo(talk):
        return "photo of a ticket"
    if not talk.sure_of(*_NO_VISIT) and _reschedule(talk):
        return "another time"
    if wishes.says(Wish.AGAIN, text) and not talk.sure_of(*_SOMETHING_ELSE, Intent.PROGRESS) and _again(talk):
        return "again"
    return None


def note_home(talk: Talk) -> None:
    """Keep the home that somebody who is not bound says to live in or own, so that it is not asked for later."""
    heard, phrases = talk.heard.understanding, talk.situation.rules.phrases
    building, unit, room = map(heard.first, (EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM))
    told = building is not None and room is not None and phrases.wishes.says(Wish.LIVES, talk.heard.text)
    if told and building is not None and room is not None and not talk.situation.known.homes:
        talk.state.home = Place(building.value, unit.value if unit else None, room.value)


def press(talk: Talk, card: TicketCard, reply_id: str) -> None:
    """Record that the resident comes back to an open ticket; the third time makes it a major one (domain.md C10)."""
    talk.do(Press(card.id, talk.heard.text))
    talk.state.focus = card.id
    told = talk.situation.told.get(card.id)
    fresh = told is not None and talk.now - told.last_at >= _ONE_SITTING
    times = (told.times if told else 1) + fresh
    if times >= THIRD_TIME and card.severity is Severity.NORMAL and card.kind in _WORK:
        talk.do(Raise(card.id, "third_time"))
        talk.say("memory.third_time", about=str(card.id))
    else:
        talk.say(reply_id, about=str(card.id))


def third_time(talk: Talk, kind: str, state: FormState) -> bool:
    """Whether a new report is the third of the same matter in the same place, whatever became of the others."""
    category = state.label.partition(".")[2]
    same = [
        one
        for one in talk.situation.earlier
        if one.kind == kind and one.category == category and same_place(one.place, state.place.label)
    ]
    return bool(category) and len(same) + 1 >= THIRD_TIME


def same_place(one: str, other: str) -> bool:
    """Whether two places may be the same: one is not told, or one is a part of the other."""
    return not one or not other or one.startswith(other) or other.startswith(one)


def answer_visit(talk: Talk, about: str) -> bool:
    """The answer to the question when to come instead."""
    card = next((card for card in talk.open_cards() if str(card.id) == about), None)
    if card is None:
        return False
    if (visit := slots.period_told(talk)) is not None:
        _amend(talk, card, visit)
        return True
    if talk.heard.understanding.unsure and bare(talk.heard.text):
        talk.do(Add(card.id, talk.heard.text))
        talk.say("ticket.updated", talk.card_facts(card))
        return True
    return False


def _shows_photo(talk: Talk) -> bool:
    """Photos with a few words about an open ticket belong to it, whenever they come."""
    understanding = talk.heard.understanding
    if not talk.heard.photos or not bare(talk.heard.text):
        return False
    shows = talk.situation.rules.phrases.wishes.says(Wish.SHOWS, talk.heard.text)
    loose = understanding.unsure or understanding.intent in _LOOSE
    card = likest(talk, talk.open_cards())
    if card is None or not (loose or shows):
        return False
    talk.do(Add(card.id, talk.heard.text))
    talk.state.focus = card.id
    talk.say("photo.attached", talk.card_facts(card))
    return True


def _reschedule(talk: Talk) -> bool:
    """“改到明天下午” moves the visit; “能换个时间吗” without a time is asked for one."""
    wishes, text = talk.situation.rules.phrases.wishes, talk.heard.text
    asks = wishes.says(Wish.OTHER_TIME, text)
    if len(bare(text)) > _LONGEST_HINT or not (asks or wishes.says(Wish.RESCHEDULE, text)):
        return False
    card = likest(talk, tuple(card for card in talk.open_cards() if card.kind == "repair"))
    visit = slots.period_told(talk)
    if card is None or (visit is None and not asks):
        return False
    if visit is not None:
        _amend(talk, card, visit)
    else:
        talk.state.asked, talk.state.asked_about = VISIT, str(card.id)
        talk.say("memory.ask_new_time", talk.card_facts(card))
    return True


def _amend(talk: Talk, card: TicketCard, visit: tuple[datetime, datetime]) -> None:
    talk.do(Amend(card.id, visit=visit))
    talk.state.focus = card.id
    period = talk.situation.rules.phrases.period(*visit, talk.now)
    talk.say("memory.visit_changed", {"visit": period}, about=str(card.id))


def _again(talk: Talk) -> bool:
    """“还是那个灯”: the ticket it means is pressed for, or opened again when it was thought to be done."""
    cards = tuple(card for card in talk.situation.cards if card.kind in _WORK)
    short = len(bare(talk.heard.text)) <= _LONGEST_HINT
    card = likest(talk, cards) if short else None
    if card is None or not _fits(talk, card):
        return False
    if not likeness(talk, card) and len(bare(talk.heard.text)) > _SHORT_HINT:
        return False
    if card not in talk.open_cards():
        talk.do(Reopen(card.id, talk.heard.text, talk.heard.received_at))
        talk.say("ticket.reopened", about=str(card.id))
    else:
        press(talk, card, "ticket.already_open")
    return True


def _fits(talk: Talk, card: TicketCard) -> bool:
    """Whether what was surely understood, if anything, is the matter of the card."""
    understanding = talk.heard.understanding
    if understanding.unsure or understanding.intent not in {Intent.REPAIR, Intent.COMPLAINT}:
        return True
    return understanding.category in {None, card.category} or likeness(talk, card) > 1


def likest(talk: Talk, cards: tuple[TicketCard, ...]) -> TicketCard | None:
    """The ticket that a message is about: the one whose words it shares, or the only one; None when it is not plain."""
    if len(cards) == 1:
        return cards[0]
    scored = sorted(((likeness(talk, card), -place, card) for place, card in enumerate(cards)), key=lambda one: one[:2])
    if scored and scored[-1][0] > 0:
        return scored[-1][2]
    return next((card for card in cards if card.id == talk.state.focus), None)


def likeness(talk: Talk, card: TicketCard) -> int:
    """How many telling characters a message shares with a ticket's matter."""
    phrases, names = talk.situation.rules.phrases, talk.situation.rules.policy.names
    matter = f"{card.summary}{names.matter(card.kind, card.category)}"
    return len({sign for sign in bare(talk.heard.text) if sign not in phrases.common_signs} & set(matter))
