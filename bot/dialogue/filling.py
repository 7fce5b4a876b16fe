"""Reads the slots of a form from what was said and from what is known."""

from dataclasses import replace
from datetime import datetime

from actions.contacts import Home
from actions.major import is_major
from actions.tables import Severity
from bot.dialogue.situation import Situation
from bot.dialogue.state import FormState
from bot.dialogue.steps import Open, Place
from bot.dialogue.talk import Talk, shorten
from bot.forms import Form, Need, SlotKind
from bot.phrases import Phrases, bare
from nlu.types import Entity, EntityType, Understanding

LONGEST_MATTER = 60
_LONGEST_READ_BACK = 32
_LONGEST_PLACE_WORDS = 30
# These are read back in places of their own, so they are taken out of the matter.
_TOLD_APART = frozenset({EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM, EntityType.PHONE})


def begin(talk: Talk, form: Form, label: str, said: str) -> FormState:
    """A form filled with what its request and the record say."""
    state = FormState(
        form=form.id,
        label=label,
        matter=talk.situation.rules.phrases.matter(_without_entities(talk, said), longest=LONGEST_MATTER),
        said=said,
        received_at=talk.heard.received_at,
    )
    category = label.partition(".")[2]
    read(talk, form, state)
    at_home = talk.situation.rules.phrases.says_home(said) or state.place.room is not None
    says_public = talk.situation.rules.phrases.says_public(said)
    has_public_place = says_public or bool(state.place.words) or category in form.public_categories
    state.public = has_public_place and not at_home
    _complete_place(talk.situation, state)
    if form.slot(SlotKind.PHONE) is not None and state.phone is None:
        state.phone = talk.situation.known.phone
    if category and form.ticket == "complaint":
        state.major = major_reason(talk, talk.heard.text)
    return state


def read(talk: Talk, form: Form, state: FormState) -> frozenset[str]:
    """Take over what the present message says about the slots; returns the names of those that changed."""
    heard = talk.heard.understanding
    changed: set[str] = set()
    for slot in form.slots:
        match slot.kind:
            case SlotKind.PLACE:
                taken = _read_place(talk, state)
            case SlotKind.TIME:
                taken = _read_visit(talk, state)
            case SlotKind.PHONE:
                taken = _read_phone(heard, state)
            case SlotKind.PERSON:
                taken = _read_person(heard, state)
            case SlotKind.MATTER:
                taken = False
        if taken:
            changed.add(slot.name)
    if "place" in changed:
        _complete_place(talk.situation, state)
    return frozenset(changed)


def read_freely(talk: Talk, form: Form, state: FormState) -> bool:
    """Accept an answer to the present question that no rule recognises; True when something was accepted."""
    text = talk.heard.text.strip()
    phrases = talk.situation.rules.phrases
    slot = next((slot for slot in form.slots if slot.name == state.asked), None)
    if slot is not None and slot.kind is SlotKind.PLACE:
        # The address in it has been read already; what is left says where in the building.
        words = text
        for entity in talk.heard.understanding.entities:
            if entity.type in _TOLD_APART:
                words = words.replace(entity.text, "", 1)
        words = words.strip(" ，,。.")[:_LONGEST_PLACE_WORDS]
        if words:
            state.place = replace(state.place, words=words)
        return bool(words)
    if form.slot(SlotKind.TIME) is not None and any(word in text for word in phrases.any_time):
        state.visit_words = text[:_LONGEST_PLACE_WORDS]
        return True
    return False


def missing(form: Form, state: FormState, phrases: Phrases) -> list[str]:
    """The names of the slots that are needed and not known, in the order of the form."""
    names = []
    for slot in form.slots:
        needed = slot.required is Need.ALWAYS or (slot.required is Need.INDOOR and not state.public)
        if needed and not is_filled(slot.kind, state, phrases):
            names.append(slot.name)
    return names


def summary(form: Form, state: FormState, phrases: Phrases, now: datetime) -> str:
    """The form in one line, as it is read back: place, matter, visit, phone."""
    complaint = form.ticket == "complaint"
    parts = [state.place.label, f"“{state.matter}”" if complaint else shorten(state.matter, _LONGEST_READ_BACK)]
    if state.visit is not None:
        parts.append(phrases.visit.format(time=phrases.period(*state.visit, now)))
    elif state.visit_words:
        parts.append(state.visit_words)
    if state.phone and form.confirm is not None and form.confirm.when is Need.INDOOR and not state.public:
        parts.append(phrases.tail(state.phone))
    return phrases.join.join(part for part in parts if part)


