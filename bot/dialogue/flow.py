"""Leads a form from its first message to its ticket: ask what is missing, confirm, open, and go on with what waits."""

from datetime import timedelta

from bot.dialogue import filling
from bot.dialogue.state import FormState
from bot.dialogue.steps import Add, KeepPhone
from bot.dialogue.talk import Talk
from bot.forms import Form, Need
from bot.phrases import bare

# For so long after a ticket was opened, more words about it go to it.
_ADDING = timedelta(minutes=30)


def start(talk: Talk, form: Form, label: str, said: str) -> None:
    """Begin a form, or let it wait when another one is being filled."""
    state = filling.begin(talk, form, label, said)
    if _already_open(talk, form, state):
        return
    if talk.state.form is not None:
        talk.state.waiting.append(state)
        talk.say("also_noted", {"matter": state.matter or form.name})
        return
    talk.state.form = state
    proceed(talk, form, state)


def proceed(talk: Talk, form: Form, state: FormState) -> None:
    """The next step of a form: one question, or the ticket."""
    lacking = filling.missing(form, state, talk.situation.rules.phrases)
    for name in lacking:
        slot = next(slot for slot in form.slots if slot.name == name)
        question = slot.ask_public if state.public and slot.ask_public else slot.ask
        if question is not None:
            ask(talk, state, name, question)
            return
    if state.major:
        open_ticket(talk, form, state, "major")
    elif form.confirm is not None and not state.confirmed and _confirms(form, state):
        key = " ".join(lacking) or "nothing"
        ask(talk, state, "more" if form.confirm.more else "confirm", form.confirm.replies[key])
    elif lacking:
        ask_again(talk, form, state, lacking[0])
    else:
        open_ticket(talk, form, state, "usual")


def resume(talk: Talk) -> None:
    """After an interruption, ask again what was being asked."""
    state = talk.state.form
    if state is None or state.last_question is None or state.ticket_id is not None:
        return
    form = talk.situation.rules.forms.by_id[state.form]
    facts = {"summary": _summary(talk, form, state)}
    talk.say(state.last_question, facts, inside="form.resume", parts={"note": ""})
    talk.wake_after = form.silence


def close_silent(talk: Talk) -> None:
    """Nobody wrote for a while: what was said is enough for a ticket, so nothing is lost (domain.md C6)."""
    state = talk.state.form
    if state is None:
        return
    form = talk.situation.rules.forms.by_id[state.form]
    if state.ticket_id is not None:
        talk.state.form = None
    elif state.matter or state.said:
        state.phone_skipped = True
        open_ticket(talk, form, state, "unfinished")
    next_waiting(talk)


def open_ticket(talk: Talk, form: Form, state: FormState, case: str) -> None:
    """Open the form's ticket, tell of it, and ask what may still be asked afterwards."""
    name = talk.new_ticket_name()
    talk.do(filling.ticket_of(form, state, name, reason=case))
    if state.phone and state.phone != talk.situation.known.phone:
        talk.do(KeepPhone(state.phone))
    talk.links.append(("focus", name))
    talk.say(_opened_reply(form, state, case), _opened_facts(talk, form, state), about=name)
    talk.state.form = None
    if (later := _asked_afterwards(talk, form, state)) is not None:
        state.asked, state.last_question = later
        state.ticket_id = 0
        talk.say(state.last_question)
        talk.state.form = state
        talk.links.append(("form.ticket_id", name))
        talk.wake_after = form.silence
    if form.added is not None:
        talk.links.append(("adding_to", name))
        talk.state.adding_form = form.id
        talk.state.adding_until = talk.now + _ADDING
    if talk.state.form is None:
        next_waiting(talk)


