"""What the desk does about each kind of request; one function per intent, one table."""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from actions.tables import Severity, TurnOwner
from actions.tickets import TicketCard
from bot.dialogue import announced, bills, filling, flow, knowing, memory, services
from bot.dialogue.steps import Add, Rate, Reopen
from bot.dialogue.talk import Talk, next_word_at
from bot.wishes import Wish
from nlu.knowledge import Hit
from nlu.types import Intent, Request

_TICKET_NUMBER = re.compile(r"(?<![A-Za-z0-9])([A-Za-z])\s*[-—–]?\s*(\d{3,6})(?!\d)")
_HIGHEST_STARS = 5
_LIST_LENGTH = 3
_SAME_MATTER = 2
_THREAT = "threat"


def handle(talk: Talk, request: Request) -> None:
    """Answer one request of a message: with the notice that explains it, if there is one (domain.md D7)."""
    form = None if talk.heard.pressed else talk.situation.rules.forms.asked_for(request.text, talk.clock)
    if form is not None and services.may_begin(talk, form, request.intent, request.category):
        flow.start(talk, form, form.label, request.text)
        return
    if not announced.tell(talk, request):
        _HANDLERS[request.intent](talk, request)


def to_person(talk: Talk, *, reason: str) -> None:
    """Hand the conversation to a person, with a ticket so that the clock runs (domain.md C1)."""
    situation = talk.situation
    waiting = next((card for card in talk.open_cards() if card.id == talk.state.handover_ticket), None)
    if waiting is not None:
        talk.do(Add(waiting.id, talk.heard.text))
        talk.say("human.waiting", talk.card_facts(waiting))
        return
    form = situation.rules.forms.by_id["human"]
    phrases = situation.rules.phrases
    case = reason if reason in form.opened else ("usual" if situation.desk_open else "closed")
    state = filling.begin(talk, form, "human", talk.state.unclear or talk.heard.text)
    state.major = _THREAT if reason == _THREAT else state.major
    state.matter = state.matter or talk.heard.text.strip()[: filling.LONGEST_MATTER] or form.name
    name = talk.new_ticket_name()
    talk.do(filling.ticket_of(form, state, name, phrases, reason=reason))
    facts = {"now": phrases.clock(talk.now), "opens": phrases.moment(situation.opens_at, talk.now)}
    talk.say(form.opened[case], facts, about=name)
    talk.links += [("handover_ticket", name), ("focus", name)]
    talk.state.handover_noted = False
    talk.owner = TurnOwner.NOBODY


def register(talk: Talk, label: str, said: str) -> None:
    """What cannot be answered for sure becomes work for a person, with a time (domain.md B1)."""
    flow.start(talk, talk.situation.rules.forms.by_id["inquiry"], label, said)


def _inquiry(talk: Talk, request: Request) -> None:
    hit = knowing.best_answer(talk, request.text) or knowing.best_answer(talk, talk.heard.text)
    if hit is not None:
        knowing.tell(talk, hit.entry)
    elif not talk.situation.rules.phrases.matter(request.text, longest=filling.LONGEST_MATTER):
        talk.say("inquiry.ask_matter")
    else:
        register(talk, "inquiry", request.text)


def _service(talk: Talk, request: Request) -> None:
    """Repairs and complaints begin their form."""
    label = f"{request.intent}.{request.category}" if request.category else request.intent.value
    form = talk.situation.rules.forms.for_label(request.intent.value, request.category)
    if form is not None and form.id == "repair" and talk.situation.rules.phrases.wishes.says(Wish.COST, request.text):
        talk.say(filling.cost_reply(talk, request.category, request.text, public=False))
    if form is not None:
        said = talk.heard.text if len(talk.heard.understanding.requests) < 2 else request.text  # noqa: PLR2004 - two requests
        flow.start(talk, form, label, said)


