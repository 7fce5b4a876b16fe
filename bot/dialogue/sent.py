"""What is sent besides words: voice, files, a place on the map, one's number, stickers, commands, new versions."""

from collections.abc import Mapping

from actions.tables import MessageKind, Severity, TurnOwner
from actions.tickets import TicketCard
from bot.dialogue import filling, flow
from bot.dialogue.steps import Add, KeepPhone, Open, Place
from bot.dialogue.talk import Talk
from bot.phrases import bare
from nlu.types import EntityType, Intent

# Commands that are answered by a script; the others stand for a request, as buttons do.
COMMANDS: Mapping[str, str] = {"/help": "command.help", "/privacy": "command.privacy", "/bind": "command.bind"}
_CONSENT = "contact"


def take(talk: Talk) -> str | None:
    """Answer what was sent; None when the words of the turn are to be answered, whatever came beside them."""
    kinds = talk.heard.kinds
    if talk.heard.cut:
        talk.say("too_long.cut")
    if MessageKind.COMMAND in kinds and (reply := COMMANDS.get(talk.heard.text.strip())) is not None:
        talk.say(reply)
        flow.resume(talk)
        return "command"
    if MessageKind.CONTACT in kinds:
        return _ask_consent(talk)
    if talk.state.asked == _CONSENT:
        return _consent(talk)
    if talk.heard.edited and (card := _spoken_of(talk)) is not None:
        return _add(talk, card, "edit.noted")
    wordless = not bare(talk.heard.text) and not talk.heard.photos
    if MessageKind.VOICE in kinds:
        return _voice(talk, alone=wordless)
    if MessageKind.LOCATION in kinds and kinds <= {MessageKind.LOCATION}:
        return _location(talk)
    return _wordless(talk) if wordless else None


def _voice(talk: Talk, *, alone: bool) -> str | None:
    """Nobody here understands speech: it is kept for a person, with a ticket so that somebody listens to it (C1)."""
    if talk.state.form is not None or not alone:
        talk.say("voice.received")
        if not alone:
            return None
        flow.resume(talk)
        return "voice"
    card = _spoken_of(talk)
    if card is not None:
        return _add(talk, card, "voice.attached")
    name = talk.new_ticket_name()
    summary = talk.situation.rules.policy.names.matter("inquiry", None)
    talk.do(
        Open(
            name=name,
            kind="inquiry",
            category=None,
            severity=Severity.NORMAL,
            summary=summary,
            received_at=talk.heard.received_at,
            place=Place(),
            phone=talk.situation.known.phone,
            reason="voice",
        )
    )
    talk.links.append(("focus", name))
    talk.say("voice.registered", about=name)
    return "voice"


def _wordless(talk: Talk) -> str | None:
    """Something without words; while a person is waited for it is kept for them without a word."""
    kinds = talk.heard.kinds
    if kinds <= {MessageKind.TEXT, MessageKind.FORWARD}:
        return None
    reply = "other.received"
    if MessageKind.FILE in kinds:
        reply = "file.received"
        if talk.state.form is None and (card := _spoken_of(talk)) is not None:
            return _add(talk, card, "file.attached")
    elif MessageKind.STICKER in kinds:
        reply = "sticker.received"
    if talk.owner is not TurnOwner.NOBODY:
        talk.say(reply)
        flow.resume(talk)
    return "no words"


def _location(talk: Talk) -> str:
    """A spot on the map answers the question where; a home it does not tell."""
    state = talk.state.form
    words = talk.heard.text.strip()
    if state is not None and state.asked == "place":
        form = talk.situation.rules.forms.by_id[state.form]
        state.place = Place(state.place.building, state.place.unit, state.place.room, words, state.place.room_id)
        if filling.missing(form, state, talk.situation.rules.phrases)[:1] != ["place"]:
            flow.proceed(talk, form, state)
            return "location"
    card = _spoken_of(talk)
    if state is None and card is not None:
        return _add(talk, card, "ticket.updated")
    talk.say("location.received")
    flow.resume(talk)
    return "location"


def _ask_consent(talk: Talk) -> str:
    """A number that was shared with one touch is kept only when that is agreed to."""
    phone = talk.heard.understanding.first(EntityType.PHONE)
    if phone is None or not phone.value.isdecimal():
        talk.say("contact.unreadable")
        flow.resume(talk)
        return "number"
    talk.state.asked, talk.state.asked_about = _CONSENT, phone.value
    talk.say("contact.consent", {"phone_tail": talk.situation.rules.phrases.tail(phone.value)})
    return "number"


def _consent(talk: Talk) -> str | None:
    phone = talk.state.asked_about or ""
    intent = talk.heard.understanding.intent
    talk.state.asked, talk.state.asked_about = None, None
    if intent is Intent.DENY:
        talk.say("contact.dropped")
        flow.resume(talk)
        return "number not kept"
    if intent is not Intent.AFFIRM:
        return None
    talk.do(KeepPhone(phone))
    state = talk.state.form
    if state is not None and state.ticket_id is None:
        state.phone = phone
        talk.say("contact.kept")
        flow.proceed(talk, talk.situation.rules.forms.by_id[state.form], state)
    else:
        talk.say("contact.kept")
    return "number kept"


def _spoken_of(talk: Talk) -> TicketCard | None:
    """The open ticket that was spoken of last."""
    cards = talk.open_cards()
    return next((card for card in cards if card.id == talk.state.focus), next(iter(cards), None))


def _add(talk: Talk, card: TicketCard, reply_id: str) -> str:
    talk.do(Add(card.id, talk.heard.text))
    talk.say(reply_id, talk.card_facts(card))
    return "added to a ticket"
