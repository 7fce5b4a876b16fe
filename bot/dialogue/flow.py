"""Leads a form from its first message to its ticket: ask what is missing, confirm, open, and go on with what waits."""

from datetime import timedelta

from actions.tables import BindingRole
from bot.dialogue import filling, knowing, memory
from bot.dialogue.cautions import say_cautions
from bot.dialogue.state import FormState
from bot.dialogue.steps import Add, AskBinding, KeepPhone
from bot.dialogue.talk import Talk, shorten
from bot.forms import Form, Need, Record, SlotKind
from bot.phrases import bare
from nlu.types import EntityType

# For so long after a ticket was opened, more words about it go to it.
_ADDING = timedelta(minutes=30)
# The complaint that a charge is wrong; nobody is reminded of bills while it is open (domain.md D6).
_DISPUTE = ("complaint", "fee_dispute")
_MOST_RESUMED = 1
_JOINED = frozenset({"repair", "complaint", "fee"})


def start(talk: Talk, form: Form, label: str, said: str, *, told: bool = False) -> None:
    """Begin a form, or let it wait when another one is being filled; `told` says that its answer was given before."""
    state = filling.begin(talk, form, label, said)
    if _already_open(talk, form, state):
        return
    if form.id not in {"inquiry", "human"} and not told:
        talk.state.topic = None
    if form.tells is not None and not told and (entry := knowing.entry(talk, form.tells)) is not None:
        knowing.remember(talk, entry)
        talk.say("inquiry.answer", {"answer": entry.answer, "source": entry.source})
    if memory.third_time(talk, form.ticket, state):
        state.major = state.major or "third_time"
    if talk.state.form is not None:
        talk.state.waiting.append(state)
        talk.say("also_noted", {"matter": shorten(state.matter or form.name)})
        return
    talk.state.form = state
    proceed(talk, form, state)


def proceed(talk: Talk, form: Form, state: FormState) -> None:
    """The next step of a form: one question, or the ticket."""
    lacking = filling.missing(form, state, talk.situation.rules.phrases)
    for name in lacking:
        slot = next(slot for slot in form.slots if slot.name == name)
        by_building = state.public or state.label.partition(".")[2] in form.building_categories
        question = slot.ask_public if by_building and slot.ask_public else slot.ask
        if question is not None:
            ask(talk, state, name, question)
            return
    if state.major and (form.confirm is None or form.confirm.more):
        open_ticket(talk, form, state, "major")
    elif form.confirm is not None and not state.confirmed and _confirms(form, state):
        key = " ".join(lacking) or "nothing"
        state.wanted = lacking
        ask(talk, state, "more" if form.confirm.more else "confirm", form.confirm.replies[key])
    elif lacking:
        ask_again(talk, form, state, _answered_badly(talk, form, lacking) or lacking[0])
    else:
        open_ticket(talk, form, state, "usual")


def resume(talk: Talk) -> None:
    """After an interruption, ask again what was being asked."""
    state = talk.state.form
    if state is None or state.last_question is None or state.ticket_id is not None:
        return
    form = talk.situation.rules.forms.by_id[state.form]
    state.resumed += 1
    if state.resumed > _MOST_RESUMED + (not state.place.label):
        # Whoever talks of other things twice does not want to be asked a third time.
        talk.wake_after = form.silence
        if form.confirm is not None:
            open_ticket(talk, form, state, "unfinished")
        return
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
    talk.state.pouring = False
    talk.do(filling.ticket_of(form, state, name, talk.situation.rules.phrases, reason=case))
    if state.phone and state.phone != talk.situation.known.phone:
        talk.do(KeepPhone(state.phone))
    talk.links.append(("focus", name))
    if state.place.building and state.place.room and form.ticket != "complaint" and not state.public:
        # Complaints are told of other people's homes as well.
        talk.state.home = state.place
    if form.record is Record.BINDING_REQUEST:
        role = BindingRole(state.role) if state.role else None
        talk.do(AskBinding(name, state.place, role, state.person or "", state.phone))
    talk.say(_opened_reply(form, state, case), _opened_facts(talk, form, state), about=name)
    if (form.ticket, state.label.partition(".")[2]) == _DISPUTE and talk.situation.known.homes:
        talk.say("bills.dunning_stopped", about=name)
    say_cautions(talk, form.ticket, state.label.partition(".")[2], state.said)
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
    if talk.state.waiting or category in form.building_categories:
        # Another matter that waits is taken up at once; about a whole building nobody need be called.
        return None
    for slot in form.slots:
        if slot.name in state.wanted:
            continue
        later = form.afterwards.get(slot.name)
        if later is None or (later.categories is not None and category not in later.categories):
            continue
        # Whoever has said “7栋” has answered where it is; the rest is for whoever goes there.
        told = slot.kind is SlotKind.PLACE and bool(state.place.label)
        if not told and not filling.is_filled(slot, state, talk.situation.rules.phrases):
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
    for card in talk.open_cards():
        if card.kind != form.ticket:
            continue
        if form.summary is not None and card.summary == form.summary:
            talk.do(Add(card.id, talk.heard.text))
            talk.say("ticket.updated", talk.card_facts(card))
            return True
        joined = (form.once or form.ticket in _JOINED) and category is not None and card.category == category
        if joined and memory.same_place(card.place, state.place.label) and not _elsewhere(talk, card.summary, state):
            memory.press(talk, card, "ticket.already_open")
            return True
    return False


def _elsewhere(talk: Talk, matter: str, state: FormState) -> bool:
    """Whether two matters lie in different parts of one home."""
    spots, others = talk.situation.rules.phrases.spots(matter), talk.situation.rules.phrases.spots(state.said)
    return bool(spots and others) and spots.isdisjoint(others)


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
    misread = slot.once_more is None or _answered_badly(talk, form, [name]) is not None
    question = slot.again if misread else slot.once_more
    if state.tried > 1 or question is None:
        open_ticket(talk, form, state, "usual")
        return
    state.asked, state.last_question = name, question
    talk.wake_after = form.silence
    talk.say(question, {"summary": _summary(talk, form, state)}, parts={"note": ""})


def _answered_badly(talk: Talk, form: Form, lacking: list[str]) -> str | None:
    """The slot that the message tried to fill: a number of too many or too few digits, or a time that is none."""
    kinds = {slot.kind: slot.name for slot in form.slots if slot.name in lacking}
    if SlotKind.PHONE in kinds and talk.situation.rules.phrases.number_like.search(talk.heard.text):
        return kinds[SlotKind.PHONE]
    times = (entity for entity in talk.heard.understanding.entities if entity.type is EntityType.TIME)
    return kinds.get(SlotKind.TIME) if any(times) else None


def skips(talk: Talk) -> bool:
    """Whether the message says that the resident would rather not tell."""
    said = bare(talk.heard.text)
    return any(said.startswith(bare(text)) for text in talk.situation.rules.phrases.skip)


def _opened_reply(form: Form, state: FormState, case: str) -> str:
    if case == "usual" and state.major and "major" in form.opened:
        case = "major"
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
    where = phrases.where.format(place=phrases.located(state.place.label)) if state.place.label else ""
    facts = {"summary": _summary(talk, form, state), "service": phrases.name(form.name), "where": where}
    if state.visit is not None:
        facts["visit"] = phrases.period(*state.visit, talk.now)
    if state.person is not None:
        facts["person"] = state.person
    if form.record is not None:
        facts["place"] = state.place.label
    return facts