def major_reason(talk: Talk, text: str) -> str | None:
    """Why a complaint is a major one (domain.md C10), from its words or because it comes back for the third time."""
    reason = is_major(text, talk.situation.rules.policy)
    return None if reason is None else reason.value


def only_an_address(talk: Talk) -> Place | None:
    """The address that is all a message says, for a ticket that is open already."""
    understanding = talk.heard.understanding
    rest = talk.heard.text
    for told in understanding.entities:
        if told.type in _TOLD_APART:
            rest = rest.replace(told.text, "", 1)
    located = understanding.first(EntityType.BUILDING) or understanding.first(EntityType.ROOM)
    if located is None or bare(rest):
        return None
    building, unit, room = (
        _value(understanding, kind) for kind in (EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM)
    )
    return Place(building, unit, room)


def _value(understanding: Understanding, kind: EntityType) -> str | None:
    entity = understanding.first(kind)
    return None if entity is None else entity.value


def ticket_of(form: Form, state: FormState, name: str, *, reason: str) -> Open:
    """The ticket that this form opens."""
    category = state.label.partition(".")[2] or None
    return Open(
        name=name,
        kind=form.ticket,
        category=category,
        severity=Severity.MAJOR if state.major else Severity.NORMAL,
        summary=state.matter or state.said[:LONGEST_MATTER],
        received_at=state.received_at,
        place=state.place,
        phone=state.phone,
        visit=state.visit,
        reason=state.major or reason,
    )


def is_filled(kind: SlotKind, state: FormState, phrases: Phrases) -> bool:
    """Whether a slot of this kind needs no more asking."""
    match kind:
        case SlotKind.MATTER:
            return bool(state.matter)
        case SlotKind.PLACE:
            place = state.place
            if place.room_id is not None or (place.building and place.room):
                return True
            # A lift or a staircase is nowhere without its building; the garden is where it is.
            somewhere = bool(place.words) and not phrases.is_inside_building(place.words)
            return somewhere or (place.building is not None and (state.public or bool(place.words)))
        case SlotKind.TIME:
            return state.visit is not None or bool(state.visit_words)
        case SlotKind.PHONE:
            return state.phone is not None or state.phone_skipped
        case SlotKind.PERSON:
            return state.person is not None


def _read_place(talk: Talk, state: FormState) -> bool:
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


def _read_visit(talk: Talk, state: FormState) -> bool:
    hints = talk.situation.rules.phrases.visit_hints
    # Before anybody asked for it, a time is when it happened unless the words around it speak of a visit.
    if state.asked is None and not any(hint in talk.heard.text for hint in hints):
        return False
    for entity in talk.heard.understanding.entities:
        period = _period(entity)
        if period is not None and period[1] > talk.now and period != state.visit:
            state.visit = (max(period[0], talk.now), period[1])
            return True
    return False


def _period(entity: Entity) -> tuple[datetime, datetime] | None:
    if entity.type is not EntityType.TIME:
        return None
    start, _, end = entity.value.partition("/")
    try:
        return datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        return None


def _read_phone(heard: Understanding, state: FormState) -> bool:
    phone = heard.first(EntityType.PHONE)
    if phone is None or not phone.value.isdecimal() or phone.value == state.phone:
        return False
    state.phone = phone.value
    return True


def _read_person(heard: Understanding, state: FormState) -> bool:
    person = heard.first(EntityType.PERSON)
    if person is None or person.value == state.person:
        return False
    state.person = person.value
    return True


def _complete_place(situation: Situation, state: FormState) -> None:
    """Add what the record knows: the home of a resident with one home, the building of their own lift."""
    home = _home(situation.known.homes, state.place)
    if home is None:
        return
    place = state.place
    if state.public:
        if place.building is None:
            state.place = replace(place, building=home.building, unit=home.unit)
        return
    if place.words and place.building is None:
        state.place = replace(place, building=home.building, unit=home.unit)
    elif not place.words:
        state.place = Place(home.building, home.unit, home.room, "", home.room_id)


def _home(homes: tuple[Home, ...], place: Place) -> Home | None:
    """The home that a place means: the one it names, or the only one when it names none."""
    fitting = [
        home
        for home in homes
        if place.building in {None, home.building}
        and place.unit in {None, home.unit}
        and place.room in {None, home.room}
    ]
    return fitting[0] if len(fitting) == 1 else None


def _without_entities(talk: Talk, said: str) -> str:
    """The text without addresses, phone numbers, visit times and the writer's own name."""
    text = said
    for entity in talk.heard.understanding.entities:
        period = _period(entity)
        if entity.type in _TOLD_APART or (period is not None and period[0] > talk.now):
            text = text.replace(entity.text, "，", 1)
    return text if bare(text) else said