def _asked_afterwards(talk: Talk, form: Form, state: FormState) -> tuple[str, str] | None:
    """The slot that may still be asked for when the ticket is open, and the script that asks."""
    category = state.label.partition(".")[2]
    for slot in form.slots:
        later = form.afterwards.get(slot.name)
        if later is None or (later.categories is not None and category not in later.categories):
            continue
        if not filling.is_filled(slot.kind, state, talk.situation.rules.phrases):
            return slot.name, later.ask
    return None


def next_waiting(talk: Talk) -> None:
    """Go on with the next request of an earlier message."""
    if talk.state.form is None and talk.state.waiting:
        state = talk.state.waiting.pop(0)
        form = talk.situation.rules.forms.by_id[state.form]
        talk.state.form = state
        proceed(talk, form, state)


def _already_open(talk: Talk, form: Form, state: FormState) -> bool:
    """The same matter never opens a second ticket: what is new is added to the one that is open."""
    category = state.label.partition(".")[2] or None
    if category is None or form.ticket not in {"repair", "complaint"}:
        return False
    for card in talk.open_cards():
        same_place = state.place.label in {"", card.place}
        if card.kind == form.ticket and card.category == category and same_place:
            talk.do(Add(card.id, talk.heard.text))
            talk.state.focus = card.id
            talk.say("ticket.already_open", talk.card_facts(card))
            return True
    return False


def _confirms(form: Form, state: FormState) -> bool:
    assert form.confirm is not None  # noqa: S101 - the caller looked
    return form.confirm.when is Need.ALWAYS or (form.confirm.when is Need.INDOOR and not state.public)


def _notes(talk: Talk, form: Form, state: FormState) -> dict[str, str]:
    """Work inside the home that costs money is said to before anything is agreed (domain.md B17, B19)."""
    category = state.label.partition(".")[2] or None
    paid = not state.public and talk.situation.rules.policy.for_ticket(form.ticket, category).paid
    return {"note": form.notes.get("paid", "") if paid else ""}


def _summary(talk: Talk, form: Form, state: FormState) -> str:
    return filling.summary(form, state, talk.situation.rules.phrases, talk.now)


def ask(talk: Talk, state: FormState, about: str, question: str) -> None:
    """Ask one question of a form; `about` names what an answer is taken for."""
    form = talk.situation.rules.forms.by_id[state.form]
    if state.asked != about:
        state.tried = 0
    state.asked, state.last_question = about, question
    talk.state.pouring = about == "more"
    talk.wake_after = form.silence
    talk.say(question, {"summary": _summary(talk, form, state)}, parts=_notes(talk, form, state))


def ask_again(talk: Talk, form: Form, state: FormState, name: str) -> None:
    """Ask once more for one slot; after that the ticket opens without it and a person asks."""
    slot = next(slot for slot in form.slots if slot.name == name)
    state.tried += 1
    if state.tried > 1 or slot.again is None:
        open_ticket(talk, form, state, "usual")
        return
    state.asked, state.last_question = name, slot.again
    talk.wake_after = form.silence
    talk.say(slot.again, {"summary": _summary(talk, form, state)}, parts={"note": ""})


def skips(talk: Talk) -> bool:
    """Whether the message says that the resident would rather not tell."""
    said = bare(talk.heard.text)
    return any(said.startswith(bare(text)) for text in talk.situation.rules.phrases.skip)


def _opened_reply(form: Form, state: FormState, case: str) -> str:
    if case in form.opened and case != "usual":
        return form.opened[case]
    for special, applies in (
        ("person", state.person is not None),
        ("public", state.public),
        ("visit", state.visit is not None),
    ):
        if applies and special in form.opened:
            return form.opened[special]
    return form.opened["usual"]


def _opened_facts(talk: Talk, form: Form, state: FormState) -> dict[str, str]:
    phrases = talk.situation.rules.phrases
    facts = {"summary": _summary(talk, form, state)}
    if state.visit is not None:
        facts["visit"] = phrases.period(*state.visit, talk.now)
    if state.person is not None:
        facts["person"] = state.person
    return facts
