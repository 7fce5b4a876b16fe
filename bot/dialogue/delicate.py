"""Delicate words: other residents' data, compensation, threats, a child who writes (domain.md B19, C6, C10, C11)."""

from actions.tables import TurnOwner
from bot.dialogue import emergency, flow, requests
from bot.dialogue.steps import Add
from bot.dialogue.talk import Talk
from bot.wishes import Wish
from nlu.types import Intent

_WORK = frozenset({"repair", "complaint"})
_LONGEST = 60
_MATTERS = frozenset({Intent.REPAIR, Intent.COMPLAINT, Intent.FEE})


def take(talk: Talk) -> str | None:
    """Answer words of this kind; None when the message is something else."""
    text = talk.heard.text
    if talk.heard.pressed or len(text) > _LONGEST:
        return None
    says = talk.situation.rules.phrases.wishes.says
    if says(Wish.CHILD, text) and not talk.state.child_told:
        talk.state.child_told = True
        talk.say("child.hello")
        if not talk.sure_of(Intent.REPAIR, Intent.COMPLAINT, Intent.INQUIRY, Intent.HUMAN):
            return "a child"
    if (
        says(Wish.THREAT, text)
        and not talk.sure_of(Intent.INQUIRY, Intent.FEE, Intent.PRAISE)
        and not emergency.stay(talk)
    ):
        return _threatened(talk)
    if says(Wish.WITHDRAWAL, text):
        return _said(talk, "calm.no_withdraw")
    unsure = talk.heard.understanding.unsure
    if unsure and talk.state.form is None and says(Wish.COST, text) and says(Wish.WARRANTY, text):
        talk.say("cost.developer")
        flow.start(talk, talk.situation.rules.forms.by_id["repair"], "repair.other", text)
        return "a defect under warranty"
    private = talk.heard.understanding.category == "privacy"
    if _leaks_between_homes(talk):
        flow.start(talk, talk.situation.rules.forms.by_id["repair"], "repair.wall_leak", text)
        return "a leak between homes"
    if says(Wish.OTHERS, text) and (private or not talk.sure_of(*_MATTERS)):
        return _said(talk, "privacy.others")
    if says(Wish.PAID_FOR, text) and not talk.sure_of(Intent.PROGRESS, Intent.REPAIR) and not talk.state.pouring:
        return _compensation(talk)
    return None


def _leaks_between_homes(talk: Talk) -> bool:
    """Whether water that comes from the neighbours is told, though not for sure understood as a fault or a quarrel."""
    understanding, says = talk.heard.understanding, talk.situation.rules.phrases.wishes.says
    told = understanding.unsure and understanding.intent in {Intent.REPAIR, Intent.COMPLAINT}
    rests = talk.state.form is None and says(Wish.BETWEEN_HOMES, talk.heard.text)
    return told and rests and not says(Wish.ASKS, talk.heard.text)


def _said(talk: Talk, reply_id: str) -> str:
    talk.say(reply_id)
    # Whatever is said next answers this and no earlier question, such as whether a ticket is to be withdrawn.
    talk.state.asked, talk.state.asked_about, talk.state.not_understood = None, None, 0
    flow.resume(talk)
    return "delicate"


def _compensation(talk: Talk) -> str | None:
    """Damages are asked about: photos, a person, and neither liability nor its denial."""
    card = next((card for card in talk.open_cards() if card.kind in _WORK), None)
    if card is None and talk.state.form is None:
        return None
    if card is not None and talk.state.form is None:
        talk.do(Add(card.id, talk.heard.text))
    return _said(talk, "compensation.asked")


def _threatened(talk: Talk) -> str | None:
    """Whoever threatens is answered calmly and by a person; a danger that is going on has been an alarm already."""
    if talk.owner is TurnOwner.NOBODY and talk.state.handover_ticket is None:
        return None
    flow.close_silent(talk)
    requests.to_person(talk, reason="threat")
    return "a threat"
