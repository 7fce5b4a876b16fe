"""The decision about one turn: what comes first, what answers a pending question, and what is new."""

from datetime import timedelta

from actions.tables import TurnOwner
from bot.dialogue import (
    announced,
    answers,
    delicate,
    emergency,
    filling,
    flow,
    following,
    knowing,
    memory,
    moods,
    requests,
    sent,
    served,
    services,
)
from bot.dialogue.situation import Heard, Situation, silence
from bot.dialogue.state import State
from bot.dialogue.steps import Add, Amend, Decision, Withdraw
from bot.dialogue.talk import Talk
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import Intent, Request

_CHOICE_SILENCE = timedelta(minutes=10)
# A question about the ticket that was just opened needs no more certainty than this.
_HALF = 0.5
_SHORT = 12
_ACTS = frozenset({Intent.AFFIRM, Intent.DENY, Intent.CORRECT, Intent.CHITCHAT})
_SERVICES = frozenset(
    {
        Intent.REPAIR,
        Intent.COMPLAINT,
        Intent.FEE,
        Intent.INQUIRY,
        Intent.PROGRESS,
        Intent.PRAISE,
        Intent.SUGGESTION,
        Intent.HUMAN,
    }
)


def decide(situation: Situation, heard: Heard | None, state: State) -> Decision:
    """What the desk does about a turn; `heard` is None when nobody wrote and an open question timed out.

    The order is the order of importance: danger, then whoever holds the conversation, then the question that is being
    asked, then new requests, and at last what was not understood.
    """
    talk = Talk(situation, heard or silence(situation.now), state)
    if heard is None:
        return _woken(talk)
    if (kind := heard.understanding.emergency) is not None and not services.means_no_danger(talk, kind):
        emergency.alarm(talk, kind)
        return talk.finish(why={"because": "emergency"})
    if situation.owner is TurnOwner.STAFF:
        return talk.finish(why={"because": "held by staff"})
    memory.note_home(talk)
    because = (
        sent.take(talk)
        or served.serve(talk)
        or moods.take(talk)
        or delicate.take(talk)
        or following.take(talk)
        or services.take(talk)
        or _answered(talk)
        or memory.recognise(talk)
        or _new(talk)
    )
    if talk.state.form is not None and talk.wake_after is None:
        form = situation.rules.forms.by_id[talk.state.form.form]
        talk.wake_after = form.silence
    return talk.finish(why={"because": because})


def _answered(talk: Talk) -> str | None:
    """Take the message as an answer to what is pending; None when it is something new."""
    if emergency.tell_progress(talk):
        return "progress of the alarm"
    if emergency.is_about_alarm(talk):
        emergency.add(talk)
        return "about the alarm"
    if talk.state.asked is not None and _answer_question(talk):
        return "answer"
    form_state = talk.state.form
    if form_state is not None:
        form = talk.situation.rules.forms.by_id[form_state.form]
        if _only_photos(talk):
            talk.say("photo.received")
            flow.resume(talk)
            return "photo"
        if answers.answer(talk, form, form_state):
            return "answer"
        if talk.state.form is not None:
            _interrupt(talk)
            return "interruption"
    return "more of a ticket" if _more_of_ticket(talk) else None


def _interrupt(talk: Talk) -> None:
    """Answer what came in between, then go back to the form."""
    if talk.sure_of(Intent.HUMAN):
        flow.close_silent(talk)
        requests.to_person(talk, reason="human")
        return
    for request in talk.heard.understanding.requests:
        requests.handle(talk, request)
    flow.resume(talk)


