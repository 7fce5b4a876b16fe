"""Takes a message as the answer to a form's question, or says that it is something else."""

from bot.dialogue import filling, knowing
from bot.dialogue.flow import ask, ask_again, next_waiting, open_ticket, proceed, skips
from bot.dialogue.state import FormState
from bot.dialogue.steps import Amend, KeepPhone
from bot.dialogue.talk import Talk
from bot.forms import Form, SlotKind
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import Intent

_INTERRUPTIONS = frozenset(
    {
        Intent.INQUIRY,
        Intent.FEE,
        Intent.PROGRESS,
        Intent.REPAIR,
        Intent.COMPLAINT,
        Intent.HUMAN,
        Intent.SUGGESTION,
        Intent.PRAISE,
        Intent.OUT_OF_SCOPE,
    }
)
_ELSEWHERE = frozenset({Intent.HUMAN, Intent.REPAIR, Intent.COMPLAINT, Intent.PROGRESS})
_PLAINLY = 0.8
# Shorter chit-chat inside a form is a slip of an answer rather than a topic of its own.
_SHORT_CHAT = 4
_SMALL_TALK = frozenset({Intent.GREET, Intent.THANKS, Intent.CHITCHAT, Intent.BYE})


def answer(talk: Talk, form: Form, state: FormState) -> bool:
    """Take the message as an answer to the pending question; False when it is something else."""
    if state.ticket_id is not None:
        return _answer_afterwards(talk, state)
    if talk.sure_of(Intent.CANCEL):
        talk.state.form = None
        talk.say("form.cancelled")
        next_waiting(talk)
        return True
    changed = filling.read(talk, form, state)
    match state.asked:
        case "confirm" | "change":
            return _answer_confirm(talk, form, state, changed)
        case "more":
            return _answer_more(talk, form, state)
        case "matter":
            return _answer_matter(talk, form, state)
        case _:
            return _answer_slot(talk, form, state, changed)


def _answer_slot(talk: Talk, form: Form, state: FormState, changed: frozenset[str]) -> bool:
    phrases = talk.situation.rules.phrases
    if state.asked in filling.missing(form, state, phrases):
        if is_interruption(talk, state):
            return False
        slot = next(slot for slot in form.slots if slot.name == state.asked)
        if slot.kind is SlotKind.PHONE and skips(talk):
            state.phone_skipped = True
        elif not changed and state.tried == 0 and slot.again is not None and not state.public:
            ask_again(talk, form, state, slot.name)
            return True
        elif changed and form.words is not None and state.tried == 0 and slot.again is not None:
            # Something else was told, such as the day; a place is still to be told.
            ask_again(talk, form, state, slot.name)
            return True
        elif slot.kind is SlotKind.PERSON and talk.sure_of(Intent.DENY) and state.tried == 0:
            # “没有码” is no name.
            state.tried += 1
            talk.say(state.last_question or "binding.ask_name")
            return True
        elif not filling.read_freely(talk, form, state):
            only_phone = slot.kind is SlotKind.PHONE and len(filling.missing(form, state, phrases)) == 1
            open_ticket(talk, form, state, "usual" if only_phone else "unfinished")
            return True
    elif state.asked == "place" and state.public:
        # “7栋1单元4楼到5楼那段”: the rest of the answer says where in the building.
        filling.read_freely(talk, form, state)
    proceed(talk, form, state)
    return True


def _answer_matter(talk: Talk, form: Form, state: FormState) -> bool:
    understanding = talk.heard.understanding
    matter = talk.situation.rules.phrases.matter(talk.heard.text, longest=filling.LONGEST_MATTER)
    same_service = form is talk.situation.rules.forms.for_label(understanding.intent.value, understanding.category)
    if is_interruption(talk, state) and not same_service:
        return False
    if same_service and understanding.category:
        state.label = f"{understanding.intent}.{understanding.category}"
    if matter:
        fresh = filling.begin(talk, form, state.label, talk.heard.text)
        fresh.received_at = state.received_at
        fresh.place = fresh.place if fresh.place.label else state.place
        talk.state.form = fresh
        proceed(talk, form, fresh)
        return True
    state.matter = talk.heard.text.strip()[: filling.LONGEST_MATTER]
    proceed(talk, form, state)
    return True


def _answer_confirm(talk: Talk, form: Form, state: FormState, changed: frozenset[str]) -> bool:
    confirm = form.confirm
    assert confirm is not None  # noqa: S101 - the question was asked by this form's confirm
    was_missing = set((state.last_question and _missing_of(confirm.replies, state.last_question)) or ())
    corrected = changed - was_missing
    intent = talk.heard.understanding.intent
    if state.asked == "change" and _only_time(form, corrected):
        # What was to be changed was asked, and the reply that opens the ticket tells the new time.
        return _confirmed(talk, form, state, changed)
    if corrected and confirm.changed is not None:
        ask(talk, state, "confirm", confirm.changed)
        return True
    if not changed and is_interruption(talk, state):
        return False
    if talk.situation.rules.phrases.corrects(talk.heard.text):
        intent = Intent.CORRECT
    told = talk.situation.rules.phrases.corrected(talk.heard.text, longest=filling.LONGEST_MATTER)
    wants_change = intent in {Intent.DENY, Intent.CORRECT} and not changed and not skips(talk)
    if told and (state.asked == "change" or (wants_change and intent is Intent.CORRECT)):
        state.matter = told
        ask(talk, state, "confirm", confirm.changed or state.last_question or "")
        return True
    if wants_change:
        ask(talk, state, "change", confirm.what or state.last_question or "")
        return True
    return _confirmed(talk, form, state, changed)


