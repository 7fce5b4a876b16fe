"""Danger going on now: safety words before anything else, and the alarm ticket with them (domain.md B5)."""

from datetime import timedelta

from actions.tables import Severity, TurnOwner
from actions.tickets import TicketCard
from bot.dialogue import filling, knowing
from bot.dialogue.state import FormState
from bot.dialogue.steps import Add, Amend, Open
from bot.dialogue.talk import Talk
from bot.forms import Form, Need, Slot, SlotKind
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import EntityType, Intent

ALL_SAFE = "all_safe"
_DISTRESS = "self_harm"
# Dangers in which a child is told other things than a grown-up.
_FOR_CHILDREN = frozenset({"crime", "welfare_check", "missing", "other"})
_SAME_ALARM = timedelta(hours=2)
_SAME_DANGER = timedelta(minutes=20)
# A message that gives an address during an alarm is about the alarm, unless it is so sure to be about something else.
_PLAINLY = 0.9
# Whoever is in danger does not chat, presses for nothing else, denies nothing else (“还没出来呢”), and asks
# what is in no book: “阀门在哪我找不到”.
_ABOUT_IT = frozenset({Intent.CHITCHAT, Intent.INQUIRY, Intent.PROGRESS, Intent.DENY})
# A yes of more signs tells something: “我在屋头”.
_BARE_YES = 3
_COULD_BE_MORE = frozenset({Intent.REPAIR, Intent.COMPLAINT})
_WHERE = frozenset({EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM, EntityType.PHONE})
# The place is taken from what is said or known; it is never asked for before the safety words.
_ALARM_FORM = Form(
    id="emergency",
    name="emergency",
    starts=(),
    ticket="emergency",
    silence=timedelta(0),
    public_categories=frozenset(),
    slots=(
        Slot("place", SlotKind.PLACE, Need.NEVER, None, None, None),
        Slot("phone", SlotKind.PHONE, Need.NEVER, None, None, None),
    ),
    confirm=None,
    opened={},
    added=None,
    complete=None,
    afterwards={},
    notes={},
)


def alarm(talk: Talk, kind: str) -> None:
    """Answer an emergency of a kind: a new alarm, or more words about the one that is ringing."""
    ringing = _ringing(talk)
    if ringing is not None and calmed(talk):
        return
    if ringing is not None:
        talk.state.alarm_calm = False
        fresh = talk.state.alarm_at is not None and talk.now - talk.state.alarm_at < _SAME_DANGER
        if talk.state.alarm_kind != kind and not fresh:
            # Another danger after a while: its own words of safety. At first, more words are about the same one, and
            # what to do in a lift is the wrong thing to tell somebody in a fire.
            talk.do(Add(ringing.id, talk.heard.text))
            talk.state.alarm_kind = kind
            talk.say(f"emergency.{kind}.safety")
            return
        add(talk)
        return
    filled = filling.begin(talk, _ALARM_FORM, f"emergency.{kind}", talk.heard.text)
    name = talk.new_ticket_name()
    summary = filled.matter or talk.heard.text[: filling.LONGEST_MATTER]
    talk.do(
        Open(
            name=name,
            kind="emergency",
            category=kind,
            severity=Severity.ALARM,
            summary=summary,
            received_at=talk.heard.received_at,
            place=filled.place,
            phone=filled.phone or talk.situation.known.phone,
            reason="emergency",
        )
    )
    talk.links += [("alarm_ticket", name), ("focus", name)]
    talk.state.alarm_kind, talk.state.alarm_at, talk.state.alarm_calm = kind, talk.now, False
    talk.state.form, talk.state.asked, talk.state.pouring = None, None, False
    where = filled.place.label
    reply = f"emergency.{kind}.known_place" if where and _sure_place(filled) else f"emergency.{kind}.safety"
    if kind in _FOR_CHILDREN and talk.situation.rules.phrases.wishes.says(Wish.CHILD, talk.heard.text):
        reply, talk.state.child_told = "emergency.child.safety", True
    talk.say(reply, {"place": talk.situation.rules.phrases.located(where)}, about=name)
    if talk.owner is TurnOwner.BOT and kind == _DISTRESS:
        # Nobody in distress is left to a machine: the next word comes from a person.
        talk.owner = TurnOwner.NOBODY