def _new(talk: Talk) -> str:
    """New requests, or nothing that is understood."""
    understanding = talk.heard.understanding
    if not bare(talk.heard.text):
        return _wordless(talk)
    wanted = _wanted(talk)
    if talk.state.alarm_calm and not wanted and filling.only_introduces(talk):
        talk.say("greet.again")
        return "introduces"
    if talk.owner is TurnOwner.NOBODY and not (wanted and wanted[0].intent in _SERVICES):
        return _waiting_for_person(talk)
    if wanted:
        for request in wanted:
            requests.handle(talk, request)
        talk.state.not_understood = 0
        return "request"
    if announced.tell_unsure(talk):
        return "notice"
    hit = knowing.best_answer(talk, talk.heard.text) if understanding.intent is not Intent.CHITCHAT else None
    if hit is not None:
        knowing.tell(talk, hit.entry)
        return "knowledge"
    return _not_understood(talk)


def _wanted(talk: Talk) -> tuple[Request, ...]:
    """The requests to act on: all of them when sure; greetings count only when nothing else is asked."""
    understanding = talk.heard.understanding
    loose_correction = understanding.intent is Intent.CORRECT and not talk.open_cards()
    # “就是那个” says yes to nothing when nothing was asked.
    points = understanding.intent in _ACTS and talk.situation.rules.phrases.wishes.says(Wish.VAGUE, talk.heard.text)
    unclear = understanding.unsure and not knowing.clearly_asks(talk) and not _reports(talk)
    if points or loose_correction or unclear:
        return ()
    asked = understanding.requests
    services = tuple(request for request in asked if request.intent in _SERVICES)
    # “快点来” beside something new presses for the new thing when nothing else is open.
    new = tuple(request for request in services if request.intent is not Intent.PROGRESS)
    return (services if talk.open_cards() else new) or services or asked


def _reports(talk: Talk) -> bool:
    """Whether a message is likelier than not a report: it is read back, so that a wrong guess costs a word."""
    understanding = talk.heard.understanding
    told = understanding.intent in {Intent.REPAIR, Intent.COMPLAINT} and understanding.confidence >= _HALF
    return told and not talk.situation.rules.phrases.wishes.says(Wish.ASKS, talk.heard.text)


def _not_understood(talk: Talk) -> str:
    """Ask back once with choices; the second time a person takes over, never a loop (domain.md B1)."""
    talk.state.not_understood += 1
    talk.state.unclear = f"{talk.state.unclear}\n{talk.heard.text}".strip()
    if talk.state.not_understood > 1:
        requests.to_person(talk, reason="unsure")
        talk.state.asked, talk.state.not_understood, talk.state.unclear = None, 0, ""
        return "not understood twice"
    talk.state.asked = "choices"
    talk.wake_after = _CHOICE_SILENCE
    talk.say("unsure.choices")
    return "not understood"


def _answer_question(talk: Talk) -> bool:
    """An answer to a question outside a form."""
    asked, about = talk.state.asked, talk.state.asked_about
    intent = talk.heard.understanding.intent
    if asked == "choices":
        # The choices are ordinary requests; what was unclear before goes with the one that is chosen.
        talk.state.asked = None
        if talk.heard.pressed and intent in _SERVICES and intent is not Intent.HUMAN:
            return _chosen(talk, intent)
        return False
    talk.state.asked, talk.state.asked_about = None, None
    if asked == "cancel" and about is not None:
        card = next((card for card in talk.situation.cards if str(card.id) == about), None)
        if card is not None and intent in {Intent.AFFIRM, Intent.CANCEL}:
            talk.do(Withdraw(card.id, talk.heard.text))
            talk.say("ticket.cancelled", talk.card_facts(card))
            return True
        if intent is Intent.DENY and card is not None:
            talk.say("ticket.kept", talk.card_facts(card))
            return True
    if asked == emergency.ALL_SAFE and emergency.answer_safe(talk):
        return True
    if asked == knowing.OFFER and about is not None:
        return services.answer_offer(talk, about)
    if asked == announced.ASKED and about is not None:
        return announced.answer(talk, about)
    return served.answer(talk, asked, about or "")