def _fee(talk: Talk, request: Request) -> None:
    form = talk.situation.rules.forms.by_label.get(f"fee.{request.category}")
    if form is not None:
        flow.start(talk, form, f"fee.{request.category}", request.text)
    elif request.category == "pay" and (hit := knowing.best_answer(talk, request.text)) is not None:
        knowing.tell(talk, hit.entry)
    elif (general := _general_price(talk, request)) is not None:
        knowing.tell(talk, general.entry)
    elif talk.heard.pressed and request.category is None:
        talk.say("fee.ask_which")
    elif request.category == "bill" or request.category is None:
        bills.tell_bills(talk)
    else:
        register(talk, f"fee.{request.category}", request.text)


def _general_price(talk: Talk, request: Request) -> Hit | None:
    """The answer to a question of money that speaks of nobody's own bill: “装修要交多少押金”."""
    wishes = talk.situation.rules.phrases.wishes
    general = wishes.says(Wish.ASKS, request.text) and not wishes.says(Wish.OWN, request.text)
    return knowing.best_answer(talk, request.text) if general and not talk.heard.pressed else None


def _simple(talk: Talk, request: Request) -> None:
    form = talk.situation.rules.forms.by_label[request.intent.value]
    flow.start(talk, form, request.intent.value, request.text)


def _progress(talk: Talk, request: Request) -> None:
    cards = _spoken_of(talk)
    if cards and cards[0] not in talk.open_cards() and talk.situation.rules.policy.says_not_fixed(talk.heard.text):
        talk.do(Reopen(cards[0].id, talk.heard.text, talk.heard.received_at))
        talk.say("ticket.reopened", about=str(cards[0].id))
    elif not cards and talk.state.not_understood > 0:
        to_person(talk, reason="unsure")
    elif not cards and talk.state.form is not None:
        talk.say("progress.filling")
    elif not cards:
        talk.say("progress.none")
    elif request.category == "urge" and cards[0] in talk.open_cards():
        memory.press(talk, cards[0], _urged(cards[0]))
    elif len(cards) == 1:
        tell_progress(talk, cards[0])
    else:
        phrases = talk.situation.rules.phrases
        lines = [f"{f['ticket']} {f['matter']}{phrases.separator}{f['state']}" for f in map(talk.card_facts, cards)]
        talk.say("progress.list", {"lines": "\n".join(lines[:_LIST_LENGTH])})


def _spoken_of(talk: Talk) -> tuple[TicketCard, ...]:
    """The tickets a question of progress is about: the one named, the open ones, or else the last one."""
    # A message that answers one of ours speaks of the ticket named there.
    said = f"{talk.heard.text}\n{talk.heard.quote}"
    named = {f"{letter.upper()}-{digits}" for letter, digits in _TICKET_NUMBER.findall(said)}
    by_number = tuple(card for card in talk.situation.cards if card.number in named)
    if by_number:
        return by_number
    likest = [(_shared(talk.heard.text, card.summary), card) for card in talk.open_cards()]
    most = max((shared for shared, _ in likest), default=0)
    if most >= _SAME_MATTER:
        return tuple(card for shared, card in likest if shared == most)
    return talk.open_cards() or talk.situation.cards[:1]


def _shared(text: str, summary: str) -> int:
    """How many pairs of neighbouring characters two texts share."""
    return len({*map("".join, pairwise(text))} & {*map("".join, pairwise(summary))})


def _urged(card: TicketCard) -> str:
    """What is told to somebody who presses; to press where nothing is owed starts a clock, which is then told."""
    return "progress.one_overdue" if card.overdue and next_word_at(card) is not None else "progress.urged"


def tell_progress(talk: Talk, card: TicketCard) -> None:
    """Tell where one ticket stands, and by when the resident hears of it."""
    facts = talk.card_facts(card)
    talk.state.focus = card.id
    due = next_word_at(card)
    if card not in talk.open_cards():
        talk.say("progress.done", facts)
    elif card.overdue and due is not None:
        talk.say("progress.one_overdue", facts)
    elif due is None:
        talk.say("progress.replied", facts)
    else:
        talk.say("progress.one", facts)


