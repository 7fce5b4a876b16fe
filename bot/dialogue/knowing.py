"""Answers from the knowledge base, and what of them stays in mind for the next question (domain.md B1)."""

import re

from bot.dialogue.talk import Talk
from bot.wishes import Wish
from nlu.knowledge import Audience, Entry, Hit
from nlu.types import Intent
from words.answers import facts_in

_HAN = re.compile(r"[\u3400-\u9fff]")
OFFER = "offer"
# A question is answered when it is likelier than not what it seems.
_LIKELY = 0.5


def best_answer(talk: Talk, text: str) -> Hit | None:
    """The knowledge entry that answers a text for sure, if there is one."""
    if not _HAN.search(text):
        # The entries are Chinese; letters and signs alone resemble one or the other by chance.
        return None
    today = talk.now.astimezone(talk.situation.rules.phrases.zone).date()
    hits = talk.situation.rules.knowledge.search(text, audience=Audience.RESIDENT, today=today)
    # An answer whose price or hours the community has not told is none: a person finds out.
    told = hits and hits[0].confident and facts_in(hits[0].entry.answer) <= talk.situation.facts.keys()
    return hits[0] if told else None


def clearly_asks(talk: Talk) -> bool:
    """Whether a message that was not understood for sure is a question all the same, and one that can be answered."""
    understanding = talk.heard.understanding
    if not talk.situation.rules.phrases.wishes.says(Wish.ASKS, talk.heard.text):
        return False
    if understanding.intent is Intent.FEE:
        return understanding.confidence >= _LIKELY
    return understanding.intent is Intent.INQUIRY and best_answer(talk, talk.heard.text) is not None


def clearly_elsewhere(talk: Talk) -> bool:
    """Whether a message asks what the knowledge base answers, such as whether a parcel came."""
    asks = talk.situation.rules.phrases.wishes.says(Wish.ASKS, talk.heard.text)
    return asks and best_answer(talk, talk.heard.text) is not None


def entry(talk: Talk, entry_id: str) -> Entry | None:
    """An entry for residents by its id, while it holds."""
    found = talk.situation.rules.knowledge.shelves[Audience.RESIDENT].entries.get(entry_id)
    today = talk.now.astimezone(talk.situation.rules.phrases.zone).date()
    told = found is not None and found.valid(today) and facts_in(found.answer) <= talk.situation.facts.keys()
    return found if told else None


def tell(talk: Talk, told: Entry) -> None:
    """Tell an answer with its source; the service that it speaks of is offered with it."""
    remember(talk, told)
    facts = {"answer": told.answer, "source": told.source}
    form = talk.situation.rules.forms.told_by(told.id)
    label = form.label.partition(".")[2] if form is not None else None
    running = any(card.kind == "inquiry" and card.category == label for card in talk.open_cards())
    if form is None or running or talk.state.form is not None or talk.state.asked is not None:
        talk.say("inquiry.answer", facts)
        return
    talk.state.asked, talk.state.asked_about, talk.state.unclear = OFFER, form.id, talk.heard.text
    talk.say("inquiry.answer_offer", {**facts, "service": talk.situation.rules.phrases.name(form.name)})


def remember(talk: Talk, told: Entry) -> None:
    """Keep in mind what was spoken of, so that “要多少钱” is understood from it."""
    talk.state.topic, talk.state.topic_at = told.id, talk.now