def _only_time(form: Form, corrected: frozenset[str]) -> bool:
    return {slot.kind for slot in form.slots if slot.name in corrected} == {SlotKind.TIME} and "visit" in form.opened


def _confirmed(talk: Talk, form: Form, state: FormState, changed: frozenset[str]) -> bool:
    """The read-back stands; what the resident adds to it is kept, and what is still missing is asked once."""
    state.confirmed = True
    if skips(talk) and state.phone is None:
        state.phone_skipped = True
    if (
        not changed
        and talk.heard.understanding.intent not in {Intent.AFFIRM, Intent.THANKS}
        and not filling.read_freely(talk, form, state)
    ):
        addition = talk.situation.rules.phrases.matter(talk.heard.text, longest=filling.LONGEST_MATTER)
        if addition and addition not in state.matter and not skips(talk):
            state.matter = f"{state.matter}{talk.situation.rules.phrases.join}{addition}"
    proceed(talk, form, state)
    return True


def _answer_more(talk: Talk, form: Form, state: FormState) -> bool:
    """A complaint is being told to its end; then it is opened (domain.md A6)."""
    said = bare(talk.heard.text)
    phrases = talk.situation.rules.phrases
    done = talk.heard.understanding.intent in {Intent.DENY, Intent.AFFIRM, Intent.THANKS}
    if not done and said not in {bare(text) for text in phrases.nothing_more}:
        if talk.sure_of(Intent.HUMAN, Intent.INQUIRY) or (talk.sure_of(Intent.FEE) and not _proves(talk, state)):
            return False
        addition = phrases.matter(talk.heard.text, longest=filling.LONGEST_MATTER)
        if addition:
            longest = 2 * filling.LONGEST_MATTER
            state.matter = f"{state.matter}{phrases.join}{addition}"[:longest]
        state.said = f"{state.said}\n{talk.heard.text}"
        state.major = state.major or filling.major_reason(talk, state.said)
    state.confirmed = True
    proceed(talk, form, state)
    return True


def _proves(talk: Talk, state: FormState) -> bool:
    """Whether words about money belong to a quarrel about money: “我有收据的” asks for no receipt."""
    about_money = state.label == "complaint.fee_dispute"
    return about_money and not talk.situation.rules.phrases.wishes.says(Wish.ASKS, talk.heard.text)


def _answer_afterwards(talk: Talk, state: FormState) -> bool:
    """The ticket is open; only something optional was asked, and whatever else is said starts afresh."""
    talk.state.form = None
    ticket_id = state.ticket_id or 0
    phone, place = state.phone, state.place
    form = talk.situation.rules.forms.by_id[state.form]
    filling.read(talk, form, state)
    new_phone = state.phone if state.phone != phone else None
    new_place = state.place if state.place != place else None
    if new_phone is not None or new_place is not None:
        talk.do(Amend(ticket_id, place=new_place, phone=new_phone))
        if new_phone is not None:
            talk.do(KeepPhone(new_phone))
        card = next((card for card in talk.situation.cards if card.id == ticket_id), None)
        if card is not None:
            talk.say(form.added or "ticket.updated", talk.card_facts(card))
    elif skips(talk) or talk.heard.understanding.intent in {Intent.DENY, Intent.AFFIRM}:
        talk.say("phone.skipped" if state.asked == "phone" else "talk.fine")
    else:
        return False
    next_waiting(talk)
    return True


def _missing_of(replies: object, question: str) -> tuple[str, ...]:
    assert isinstance(replies, dict)  # noqa: S101 - read from the form's own mapping
    key = next((missing for missing, reply in replies.items() if reply == question), "nothing")
    return () if key == "nothing" else tuple(key.split())


def is_interruption(talk: Talk, state: FormState) -> bool:
    """Whether the message is plainly another matter rather than an answer."""
    understanding = talk.heard.understanding
    phrases = talk.situation.rules.phrases
    form = talk.situation.rules.forms.by_id[state.form]
    if any(slot.kind is SlotKind.TEXT and slot.name == state.asked for slot in form.slots):
        # Any words may answer such a question; only a clear question or report of another kind does not.
        asks = phrases.wishes.says(Wish.ASKS, talk.heard.text) and understanding.intent in _INTERRUPTIONS
        if phrases.number_like.search(talk.heard.text):
            return False
        return (asks and understanding.confidence >= _PLAINLY) or talk.sure_of(*_ELSEWHERE)
    if understanding.unsure:
        return knowing.clearly_asks(talk)
    if phrases.leaves_time_open(talk.heard.text, asked=True) or phrases.number_like.search(talk.heard.text):
        return understanding.intent in {Intent.COMPLAINT, Intent.HUMAN, Intent.PROGRESS}
    if understanding.intent is Intent.THANKS:
        # “好的谢谢” to a question is a yes that does not tell more.
        return False
    if understanding.intent in _SMALL_TALK:
        return understanding.intent is not Intent.CHITCHAT or len(talk.heard.text) > _SHORT_CHAT
    if understanding.intent not in _INTERRUPTIONS:
        return False
    label = f"{understanding.intent}.{understanding.category}" if understanding.category else understanding.intent.value
    return label != state.label