def _human(talk: Talk, _request: Request) -> None:
    to_person(talk, reason="human")


def _chitchat(talk: Talk, _request: Request) -> None:
    talk.say("chitchat.reply")


def _out_of_scope(talk: Talk, request: Request) -> None:
    """What looks foreign may still be known: a wrong “not ours” is worse than an answer."""
    hit = knowing.best_answer(talk, request.text)
    if hit is not None:
        knowing.tell(talk, hit.entry)
    else:
        talk.say("scope.out")


def _cancel(talk: Talk, _request: Request) -> None:
    cards = _spoken_of(talk)
    open_cards = talk.open_cards()
    card = next((card for card in cards if card in open_cards), None)
    if card is None:
        talk.say("form.nothing_to_cancel")
        return
    if card.severity is Severity.ALARM:
        # Only a person calls off an alarm; what the resident says goes to them at once.
        talk.do(Add(card.id, talk.heard.text))
        talk.say("emergency.more", talk.card_facts(card))
        return
    talk.state.asked, talk.state.asked_about = "cancel", str(card.id)
    talk.say("ticket.cancel_confirm", talk.card_facts(card))


def _rate(talk: Talk, request: Request) -> None:
    """A rating belongs to the last ticket that is done; without one it is thanked for and nothing is recorded."""
    done = [card for card in talk.situation.cards if card not in talk.open_cards()]
    if not done:
        talk.say("thanks.reply")
        return
    card = done[0]
    policy = talk.situation.rules.policy
    stars = policy.stars(request.text)
    if policy.says_not_fixed(request.text):
        talk.do(Reopen(card.id, talk.heard.text, talk.heard.received_at))
        talk.say("ticket.reopened", about=str(card.id))
        return
    talk.do(Rate(card.id, stars))
    if stars <= _HIGHEST_STARS // 2:
        # Somebody dissatisfied is not thanked and left: the matter is opened again (domain.md C5).
        talk.do(Reopen(card.id, talk.heard.text, talk.heard.received_at))
        talk.say("rate.sorry", about=str(card.id))
    else:
        talk.say("rate.thanks")


def _correct(talk: Talk, request: Request) -> None:
    """A correction after the ticket is open is added to it; a person sees it."""
    card = next((card for card in talk.open_cards() if card.id == talk.state.focus), None)
    if card is None:
        register(talk, "inquiry", request.text)
        return
    talk.do(Add(card.id, talk.heard.text))
    talk.say("ticket.updated", talk.card_facts(card))


def _acknowledge(talk: Talk, _request: Request) -> None:
    talk.say("talk.fine")


def _said(reply_id: str) -> Callable[[Talk, Request], None]:
    return lambda talk, _request: talk.say(reply_id)


_HANDLERS: Mapping[Intent, Callable[[Talk, Request], None]] = {
    Intent.INQUIRY: _inquiry,
    Intent.REPAIR: _service,
    Intent.COMPLAINT: _service,
    Intent.FEE: _fee,
    Intent.PRAISE: _simple,
    Intent.SUGGESTION: _simple,
    Intent.PROGRESS: _progress,
    Intent.HUMAN: _human,
    Intent.EMERGENCY: _human,
    Intent.GREET: _said("greet.offer"),
    Intent.THANKS: _said("thanks.reply"),
    Intent.BYE: _said("bye.reply"),
    Intent.CHITCHAT: _chitchat,
    Intent.OUT_OF_SCOPE: _out_of_scope,
    Intent.AFFIRM: _acknowledge,
    Intent.DENY: _acknowledge,
    Intent.CANCEL: _cancel,
    Intent.CORRECT: _correct,
    Intent.RATE: _rate,
}
