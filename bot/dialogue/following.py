"""Short questions about what was spoken of last: “要多少钱”, “带什么材料” after an answer or within a repair."""

from datetime import timedelta

from actions.tables import Severity
from bot.dialogue import filling, flow, knowing, requests
from bot.dialogue.talk import Talk, shorten
from bot.follow_ups import FollowUp
from bot.wishes import Wish
from nlu.knowledge import Entry
from words.answers import fill

_FRESH = timedelta(minutes=30)
_PRICE = "price"
_LONGEST_SUBJECT = 20


def take(talk: Talk) -> str | None:
    """Answer a question that has no subject of its own from what was spoken of; None for anything else."""
    if _when(talk):
        return "when"
    question = talk.situation.rules.phrases.follow_ups.asked(talk.heard.text)
    if question is None or talk.heard.pressed:
        return None
    if _of_work(talk, question) or _of_topic(talk, question):
        talk.state.not_understood = 0
        flow.resume(talk)
        return "follow-up"
    return None


def _when(talk: Talk) -> bool:
    """Answer “什么时候” by what was promised for the ticket spoken of last; for one that is not open yet nothing is."""
    if not talk.situation.rules.phrases.wishes.says(Wish.WHEN, talk.heard.text):
        return False
    if talk.state.form is not None:
        talk.say("progress.filling")
        flow.resume(talk)
        return True
    cards = talk.open_cards()
    card = next((card for card in cards if card.id == talk.state.focus), next(iter(cards), None))
    if card is None or card.severity is Severity.ALARM:
        return False
    requests.tell_progress(talk, card)
    return True


def _of_topic(talk: Talk, question: FollowUp) -> bool:
    topics = _topics(talk)
    for topic in topics:
        for query in (f"{topic.questions[0]} {question.ask}", f"{topic.title}{question.ask}"):
            hit = knowing.best_answer(talk, query)
            if hit is not None and _shows(talk, question, hit.entry):
                knowing.tell(talk, hit.entry)
                return True
        if _shows(talk, question, topic):
            knowing.tell(talk, topic)
            return True
    if topics:
        requests.register(talk, "inquiry", f"{topics[0].title}：{question.ask}")
    return bool(topics)


def _shows(talk: Talk, question: FollowUp, told: Entry) -> bool:
    return question.shows.search(fill(told.answer, talk.situation.facts)) is not None


def _topics(talk: Talk) -> list[Entry]:
    """What the question may be about: the service that is being asked for, else what was told a short while ago."""
    filled, at = talk.state.form, talk.state.topic_at
    ids: list[str] = []
    if filled is not None and (form := talk.situation.rules.forms.by_id.get(filled.form)) is not None:
        ids += [*([form.tells] if form.tells else []), *form.knowledge]
    until = talk.state.adding_until
    if filled is None and until is not None and talk.now <= until:
        ids += talk.situation.rules.forms.by_id[talk.state.adding_form].knowledge
    if talk.state.topic is not None and at is not None and talk.now - at <= _FRESH:
        ids.append(talk.state.topic)
    found = (knowing.entry(talk, entry_id) for entry_id in dict.fromkeys(ids))
    return [one for one in found if one is not None]


def _of_work(talk: Talk, question: FollowUp) -> bool:
    """What a repair costs and who pays, by who answers for what is broken (domain.md B17, B19)."""
    filled = talk.state.form
    if question.name != _PRICE:
        return False
    if filled is not None and filled.form == "repair":
        category, public, said = filled.label.partition(".")[2], filled.public, filled.said
    else:
        card = next((card for card in talk.open_cards() if card.id == talk.state.focus), None)
        recent = card is not None and talk.state.adding_until is not None and talk.now <= talk.state.adding_until
        if card is None or not recent or card.kind != "repair":
            return False
        category, public, said = card.category or "", False, card.summary
    talk.say(
        filling.cost_reply(talk, category or None, said, public=public), {"matter": shorten(said, _LONGEST_SUBJECT)}
    )
    return True
