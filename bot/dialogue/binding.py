"""Who is speaking: a code that was typed, the wish to be bound or let go (domain.md B4, C6)."""

import re
import unicodedata
from dataclasses import replace

from actions.codes import CODE_LENGTH, SIGNS, Outcome
from actions.contacts import Home
from bot.dialogue import bills, filling, flow
from bot.dialogue.bills import CODE
from bot.dialogue.steps import Unbind
from bot.dialogue.talk import Talk
from bot.phrases import Phrases, bare
from bot.wishes import Wish
from nlu.types import EntityType, Intent

FORM = "binding"
UNBIND = "unbind"
_LEAST_OF_EACH = 2
_BETWEEN = re.compile(r"(?<=[0-9A-Z])[\s\-‐-―_.·]{1,3}(?=[0-9A-Z])")
_CODE = re.compile(rf"(?<![0-9A-Z])[{SIGNS}]{{{CODE_LENGTH}}}(?![0-9A-Z])")
_ADDRESS = (EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM)


def code_in(text: str, phrases: Phrases, *, expected: bool) -> str | None:
    """The binding code in a message, or None; `expected` says that the desk has just asked for one.

    Unasked and without a word about it, only a message that is nothing but a code is taken for one: a number plate or
    a part number is none.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    squeezed = _BETWEEN.sub("", plain)
    for found in _CODE.finditer(squeezed):
        code = found.group()
        digits = sum(sign.isdigit() for sign in code)
        if not _LEAST_OF_EACH <= digits <= CODE_LENGTH - _LEAST_OF_EACH:
            continue
        if squeezed[: found.start()].endswith(phrases.plate_signs):
            continue
        if expected or bare(squeezed) == code or any(word in plain for word in phrases.code_words):
            return code
    return None


def tell_code(talk: Talk) -> bool:
    """Tell what came of a code, then go on with what was asked before it; False when none was typed."""
    tried = talk.situation.tried
    if tried is None:
        return False
    state = talk.state
    before = state.asked_about if state.asked == CODE else None
    state.asked, state.asked_about = None, None
    if tried.home is None:
        blocked = tried.outcome is Outcome.BLOCKED
        talk.say("binding.blocked" if blocked else "binding.wrong_code")
        if not blocked:
            state.asked, state.asked_about = CODE, before
    else:
        role = talk.situation.rules.policy.names.binding_role(tried.home.role)
        talk.say("binding.done", {"place": tried.home.label, "role": role})
        if state.form is not None and state.form.form == FORM:
            state.form = None
        # The digits of a code may read as a room or an amount: what was asked before it is not about those.
        talk.heard = replace(talk.heard, understanding=replace(talk.heard.understanding, entities=()))
        if before == bills.BILLS:
            said, state.unclear = state.unclear, ""
            bills.tell_bills(talk, said)
        if _goes_on(talk):
            return True
    flow.resume(talk)
    return True


def _goes_on(talk: Talk) -> bool:
    """Whoever is known now need not say where they live: a form that asks for it goes on with the next question."""
    state = talk.state.form
    if state is None or state.ticket_id is not None or state.place.label:
        return False
    filling.complete_place(talk, state)
    state.phone = state.phone or talk.situation.known.phone
    flow.proceed(talk, talk.situation.rules.forms.by_id[state.form], state)
    return True


def wanted(talk: Talk, wish: Wish) -> None:
    """Answer the wish to be bound, with a code or without, or to be let go."""
    if wish is Wish.UNBIND:
        _ask_unbind(talk)
    elif wish is Wish.NO_CODE or talk.heard.understanding.first(EntityType.ROOM) is not None:
        start_request(talk)
    else:
        talk.state.asked = CODE
        homes = talk.situation.known.homes
        if homes:
            talk.say("binding.how_more", {"lines": _labels(talk, homes)})
        else:
            talk.say("binding.how")


def start_request(talk: Talk) -> None:
    """Begin the request for a member's approval."""
    talk.state.asked, talk.state.asked_about = None, None
    talk.state.unclear = ""
    form = talk.situation.rules.forms.by_id[FORM]
    if talk.state.form is not None and talk.state.form.form == FORM:
        flow.resume(talk)
        return
    flow.start(talk, form, form.id, talk.heard.text)


def answer_code_question(talk: Talk) -> bool:
    """After the code was asked for: no code means that a member of staff has to approve."""
    understanding = talk.heard.understanding
    if understanding.intent is Intent.DENY and not understanding.unsure:
        start_request(talk)
        return True
    if understanding.unsure and (understanding.intent is Intent.FEE or understanding.first(EntityType.ROOM)):
        # To name a room is no proof of living there.
        bills.need_code(talk)
        return True
    return False


def answer_unbind(talk: Talk, about: str) -> bool:
    """The answer to the question whether, or which, home is to be let go."""
    homes = talk.situation.known.homes
    intent = talk.heard.understanding.intent
    if not about:
        named = _named(talk, homes)
        if len(named) == 1:
            _confirm_unbind(talk, named[0])
            return True
        return False
    home = next((home for home in homes if str(home.room_id) == about), None)
    if home is None:
        return False
    if intent is Intent.AFFIRM or talk.situation.rules.phrases.wishes.says(Wish.UNBIND, talk.heard.text):
        talk.do(Unbind(home.room_id, talk.heard.text))
        talk.say("binding.ended", {"place": home.label})
        return True
    if intent in {Intent.DENY, Intent.CANCEL}:
        talk.say("binding.kept")
        return True
    return False


def _ask_unbind(talk: Talk) -> None:
    homes = talk.situation.known.homes
    named = _named(talk, homes)
    if not homes:
        talk.say("binding.none")
    elif len(named) == 1:
        _confirm_unbind(talk, named[0])
    else:
        talk.state.asked, talk.state.asked_about = UNBIND, ""
        talk.say("binding.which_home", {"lines": _labels(talk, homes)})


def _confirm_unbind(talk: Talk, home: Home) -> None:
    talk.state.asked, talk.state.asked_about = UNBIND, str(home.room_id)
    talk.say("binding.confirm_end", {"place": home.label})


def _named(talk: Talk, homes: tuple[Home, ...]) -> tuple[Home, ...]:
    """The homes that fit the address of a message; all of them when it names none."""
    building, unit, room = (
        None if (found := talk.heard.understanding.first(kind)) is None else found.value for kind in _ADDRESS
    )
    return tuple(
        home
        for home in homes
        if building in {None, home.building} and unit in {None, home.unit} and room in {None, home.room}
    )


def _labels(talk: Talk, homes: tuple[Home, ...]) -> str:
    names = talk.situation.rules.policy.names
    return "\n".join(f"{home.label} {names.binding_role(home.role)}" for home in homes)
