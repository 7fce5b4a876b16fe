"""Words that are no request: anger and reproach, threats to go outside, questions about the assistant itself."""

from actions.major import MajorReason
from actions.tables import Severity, TurnOwner
from actions.tickets import TicketCard
from bot.dialogue import emergency, filling, flow, memory, requests
from bot.dialogue.steps import Add, Raise
from bot.dialogue.talk import Talk, next_word_at
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import Intent

_ABOUT_US = {
    Wish.RULES: "chitchat.rules",
    Wish.WHO: "chitchat.bot",
    Wish.ABLE: "chitchat.able",
    Wish.PLAY: "chitchat.play",
}
_OUTSIDE = frozenset({"media", "lawyer", "outside"})
_LONGEST = 24
_LONGEST_TEST = 160
_LAST_CALM = 2
_WORK = frozenset({"repair", "complaint", "fee", "inquiry"})
# What is surely one of these is a matter of its own, however angry it sounds.
_MATTERS = frozenset(
    {
        Intent.REPAIR,
        Intent.FEE,
        Intent.INQUIRY,
        Intent.PRAISE,
        Intent.SUGGESTION,
        Intent.CANCEL,
        Intent.PROGRESS,
    }
)


_PRESSING = frozenset({Intent.CANCEL, Intent.PROGRESS})


def take(talk: Talk) -> str | None:
    """Answer words of this kind; None when the message is something else."""
    text = talk.heard.text
    if emergency.calmed(talk):
        return "all clear"
    if talk.situation.rules.phrases.wishes.says(Wish.RULES, text) and len(text) <= _LONGEST_TEST:
        talk.say(_ABOUT_US[Wish.RULES])
        talk.state.not_understood = 0
        flow.resume(talk)
        return "about the assistant"
    short = 0 < len(bare(text)) <= _LONGEST
    if not short or talk.state.pouring:
        return None
    says = talk.situation.rules.phrases.wishes.says
    about_us = next((reply for wish, reply in _ABOUT_US.items() if says(wish, text)), None)
    # Who chats while an alarm rings is frightened, or a child.
    if (reply := about_us) is not None and not emergency.is_about_alarm(talk):
        talk.say(reply)
        talk.state.not_understood = 0
        flow.resume(talk)
        return "about the assistant"
    # “算了我打12345” takes nothing back, and “再不来我找记者” is no mere question how far a matter is.
    if not talk.sure_of(*(_MATTERS - _PRESSING)) and _threatens(talk):
        return "goes outside"
    if talk.sure_of(*_MATTERS):
        talk.state.outbursts = 0
        return None
    insulted = says(Wish.INSULT, text) and not _has_matter(talk)
    if talk.owner is TurnOwner.NOBODY:
        return "in distress" if (insulted and emergency.stay(talk)) else None
    if insulted or (says(Wish.REPROACH, text) and (_concerned(talk) or talk.state.form) and not _has_own_matter(talk)):
        return _soothe(talk, insulted=insulted)
    talk.state.outbursts = 0
    return None


def _has_matter(talk: Talk) -> bool:
    return bool(talk.situation.rules.phrases.matter(talk.heard.text, longest=filling.LONGEST_MATTER))


def _has_own_matter(talk: Talk) -> bool:
    """Whether a reproach is surely a complaint or a request with a category of its own."""
    understanding = talk.heard.understanding
    general = {None, "other", "service_attitude", "slow_response", "urge"}
    return not understanding.unsure and understanding.category not in general


def _concerned(talk: Talk) -> TicketCard | None:
    """The open ticket that anger is about: the one spoken of last, else the newest."""
    cards = [card for card in talk.open_cards() if card.kind in _WORK and card.severity is not Severity.ALARM]
    return next((card for card in cards if card.id == talk.state.focus), next(iter(cards), None))


def _soothe(talk: Talk, *, insulted: bool) -> str:
    """Calmly, once and twice; then a person (domain.md B3, C10)."""
    talk.state.outbursts += 1
    talk.state.not_understood = 0
    if talk.state.outbursts > _LAST_CALM:
        talk.state.outbursts = 0
        flow.close_silent(talk)
        requests.to_person(talk, reason="human")
        return "anger, to a person"
    if talk.state.form is not None and talk.state.form.ticket_id is None:
        talk.say("calm.heard")
        flow.resume(talk)
        return "anger in a form"
    card = _concerned(talk)
    if card is None:
        talk.say("calm.what" if talk.state.outbursts == 1 else "calm.person")
        return "anger"
    if insulted or next_word_at(card) is None:
        talk.do(Add(card.id, talk.heard.text))
        facts = talk.card_facts(card)
        talk.say("calm.ticket" if "due" in facts else "calm.person", facts)
    else:
        memory.press(talk, card, "calm.urged")
    return "anger about a ticket"


def _threatens(talk: Talk) -> bool:
    """To go to the authorities, the press or a court is a right, and makes the matter a major one (C10, C11)."""
    reason = filling.major_reason(talk, talk.heard.text)
    if reason not in _OUTSIDE or talk.situation.rules.phrases.wishes.says(Wish.ASKS, talk.heard.text):
        return False
    card = next((card for card in talk.open_cards() if card.kind == "complaint"), None)
    card = card or _concerned(talk)
    if card is None or card.kind not in {"complaint", "repair"}:
        form = talk.situation.rules.forms.for_label(Intent.COMPLAINT.value, None)
        if form is None:
            return False
        flow.close_silent(talk)
        flow.start(talk, form, "complaint.other", talk.heard.text)
        return True
    talk.do(Add(card.id, talk.heard.text))
    if card.severity is Severity.NORMAL:
        talk.do(Raise(card.id, reason))
    media = reason == MajorReason.MEDIA.value
    talk.say("calm.media" if media else "calm.outside", about=str(card.id))
    flow.resume(talk)
    return True