def _ringing(talk: Talk) -> TicketCard | None:
    """The alarm of this conversation that rang a short while ago and is not over."""
    at = talk.state.alarm_at
    if at is None or talk.now - at >= _SAME_ALARM:
        return None
    return next((card for card in talk.open_cards() if card.id == talk.state.alarm_ticket), None)


def calmed(talk: Talk) -> bool:
    """Take the word that the danger is over, or never was: noted for the staff, who alone call an alarm off."""
    card = _ringing(talk)
    if card is None or not talk.situation.rules.phrases.wishes.says(Wish.ALL_CLEAR, talk.heard.text):
        return False
    talk.do(Add(card.id, talk.heard.text))
    talk.state.not_understood = 0
    if card.category == _DISTRESS:
        # Whoever takes such words back is not left alone for it.
        talk.say("emergency.self_harm.more")
        return True
    talk.say("emergency.calm_noted" if talk.state.alarm_calm else "emergency.calm", talk.card_facts(card))
    talk.state.alarm_calm = True
    talk.state.asked, talk.state.asked_about = ALL_SAFE, str(card.id)
    return True


def answer_safe(talk: Talk) -> bool:
    """The answer to the question whether everybody is safe."""
    card = _ringing(talk)
    if card is None or not talk.sure_of(Intent.AFFIRM, Intent.DENY, Intent.THANKS):
        return False
    talk.do(Add(card.id, talk.heard.text))
    talk.say("emergency.calm_noted", talk.card_facts(card))
    return True


def tell_progress(talk: Talk) -> bool:
    """Answer the question whether anybody is coming from what is on record; the words go to the alarm as well."""
    card = _ringing(talk)
    if card is None or not talk.situation.rules.phrases.wishes.says(Wish.ARRIVED, talk.heard.text):
        return False
    talk.do(Add(card.id, talk.heard.text))
    if card.category == _DISTRESS:
        talk.say("emergency.self_harm.more")
    else:
        taken = talk.situation.alarm_taken
        talk.say("emergency.progress" if taken else "emergency.progress_open", talk.card_facts(card))
    return True


def stay(talk: Talk) -> bool:
    """Answer somebody in distress, whom a person has been called for; they are never met with silence."""
    card = _ringing(talk)
    if card is None or card.category != _DISTRESS:
        return False
    add(talk)
    return True


def add(talk: Talk) -> None:
    """More words about an alarm that is ringing: all of them go to the ticket at once."""
    ticket_id = talk.state.alarm_ticket
    if ticket_id is None:
        return
    fresh = filling.begin(talk, _ALARM_FORM, f"emergency.{talk.state.alarm_kind}", talk.heard.text)
    card = next((card for card in talk.situation.cards if card.id == ticket_id), None)
    asks = talk.heard.understanding.intent is Intent.INQUIRY
    talk.do(Add(ticket_id, talk.heard.text))
    # “车库入口在哪” must not move a fire from the home where it burns.
    if _sure_place(fresh) or (fresh.place.label and not asks and not (card and card.place)):
        talk.do(Amend(ticket_id, place=fresh.place, phone=fresh.phone))
    if card is not None:
        if card.category != _DISTRESS:
            talk.say("emergency.question" if asks else "emergency.more", talk.card_facts(card))
        elif fresh.place.label:
            talk.say("emergency.self_harm.place", {"place": talk.situation.rules.phrases.located(fresh.place.label)})
        else:
            talk.say("emergency.self_harm.more")


def is_about_alarm(talk: Talk) -> bool:
    """Whether an alarm rang so recently that what is said now belongs to it unless it is plainly something else."""
    at = talk.state.alarm_at
    if at is None or talk.state.alarm_ticket is None or talk.now - at > _SAME_DANGER:
        return False
    understanding = talk.heard.understanding
    if talk.state.alarm_calm or knowing.clearly_asks(talk):
        return False
    if understanding.intent in _ABOUT_IT:
        return True
    if understanding.intent is Intent.AFFIRM and len(bare(talk.heard.text)) > _BARE_YES:
        return True
    # “水小一点了” is neither a fault nor a complaint of its own, even if it could be one.
    near = any(entity.type in _WHERE for entity in understanding.entities) or understanding.intent in _COULD_BE_MORE
    return understanding.unsure or (near and understanding.confidence < _PLAINLY)


def _sure_place(filled: FormState) -> bool:
    return filled.place.building is not None
