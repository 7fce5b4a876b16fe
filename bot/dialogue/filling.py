"""Reads the slots of a form from what was said and from what is known."""

from dataclasses import replace
from datetime import datetime

from actions.contacts import Home
from actions.major import is_major
from actions.tables import Responsible, Severity
from bot.dialogue import slots
from bot.dialogue.came_by import completed
from bot.dialogue.state import FormState
from bot.dialogue.steps import Open, Place
from bot.dialogue.talk import Talk, shorten
from bot.forms import Form, Need, Slot, SlotKind
from bot.phrases import Phrases, bare
from bot.wishes import Wish
from nlu.types import EntityType, Intent, Understanding

LONGEST_MATTER = 60
_LONGEST_READ_BACK = 32
_LONGEST_PLACE_WORDS = 30
_LONGEST_TEXT = 40
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
    # Only a room that was told makes it a matter of the home: a resident's own lift is nobody's kitchen.
    told_room = talk.heard.understanding.first(EntityType.ROOM) is not None
    at_home = (talk.situation.rules.phrases.says_home(said) or told_room) and category not in form.never_home
    says_public = talk.situation.rules.phrases.says_public(said) or category in form.public_categories
    state.public = says_public and not at_home
    read(talk, form, state)
    whole = category in form.building_categories and state.place.building is not None and state.place.room is None
    state.public = (says_public or bool(state.place.words) or whole) and not at_home
    complete_place(talk, state)
    if form.slot(SlotKind.PHONE) is not None and state.phone is None:
        state.phone = talk.situation.known.phone
    person = form.slot(SlotKind.PERSON)
    if person is not None and person.required is Need.ALWAYS and state.person is None:
        state.person = talk.situation.known.name
    if category and form.ticket == "complaint":
        state.major = form.major or major_reason(talk, talk.heard.text)
    return state


def read(talk: Talk, form: Form, state: FormState) -> frozenset[str]:
    """Take over what the present message says about the slots; returns the names of those that changed."""
    heard = talk.heard.understanding
    changed: set[str] = set()
    for slot in form.slots:
        match slot.kind:
            case SlotKind.PLACE:
                taken = slots.read_place(talk, state)
            case SlotKind.TIME:
                taken = slots.read_visit(talk, state)
            case SlotKind.PHONE:
                taken = slots.read_phone(heard, state)
            case SlotKind.PERSON:
                taken = slots.read_person(heard, state) or (
                    slot.required is Need.ALWAYS and slots.read_name_left(talk, state)
                )
            case SlotKind.ROLE:
                taken = slots.read_role(talk, state)
            case SlotKind.TEXT:
                taken = slots.read_text(talk, slot, state)
            case SlotKind.MATTER:
                taken = False
        if taken:
            changed.add(slot.name)
    if "place" in changed:
        complete_place(talk, state)
    whole_building = state.place.building is not None and state.place.room is None
    if whole_building and state.label.partition(".")[2] in form.building_categories:
        state.public = True
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
    if slot is not None and slot.kind is SlotKind.PERSON and not talk.sure_of(Intent.DENY, Intent.AFFIRM):
        state.person = phrases.name_in(text) or None
        return state.person is not None
    if slot is not None and slot.kind is SlotKind.TEXT and bare(text):
        state.texts[slot.name] = shorten(text, _LONGEST_TEXT)
        return True
    return False


def missing(form: Form, state: FormState, phrases: Phrases) -> list[str]:
    """The names of the slots that are needed and not known, in the order of the form."""
    names = []
    for slot in form.slots:
        needed = slot.required is Need.ALWAYS or (slot.required is Need.INDOOR and not state.public)
        if needed and not is_filled(slot, state, phrases):
            names.append(slot.name)
    return names


