"""Reads one slot from what a message says; each reader returns whether the slot changed."""

import re
import unicodedata
from datetime import datetime

from bot.dialogue.state import FormState
from bot.dialogue.steps import Place
from bot.dialogue.talk import Talk
from bot.forms import Slot
from bot.wishes import Wish
from nlu.types import Entity, EntityType, Understanding

_PIECES = re.compile(r"[\s，。、,.;；:：/|]+")
_CHINESE_NAME = re.compile(r"[\u3400-\u9fff·]{2,6}")


def read_place(talk: Talk, state: FormState) -> bool:
    """The address or the public place."""
    before = state.place
    building = _address_part(talk, EntityType.BUILDING, before.building)
    unit = _address_part(talk, EntityType.UNIT, before.unit)
    room = _address_part(talk, EntityType.ROOM, before.room)
    words = _public_words(talk)
    if building is None and unit is None and room is None and not words:
        return False
    state.place = Place(
        building=building or before.building,
        unit=unit or before.unit,
        room=room or before.room,
        words=words or before.words,
        room_id=None if building or unit or room else before.room_id,
    )
    return state.place != before


def read_visit(talk: Talk, state: FormState) -> bool:
    """The time at which somebody may come."""
    phrases = talk.situation.rules.phrases
    hints = phrases.visit_hints
    # Before anybody asked for it, a time is when it happened unless the words around it speak of a visit, or it is a
    # service that is asked for: that lies ahead.
    form = talk.situation.rules.forms.by_id.get(state.form)
    service = form is not None and form.words is not None
    if state.asked is None and not service and not any(hint in talk.heard.text for hint in hints):
        return False
    period = period_told(talk, other_than=state.visit)
    if period is None and state.visit is None and phrases.wishes.says(Wish.NOW, talk.heard.text):
        period = talk.now, phrases.end_of_day(talk.now)
    if period is None:
        leaves_open = state.visit is None and not state.visit_words
        if not (leaves_open and phrases.leaves_time_open(talk.heard.text, asked=state.asked is not None)):
            return False
        state.visit_words = phrases.any_visit
        return True
    state.visit = period
    return True


def period_told(talk: Talk, *, other_than: tuple[datetime, datetime] | None = None) -> tuple[datetime, datetime] | None:
    """The first time of a message that is not over yet, from now on at the earliest, or None."""
    for entity in talk.heard.understanding.entities:
        period = period_of_time(entity)
        if period is not None and period[1] > talk.now and period != other_than:
            return max(period[0], talk.now), period[1]
    return None


def period_of_time(entity: Entity) -> tuple[datetime, datetime] | None:
    """The beginning and the end of a time, or None for anything else."""
    if entity.type is not EntityType.TIME:
        return None
    start, _, end = entity.value.partition("/")
    try:
        return datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        return None


def read_phone(heard: Understanding, state: FormState) -> bool:
    """The number to call."""
    phone = heard.first(EntityType.PHONE)
    if phone is None or not phone.value.isdecimal() or phone.value == state.phone:
        return False
    state.phone = phone.value
    return True


def read_person(heard: Understanding, state: FormState) -> bool:
    """The person who is named."""
    person = heard.first(EntityType.PERSON)
    if person is None or person.value == state.person:
        return False
    state.person = person.value
    return True


def read_name_left(talk: Talk, state: FormState) -> bool:
    """A name among the answers to a question that asked for several things: what is left beside the others."""
    if state.asked is None or state.person is not None:
        return False
    phrases, rest = talk.situation.rules.phrases, talk.heard.text
    for entity in talk.heard.understanding.entities:
        rest = rest.replace(entity.text, " ", 1)
    for piece in _PIECES.split(rest):
        name = phrases.name_in(piece)
        if _CHINESE_NAME.fullmatch(name) and phrases.role_in(name) is None and phrases.matter(name, longest=len(name)):
            state.person = name
            return True
    return False


def read_role(talk: Talk, state: FormState) -> bool:
    """In what capacity the writer says to belong to the home."""
    role = talk.situation.rules.phrases.role_in(talk.heard.text)
    if role is None or role.value == state.role:
        return False
    state.role = role.value
    return True


def read_text(talk: Talk, slot: Slot, state: FormState) -> bool:
    """Words that are known by their form, such as a number plate."""
    if slot.finds is None:
        return False
    found = slot.finds.search(unicodedata.normalize("NFKC", talk.heard.text).upper())
    if found is None or state.texts.get(slot.name) == found.group():
        return False
    state.texts[slot.name] = found.group()
    return True


def _address_part(talk: Talk, kind: EntityType, known: str | None) -> str | None:
    """The part of an address that a message gives: the first, or in a correction (不是3栋，是5栋) the new one."""
    values = [entity.value for entity in talk.heard.understanding.entities if entity.type is kind]
    if known is None or not values:
        return values[0] if values else None
    return next((value for value in values if value != known), known)


def _public_words(talk: Talk) -> str:
    """The public place a message names; the kitchen of a home is none, nor is what lies above or below a room."""
    phrases = talk.situation.rules.phrases
    if talk.heard.understanding.first(EntityType.ROOM) is not None:
        return ""
    for entity in talk.heard.understanding.entities:
        if entity.type is EntityType.PLACE and not phrases.says_home(entity.text):
            return entity.text
    return ""