def _chosen(talk: Talk, intent: Intent) -> bool:
    said, talk.state.unclear, talk.state.not_understood = talk.state.unclear, "", 0
    form = talk.situation.rules.forms.for_label(intent.value, None)
    if form is None or intent is Intent.FEE:
        return False
    flow.start(talk, form, intent.value, said)
    return True


def _more_of_ticket(talk: Talk) -> bool:
    """For a while after a ticket was opened, what belongs to it is added rather than asked about."""
    state = talk.state
    card = next((card for card in talk.open_cards() if card.id == state.adding_to), None)
    if card is None or state.adding_until is None or talk.now > state.adding_until:
        return False
    form = talk.situation.rules.forms.by_id[state.adding_form]
    understanding = talk.heard.understanding
    short = len(bare(talk.heard.text)) <= _SHORT
    phrases = talk.situation.rules.phrases
    if short and not talk.heard.pressed and phrases.wishes.says(Wish.ARRIVED, talk.heard.text):
        requests.tell_progress(talk, card)
        return True
    if form.major is not None and form.added is not None:
        # Whatever the press writes next is kept for the person in charge, and gets no other word.
        talk.do(Add(card.id, talk.heard.text))
        talk.say(form.added, talk.card_facts(card))
        return True
    if understanding.intent is Intent.PROGRESS and understanding.confidence >= _HALF:
        requests.handle(talk, understanding.requests[0])
        return True
    pours_out = form.confirm is not None and form.confirm.more
    if pours_out and understanding.intent in {Intent.DENY, Intent.AFFIRM} and form.complete is not None:
        state.adding_until = None
        talk.say(form.complete, talk.card_facts(card))
        return True
    if form.added is not None and (place := filling.only_an_address(talk)) is not None:
        talk.do(Amend(card.id, place=place))
        talk.say(form.added, talk.card_facts(card))
        return True
    more_of_it = pours_out and understanding.intent.value in form.starts
    if form.added is None or not (understanding.unsure or more_of_it) or not bare(talk.heard.text):
        return False
    if knowing.clearly_elsewhere(talk) and not memory.likeness(talk, card) and not more_of_it:
        return False
    talk.do(Add(card.id, talk.heard.text))
    talk.say(form.added, talk.card_facts(card))
    return True


def _waiting_for_person(talk: Talk) -> str:
    """A person was asked for and has not come yet: everything is kept for them, and said once."""
    card = next((card for card in talk.open_cards() if card.id == talk.state.handover_ticket), None)
    if card is None and emergency.stay(talk):
        return "in distress"
    if card is not None:
        talk.do(Add(card.id, talk.heard.text))
        small_talk = talk.heard.understanding.intent in {Intent.GREET, Intent.CHITCHAT}
        if small_talk or not talk.state.handover_noted:
            talk.state.handover_noted = not small_talk
            talk.say("human.waiting" if small_talk else "human.noted", talk.card_facts(card))
    return "waiting for a person"


def _wordless(talk: Talk) -> str:
    if _only_photos(talk):
        card = next(iter(talk.open_cards()), None)
        if card is None:
            talk.say("photo.received")
        else:
            talk.do(Add(card.id, ""))
            talk.say("photo.attached", talk.card_facts(card))
        return "photo"
    if talk.owner is TurnOwner.NOBODY:
        emergency.stay(talk)
    else:
        talk.say("empty.message")
    return "no words"


def _only_photos(talk: Talk) -> bool:
    return talk.heard.photos > 0 and not bare(talk.heard.text)


def _woken(talk: Talk) -> Decision:
    """An open question was not answered in time: nothing that was said is lost."""
    if talk.situation.owner is TurnOwner.STAFF:
        return talk.finish(why={"because": "held by staff"})
    if talk.state.form is not None:
        flow.close_silent(talk)
    elif talk.state.asked == "choices" and talk.state.unclear:
        talk.state.asked, talk.state.not_understood = None, 0
        requests.to_person(talk, reason="unsure")
        talk.state.unclear = ""
    return talk.finish(why={"because": "silence"})
