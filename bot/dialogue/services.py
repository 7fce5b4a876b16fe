"""Services that are asked for in so many words, or taken up after an answer that offered them (domain.md B6–B18)."""

from bot.dialogue import flow
from bot.dialogue.talk import Talk
from bot.forms import Form
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import EntityType, Intent

_DETAILS = frozenset({EntityType.BUILDING, EntityType.ROOM, EntityType.PHONE, EntityType.TIME})
# What a message that asks for a service may well be understood as.
_OPEN = frozenset(
    {Intent.INQUIRY, Intent.HUMAN, Intent.SUGGESTION, Intent.CHITCHAT, Intent.GREET, Intent.OUT_OF_SCOPE, Intent.AFFIRM}
)
_LONGEST = 80
_REFUSED = frozenset({Intent.DENY, Intent.THANKS, Intent.BYE, Intent.CANCEL, Intent.GREET})


def take(talk: Talk) -> str | None:
    """Begin the service that a message of one request asks for; None when it asks for none."""
    if talk.heard.pressed or (talk.state.pouring and not talk.sure_of(*_OPEN)):
        return None
    requests = talk.heard.understanding.requests
    forms = talk.situation.rules.forms
    if len(requests) > 1 and not talk.heard.understanding.unsure:
        return None
    form = forms.asked_for(talk.heard.text, talk.clock)
    if form is not None and not may_begin(
        talk, form, talk.heard.understanding.intent, talk.heard.understanding.category
    ):
        return None
    filled = talk.state.form
    if form is None or (filled is not None and filled.form == form.id):
        return None
    if talk.heard.understanding.intent is Intent.CORRECT and (filled is not None or talk.open_cards()):
        # “电话改成…” corrects what is being reported.
        return None
    talk.state.asked, talk.state.not_understood = None, 0
    if filled is not None and filled.ticket_id is not None:
        # Its ticket is open and only something optional was asked.
        talk.state.form = filled = None
    flow.start(talk, form, form.label, talk.heard.text)
    if filled is not None:
        flow.resume(talk)
    return "service"


def means_no_danger(talk: Talk, kind: str) -> bool:
    """Whether words that look like danger plainly ask for a service, as “捡到一块手表” is about no lost child.

    An alarm is dropped only for a harmless thing that the form names; an unknown word keeps it.
    """
    form = talk.situation.rules.forms.asked_for(talk.heard.text, talk.clock)
    return form is not None and kind in form.harmless and form.harmless[kind].fit(talk.heard.text)


def may_begin(talk: Talk, form: Form, intent: Intent, category: str | None) -> bool:
    """Whether words may begin a service, or the message is surely something else, such as a complaint about it."""
    if len(talk.heard.text) > _LONGEST:
        return False
    if talk.heard.understanding.unsure or intent in _OPEN:
        return True
    return f"{intent}.{category}" in form.over or intent.value in form.over


def answer_offer(talk: Talk, form_id: str) -> bool:
    """Take up what was offered with an answer: a yes, or at once what it takes."""
    form = talk.situation.rules.forms.by_id[form_id]
    understanding = talk.heard.understanding
    accepts = talk.situation.rules.phrases.wishes.says(Wish.ACCEPTS, talk.heard.text)
    gives = any(entity.type in _DETAILS for entity in understanding.entities) or _fills(form, talk.heard.text)
    loose = understanding.unsure or understanding.intent in {Intent.CHITCHAT, Intent.CORRECT, Intent.AFFIRM}
    if not (accepts or (gives and loose)) or understanding.intent in _REFUSED - {Intent.GREET}:
        return False
    asked, talk.state.unclear = talk.state.unclear, ""
    said = asked if accepts and not gives else f"{asked}\n{talk.heard.text}"
    flow.start(talk, form, form.label, said, told=True)
    return True


def _fills(form: Form, text: str) -> bool:
    """Whether a message holds one of the texts of the form, such as a number plate."""
    return any(slot.finds is not None and slot.finds.search(bare(text).upper()) for slot in form.slots)