def summary(form: Form, state: FormState, phrases: Phrases, now: datetime) -> str:
    """The form in one line, as it is read back: place, matter, visit, phone."""
    complaint = form.ticket == "complaint"
    parts = [
        phrases.located(state.place.label),
        f"“{state.matter}”" if complaint else shorten(state.matter, _longest_read_back(state.matter)),
    ]
    if state.visit is not None:
        parts.append(phrases.visit.format(time=phrases.period(*state.visit, now)))
    elif state.visit_words:
        parts.append(state.visit_words)
    if state.phone and form.confirm is not None and form.confirm.when is Need.INDOOR and not state.public:
        parts.append(phrases.tail(state.phone))
    return phrases.join.join(part for part in parts if part)


def _longest_read_back(matter: str) -> int:
    """How many signs of a matter are read back: letters say less each than characters do."""
    letters = sum(sign.isascii() for sign in matter)
    return _LONGEST_READ_BACK * (2 if 2 * letters > len(matter) else 1)


def major_reason(talk: Talk, text: str) -> str | None:
    """Why a complaint is a major one (domain.md C10), from its words or because it comes back for the third time."""
    reason = is_major(text, talk.situation.rules.policy)
    return None if reason is None else reason.value


def cost_reply(talk: Talk, category: str | None, said: str, *, public: bool) -> str:
    """The script about what a repair costs, by who answers for what is broken (domain.md B17, B19)."""
    rules = talk.situation.rules
    if rules.phrases.wishes.says(Wish.WARRANTY, said):
        return "cost.developer"
    policy = rules.policy.for_ticket("repair", category)
    at_home = rules.phrases.says_home(said) and not public
    if public or (policy.responsible is Responsible.PUBLIC and not at_home):
        return "cost.public"
    return "cost.utility" if policy.responsible is Responsible.UTILITY else "cost.indoor"


def only_introduces(talk: Talk) -> bool:
    """Whether a message says who and where somebody is and nothing else."""
    understanding = talk.heard.understanding
    rest = talk.heard.text
    for told in understanding.entities:
        rest = rest.replace(told.text, "，", 1)
    named = understanding.first(EntityType.PERSON) is not None
    return named and not talk.situation.rules.phrases.matter(rest, longest=LONGEST_MATTER)


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


def ticket_of(form: Form, state: FormState, name: str, phrases: Phrases, *, reason: str) -> Open:
    """The ticket that this form opens."""
    matter = state.matter or state.said[:LONGEST_MATTER]
    texts = [text for text in state.texts.values() if bare(text) not in bare(matter).upper()]
    category = state.label.partition(".")[2] or None
    warranty = form.ticket == "repair" and phrases.wishes.says(Wish.WARRANTY, f"{matter}\n{state.said}")
    return Open(
        name=name,
        kind=form.ticket,
        category=category,
        severity=Severity.MAJOR if state.major else Severity.NORMAL,
        summary=form.summary or phrases.join.join(part for part in (matter, *texts, state.visit_words) if part),
        received_at=state.received_at,
        place=state.place,
        phone=state.phone,
        visit=state.visit,
        reason=state.major or reason,
        within=form.within,
        responsible=Responsible.DEVELOPER if warranty else None,
    )


def is_filled(slot: Slot, state: FormState, phrases: Phrases) -> bool:
    """Whether a slot needs no more asking."""
    match slot.kind:
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
        case SlotKind.ROLE:
            return state.role is not None
        case SlotKind.TEXT:
            return slot.name in state.texts


def complete_place(talk: Talk, state: FormState) -> None:
    """Add what the record knows: the home of a resident with one home, the building of their own lift.

    Whoever is not bound has told their home before, perhaps; it is read back with what it is taken for.
    """
    known = talk.situation.known
    home = _home(known.homes, state.place)
    if home is None:
        state.place = completed(state.place, known.came_by, public=state.public)
        if not known.homes:
            state.place = completed(state.place, talk.state.home, public=state.public)
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
        period = slots.period_of_time(entity)
        if entity.type in _TOLD_APART or (period is not None and period[0] > talk.now):
            text = text.replace(entity.text, "，", 1)
    return text if bare(text) else said
